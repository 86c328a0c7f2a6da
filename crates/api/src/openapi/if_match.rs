//! What every edit of a plan has in common in the document: the header with the state it was made of, and the refusal of an
//! older one. An edit is a change whose answer names the plan's new state by its `ETag`.

use super::problem;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, RefOr, Required};

/// Adds it to a change, if that is an edit.
pub fn add(operation: &mut Operation) {
    let mut good = operation.responses.responses.iter().filter(|(status, _)| status.starts_with('2'));
    if !good.any(|(_, response)| matches!(response, RefOr::T(response) if response.headers.contains_key("ETag"))) {
        return;
    }
    operation.parameters.get_or_insert_default().push(RefOr::T(if_match()));
    let changed = RefOr::T(problem("The plan has changed since; `currentVersion` and `ETag` tell to what."));
    operation.responses.responses.entry("412".to_owned()).or_insert(changed);
}

fn if_match() -> Parameter {
    ParameterBuilder::new()
        .name("If-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("An `ETag` of the plan; of it the version counts."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use std::collections::BTreeSet;

    /// The operations whose handlers take [`crate::etag::IfMatch`].
    const EDITS: [&str; 11] = [
        "addModule",
        "addTask",
        "deleteModule",
        "deleteTask",
        "editModule",
        "editPlan",
        "editTask",
        "moveModule",
        "moveTask",
        "reschedule",
        "setTimes",
    ];

    #[test]
    fn every_edit_of_a_plan_takes_the_state_it_was_made_of_and_nothing_else_does() {
        let document: Value = serde_json::from_str(crate::openapi::json()).unwrap();
        let mut edits = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
                let taken = parameters.iter().filter(|one| one["name"] == "If-Match" && one["in"] == "header").count();
                assert_eq!(operation["responses"]["412"].is_object(), taken == 1, "{method} {path}");
                assert!(taken < 2, "{method} {path}");
                if taken == 1 {
                    edits.insert(operation["operationId"].as_str().unwrap().to_owned());
                }
            }
        }
        assert_eq!(edits, EDITS.map(str::to_owned).into());
    }
}
