//! What the server answers has exactly the members that the OpenAPI document promises: the plan's JSON is made by SQL,
//! the document by Rust types, and nothing else would notice that they part.

use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waymark_testkit::app::App;

/// Follows references, and steps over the `null` of what is optional.
fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return resolve(document, document.pointer(reference.trim_start_matches('#')).expect("a schema"));
    }
    let choices = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    match choices {
        Some(choices) => {
            let choice = choices.iter().find(|choice| choice["type"] != "null").expect("a choice");
            resolve(document, choice)
        }
        None => schema,
    }
}

/// Whether the document says that this may be null.
fn may_be_null(schema: &Value) -> bool {
    let choices = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    let types = schema["type"].as_array();
    choices.is_some_and(|choices| choices.iter().any(|choice| choice["type"] == "null"))
        || types.is_some_and(|types| types.contains(&json!("null")))
}

fn assert_shape(document: &Value, schema: &Value, value: &Value, place: &str) {
    let nullable = may_be_null(schema);
    let schema = resolve(document, schema);
    match value {
        Value::Object(members) if schema["properties"].is_object() => {
            let promised: BTreeSet<&String> = schema["properties"].as_object().unwrap().keys().collect();
            let given: BTreeSet<&String> = members.keys().collect();
            assert_eq!(given, promised, "{place}");
            for (name, member) in members {
                assert_shape(document, &schema["properties"][name], member, &format!("{place}.{name}"));
            }
        }
        Value::Array(items) => {
            assert!(!items.is_empty(), "{place} shows nothing");
            for item in items {
                assert_shape(document, &schema["items"], item, &format!("{place}[]"));
            }
        }
        Value::Null => assert!(nullable || may_be_null(schema), "{place} is null"),
        scalar => {
            let kind = match scalar {
                Value::String(_) => "string",
                Value::Bool(_) => "boolean",
                Value::Number(number) if number.is_f64() => "number",
                _ => "integer",
            };
            let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
            assert!(types.contains(&json!(kind)), "{place}: {scalar} is no {types:?}");
        }
    }
}

#[tokio::test]
async fn answers_have_the_members_that_the_document_promises() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    owner.settled(&plan).await;
    // A second plan, so that a cursor is shown; something done, so that a time is; and a regeneration that keeps what is
    // done and replaces the rest, so that there is a revision and a difference.
    let second = owner.create_plan().await;
    owner.settled(&second).await;
    app.db()
        .run(
            "insert into task_progress (task_id, user_id, status, completed_at)
             select distinct on (m.plan_id) t.id, t.user_id, 'completed', now()
             from tasks t join modules m on m.id = t.module_id order by m.plan_id, t.id",
        )
        .await;
    let accepted = owner.post(&format!("/v1/plans/{plan}/regenerate"), &json!({ "topic": "Baking bread" })).await;
    assert_eq!(accepted.status.as_u16(), 202, "{}", accepted.text);
    owner.idle(&plan).await;
    let availability = json!({
        "sessions": [{ "weekday": "monday", "start": "09:00", "minutes": 60 }], "blackoutDates": ["2026-12-24"],
    });
    let set = owner.request(Method::PATCH, "/v1/user/preferences").json(&json!({ "availability": availability }));
    assert_eq!(owner.send(set).await.status.as_u16(), 200);
    let document = owner.get("/docs/openapi.json").await.json();
    for (path, call) in [
        ("/api/v1/plans/{planId}", format!("/v1/plans/{plan}")),
        ("/api/v1/plans/{planId}/status", format!("/v1/plans/{plan}/status")),
        ("/api/v1/plans/{planId}/attempts", format!("/v1/plans/{plan}/attempts")),
        ("/api/v1/plans/{planId}/generations", format!("/v1/plans/{plan}/generations")),
        ("/api/v1/plans/{planId}/revisions", format!("/v1/plans/{plan}/revisions")),
        ("/api/v1/plans/{planId}/revisions/{number}", format!("/v1/plans/{plan}/revisions/1")),
        ("/api/v1/plans/{planId}/revisions/{number}/compare", format!("/v1/plans/{plan}/revisions/1/compare")),
        ("/api/v1/plans/{planId}/export", format!("/v1/plans/{plan}/export?format=json")),
        ("/api/v1/plans", "/v1/plans?limit=1".to_owned()),
        ("/api/v1/models", "/v1/models".to_owned()),
        ("/api/health/worker", "/health/worker".to_owned()),
        ("/api/v1/user/profile", "/v1/user/profile".to_owned()),
        ("/api/v1/user/usage", "/v1/user/usage".to_owned()),
        ("/api/v1/user/preferences", "/v1/user/preferences".to_owned()),
    ] {
        let schema = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{path} promises nothing");
        assert_shape(&document, schema, &owner.get(&call).await.json(), path);
    }
    let schema = &document["paths"]["/api/v1/plans/{planId}"]["get"]["responses"]["404"]["content"]["application/problem+json"]
        ["schema"];
    let problem = app.stranger().get(&format!("/v1/plans/{plan}")).await.json();
    assert!(schema.is_object(), "problems are promised");
    assert_eq!(problem["status"], 404);
}
