//! Every route as nobody, as the owner and as a stranger: 401, the answer, 404. The list of routes is the OpenAPI
//! document's, so a new route without a line here fails.

use reqwest::Method;
use serde_json::Value;
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
    ("POST", "/api/v1/plans/{planId}/cancel", Kind::Plan(409)),
    ("DELETE", "/api/v1/plans/{planId}", Kind::Plan(204)),
];

async fn call(actor: &Actor, method: &str, path: &str, plan: &str) -> Answer {
    let path = path.trim_start_matches("/api").replace("{planId}", plan).replace("{number}", "1");
    let mut request = actor.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
    if method == "POST" && !path.ends_with("/retry") {
        request = request.json(&plan_request());
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
        let nobody = call(&anonymous, method, path, &plan).await;
        match kind {
            Kind::Open(expected) => assert_eq!(nobody.status.as_u16(), *expected, "{name}"),
            Kind::Own(_) | Kind::Plan(_) => {
                assert_eq!(nobody.problem(401), "UNAUTHENTICATED", "{name}");
                assert!(nobody.header("www-authenticate").starts_with("Bearer"), "{name}");
            }
        }
        if let Kind::Plan(_) = kind {
            assert_eq!(call(&stranger, method, path, &plan).await.problem(404), "NOT_FOUND", "{name}");
        }
        let (Kind::Open(expected) | Kind::Own(expected) | Kind::Plan(expected)) = kind;
        let own = call(&owner, method, path, &plan).await;
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
