//! What an operator sees and does: jobs tried again, stopped, forgotten; and the probe that tells of a queue that stands
//! still.

use std::time::Duration;
use uuid::Uuid;
use waymark_domain::ids::JobId;
use waymark_domain::jobs::JobStatus;
use waymark_services::jobs::{Discarded, JobRow, JobsError, Retried};
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Gate, ModelServer, Reply, StreamReply, plan_json};

fn plan() -> StreamReply {
    StreamReply::plan(&plan_json(3, 2))
}

/// An answer that is no plan: not tried again by itself.
fn prose() -> Reply {
    StreamReply::text("I am sorry, I cannot do that.").into()
}

async fn jobs(app: &App, status: JobStatus) -> Vec<JobRow> {
    app.services().jobs().list(Some(status), 10).await.unwrap()
}

#[tokio::test]
async fn a_dead_job_is_tried_again_as_a_new_generation_and_kept() {
    let model = ModelServer::start(vec![prose(), plan().into()]).await;
    let app = App::with(|options| options.model(&model).hourly_generations(1)).await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    assert_eq!(owner.settled(&plan).await["status"], "failed");
    let dead = jobs(&app, JobStatus::Failed).await.remove(0);
    assert_eq!((dead.error.as_deref(), dead.history.len()), (Some("validation"), 1));

    let queued = app.services().jobs().retry(dead.id).await.expect("the hourly limit is not the operator's");
    let Retried::Plan(queued) = queued else { panic!("another generation of the plan") };
    assert_eq!(queued.plan_id.to_string(), plan);
    owner.events(&plan, None).await.rest().await;
    assert_eq!(owner.settled(&plan).await["status"], "ready");
    assert_eq!(jobs(&app, JobStatus::Completed).await.len(), 1);
    assert_eq!(jobs(&app, JobStatus::Failed).await[0].id, dead.id, "it is still there to be looked at");
    let again = app.services().jobs().retry(dead.id).await.unwrap_err();
    assert!(matches!(again, JobsError::Superseded(id) if id == dead.id), "{again:?}");
}

#[tokio::test]
async fn a_running_job_is_stopped_and_then_forgotten() {
    let gate = Gate::closed();
    let model = ModelServer::start(plan().gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let mut stream = owner.stream_plan().await;
    gate.release(1);
    let plan = stream.until("module_summary").await[0].data["planId"].as_str().unwrap().to_owned();
    let job = jobs(&app, JobStatus::Processing).await.remove(0).id;

    assert_eq!(app.services().jobs().discard(job).await.unwrap(), Discarded::Stopped);
    assert_eq!(stream.rest().await.last().unwrap().kind, "canceled");
    assert_eq!(owner.settled(&plan).await["status"], "failed");
    assert_eq!(jobs(&app, JobStatus::Failed).await[0].id, job);
    assert_eq!(app.services().jobs().discard(job).await.unwrap(), Discarded::Deleted);
    let gone = app.services().jobs().discard(job).await.unwrap_err();
    assert!(matches!(gone, JobsError::NotFound(id) if id == job), "{gone:?}");
}

#[tokio::test]
async fn a_job_that_names_no_generation_fails_its_plan_too() {
    let app = App::with(|options| options.workers(0)).await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    app.db().run("update job_queue set payload = '{}'").await;
    let _worker = app.second_process(|options| options.workers(1)).await;
    let told = owner.events(&plan, None).await.rest().await;
    assert_eq!(told.last().unwrap().kind, "error");
    assert_eq!(owner.settled(&plan).await["status"], "failed");
    assert_eq!(jobs(&app, JobStatus::Failed).await.len(), 1);
    assert_eq!(app.db().number("select count(*) from usage_reservations where state <> 'released'").await, 0);
}

#[tokio::test]
async fn a_job_that_stands_elsewhere_is_left_alone_in_one_sentence() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    owner.settled(&plan).await;
    let done = jobs(&app, JobStatus::Completed).await.remove(0).id;
    let refused = app.services().jobs().retry(done).await.unwrap_err().to_string();
    assert_eq!(refused, format!("job {done} is completed; only a failed one can be tried again"));
    let refused = app.services().jobs().discard(done).await.unwrap_err().to_string();
    assert_eq!(refused, format!("job {done} has completed; there is nothing to discard"));
    let unknown = JobId(Uuid::from_u128(17));
    let refused = app.services().jobs().retry(unknown).await.unwrap_err().to_string();
    assert_eq!(refused, format!("there is no job {unknown}"));
}

#[tokio::test]
async fn the_probe_tells_of_a_queue_that_stands_still() {
    let app = App::with(|options| options.workers(0)).await;
    let owner = app.owner();
    owner.create_plan().await;
    let probe = app.anonymous().get("/health/worker").await;
    assert_eq!((probe.status.as_u16(), &probe.json()["status"]), (200, &"working".into()));
    assert_eq!(probe.json()["waiting"], 1);

    app.db().run("update job_queue set scheduled_for = now() - interval '11 minutes'").await;
    let probe = app.anonymous().get("/health/worker").await;
    assert_eq!(probe.status.as_u16(), 503, "{}", probe.text);
    let told = probe.json();
    assert_eq!((&told["status"], &told["stuck"], &told["waitingTooLong"]), (&"stuck".into(), &1.into(), &1.into()));

    app.db().run("update job_queue set scheduled_for = now()").await;
    app.db()
        .run(
            "insert into job_queue (user_id, job_type, scheduled_for, turn)
             select id, 'plan_generation', now() - interval '90 seconds', n from users, generate_series(1, 101) n",
        )
        .await;
    let probe = app.anonymous().get("/health/worker").await;
    assert_eq!((probe.status.as_u16(), &probe.json()["waitingTooLong"]), (503, &101.into()));
}

#[tokio::test]
async fn a_process_that_hears_nothing_finds_jobs_that_come_due() {
    let app = App::with(|options| options.deaf().workers(2).first_pause(Duration::from_millis(50))).await;
    let owner = app.owner();
    let other = app.second_process(|options| options.deaf().workers(0)).await;
    let plan = owner.at(other.base()).create_plan().await;
    assert_eq!(owner.settled(&plan).await["status"], "ready", "polling is enough");
}
