//! The OpenAPI document: collected from the handlers' rustdoc, completed with what every operation shares. Served at
//! `/api/docs/openapi.json` and printed by `waymark openapi`.

pub mod enums;
mod idempotency;
mod if_match;

use crate::error::Problem;
use crate::routes;
use std::sync::LazyLock;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, PathItem, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Waymark",
        description = "Learning plans from a language model, streamed as they are made. Errors are RFC 9457 problems; \
                       `code` is stable, and its meaning is told at `/api/docs/errors`."
    ),
    tags(
        (name = "generation", description = "Asking for a plan and watching it come"),
        (name = "plans", description = "Stored plans"),
        (name = "schedules", description = "Plans on the learner's calendar"),
        (name = "accounts", description = "The person who asks"),
        (name = "billing", description = "What they pay for"),
        (name = "health", description = "Probes"),
        (name = "docs", description = "This description"),
    ),
    paths(
        routes::generation::create_and_stream,
        routes::generation::create,
        routes::generation::events,
        routes::generation::status,
        routes::generation::attempts,
        routes::generation::cancel,
        routes::generation::regeneration::retry,
        routes::generation::regeneration::regenerate,
        routes::generation::regeneration::generations,
        routes::plans::list,
        routes::plans::read,
        routes::plans::remove,
        routes::plans::explanation::explain,
        routes::plans::export::read,
        routes::plans::feed::make,
        routes::plans::feed::revoke,
        routes::plans::feed::read,
        routes::plans::editing::change,
        routes::plans::editing::add_module,
        routes::plans::editing::change_module,
        routes::plans::editing::remove_module,
        routes::plans::editing::move_module,
        routes::plans::editing::add_task,
        routes::plans::editing::change_task,
        routes::plans::editing::remove_task,
        routes::plans::editing::move_task,
        routes::plans::progress::one,
        routes::plans::progress::many,
        routes::plans::revisions::list,
        routes::plans::revisions::read,
        routes::plans::revisions::compare,
        routes::plans::revisions::restore,
        routes::schedules::read,
        routes::schedules::set,
        routes::schedules::reschedule,
        routes::models::list,
        routes::accounts::profile,
        routes::accounts::preferences::rename,
        routes::accounts::preferences::read,
        routes::accounts::preferences::change,
        routes::usage::read,
        routes::billing::subscription,
        routes::billing::checkout,
        routes::billing::portal,
        routes::billing::webhooks::stripe,
        routes::billing::webhooks::clerk,
        routes::health::live,
        routes::health::ready,
        routes::health::worker,
        routes::docs::openapi,
        routes::docs::errors,
    ),
    components(schemas(Problem)),
    modifiers(&Shared),
)]
struct Document;

/// The document as JSON text, made once.
pub fn json() -> &'static str {
    static JSON: LazyLock<String> = LazyLock::new(|| Document::openapi().to_pretty_json().unwrap_or_default());
    &JSON
}

/// What no handler has to repeat.
struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
        let bearer = bearer.description(Some("The identity provider's session token.")).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let session = ApiKeyValue::with_description(crate::auth::SESSION_COOKIE, "The same token as a cookie.");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
        for (path, item) in &mut document.paths.paths {
            for operation in changes(item).filter(|operation| operation.security.is_some()) {
                if_match::add(operation);
                idempotency::add(operation);
            }
            for operation in operations(item) {
                add_problems(path, operation);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// The operations that change something.
fn changes(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

fn add_problems(path: &str, operation: &mut Operation) {
    let (signed_in, body) = (operation.security.is_some(), operation.request_body.is_some());
    let mut add = |status: &str, description: &str| {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(description)));
    };
    if signed_in {
        add("400", "The input is not valid; `errors` names every offending member.");
        add("401", "No token, or one that is not accepted.");
    }
    if path.contains('{') {
        add("404", "There is no such thing of this person.");
    }
    if body && signed_in {
        add("413", "The body has more than 64 KB.");
        add("415", "The body is not JSON.");
    }
    // A body without a person is a webhook's.
    if body && !signed_in {
        add("400", "It is not signed by a secret known here, or cannot be read; it must not be sent again.");
        add("413", "The body has more than 256 KB.");
    }
    add("429", "Too many requests; come back after `Retry-After`.");
    add("500", "A defect of the server.");
    add("503", "Busy, starting or stopping; try again.");
}

fn problem(description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn document() -> Value {
        serde_json::from_str(json()).unwrap()
    }

    #[test]
    fn the_document_is_openapi_3_1_with_both_ways_to_sign_in() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
        let schemes = &document["components"]["securitySchemes"];
        assert_eq!((&schemes["bearer"]["scheme"], &schemes["session"]["in"]), (&"bearer".into(), &"cookie".into()));
    }

    #[test]
    fn every_reference_in_the_document_leads_somewhere() {
        fn visit(value: &Value, root: &Value) {
            match value {
                Value::Object(map) => {
                    if let Some(Value::String(target)) = map.get("$ref") {
                        assert!(root.pointer(target.trim_start_matches('#')).is_some(), "{target}");
                    }
                    map.values().for_each(|value| visit(value, root));
                }
                Value::Array(list) => list.iter().for_each(|value| visit(value, root)),
                _ => {}
            }
        }
        let document = document();
        visit(&document, &document);
    }

    #[test]
    fn every_operation_of_a_person_tells_of_401_429_and_its_summary() {
        let document = document();
        let mut seen = 0;
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                seen += 1;
                assert!(operation["summary"].is_string(), "{path}");
                assert!(operation["responses"]["429"].is_object(), "{path}");
                assert_eq!(operation["security"].is_array(), operation["responses"]["401"].is_object(), "{path}");
                let of_a_person = path.starts_with("/api/v1/") && path != "/api/v1/stripe/webhook";
                assert_eq!(of_a_person, operation["security"].is_array(), "{path}");
            }
        }
        assert!(seen >= 22, "{seen}");
    }
}
