//! Requests that are sent twice: done once, answered alike.

use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waymark_testkit::actor::{Actor, Answer, plan_request};
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Gate, ModelServer, Reply, StreamReply, plan_json};
use waymark_testkit::sse::{SseClient, SseEvent};

const KEY: &str = "0199a1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b";

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

/// What a repetition must not change.
fn told(answer: &Answer) -> (u16, String, String) {
    (answer.status.as_u16(), answer.header("location").to_owned(), answer.text.clone())
}

async fn delete_once(actor: &Actor, path: &str) -> Answer {
    actor.send(actor.request(Method::DELETE, path).header("idempotency-key", KEY)).await
}

async fn stream_once(actor: &Actor, path: &str, body: &Value) -> SseClient {
    SseClient::open(actor.request(Method::POST, path).header("idempotency-key", KEY).json(body)).await
}

fn plan_of(events: &[SseEvent]) -> String {
    events[0].data["planId"].as_str().expect("a plan").to_owned()
}

async fn count(app: &App, table: &str) -> i64 {
    app.db().number(&format!("select count(*) from {table}")).await
}

#[tokio::test]
async fn the_same_key_a_hundred_times_at_once_makes_one_plan() {
    let app = App::start().await;
    let other = app.second_process(|options| options.workers(0)).await;
    let owner = app.owner();
    let answers = futures_util::future::join_all((0..100).map(|number| {
        let actor = if number % 2 == 0 { owner.clone() } else { owner.at(other.base()) };
        async move { actor.post_once("/v1/plans", KEY, &plan_request()).await }
    }))
    .await;
    let different: BTreeSet<_> = answers.iter().map(told).collect();
    assert_eq!(different.len(), 1, "{different:?}");
    assert_eq!(answers[0].status.as_u16(), 201);
    assert_eq!(answers.iter().filter(|answer| !replayed(answer)).count(), 1, "one of them did it");
    for table in ["learning_plans", "plan_generations", "job_queue", "idempotency_keys"] {
        assert_eq!(count(&app, table).await, 1, "{table}");
    }
    assert_eq!(count(&app, "usage_reservations where kind = 'plan'").await, 1);
    let plan = answers[0].json()["id"].as_str().unwrap().to_owned();
    assert_eq!(owner.settled(&plan).await["status"], "ready");
    assert_eq!(told(&owner.post_once("/v1/plans", KEY, &plan_request()).await), told(&answers[0]));
}

#[tokio::test]
async fn different_keys_at_once_do_not_hinder_each_other() {
    let app = App::start().await;
    let owner = app.owner();
    let keys: Vec<String> = (0..30).map(|number| format!("key-{number}")).collect();
    let request = plan_request();
    let answers =
        futures_util::future::join_all(keys.iter().map(|key| owner.post_once("/v1/plans", key, &request))).await;
    let created = answers.iter().filter(|answer| answer.status.as_u16() == 201).count();
    assert_eq!(created, 3, "as many as the tier allows");
    for refused in answers.iter().filter(|answer| answer.status.as_u16() != 201) {
        assert_eq!(refused.problem(403), "QUOTA_EXCEEDED");
    }
    assert_eq!(count(&app, "idempotency_keys").await, 3, "what was refused left no key");
}

#[tokio::test]
async fn another_request_with_the_same_key_is_refused() {
    let app = App::start().await;
    let owner = app.owner();
    let first = owner.post_once("/v1/plans", KEY, &plan_request()).await;
    let mut other = plan_request();
    other["weeklyHours"] = json!(6);
    assert_eq!(owner.post_once("/v1/plans", KEY, &other).await.problem(422), "IDEMPOTENCY_KEY_REUSED");
    let model = owner.get("/v1/models").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let query = owner.post_once(&format!("/v1/plans?model={model}"), KEY, &plan_request()).await;
    assert_eq!(query.problem(422), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(count(&app, "learning_plans").await, 1);

    let second = owner.create_plan().await;
    let plan = first.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(delete_once(&owner, &format!("/v1/plans/{plan}")).await.status.as_u16(), 204);
    let path = delete_once(&owner, &format!("/v1/plans/{second}")).await;
    assert_eq!(path.problem(422), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(count(&app, "learning_plans").await, 1, "the other plan is untouched");
}

#[tokio::test]
async fn another_route_and_another_person_may_use_the_same_key() {
    let app = App::start().await;
    let (owner, stranger) = (app.owner(), app.stranger());
    let first = owner.post_once("/v1/plans", KEY, &plan_request()).await.json();
    let theirs = stranger.post_once("/v1/plans", KEY, &plan_request()).await;
    assert_eq!((theirs.status.as_u16(), replayed(&theirs)), (201, false));
    assert_ne!(theirs.json()["id"], first["id"]);
    let mut stream = stream_once(&owner, "/v1/plans/stream", &plan_request()).await;
    assert!(stream.headers.get("idempotency-replayed").is_none());
    assert_ne!(json!(plan_of(&stream.rest().await)), first["id"]);
    assert_eq!(count(&app, "learning_plans").await, 3);
}

#[tokio::test]
async fn without_a_key_every_request_counts() {
    let app = App::start().await;
    let owner = app.owner();
    assert_ne!(owner.create_plan().await, owner.create_plan().await);
    assert_eq!(count(&app, "idempotency_keys").await, 0);
}

#[tokio::test]
async fn a_repeated_stream_attaches_to_the_running_and_to_the_finished_one() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(3, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let other = app.second_process(|options| options.workers(0)).await;
    let owner = app.owner();
    let mut first = stream_once(&owner, "/v1/plans/stream", &plan_request()).await;
    gate.release(1);
    let mut seen = first.until("module_summary").await;
    let mut running = stream_once(&owner.at(other.base()), "/v1/plans/stream", &plan_request()).await;
    assert_eq!((running.status, &running.headers["idempotency-replayed"]), (200, &"true".parse().unwrap()));
    assert_eq!(running.until("module_summary").await, seen, "from the first event");
    gate.open();
    seen.extend(first.rest().await);
    assert_eq!(seen.last().unwrap().kind, "complete");
    let mut finished = stream_once(&owner, "/v1/plans/stream", &plan_request()).await;
    assert_eq!(finished.status, 200);
    assert_eq!(finished.rest().await, seen);
    assert_eq!((model.counts().requests, count(&app, "learning_plans").await), (1, 1));

    // Also when the plan has a later generation by now.
    let plan = plan_of(&seen);
    assert_eq!(owner.post(&format!("/v1/plans/{plan}/regenerate"), &json!({})).await.status.as_u16(), 202);
    owner.idle(&plan).await;
    assert_eq!(stream_once(&owner, "/v1/plans/stream", &plan_request()).await.rest().await, seen);
}

#[tokio::test]
async fn a_cancel_and_a_deletion_give_their_first_answer_again() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(3, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    let cancel = format!("/v1/plans/{plan}/cancel");
    let first = owner.post_once(&cancel, KEY, &json!({})).await;
    assert_eq!((first.status.as_u16(), replayed(&first)), (200, false), "{}", first.text);
    assert_eq!(first.json()["status"], "failed");
    let again = owner.post_once(&cancel, KEY, &json!({})).await;
    assert_eq!((told(&again), replayed(&again)), (told(&first), true));
    assert_eq!(owner.post_once(&cancel, "another", &json!({})).await.problem(409), "NOT_GENERATING");

    let path = format!("/v1/plans/{plan}");
    assert_eq!((delete_once(&owner, &path).await.status.as_u16(), count(&app, "learning_plans").await), (204, 0));
    let again = delete_once(&owner, &path).await;
    assert_eq!((told(&again), replayed(&again)), ((204, String::new(), String::new()), true));
    assert_eq!(owner.delete(&path).await.problem(404), "NOT_FOUND");
}

#[tokio::test]
async fn a_retry_a_regeneration_and_a_restore_are_done_once() {
    let plan = StreamReply::plan(&plan_json(3, 2));
    let replies = vec![StreamReply::text("I would rather not.").into(), Reply::from(plan.clone()), plan.into()];
    let model = ModelServer::start(replies).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    assert_eq!(owner.settled(&plan).await["status"], "failed");

    let retry = format!("/v1/plans/{plan}/retry");
    let events = stream_once(&owner, &retry, &json!({})).await.rest().await;
    assert_eq!(events.last().unwrap().kind, "complete");
    // Nothing at all is the same as `{}`.
    let request = owner.request(Method::POST, &retry).header("idempotency-key", KEY);
    let mut again = SseClient::open(request).await;
    assert_eq!(&again.headers["idempotency-replayed"], "true");
    assert_eq!(again.rest().await, events);
    assert_eq!(owner.post(&retry, &json!({})).await.problem(409), "NOT_FAILED");

    let regenerate = format!("/v1/plans/{plan}/regenerate");
    let body = json!({ "topic": "Baking bread", "notes": null });
    let first = owner.post_once(&regenerate, KEY, &body).await;
    assert_eq!(first.header("location"), format!("/api/v1/plans/{plan}/events"));
    assert_eq!((first.json()["planId"].as_str(), &first.json()["status"]), (Some(plan.as_str()), &json!("queued")));
    owner.idle(&plan).await;
    let again = owner.post_once(&regenerate, KEY, &body).await;
    assert_eq!((told(&again), replayed(&again), again.status.as_u16()), (told(&first), true, 202));
    let other = owner.post_once(&regenerate, KEY, &json!({})).await;
    assert_eq!(other.problem(422), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(model.counts().requests, 3);

    let restore = format!("/v1/plans/{plan}/revisions/1/restore");
    let first = owner.post_once(&restore, KEY, &json!({})).await;
    assert_eq!(first.json(), json!({ "planId": plan, "revision": 2 }), "{}", first.text);
    let again = owner.post_once(&restore, KEY, &json!({})).await;
    assert_eq!((told(&again), replayed(&again)), (told(&first), true));
    assert_eq!(count(&app, "plan_revisions").await, 2);
    assert_eq!(owner.get(&format!("/v1/plans/{plan}")).await.json()["topic"], "Rust programming");
}

#[tokio::test]
async fn a_refused_request_leaves_no_key_behind() {
    let app = App::start().await;
    let owner = app.owner();
    let mut bad = plan_request();
    bad["weeklyHours"] = json!(0);
    assert_eq!(owner.post_once("/v1/plans", KEY, &bad).await.problem(400), "VALIDATION_FAILED");
    let unknown = owner.post_once("/v1/plans?model=no/such", KEY, &plan_request()).await;
    assert_eq!(unknown.problem(400), "MODEL_INVALID");
    let missing = "/v1/plans/01890000-0000-7000-8000-000000000000/cancel";
    assert_eq!(owner.post_once(missing, KEY, &json!({})).await.problem(404), "NOT_FOUND");
    let plans = [owner.create_plan().await, owner.create_plan().await, owner.create_plan().await];
    for plan in &plans {
        owner.settled(plan).await;
    }
    assert_eq!(owner.post_once("/v1/plans", KEY, &plan_request()).await.problem(403), "QUOTA_EXCEEDED");
    let cancel = format!("/v1/plans/{}/cancel", plans[0]);
    assert_eq!(owner.post_once(&cancel, KEY, &json!({})).await.problem(409), "NOT_GENERATING");
    assert_eq!(count(&app, "idempotency_keys").await, 0);

    // The same request goes through once the cause is gone.
    owner.delete(&format!("/v1/plans/{}", plans[0])).await;
    let created = owner.post_once("/v1/plans", KEY, &plan_request()).await;
    assert_eq!((created.status.as_u16(), replayed(&created)), (201, false), "{}", created.text);
}

#[tokio::test]
async fn a_bad_key_is_refused_by_name_and_nothing_is_done() {
    let app = App::start().await;
    let owner = app.owner();
    let (longest, too_long) = ("k".repeat(255), "k".repeat(256));
    for bad in [&b""[..], b"a b", b"a\tb", b"\xc3\xbc", too_long.as_bytes()] {
        let value = reqwest::header::HeaderValue::from_bytes(bad).unwrap();
        for (method, path) in [
            (Method::POST, "/v1/plans"),
            (Method::POST, "/v1/plans/stream"),
            (Method::POST, "/v1/plans/01890000-0000-7000-8000-000000000000/cancel"),
            (Method::DELETE, "/v1/plans/01890000-0000-7000-8000-000000000000"),
        ] {
            let request = owner.request(method, path).header("idempotency-key", value.clone()).json(&plan_request());
            let refused = owner.send(request).await;
            assert_eq!(refused.problem(400), "VALIDATION_FAILED", "{path} {bad:?}");
            assert_eq!(refused.json()["errors"][0]["field"], "Idempotency-Key");
        }
    }
    let twice = owner.request(Method::POST, "/v1/plans").header("idempotency-key", KEY).header("idempotency-key", KEY);
    assert_eq!(owner.send(twice.json(&plan_request())).await.problem(400), "VALIDATION_FAILED");
    assert_eq!(count(&app, "learning_plans").await, 0);
    assert_eq!(owner.post_once("/v1/plans", &longest, &plan_request()).await.status.as_u16(), 201);
}

#[tokio::test]
async fn a_key_outlives_the_process_that_took_it() {
    let app = App::start().await;
    let owner = app.owner();
    let first = owner.post_once("/v1/plans", KEY, &plan_request()).await;
    let plan = first.json()["id"].as_str().unwrap().to_owned();
    owner.settled(&plan).await;
    let next = app.second_process(|options| options).await;
    let owner = owner.at(next.base());
    app.stop().await;
    let again = owner.post_once("/v1/plans", KEY, &plan_request()).await;
    assert_eq!((told(&again), replayed(&again)), (told(&first), true));
    assert_eq!(count(&next, "learning_plans").await, 1);
}

#[tokio::test]
async fn a_key_that_has_expired_is_new_again() {
    let app = App::start().await;
    let owner = app.owner();
    let first = owner.post_once("/v1/plans", KEY, &plan_request()).await;
    app.db().run("update idempotency_keys set expires_at = now() - interval '1 minute'").await;
    let mut other = plan_request();
    other["weeklyHours"] = json!(6);
    let second = owner.post_once("/v1/plans", KEY, &other).await;
    assert_eq!((second.status.as_u16(), replayed(&second)), (201, false), "{}", second.text);
    assert_ne!(second.json()["id"], first.json()["id"]);
    let again = owner.post_once("/v1/plans", KEY, &other).await;
    assert_eq!((told(&again), replayed(&again)), (told(&second), true));
}
