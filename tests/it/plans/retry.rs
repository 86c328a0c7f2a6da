//! Trying a plan again that has failed.

use serde_json::json;
use waymark_testkit::actor::Actor;
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Gate, ModelServer, Reply, StreamReply, plan_json};
use waymark_testkit::sse::SseClient;

fn plan() -> Reply {
    StreamReply::plan(&plan_json(3, 2)).into()
}

/// An answer that is no plan: not tried again by itself.
fn prose() -> Reply {
    StreamReply::text("I am sorry, I cannot do that.").into()
}

async fn retry(owner: &Actor, plan: &str) -> SseClient {
    SseClient::open(owner.request(reqwest::Method::POST, &format!("/v1/plans/{plan}/retry")).json(&json!({}))).await
}

#[tokio::test]
async fn a_failed_plan_is_tried_again_in_the_same_log() {
    let model = ModelServer::start(vec![prose(), prose(), plan()]).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let first = owner.stream_plan().await.rest().await;
    let plan = first[0].data["planId"].as_str().unwrap().to_owned();
    assert_eq!(first.last().unwrap().kind, "error");

    let second = retry(&owner, &plan).await.rest().await;
    assert_eq!((second[0].kind.as_str(), second.last().unwrap().kind.as_str()), ("plan_start", "error"));
    assert_eq!(second[0].id, first.last().unwrap().id + 1, "the log goes on without a gap");
    let third = retry(&owner, &plan).await.rest().await;
    assert_eq!(third.last().unwrap().kind, "complete");
    assert_eq!(owner.get(&format!("/v1/plans/{plan}")).await.json()["modules"].as_array().unwrap().len(), 3);

    let generations = owner.get(&format!("/v1/plans/{plan}/generations")).await.json();
    let kinds: Vec<&str> =
        generations["items"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["initial", "retry", "retry"]);
    let attempts = owner.get(&format!("/v1/plans/{plan}/attempts")).await.json();
    let numbers: Vec<i64> =
        attempts["items"].as_array().unwrap().iter().map(|it| it["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [1, 1, 1], "attempts are counted per generation");
    let ledger =
        "select string_agg(state, ' ' order by created_at) as states from usage_reservations where kind = 'plan'";
    let states: String = app.db().rows(ledger).await[0].try_get("", "states").unwrap();
    assert_eq!(states, "released released settled");
    assert_eq!(app.db().number("select plans_generated::bigint from usage_metrics").await, 1);
    let usage = "select count(*) from ai_usage_events";
    assert_eq!(app.db().number(usage).await, 3, "every attempt that reached the model is accounted for");

    let again = owner.post(&format!("/v1/plans/{plan}/retry"), &json!({})).await;
    assert_eq!(again.problem(409), "NOT_FAILED");
}

#[tokio::test]
async fn a_plan_that_is_being_generated_is_not_tried_again() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(3, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    let answer = owner.post(&format!("/v1/plans/{plan}/retry"), &json!({})).await;
    assert_eq!(answer.problem(409), "GENERATION_RUNNING");
    gate.open();
    assert_eq!(owner.settled(&plan).await["status"], "ready");
}

#[tokio::test]
async fn a_canceled_plan_is_tried_again_by_one_of_two_that_ask_at_once() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(3, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    model.wait_for(|counts| counts.requests == 1).await;
    assert!(owner.post(&format!("/v1/plans/{plan}/cancel"), &json!({})).await.status.is_success());
    gate.open();
    let path = format!("/v1/plans/{plan}/retry");
    let body = json!({});
    let (one, other) = futures_util::future::join(owner.post(&path, &body), owner.post(&path, &body)).await;
    let refused: Vec<_> = [&one, &other].into_iter().filter(|answer| !answer.status.is_success()).collect();
    assert!(refused.len() == 1 || one.text == other.text, "{} / {}", one.text, other.text);
    if let [refused] = refused[..] {
        assert!(["GENERATION_RUNNING", "NOT_FAILED"].contains(&refused.problem(409).as_str()));
    }
    assert_eq!(owner.settled(&plan).await["status"], "ready");
    assert_eq!(app.db().number("select count(*) from plan_generations").await, 2);
}

#[tokio::test]
async fn another_try_needs_a_place_among_the_active_plans() {
    let model = ModelServer::start(vec![prose(), plan(), plan(), plan()]).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let failed = owner.create_plan().await;
    assert_eq!(owner.settled(&failed).await["status"], "failed");
    for _ in 0..3 {
        let plan = owner.create_plan().await;
        assert_eq!(owner.settled(&plan).await["status"], "ready");
    }
    let answer = owner.post(&format!("/v1/plans/{failed}/retry"), &json!({})).await;
    assert_eq!(answer.problem(403), "QUOTA_EXCEEDED");
    assert_eq!(owner.settled(&failed).await["status"], "failed", "a refusal changes nothing");
    assert_eq!(app.db().number("select count(*) from usage_reservations where state = 'reserved'").await, 0);
}
