//! The queue's own rules, at the door of the database: each claim moves the fence, and a worker that lost its job can do
//! nothing to it while the next one works on it.

use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;
use waymark_domain::generation::EventKind;
use waymark_domain::ids::{GenerationId, JobId, PlanId, UserId};
use waymark_persistence::{Db, Fenced, Held, NewEvent, StoreError, WorkJob};
use waymark_testkit::database::TestDb;
use waymark_testkit::wait;

const LEASE: Duration = Duration::from_mins(1);

async fn stage() -> (TestDb, Db) {
    let test = TestDb::new().await;
    test.run(
        "insert into users (clerk_user_id) values ('user_1');
         insert into learning_plans (user_id, topic, skill_level, learning_style, weekly_hours, origin)
           select id, 'Topic ' || n, 'beginner', 'mixed', 5, 'ai' from users, generate_series(1, 3) n;
         insert into job_queue (plan_id, user_id, job_type, priority, turn)
           select id, user_id, 'plan_generation', 1 + right(topic, 1)::int, 1 from learning_plans",
    )
    .await;
    let db = Db::connect(&test.options()).await.unwrap();
    (test, db)
}

async fn claim(db: &Db, worker: &str, lease: Duration, limit: u32) -> Vec<WorkJob> {
    db.service(async |tx| tx.jobs().claim(worker, lease, limit).await).await.unwrap()
}

async fn claim_expired(db: &Db, worker: &str) -> Vec<WorkJob> {
    db.service(async |tx| tx.jobs().claim_expired(worker, LEASE, 10).await).await.unwrap()
}

fn event(job: &WorkJob, held: Held, seq: i64) -> Fenced<NewEvent> {
    let value = NewEvent {
        plan_id: job.plan_id.unwrap(),
        user_id: job.user_id.unwrap(),
        generation_id: GenerationId(Uuid::nil()),
        seq,
        kind: EventKind::Progress,
        data: json!({}),
    };
    Fenced { held, value }
}

#[tokio::test]
async fn a_worker_that_lost_its_job_can_do_nothing_to_it() {
    let (test, db) = stage().await;
    let old = claim(&db, "old", Duration::ZERO, 1).await.remove(0);
    let new = claim_expired(&db, "new").await.remove(0);
    assert_eq!((new.id, new.fence, new.attempts), (old.id, old.fence + 1, 2));

    let (lost, held) = (old.held(), new.held());
    let refused = |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::Fenced)), "{result:?}");
    refused(db.service(async |tx| tx.jobs().assert_held(lost).await).await);
    refused(db.service(async |tx| tx.jobs().complete(lost, json!({})).await).await);
    refused(db.service(async |tx| tx.jobs().fail(lost, "x").await).await);
    refused(db.service(async |tx| tx.jobs().put_back(lost, Duration::ZERO, "x", true).await).await);
    let kept = db.service(async |tx| tx.jobs().heartbeat(&[lost], LEASE).await).await.unwrap();
    assert_eq!(kept, []);
    let kept = db.service(async |tx| tx.jobs().heartbeat(&[lost, held], LEASE).await).await.unwrap();
    assert_eq!(kept, [held]);
    let events = [event(&old, lost, 1), event(&new, held, 2)];
    let logged = db.service(async |tx| tx.events().append_fenced(&events).await).await.unwrap();
    assert_eq!(logged.iter().map(|event| event.seq).collect::<Vec<_>>(), [2], "only what the holder wrote");

    db.service(async |tx| tx.jobs().assert_held(held).await).await.unwrap();
    db.service(async |tx| tx.jobs().complete(held, json!({})).await).await.unwrap();
    refused(db.service(async |tx| tx.jobs().complete(held, json!({})).await).await);
    assert_eq!(test.number("select count(*) from job_queue where status = 'completed'").await, 1);
}

#[tokio::test]
async fn a_canceled_job_is_taken_from_its_worker() {
    let (_test, db) = stage().await;
    let job = claim(&db, "worker", LEASE, 1).await.remove(0);
    let (plan, user) = (job.plan_id.unwrap(), job.user_id.unwrap());
    let stranger = UserId(Uuid::nil());
    let nothing = db.service(async |tx| tx.jobs().revoke((plan, stranger), None, "canceled").await).await.unwrap();
    assert!(nothing.is_none(), "not a stranger's to cancel");
    let other = Some(JobId(Uuid::nil()));
    let nothing = db.service(async |tx| tx.jobs().revoke((plan, user), other, "canceled").await).await.unwrap();
    assert!(nothing.is_none(), "another job was meant");
    let taken = db.service(async |tx| tx.jobs().revoke((plan, user), None, "canceled").await).await.unwrap().unwrap();
    assert_eq!((taken.id, taken.fence), (job.id, job.fence + 1));
    let logged = db.service(async |tx| tx.events().append_fenced(&[event(&job, job.held(), 1)]).await).await.unwrap();
    assert!(logged.is_empty());
    assert!(db.service(async |tx| tx.jobs().revoke((plan, user), None, "canceled").await).await.unwrap().is_none());
}

#[tokio::test]
async fn what_ends_many_jobs_locks_them_in_the_order_of_their_ids() {
    let (test, db) = stage().await;
    let mut held: Vec<Held> = claim(&db, "worker", LEASE, 3).await.iter().map(WorkJob::held).collect();
    held.sort_by_key(|held| std::cmp::Reverse(held.id));
    let (highest, lowest) = (held[0].id, held[2].id);
    let superuser = test.superuser().await;
    let lock = superuser.begin().await.unwrap();
    lock.execute_unprepared(&format!("select from job_queue where id = '{lowest}' for update")).await.unwrap();
    let many = tokio::spawn(async move { db.service(async |tx| tx.jobs().complete_all(&held).await).await });
    wait::until("it waits for the lowest", async || (test.number(WAITING).await == 1).then_some(())).await;
    let free = format!(
        "with free as (select from job_queue where id = '{highest}' for update skip locked) select count(*) from free"
    );
    assert_eq!(test.number(&free).await, 1, "it holds none beyond the one it waits for");
    lock.rollback().await.unwrap();
    assert_eq!(many.await.unwrap().unwrap().len(), 3);
}

#[tokio::test]
async fn a_job_that_somebody_has_locked_costs_the_others_no_lease_and_is_held_still() {
    let (test, db) = stage().await;
    let held: Vec<Held> = claim(&db, "worker", LEASE, 3).await.iter().map(WorkJob::held).collect();
    let superuser = test.superuser().await;
    let lock = superuser.begin().await.unwrap();
    lock.execute_unprepared(&format!("select from job_queue where id = '{}' for update", held[0].id)).await.unwrap();
    let sorted = |mut held: Vec<Held>| {
        held.sort_by_key(|held| held.id);
        held
    };
    let kept = db.service(async |tx| tx.jobs().heartbeat(&held, 2 * LEASE).await).await.unwrap();
    assert_eq!(sorted(kept), sorted(held[1..].to_vec()));
    let longer = "select count(*) from job_queue where lease_expires_at > now() + interval '90 s'";
    assert_eq!(test.number(longer).await, 2);
    let still = db.service(async |tx| tx.jobs().still_held(&held).await).await.unwrap();
    assert_eq!(sorted(still), sorted(held.clone()));
    lock.rollback().await.unwrap();
    let kept = db.service(async |tx| tx.jobs().heartbeat(&held, LEASE).await).await.unwrap();
    assert_eq!(sorted(kept), sorted(held));
}

/// Sessions that wait for somebody else's lock.
const WAITING: &str =
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";

#[tokio::test]
async fn many_workers_claim_each_job_once_by_priority() {
    let (_test, db) = stage().await;
    let order: Vec<JobId> = {
        let claims = (0..8).map(|_| async { claim(&db, "worker", LEASE, 1).await });
        futures_util::future::join_all(claims).await.into_iter().flatten().map(|job| job.id).collect()
    };
    assert_eq!(order.len(), 3, "three jobs, eight workers");
    assert_eq!(order.iter().collect::<std::collections::HashSet<_>>().len(), 3);
    assert!(claim(&db, "worker", LEASE, 10).await.is_empty());
    assert!(claim_expired(&db, "worker").await.is_empty(), "a lease that lasts is respected");

    let (test, db) = stage().await;
    let first = claim(&db, "worker", LEASE, 1).await.remove(0);
    let priority = format!("select priority::bigint from job_queue where id = '{}'", first.id);
    assert_eq!(test.number(&priority).await, 4, "the highest priority goes first");
}

#[tokio::test]
async fn a_job_that_was_put_back_waits_for_its_time() {
    let (_test, db) = stage().await;
    let jobs = claim(&db, "worker", LEASE, 3).await;
    let (later, now) = (jobs[0].held(), jobs[1].held());
    db.service(async |tx| tx.jobs().put_back(later, LEASE, "rate_limit", true).await).await.unwrap();
    db.service(async |tx| tx.jobs().put_back(now, Duration::ZERO, "worker_stopped", false).await).await.unwrap();
    let again = claim(&db, "worker", LEASE, 10).await;
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].id, again[0].attempts), (now.id, 1), "a claim that does not count was taken back");
}

#[tokio::test]
async fn a_plan_has_at_most_one_live_job() {
    let (_test, db) = stage().await;
    let job = claim(&db, "worker", LEASE, 1).await.remove(0);
    let plan: PlanId = job.plan_id.unwrap();
    let second = waymark_persistence::NewJob {
        id: JobId(Uuid::now_v7()),
        plan_id: Some(plan),
        user_id: job.user_id,
        job_type: job.job_type,
        priority: 1,
        max_attempts: 3,
        payload: json!({}),
        delay: Duration::ZERO,
    };
    let refused = db.service(async |tx| tx.jobs().enqueue(&second).await).await.unwrap_err();
    assert!(refused.violates("job_queue_plan_id_key"), "{refused:?}");
    db.service(async |tx| tx.jobs().complete(job.held(), json!({})).await).await.unwrap();
    db.service(async |tx| tx.jobs().enqueue(&second).await).await.unwrap();
}
