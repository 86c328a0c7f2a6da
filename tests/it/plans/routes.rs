//! Every route as nobody, as the owner and as a stranger: 401, the answer, 404. The list of routes is the OpenAPI
//! document's, so a new route without a line here fails.

use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waymark_testkit::actor::{Actor, Answer, plan_request};
use waymark_testkit::app::App;

/// What a route is to whom.
enum Kind {
    /// Answers everybody.
    Open(u16),
    /// Answers each learner for themselves.
    Own(u16),
    /// Answers the plan's owner; a stranger's id is not found.
    Plan(u16),
}

const ROUTES: &[(&str, &str, Kind)] = &[
    ("GET", "/api/docs/errors", Kind::Open(200)),
    ("GET", "/api/docs/openapi.json", Kind::Open(200)),
    ("GET", "/api/health/live", Kind::Open(200)),
    ("GET", "/api/health/ready", Kind::Open(200)),
    ("GET", "/api/health/worker", Kind::Open(200)),
    ("GET", "/api/v1/models", Kind::Own(200)),
    ("GET", "/api/v1/user/profile", Kind::Own(200)),
    ("GET", "/api/v1/user/usage", Kind::Own(200)),
    ("GET", "/api/v1/user/subscription", Kind::Own(200)),
    ("POST", "/api/v1/stripe/create-checkout", Kind::Own(503)),
    ("POST", "/api/v1/stripe/create-portal", Kind::Own(503)),
    ("POST", "/api/v1/stripe/webhook", Kind::Open(503)),
    ("POST", "/api/webhooks/clerk", Kind::Open(503)),
    ("GET", "/api/v1/plans", Kind::Own(200)),
    ("POST", "/api/v1/plans", Kind::Own(201)),
    ("POST", "/api/v1/plans/stream", Kind::Own(200)),
    ("GET", "/api/v1/plans/{planId}", Kind::Plan(200)),
    ("GET", "/api/v1/plans/{planId}/status", Kind::Plan(200)),
    ("GET", "/api/v1/plans/{planId}/attempts", Kind::Plan(200)),
    ("GET", "/api/v1/plans/{planId}/events", Kind::Plan(200)),
    ("POST", "/api/v1/plans/{planId}/retry", Kind::Plan(409)),
    ("POST", "/api/v1/plans/{planId}/regenerate", Kind::Plan(202)),
    ("GET", "/api/v1/plans/{planId}/generations", Kind::Plan(200)),
    ("GET", "/api/v1/plans/{planId}/revisions", Kind::Plan(200)),
    ("GET", "/api/v1/plans/{planId}/revisions/{number}", Kind::Plan(200)),
    ("GET", "/api/v1/plans/{planId}/revisions/{number}/compare", Kind::Plan(200)),
    ("POST", "/api/v1/plans/{planId}/revisions/{number}/restore", Kind::Plan(200)),
    ("PATCH", "/api/v1/user/profile", Kind::Own(200)),
    ("GET", "/api/v1/user/preferences", Kind::Own(200)),
    ("PATCH", "/api/v1/user/preferences", Kind::Own(200)),
    ("PATCH", "/api/v1/plans/{planId}", Kind::Plan(200)),
    ("POST", "/api/v1/plans/{planId}/modules", Kind::Plan(201)),
    ("PATCH", "/api/v1/modules/{moduleId}", Kind::Plan(200)),
    ("POST", "/api/v1/modules/{moduleId}/move", Kind::Plan(200)),
    ("POST", "/api/v1/modules/{moduleId}/tasks", Kind::Plan(201)),
    ("PATCH", "/api/v1/tasks/{taskId}", Kind::Plan(200)),
    ("POST", "/api/v1/tasks/{taskId}/move", Kind::Plan(200)),
    ("PUT", "/api/v1/tasks/{taskId}/progress", Kind::Plan(200)),
    ("PUT", "/api/v1/plans/{planId}/progress", Kind::Plan(200)),
    ("GET", "/api/v1/plans/{planId}/schedule", Kind::Plan(200)),
    ("PUT", "/api/v1/plans/{planId}/schedule", Kind::Plan(200)),
    ("POST", "/api/v1/plans/{planId}/reschedule", Kind::Plan(200)),
    ("POST", "/api/v1/tasks/{taskId}/explanation", Kind::Plan(200)),
    ("GET", "/api/v1/plans/{planId}/export", Kind::Plan(200)),
    ("POST", "/api/v1/plans/{planId}/calendar-feed", Kind::Plan(201)),
    ("DELETE", "/api/v1/plans/{planId}/calendar-feed", Kind::Plan(204)),
    ("GET", "/api/calendar/{token}.ics", Kind::Open(404)),
    ("DELETE", "/api/v1/tasks/{taskId}", Kind::Plan(204)),
    ("DELETE", "/api/v1/modules/{moduleId}", Kind::Plan(204)),
    ("POST", "/api/v1/plans/{planId}/cancel", Kind::Plan(409)),
    ("DELETE", "/api/v1/plans/{planId}", Kind::Plan(204)),
];

/// The ids that stand in a route's address.
struct Ids {
    plan: String,
    module: String,
    task: String,
}

impl Ids {
    /// Of a plan as it is now: its first module that has tasks, and the first of these.
    async fn of(owner: &Actor, plan: &str) -> Self {
        let detail = owner.get(&format!("/v1/plans/{plan}")).await.json();
        let modules = detail["modules"].as_array().unwrap();
        let module = modules.iter().find(|module| !module["tasks"].as_array().unwrap().is_empty()).unwrap();
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        Self { plan: plan.to_owned(), module: id(module), task: id(&module["tasks"][0]) }
    }
}

/// A sound body for a route, if it takes one.
fn body(method: &str, path: &str, ids: &Ids) -> Option<Value> {
    match (method, path.trim_start_matches("/api/v1")) {
        ("PATCH", "/user/profile") => Some(json!({ "name": "Ada" })),
        ("PATCH", "/user/preferences") => Some(json!({ "timezone": "Europe/Berlin" })),
        ("PATCH", "/plans/{planId}") => Some(json!({ "notes": "Less theory" })),
        ("POST", "/plans/{planId}/modules") | ("PATCH", "/modules/{moduleId}" | "/tasks/{taskId}") => {
            Some(json!({ "title": "Basics" }))
        }
        ("POST", "/modules/{moduleId}/tasks") => Some(json!({ "title": "Read", "estimatedMinutes": 30 })),
        ("POST", "/modules/{moduleId}/move" | "/tasks/{taskId}/move") => Some(json!({ "position": 2 })),
        ("PUT", "/tasks/{taskId}/progress") => Some(json!({ "status": "completed" })),
        ("PUT", "/plans/{planId}/progress") => {
            Some(json!({ "items": [{ "taskId": ids.task, "status": "in_progress" }] }))
        }
        ("PUT", "/plans/{planId}/schedule") => Some(json!({ "timezone": "Asia/Tokyo", "availability": null })),
        (_, "/plans/{planId}/retry" | "/plans/{planId}/reschedule") => None,
        ("POST", _) => Some(plan_request()),
        _ => None,
    }
}

async fn call(actor: &Actor, method: &str, path: &str, ids: &Ids) -> Answer {
    let address = path
        .trim_start_matches("/api")
        .replace("{planId}", &ids.plan)
        .replace("{moduleId}", &ids.module)
        .replace("{taskId}", &ids.task)
        .replace("{number}", "1")
        .replace("/export", "/export?format=md");
    let mut request = actor.request(Method::from_bytes(method.as_bytes()).unwrap(), &address);
    if let Some(body) = body(method, path, ids) {
        request = request.json(&body);
    }
    actor.send(request).await
}

#[tokio::test]
async fn every_route_answers_its_owner_and_nobody_else() {
    let app = App::start().await;
    let (owner, stranger, anonymous) = (app.owner(), app.stranger(), app.anonymous());
    let plan = owner.create_plan().await;
    owner.settled(&plan).await;
    for (method, path, kind) in ROUTES {
        let name = format!("{method} {path}");
        let ids = Ids::of(&owner, &plan).await;
        let nobody = call(&anonymous, method, path, &ids).await;
        match kind {
            Kind::Open(expected) => assert_eq!(nobody.status.as_u16(), *expected, "{name}"),
            Kind::Own(_) | Kind::Plan(_) => {
                assert_eq!(nobody.problem(401), "UNAUTHENTICATED", "{name}");
                assert!(nobody.header("www-authenticate").starts_with("Bearer"), "{name}");
            }
        }
        if let Kind::Plan(_) = kind {
            assert_eq!(call(&stranger, method, path, &ids).await.problem(404), "NOT_FOUND", "{name}");
        }
        let (Kind::Open(expected) | Kind::Own(expected) | Kind::Plan(expected)) = kind;
        let own = call(&owner, method, path, &ids).await;
        assert_eq!(own.status.as_u16(), *expected, "{name}: {}", own.text);
        assert!(!own.header("x-request-id").is_empty(), "{name}");
        if *expected == 202 {
            // What follows needs what this has begun.
            owner.idle(&plan).await;
        }
    }
}

#[tokio::test]
async fn the_openapi_document_lists_exactly_the_routes_that_are_tested() {
    let app = App::start().await;
    let document = app.anonymous().get("/docs/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let documented: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys().filter(|key| *key != "parameters");
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let tested: BTreeSet<String> = ROUTES.iter().map(|(method, path, _)| format!("{method} {path}")).collect();
    assert_eq!(documented, tested);
    assert_references_resolve(&document, &document);
}

fn assert_references_resolve(document: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').expect("a local reference");
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            members.values().for_each(|value| assert_references_resolve(document, value));
        }
        Value::Array(items) => items.iter().for_each(|value| assert_references_resolve(document, value)),
        _ => {}
    }
}

#[tokio::test]
async fn tokens_that_are_no_good_are_refused_in_the_same_words() {
    let app = App::start().await;
    let good = app.token("user_owner");
    let tampered = format!("{}x{}", &good[..good.len() / 2], &good[good.len() / 2 + 1..]);
    for token in [tampered.as_str(), "", "not.a.token", "a.b.c", &good[..good.len() - 1]] {
        let actor = Actor::new(app.base(), Some(token.to_owned()));
        assert_eq!(actor.get("/v1/plans").await.problem(401), "UNAUTHENTICATED", "{token}");
    }
    // The session cookie is as good as the header.
    let request = app.anonymous().request(Method::GET, "/v1/plans").header("cookie", format!("__session={good}"));
    assert_eq!(app.anonymous().send(request).await.status.as_u16(), 200);
}

#[tokio::test]
async fn fifty_first_requests_at_once_make_one_account() {
    let app = App::start().await;
    let owner = app.owner();
    let other = app.second_process(|options| options.workers(0)).await;
    let requests = (0..50).map(|number| {
        let actor = if number % 2 == 0 { owner.clone() } else { owner.at(other.base()) };
        async move { actor.get("/v1/user/profile").await }
    });
    let answers = futures_util::future::join_all(requests).await;
    let ids: BTreeSet<String> = answers.iter().map(|answer| answer.json()["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(app.db().number("select count(*) from users").await, 1);
    let profile = answers[0].json();
    assert_eq!((&profile["email"], &profile["tier"]), (&"user_owner@example.com".into(), &"free".into()));
}

#[tokio::test]
async fn an_erased_person_is_not_brought_back_by_a_late_token() {
    let app = App::start().await;
    app.db().run("insert into deleted_users (clerk_user_id) values ('user_owner')").await;
    assert_eq!(app.owner().get("/v1/plans").await.problem(403), "ACCOUNT_ERASED");
    assert_eq!(app.db().number("select count(*) from users").await, 0);
}

#[tokio::test]
async fn an_address_of_somebody_else_is_not_taken_over() {
    let app = App::start().await;
    app.db().run("insert into users (clerk_user_id, email) values ('user_first', 'user_owner@example.com')").await;
    let profile = app.owner().get("/v1/user/profile").await.json();
    assert_eq!(profile["email"], Value::Null);
    assert_eq!(app.db().number("select count(*) from users").await, 2);
}
