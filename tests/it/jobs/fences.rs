//! Stopping, handing over, and a database that goes away, in one process.

use sea_orm::{ConnectionTrait, TransactionTrait};
use std::time::Duration;
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Gate, ModelServer, Reply, StreamReply, plan_json};
use waymark_testkit::wait;

#[tokio::test]
async fn a_process_that_stops_tells_its_streams_to_come_back_and_hands_its_work_over() {
    let gate = Gate::closed();
    let plan_stream = StreamReply::plan(&plan_json(3, 2));
    let model = ModelServer::start(vec![plan_stream.clone().gated(&gate).into(), Reply::from(plan_stream)]).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    gate.release(1);
    let mut seen = stream.until("module_summary").await;
    let plan = seen[0].data["planId"].as_str().unwrap().to_owned();
    // Only now: a second process that is there from the start may claim the job first.
    let other = app.second_process(|options| options).await;

    app.stop().await;
    seen.extend(stream.rest().await);
    assert!(!seen.last().unwrap().is_terminal(), "the stream ended, the generation did not");
    let mut again = owner.at(other.base()).events(&plan, seen.last().map(|event| event.id)).await;
    seen.extend(again.rest().await);
    let restart = seen.iter().find(|event| event.kind == "attempt_restart").expect("a restart");
    assert_eq!(restart.data["reason"], "worker_stopped");
    assert_eq!(seen.last().unwrap().kind, "complete");
    let ids: Vec<i64> = seen.iter().map(|event| event.id).collect();
    assert_eq!(ids, (1..=ids.last().copied().unwrap()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_process_that_stops_lets_its_generations_finish_within_the_drain() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(3, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model).drain(Duration::from_secs(20))).await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    gate.release(1);
    let plan = stream.until("module_summary").await[0].data["planId"].as_str().unwrap().to_owned();
    let other = app.second_process(|options| options.workers(0)).await;
    let stopping = app.stop();
    let finishing = async {
        // The first process has said good-bye to this stream before the model goes on.
        stream.rest().await;
        gate.open();
    };
    futures_util::future::join(stopping, finishing).await;
    let status = owner.at(other.base()).get(&format!("/v1/plans/{plan}/status")).await.json();
    assert_eq!(status["status"], "ready");
    assert_eq!(model.counts().requests, 1, "nothing was paid twice");
}

#[tokio::test]
async fn connections_that_are_cut_lose_nothing() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(4, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    let mut seen = stream.until("plan_start").await;
    for _ in 0..3 {
        gate.release(1);
        seen.extend(stream.until("module_summary").await);
        app.db()
            .run("select pg_terminate_backend(pid) from pg_stat_activity where usename like 'waymark%' and datname = current_database()")
            .await;
    }
    gate.open();
    seen.extend(stream.rest().await);
    assert_eq!(seen.last().unwrap().kind, "complete");
    let ids: Vec<i64> = seen.iter().map(|event| event.id).collect();
    assert_eq!(ids, (1..=ids.last().copied().unwrap()).collect::<Vec<_>>());
    assert_eq!(app.db().number("select count(*) from modules").await, 4);
    assert_eq!(model.counts().requests, 1, "the model was asked once");
}

#[tokio::test]
async fn a_claim_outlives_a_database_that_is_busy_when_its_attempt_begins() {
    let app = App::with(|options| options.workers(0).lease(Duration::from_mins(10))).await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    let superuser = app.db().superuser().await;
    let busy = superuser.begin().await.unwrap();
    busy.execute_unprepared("lock table generation_attempts in share mode").await.unwrap();
    let _worker = app.second_process(|options| options.workers(1)).await;
    wait::until("the attempt cannot begin", async || {
        let interrupted =
            "select count(pg_cancel_backend(pid)) from pg_stat_activity where datname = current_database()
                             and wait_event_type = 'Lock' and query like 'update generation_attempts%'";
        (app.db().number(interrupted).await == 1).then_some(())
    })
    .await;
    busy.rollback().await.unwrap();
    // The lease is far longer than this waits: nobody else takes the job.
    assert_eq!(owner.settled(&plan).await["status"], "ready");
    assert_eq!(app.db().number("select attempts::bigint from job_queue").await, 1);
    assert_eq!(app.db().number("select count(*) from generation_attempts").await, 1);
    assert_eq!(app.db().number("select count(*) from ai_usage_events").await, 1, "one call was paid for");
}

#[tokio::test]
async fn what_follows_an_event_that_is_refused_is_not_logged() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(6, 2)).delta_chars(100_000).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let refusal = "alter table generation_events add constraint generation_events_test_check
                     check (type <> 'module_summary' or data ->> 'index' <> '2')";
    app.db().run(refusal).await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    gate.release(1);
    stream.until("module_summary").await;
    gate.open();
    assert_eq!(stream.rest().await.last().unwrap().kind, "error");
    let kinds = app.db().rows("select type::text from generation_events where type <> 'progress' order by seq").await;
    let kinds: Vec<String> = kinds.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert_eq!(kinds, ["plan_start", "module_summary", "error"]);
    assert_eq!(app.db().number("select max(seq) - count(*) from generation_events").await, 0, "without gaps");
}

#[tokio::test]
async fn a_job_waits_for_a_process_that_works() {
    let app = App::with(|options| options.workers(0)).await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    let status = owner.get(&format!("/v1/plans/{plan}/status")).await.json();
    assert_eq!(status["status"], "generating");
    let _worker = app.second_process(|options| options.workers(2)).await;
    assert_eq!(owner.settled(&plan).await["status"], "ready");
}

#[tokio::test]
async fn higher_tiers_go_first() {
    let app = App::with(|options| options.workers(0)).await;
    let (free, pro) = (app.learner("user_free"), app.learner("user_pro"));
    pro.get("/v1/user/profile").await;
    app.db().run("update users set subscription_tier = 'pro' where clerk_user_id = 'user_pro'").await;
    let (first, second) = (free.create_plan().await, pro.create_plan().await);
    let _worker = app.second_process(|options| options.workers(1)).await;
    wait::until("both are ready", async || {
        (free.settled(&first).await["status"] == "ready" && pro.settled(&second).await["status"] == "ready")
            .then_some(())
    })
    .await;
    let order = "select (min(finished_at) filter (where u.clerk_user_id = 'user_pro')
                      < min(finished_at) filter (where u.clerk_user_id = 'user_free'))::int::bigint
                 from generation_attempts a join users u on u.id = a.user_id";
    assert_eq!(app.db().number(order).await, 1);
}

#[tokio::test]
async fn a_plan_that_the_database_refuses_fails_at_once_and_is_paid_for_once() {
    let model = ModelServer::start(StreamReply::plan(&plan_json(3, 2))).await;
    let app = App::with(|options| options.model(&model)).await;
    app.db().run("alter table tasks add constraint tasks_test_check check (title not like 'Task 2.2%')").await;
    let owner = app.owner();
    let events = owner.stream_plan().await.rest().await;
    let last = events.last().unwrap();
    assert_eq!((last.kind.as_str(), &last.data["classification"]), ("error", &serde_json::json!("validation")));
    assert_eq!(model.counts().requests, 1);
    assert_eq!(app.db().number("select count(*) from ai_usage_events").await, 1);
    assert_eq!(app.db().number("select count(*) from modules").await, 0, "nothing partial");
    assert_eq!(app.db().number("select count(*) from usage_reservations where state = 'released'").await, 1);
    assert_eq!(app.db().number("select count(*) from job_queue where status = 'failed'").await, 1);
}
