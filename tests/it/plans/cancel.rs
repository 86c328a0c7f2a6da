//! Canceling and deleting while the model streams.

use sea_orm::{ConnectionTrait, TransactionTrait};
use std::time::Duration;
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Gate, ModelServer, Reply, Step, StreamReply, plan_json};
use waymark_testkit::wait;

#[tokio::test]
async fn cancel_stops_the_provider_and_settles_everything() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(4, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    gate.release(1);
    let seen = stream.until("module_summary").await;
    let plan = seen[0].data["planId"].as_str().unwrap().to_owned();

    let answer = owner.post(&format!("/v1/plans/{plan}/cancel"), &serde_json::json!({})).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    assert_eq!(stream.rest().await.last().unwrap().kind, "canceled");
    model.wait_for(|counts| counts.closed_early == 1 && counts.open_connections == 0).await;

    let status = owner.get(&format!("/v1/plans/{plan}/status")).await.json();
    assert_eq!(status["status"], "failed");
    let attempts = owner.get(&format!("/v1/plans/{plan}/attempts")).await.json();
    assert_eq!(attempts["items"][0]["status"], "canceled");
    let ledger = "select count(*) from usage_reservations where state = 'released'";
    assert_eq!(app.db().number(ledger).await, 1);
    wait::until("the cost is recorded", async || {
        (app.db().number("select count(*) from ai_usage_events where estimated and output_tokens > 0").await == 1)
            .then_some(())
    })
    .await;
    assert_eq!(owner.get(&format!("/v1/plans/{plan}")).await.json()["modules"].as_array().unwrap().len(), 0);

    let again = owner.post(&format!("/v1/plans/{plan}/cancel"), &serde_json::json!({})).await;
    assert_eq!(again.problem(409), "NOT_GENERATING");
}

#[tokio::test]
async fn a_cancel_at_another_process_reaches_the_worker_within_a_second() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(4, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model).lease(Duration::from_mins(10))).await;
    let other = app.second_process(|options| options.workers(0)).await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    gate.release(1);
    let plan = stream.until("module_summary").await[0].data["planId"].as_str().unwrap().to_owned();
    let answer = owner.at(other.base()).post(&format!("/v1/plans/{plan}/cancel"), &serde_json::json!({})).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    // The lease, and so the heartbeat, is far longer than this wait: only the notice can bring it.
    model.wait_for(|counts| counts.closed_early == 1).await;
    assert_eq!(stream.rest().await.last().unwrap().kind, "canceled");
}

#[tokio::test]
async fn a_cancel_at_another_process_reaches_a_worker_that_hears_nothing() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(4, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model).deaf().lease(Duration::from_mins(10))).await;
    let other = app.second_process(|options| options.workers(0)).await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    gate.release(1);
    let plan = stream.until("module_summary").await[0].data["planId"].as_str().unwrap().to_owned();
    let answer = owner.at(other.base()).post(&format!("/v1/plans/{plan}/cancel"), &serde_json::json!({})).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    // No notice comes, and the next heartbeat is minutes away.
    model.wait_for(|counts| counts.closed_early == 1).await;
    assert_eq!(stream.rest().await.last().unwrap().kind, "canceled");
}

/// Cancels the plan that is being generated at the moment when the model has answered and nothing is settled: both wait for
/// the job's row, the cancel first.
async fn cancel_before_the_settlement(app: &App, model: &ModelServer, gate: &Gate) {
    let owner = app.owner();
    let plan = owner.create_plan().await;
    model.wait_for(|counts| counts.requests == 1).await;
    let superuser = app.db().superuser().await;
    let held = superuser.begin().await.unwrap();
    held.execute_unprepared("select from job_queue for update").await.unwrap();
    let waiting = async |count: i64| {
        let sql =
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        wait::until("they wait", async || (app.db().number(sql).await == count).then_some(())).await;
    };
    let cancel = tokio::spawn({
        let (owner, path) = (owner.clone(), format!("/v1/plans/{plan}/cancel"));
        async move { owner.post(&path, &serde_json::json!({})).await.status }
    });
    waiting(1).await;
    gate.open();
    waiting(2).await;
    held.commit().await.unwrap();
    assert!(cancel.await.unwrap().is_success());
    assert_eq!(owner.settled(&plan).await["status"], "failed");
    assert_eq!(app.db().number("select count(*) from generation_attempts where status = 'canceled'").await, 1);
}

#[tokio::test]
async fn a_cancel_just_before_the_settlement_costs_what_the_provider_said() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::text("").cost(0.05).gated(&gate)).await;
    let app = App::with(|options| options.model(&model).metered().lease(Duration::from_mins(10))).await;
    cancel_before_the_settlement(&app, &model, &gate).await;
    wait::until("the cost is recorded", async || {
        let exact = "select count(*) from ai_usage_events where not estimated and cost_microusd = 50000";
        (app.db().number(exact).await == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_cancel_just_before_the_settlement_of_a_refused_call_costs_nothing() {
    let gate = Gate::closed();
    let model = ModelServer::start(Reply::error(400, "no").after(Step::Pass(gate.clone()))).await;
    let app = App::with(|options| options.model(&model).lease(Duration::from_mins(10))).await;
    cancel_before_the_settlement(&app, &model, &gate).await;
    wait::until("the call counts as never accepted", async || {
        let unreached = "select count(*) from generation_attempts where reached_at is null";
        (app.db().number(unreached).await == 1).then_some(())
    })
    .await;
    assert_eq!(app.db().number("select count(*) from ai_usage_events where cost_microusd > 0").await, 0);
}

#[tokio::test]
async fn deleting_a_plan_that_is_being_generated_ends_its_streams() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(4, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    gate.release(1);
    let plan = stream.until("module_summary").await[0].data["planId"].as_str().unwrap().to_owned();
    assert_eq!(owner.delete(&format!("/v1/plans/{plan}")).await.status.as_u16(), 204);
    assert_eq!(stream.rest().await.last().unwrap().kind, "canceled");
    model.wait_for(|counts| counts.closed_early == 1).await;
    assert_eq!(owner.get(&format!("/v1/plans/{plan}")).await.problem(404), "NOT_FOUND");
    let attempts = "select count(*) from generation_attempts where status = 'canceled' and plan_id is null";
    assert_eq!(app.db().number(attempts).await, 1, "the attempt outlives its plan");
    wait::until("the cost is recorded", async || {
        (app.db().number("select count(*) from ai_usage_events where plan_id is null").await == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_ready_plan_is_deleted_with_all_that_hangs_under_it() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    owner.settled(&plan).await;
    assert_eq!(owner.delete(&format!("/v1/plans/{plan}")).await.status.as_u16(), 204);
    for table in ["learning_plans", "modules", "tasks", "task_resources", "generation_events", "plan_generations"] {
        assert_eq!(app.db().number(&format!("select count(*) from {table}")).await, 0, "{table}");
    }
    assert_eq!(owner.delete(&format!("/v1/plans/{plan}")).await.problem(404), "NOT_FOUND");
}
