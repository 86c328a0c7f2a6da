//! What every change by a person has in common in the document: the header with its key, the one its repeated answer has,
//! and the refusal of a used key.

use super::problem;
use crate::input::{IDEMPOTENCY_KEY, LONGEST_KEY};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{Header, ObjectBuilder, RefOr, Required};

/// Adds it to an operation.
pub fn add(operation: &mut Operation) {
    operation.parameters.get_or_insert_default().push(RefOr::T(key()));
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with('2')
        {
            response.headers.insert("Idempotency-Replayed".to_owned(), RefOr::T(replayed()));
        }
    }
    let reused = RefOr::T(problem("The idempotency key stands for another request."));
    operation.responses.responses.entry("422".to_owned()).or_insert(reused);
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn key() -> Parameter {
    let schema = text().min_length(Some(1)).max_length(Some(LONGEST_KEY)).pattern(Some("^[!-~]+$"));
    ParameterBuilder::new()
        .name(IDEMPOTENCY_KEY)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Visible ASCII. The same request with the same key acts once; for a day it gets the first answer.",
        ))
        .schema(Some(schema))
        .build()
}

fn replayed() -> Header {
    let schema = text().enum_values(Some(["true"]));
    HeaderBuilder::new().schema(Some(schema)).description(Some("On an answer that was given before.")).build()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_change_by_a_person_takes_an_idempotency_key() {
        let document: serde_json::Value = serde_json::from_str(crate::openapi::json()).unwrap();
        let mut seen = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
                let takes = parameters.iter().any(|one| one["name"] == "Idempotency-Key" && one["in"] == "header");
                let change = method != "get" && operation["security"].is_array();
                assert_eq!(takes, change, "{method} {path}");
                assert_eq!(operation["responses"]["422"].is_object(), change, "{method} {path}");
                seen += usize::from(change);
            }
        }
        assert!(seen >= 7, "{seen}");
    }
}
