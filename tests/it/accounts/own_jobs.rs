//! The server's own jobs as an operator sees them: listed, given up, begun again, forgotten.

use super::{OWNER, Stage};
use std::time::Duration;
use waymark_domain::jobs::{JobStatus, JobType};
use waymark_services::jobs::{Discarded, JobsError, Retried};
use waymark_testkit::outside::STARTER;
use waymark_testkit::stripe_server::StripeServer;
use waymark_testkit::wait;

/// A person who is a customer, erased at an application without workers: the job waits.
async fn waiting() -> (Stage, StripeServer, waymark_domain::ids::JobId) {
    let stripe = StripeServer::start().await;
    stripe.product("prod_starter", Some("starter"));
    stripe.price(STARTER, "prod_starter");
    let stage = Stage::with(|options| options.stripe(&stripe).workers(0).lease(Duration::from_mins(10))).await;
    stage.app.owner().get("/v1/user/profile").await;
    let customer = stripe.customer(None, None);
    stripe.subscribe(&customer, STARTER);
    stage.app.db().run(&format!("update users set stripe_customer_id = '{customer}'")).await;
    stage.tell(&stage.deletion(OWNER)).await;
    let job = stage.app.services().jobs().list(Some(JobStatus::Pending), 10).await.unwrap().remove(0);
    assert_eq!((job.job_type, job.user_id, job.plan_id), (JobType::AccountErasure, None, None));
    (stage, stripe, job.id)
}

#[tokio::test]
async fn a_waiting_job_is_given_up_begun_again_and_done() {
    let (stage, stripe, job) = waiting().await;
    let jobs = stage.app.services().jobs();
    let early = jobs.retry(job).await.unwrap_err();
    assert!(matches!(early, JobsError::NotDead { .. }), "{early:?}");
    assert_eq!(jobs.discard(job).await.unwrap(), Discarded::GivenUp);
    let dead = jobs.list(Some(JobStatus::Failed), 10).await.unwrap().remove(0);
    assert_eq!((dead.id, dead.error.as_deref(), dead.turn), (job, Some("discarded"), None));
    assert_eq!(jobs.retry(job).await.unwrap(), Retried::Again);
    let _worker = stage.app.second_process(|options| options.workers(1)).await;
    let done = wait::until("the job is done", async || {
        jobs.list(Some(JobStatus::Completed), 10).await.unwrap().into_iter().find(|it| it.id == job)
    })
    .await;
    assert_eq!(done.attempts, 1);
    assert_eq!(stripe.subscriptions()[0].status, "canceled");
    let late = jobs.discard(job).await.unwrap_err();
    assert!(matches!(late, JobsError::Completed(_)), "{late:?}");
}

#[tokio::test]
async fn a_dead_job_is_forgotten() {
    let (stage, stripe, job) = waiting().await;
    let jobs = stage.app.services().jobs();
    jobs.discard(job).await.unwrap();
    assert_eq!(jobs.discard(job).await.unwrap(), Discarded::Deleted);
    let gone = jobs.retry(job).await.unwrap_err();
    assert!(matches!(gone, JobsError::NotFound(_)), "{gone:?}");
    assert_eq!(stripe.subscriptions()[0].status, "active", "the operator has chosen");
}

#[tokio::test]
async fn a_running_job_is_taken_from_its_worker() {
    let (stage, stripe, job) = waiting().await;
    let hold = stripe.hold("GET /v1/subscriptions");
    let _worker = stage.app.second_process(|options| options.workers(1)).await;
    hold.arrived().await;
    let jobs = stage.app.services().jobs();
    assert_eq!(jobs.list(Some(JobStatus::Processing), 10).await.unwrap()[0].id, job);
    assert_eq!(jobs.discard(job).await.unwrap(), Discarded::GivenUp);
    hold.release();
    // The worker that lost it does other work now.
    assert_eq!(jobs.retry(job).await.unwrap(), Retried::Again);
    wait::until("the job is done", async || {
        jobs.list(Some(JobStatus::Completed), 10).await.unwrap().iter().any(|it| it.id == job).then_some(())
    })
    .await;
    assert_eq!(stage.count("audit_log where action = 'account.erasure_finished'").await, 1);
}

#[tokio::test]
async fn a_reconciliation_waits_for_the_night_once_whatever_operators_do() {
    let (stage, _stripe, _job) = waiting().await;
    let _workers =
        futures_util::future::join_all((0..3).map(|_| stage.app.second_process(|options| options.workers(1)))).await;
    let jobs = stage.app.services().jobs();
    let nightly = "job_queue where job_type = 'billing_reconcile' and status in ('pending', 'processing')";
    assert_eq!(stage.count(nightly).await, 1, "however many processes see to it");
    let listed = jobs.list(None, 10).await.unwrap();
    let first = listed.iter().find(|it| it.job_type == JobType::BillingReconcile).expect("it is listed").id;
    assert_eq!(jobs.discard(first).await.unwrap(), Discarded::GivenUp);
    assert_eq!(stage.count(nightly).await, 1, "the next night is seen to");
    let _another = stage.app.second_process(|options| options.workers(1)).await;
    assert_eq!(stage.count(nightly).await, 1, "a process that starts finds it");
    // A given-up one is begun again by not waiting for the night.
    assert_eq!(jobs.retry(first).await.unwrap(), Retried::Again);
    wait::until("the reconciliation is done", async || {
        let done = jobs.list(Some(JobStatus::Completed), 10).await.unwrap();
        done.iter().any(|it| it.job_type == JobType::BillingReconcile).then_some(())
    })
    .await;
    assert_eq!(stage.count(nightly).await, 1);
}

#[tokio::test]
async fn a_job_that_every_worker_died_of_is_given_up() {
    let (stage, stripe, job) = waiting().await;
    stage.app.db().run("update job_queue set attempts = max_attempts").await;
    let _worker = stage.app.second_process(|options| options.workers(1)).await;
    let jobs = stage.app.services().jobs();
    let dead = wait::until("the job is given up", async || {
        jobs.list(Some(JobStatus::Failed), 10).await.unwrap().into_iter().find(|it| it.id == job)
    })
    .await;
    assert_eq!(dead.error.as_deref(), Some("every worker that tried was lost"));
    assert_eq!(stripe.requests(), [], "nobody was asked for anything");
    // What it needed to know is there still, and it can be begun again.
    assert_eq!(jobs.retry(job).await.unwrap(), Retried::Again);
    wait::until("the job is done", async || {
        jobs.list(Some(JobStatus::Completed), 10).await.unwrap().iter().any(|it| it.id == job).then_some(())
    })
    .await;
    assert_eq!(stripe.subscriptions()[0].status, "canceled");
    assert_eq!(stage.count("job_queue where payload <> '{}' and user_id is null and status = 'completed'").await, 0);
}
