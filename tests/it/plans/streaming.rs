//! The stream: modules as they close, the same events for everyone, nothing missed or repeated by who comes back.

use sea_orm::{ConnectionTrait, TransactionTrait};
use std::time::Duration;
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Gate, ModelServer, Reply, StreamReply, plan_json};
use waymark_testkit::sse::SseEvent;
use waymark_testkit::wait;

fn kinds(events: &[SseEvent]) -> Vec<&str> {
    events.iter().map(|event| event.kind.as_str()).filter(|kind| *kind != "progress").collect()
}

fn assert_gapless_from(events: &[SseEvent], first: i64) {
    let ids: Vec<i64> = events.iter().map(|event| event.id).collect();
    let expected: Vec<i64> = (first..).take(ids.len()).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn a_plan_streams_module_by_module_and_is_read_back() {
    let app = App::start().await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    assert_eq!(stream.status, 200);
    assert_eq!(stream.headers["content-type"], "text/event-stream");
    assert_eq!(stream.headers["cache-control"], "no-store");
    let events = stream.rest().await;
    assert_eq!(kinds(&events), ["plan_start", "module_summary", "module_summary", "module_summary", "complete"]);
    assert_gapless_from(&events, 1);

    let plan = events[0].data["planId"].as_str().unwrap();
    let stored = owner.get(&format!("/v1/plans/{plan}")).await.json();
    assert_eq!(stored["status"], "ready");
    let modules = stored["modules"].as_array().unwrap();
    let told: Vec<&SseEvent> = events.iter().filter(|event| event.kind == "module_summary").collect();
    assert_eq!(modules.len(), told.len());
    for ((module, event), order) in modules.iter().zip(told).zip(1..) {
        assert_eq!(module["order"], order);
        assert_eq!(module["title"], event.data["title"]);
        assert_eq!(module["estimatedMinutes"], event.data["estimatedMinutes"]);
        let (tasks, told) = (module["tasks"].as_array().unwrap(), event.data["tasks"].as_array().unwrap());
        assert_eq!(tasks.len(), told.len());
        for ((task, told), order) in tasks.iter().zip(told).zip(1..) {
            assert_eq!(task["order"], order);
            assert_eq!(task["title"], told["title"]);
            assert_eq!(task["status"], "not_started");
            let urls = |links: &serde_json::Value| -> Vec<serde_json::Value> {
                links.as_array().unwrap().iter().map(|link| link["url"].clone()).collect()
            };
            assert!(!urls(&task["resources"]).is_empty());
            assert_eq!(urls(&task["resources"]), urls(&told["resources"]));
        }
    }
    let complete = &events.last().unwrap().data;
    assert_eq!(complete["modulesCount"], modules.len());
    assert_eq!(complete["tasksTrimmed"], 0);
}

#[tokio::test]
async fn the_first_module_is_received_while_the_model_still_streams() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(3, 2)).frame_bytes(1).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let mut stream = app.owner().stream_plan().await;
    assert_eq!(kinds(&stream.until("plan_start").await), ["plan_start"]);
    for index in 1..=3 {
        gate.release(1);
        let seen = stream.until("module_summary").await;
        assert_eq!(seen.last().unwrap().data["index"], index);
        assert_eq!(model.counts().replied, 0, "the model still streams");
    }
    gate.open();
    assert_eq!(kinds(&stream.rest().await), ["complete"]);
}

#[tokio::test]
async fn two_streams_on_one_plan_see_the_same_events() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(4, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let mut first = owner.stream_plan().await;
    let mut seen = first.until("plan_start").await;
    let plan = seen[0].data["planId"].as_str().unwrap().to_owned();
    gate.release(2);
    seen.extend(first.until("module_summary").await);
    let mut second = owner.events(&plan, None).await;
    gate.open();
    seen.extend(first.rest().await);
    assert_eq!(seen, second.rest().await);
    assert_gapless_from(&seen, 1);
    assert_eq!(seen.last().unwrap().kind, "complete");
}

#[tokio::test]
async fn a_client_that_returns_misses_and_repeats_nothing_at_any_process() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(5, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let other = app.second_process(|options| options.workers(0)).await;
    let deaf = app.second_process(|options| options.workers(0).deaf()).await;
    let owner = app.owner();

    let mut stream = owner.stream_plan().await;
    gate.release(1);
    let mut seen = stream.until("module_summary").await;
    let plan = seen[0].data["planId"].as_str().unwrap().to_owned();
    drop(stream);
    for (base, count) in [(other.base(), 1), (deaf.base(), 2), (app.base(), 1)] {
        let mut stream = owner.at(base).events(&plan, seen.last().map(|event| event.id)).await;
        assert_eq!(stream.status, 200);
        gate.release(count);
        for _ in 0..count {
            seen.extend(stream.until("module_summary").await);
        }
    }
    let mut last = owner.at(deaf.base()).events(&plan, seen.last().map(|event| event.id)).await;
    gate.open();
    seen.extend(last.rest().await);
    assert_gapless_from(&seen, 1);
    let modules = ["module_summary"; 5];
    assert_eq!(kinds(&seen), [&["plan_start"][..], &modules[..], &["complete"][..]].concat());
    // Whoever attaches from the start reads the same log.
    assert_eq!(owner.at(other.base()).events(&plan, None).await.rest().await, seen);
}

#[tokio::test]
async fn who_has_the_last_event_is_told_not_to_come_back() {
    let app = App::start().await;
    let owner = app.owner();
    let events = owner.stream_plan().await.rest().await;
    let plan = events[0].data["planId"].as_str().unwrap();
    let last = events.last().unwrap().id;
    assert_eq!(owner.events(plan, Some(last)).await.status, 204);
    assert_eq!(owner.events(plan, Some(last + 100)).await.status, 204, "an id from the future is over too");
    let again = owner.get(&format!("/v1/plans/{plan}/events?after={}", last - 1)).await;
    assert!(again.text.contains("event: complete"), "{}", again.text);
}

#[tokio::test]
async fn an_id_from_the_future_does_not_hang() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(3, 1)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    let mut stream = owner.events(&plan, Some(1_000_000)).await;
    gate.open();
    assert_eq!(stream.rest().await.last().unwrap().kind, "complete");
}

#[tokio::test]
async fn closing_the_connection_changes_nothing() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(3, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    let plan = stream.until("plan_start").await[0].data["planId"].as_str().unwrap().to_owned();
    drop(stream);
    gate.open();
    assert_eq!(owner.settled(&plan).await["status"], "ready");
    assert_eq!(model.counts().requests, 1, "the model is asked once");
}

#[tokio::test]
async fn a_plan_made_without_a_stream_runs_in_the_background() {
    let app = App::start().await;
    let owner = app.owner();
    let answer = owner.post("/v1/plans", &waymark_testkit::actor::plan_request()).await;
    assert_eq!(answer.status.as_u16(), 201);
    let plan = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("location"), format!("/api/v1/plans/{plan}"));
    assert_eq!(owner.settled(&plan).await["status"], "ready");
}

#[tokio::test]
async fn an_attempt_that_can_be_tried_again_restarts_the_stream() {
    let model = ModelServer::start(vec![
        StreamReply::plan(&plan_json(3, 2)).then_error(900, &serde_json::json!(502), "upstream broke").into(),
        Reply::from(StreamReply::plan(&plan_json(3, 2))),
    ])
    .await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let events = owner.stream_plan().await.rest().await;
    assert_gapless_from(&events, 1);
    let restart = events.iter().find(|event| event.kind == "attempt_restart").expect("a restart");
    assert_eq!(restart.data["attempt"], 2);
    assert_eq!(restart.data["reason"], "provider_error");
    let after: Vec<SseEvent> = events.iter().filter(|event| event.id > restart.id).cloned().collect();
    assert_eq!(kinds(&after), ["module_summary", "module_summary", "module_summary", "complete"]);
    let plan = events[0].data["planId"].as_str().unwrap();
    let attempts = owner.get(&format!("/v1/plans/{plan}/attempts")).await.json();
    let ends: Vec<_> = attempts["items"].as_array().unwrap().iter().map(|attempt| attempt["status"].clone()).collect();
    assert_eq!(ends, ["failure", "success"]);
    let stored = owner.get(&format!("/v1/plans/{plan}")).await.json();
    assert_eq!(stored["modules"].as_array().unwrap().len(), 3, "exactly one set of modules");
}

#[tokio::test]
async fn a_stream_stays_alive_while_the_database_does_not_answer() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(1, 1)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    let plan = stream.until("plan_start").await[0].data["planId"].as_str().unwrap().to_owned();
    let superuser = app.db().superuser().await;
    let held = superuser.begin().await.unwrap();
    held.execute_unprepared("lock table generation_events in access exclusive mode").await.unwrap();
    // Now the stream wants to read the log, and cannot.
    app.db().run(&format!("select pg_notify('waymark_events', '{plan}')")).await;
    wait::until("a comment comes", async || {
        let read = tokio::time::timeout(Duration::from_millis(100), stream.read()).await;
        assert!(read.is_err(), "nothing else comes: {read:?}");
        (stream.comments > 0).then_some(())
    })
    .await;
    held.rollback().await.unwrap();
    gate.open();
    assert_eq!(stream.rest().await.last().unwrap().kind, "complete");
}
