//! A worker that dies or stands still in mid-generation, as a real process.

use super::SECOND_PROCESS;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::time::Duration;
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Gate, ModelServer, Reply, StreamReply, plan_json};
use waymark_testkit::process::Process;

/// A first answer that waits at the gate, and others that do not.
async fn model(gate: &Gate) -> ModelServer {
    let plan = StreamReply::plan(&plan_json(4, 2));
    ModelServer::start(vec![plan.clone().gated(gate).into(), Reply::from(plan.clone()), plan.into()]).await
}

#[tokio::test]
async fn a_worker_killed_in_mid_generation_is_replaced_and_every_stream_ends_well() {
    let gate = Gate::closed();
    let model = model(&gate).await;
    let lease = Duration::from_secs(1);
    // This process only serves; the one that generates will be killed.
    let app = App::with(|options| options.model(&model).workers(0).lease(lease)).await;
    let mut doomed = Process::start(SECOND_PROCESS, &app.options().clone().workers(4)).await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    gate.release(2);
    let mut seen = stream.until("module_summary").await;
    seen.extend(stream.until("module_summary").await);
    let plan = seen[0].data["planId"].as_str().unwrap().to_owned();

    doomed.kill();
    let _heir = Process::start(SECOND_PROCESS, &app.options().clone().workers(4)).await;
    seen.extend(stream.rest().await);

    let restart = seen.iter().position(|event| event.kind == "attempt_restart").expect("a restart");
    assert_eq!(seen[restart].data["attempt"], 2);
    assert_eq!(seen[restart].data["reason"], "worker_lost");
    let after: Vec<&str> =
        seen[restart + 1..].iter().map(|event| event.kind.as_str()).filter(|k| *k != "progress").collect();
    assert_eq!(after, ["module_summary", "module_summary", "module_summary", "module_summary", "complete"]);
    let ids: Vec<i64> = seen.iter().map(|event| event.id).collect();
    assert_eq!(ids, (1..=ids.last().copied().unwrap()).collect::<Vec<_>>(), "gapless");

    let stored = owner.get(&format!("/v1/plans/{plan}")).await.json();
    assert_eq!(stored["modules"].as_array().unwrap().len(), 4, "exactly one set of modules");
    assert_eq!(app.db().number("select sum(plans_generated)::bigint from usage_metrics").await, 1, "charged once");
    assert_eq!(app.db().number("select count(*) from generation_attempts where status = 'in_progress'").await, 0);
}

#[tokio::test]
async fn a_stale_worker_that_wakes_up_writes_nothing() {
    let gate = Gate::closed();
    let model = model(&gate).await;
    let lease = Duration::from_secs(1);
    let app = App::with(|options| options.model(&model).workers(0).lease(lease)).await;
    let stale = Process::start(SECOND_PROCESS, &app.options().clone().workers(4)).await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    gate.release(1);
    let plan = stream.until("module_summary").await[0].data["planId"].as_str().unwrap().to_owned();

    kill(Pid::from_raw(stale.id()), Signal::SIGSTOP).unwrap();
    let heir = Process::start(SECOND_PROCESS, &app.options().clone().workers(4)).await;
    assert_eq!(stream.rest().await.last().unwrap().kind, "complete");
    let digest = format!(
        "select count(*) * 1000000 + coalesce(max(seq), 0) + (select count(*) from modules where plan_id = '{plan}') * 1000
         from generation_events where plan_id = '{plan}'"
    );
    let before = app.db().number(&digest).await;

    // Everything the model still had for it is there when it wakes.
    gate.open();
    drop(heir);
    kill(Pid::from_raw(stale.id()), Signal::SIGCONT).unwrap();
    model.wait_for(|counts| counts.replied + counts.closed_early == 2).await;
    // It is the only worker now; once it has done other work, it has long dealt with what it woke up to.
    let next = owner.create_plan().await;
    assert_eq!(owner.settled(&next).await["status"], "ready");
    assert_eq!(app.db().number(&digest).await, before, "nothing was written under the old fence");
    let attempts = format!("select count(*) from generation_attempts where plan_id = '{plan}'");
    assert_eq!(app.db().number(&attempts).await, 2);
    let costs = format!("select count(*) from ai_usage_events where plan_id = '{plan}'");
    assert_eq!(app.db().number(&costs).await, 2, "the lost attempt reached the model too");
    assert_eq!(owner.settled(&plan).await["status"], "ready");
}

#[tokio::test]
async fn a_generation_whose_every_worker_is_lost_fails_in_the_end() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(3, 1)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model).workers(0).lease(Duration::from_millis(600))).await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    for round in 1..=3 {
        let mut doomed = Process::start(SECOND_PROCESS, &app.options().clone().workers(4)).await;
        model.wait_for(|counts| counts.requests == round).await;
        doomed.kill();
    }
    let _last = Process::start(SECOND_PROCESS, &app.options().clone().workers(4)).await;
    let events = stream.rest().await;
    let last = events.last().unwrap();
    assert_eq!((last.kind.as_str(), &last.data["classification"]), ("error", &serde_json::json!("timeout")));
    assert_eq!(model.counts().requests, 3, "a job that kills its workers is not tried for ever");
    assert_eq!(app.db().number("select count(*) from usage_reservations where state = 'released'").await, 1);
}
