//! The queue's verbs at the door of the database: delays, claims at once, batches, histories, counts, and how much a claim
//! reads.

use super::line::{LEASE, Line, at};
use std::collections::HashSet;
use std::time::Duration;
use waymark_domain::ids::JobId;
use waymark_domain::jobs::{JobStatus, QueueHealth};
use waymark_persistence::{Held, NewJob, WorkJob};
use waymark_testkit::wait;

#[tokio::test]
async fn a_delayed_job_enters_the_line_when_it_is_due() {
    let line = Line::new(1).await;
    let user = line.users[0];
    let soon = NewJob { delay: Duration::from_millis(30), ..at(user, 1) };
    let later = NewJob { delay: Duration::from_hours(1), ..at(user, 1) };
    let ids = line.enqueue(&[later, soon, at(user, 1)]).await;
    let claimed: Vec<_> = line.claim(10).await.iter().map(|job| job.id).collect();
    assert_eq!(claimed, [ids[2]], "only what may run now");
    line.due().await;
    let claimed: Vec<_> = line.claim(10).await.iter().map(|job| job.id).collect();
    assert_eq!(claimed, [ids[1]]);
    assert_eq!(line.line_up().await, 0, "the third waits for an hour");
}

#[tokio::test]
async fn a_retry_waits_for_its_back_off_and_then_for_its_turn() {
    let line = Line::new(1).await;
    line.enqueue(&[at(line.users[0], 1)]).await;
    let job = line.claim(1).await.remove(0);
    line.put_back(job.held(), Duration::from_millis(50), "rate_limit").await;
    assert!(line.claim(1).await.is_empty(), "not in line yet");
    line.due().await;
    let again = line.claim(1).await.remove(0);
    assert_eq!((again.id, again.attempts, again.fence), (job.id, 2, job.fence + 1));
}

#[tokio::test]
async fn eight_claimers_at_once_take_each_job_once() {
    let line = Line::new(5).await;
    let jobs: Vec<_> = (0..400).map(|number| at(line.users[number % 5], 1)).collect();
    let ids: HashSet<JobId> = line.enqueue(&jobs).await.into_iter().collect();
    let claimers = (0..8).map(|_| async {
        let mut claimed = Vec::new();
        loop {
            let batch = line.claim(7).await;
            if batch.is_empty() {
                return claimed;
            }
            claimed.extend(batch);
        }
    });
    let claimed: Vec<_> = futures_util::future::join_all(claimers).await.into_iter().flatten().collect();
    assert_eq!(claimed.len(), 400, "none twice, none left");
    assert_eq!(claimed.iter().map(|job| job.id).collect::<HashSet<_>>(), ids);
    assert!(claimed.iter().all(|job| job.fence == 1));
}

#[tokio::test]
async fn a_batch_completes_what_is_held_and_nothing_else() {
    let line = Line::new(1).await;
    line.enqueue(&vec![at(line.users[0], 1); 3]).await;
    let held: Vec<Held> = line.claim(3).await.iter().map(WorkJob::held).collect();
    let lost = Held { fence: held[1].fence + 1, ..held[1] };
    let given = [held[0], lost, held[2]];
    let mut done = line.ask(async |tx| tx.jobs().complete_all(&given).await).await;
    done.sort_by_key(|held| held.id);
    assert_eq!(done, [held[0], held[2]]);
    assert!(line.ask(async |tx| tx.jobs().complete_all(&given).await).await.is_empty(), "each once");
    assert!(line.ask(async |tx| tx.jobs().complete_all(&[]).await).await.is_empty());
    assert_eq!(line.test.number("select count(*) from job_queue where status = 'completed'").await, 2);
}

#[tokio::test]
async fn a_dead_job_keeps_the_history_of_its_claims() {
    let line = Line::new(1).await;
    let id = line.enqueue(&[at(line.users[0], 1)]).await[0];
    let first = line.claim(1).await.remove(0);
    line.put_back(first.held(), Duration::ZERO, "rate_limit").await;
    line.ask(async |tx| tx.jobs().claim("second", Duration::ZERO, 1).await).await;
    let third = line.ask(async |tx| tx.jobs().claim_expired("third", LEASE, 1).await).await.remove(0);
    line.ask(async |tx| tx.jobs().fail(third.held(), "timeout").await).await;

    let dead = line.ask(async |tx| tx.jobs().find(id).await).await.expect("it is kept");
    assert_eq!((dead.status, dead.error.as_deref(), dead.turn), (JobStatus::Failed, Some("timeout"), None));
    let told: Vec<_> =
        dead.history.iter().map(|claim| (claim.attempt, claim.worker.as_deref(), &*claim.error)).collect();
    let expected =
        [(1, Some("worker"), "rate_limit"), (2, Some("second"), "worker_lost"), (3, Some("third"), "timeout")];
    assert_eq!(told, expected);
    assert!(dead.history.iter().all(|claim| claim.started_at.is_some_and(|start| start <= claim.ended_at)));

    assert!(line.ask(async |tx| tx.jobs().discard(id).await).await);
    assert!(!line.ask(async |tx| tx.jobs().discard(id).await).await, "gone");
    assert!(line.ask(async |tx| tx.jobs().find(id).await).await.is_none());
}

#[tokio::test]
async fn a_list_shows_one_status_and_no_more_than_it_is_asked_for() {
    let line = Line::new(1).await;
    line.enqueue(&vec![at(line.users[0], 1); 5]).await;
    let running = line.claim(2).await;
    line.ask(async |tx| tx.jobs().fail(running[0].held(), "x").await).await;
    for (status, expected) in [
        (Some(JobStatus::Pending), 3),
        (Some(JobStatus::Processing), 1),
        (Some(JobStatus::Failed), 1),
        (Some(JobStatus::Completed), 0),
        (None, 5),
    ] {
        let jobs = line.ask(async |tx| tx.jobs().list(status, 10).await).await;
        assert_eq!(jobs.len(), expected, "{status:?}");
        assert!(jobs.iter().all(|job| status.is_none_or(|status| job.status == status)), "{status:?}");
    }
    assert_eq!(line.ask(async |tx| tx.jobs().list(None, 2).await).await.len(), 2);
    let waiting = line.enqueue(&[at(line.users[0], 1)]).await[0];
    assert!(!line.ask(async |tx| tx.jobs().discard(waiting).await).await, "a live job is not deleted");
}

#[tokio::test]
async fn health_counts_what_waits_too_long_and_what_is_stuck_but_never_everything() {
    let line = Line::new(1).await;
    let health = async |limit| line.ask(async |tx| tx.jobs().health(limit).await).await;
    assert_eq!(health(10).await, QueueHealth::default());

    line.enqueue(&vec![at(line.users[0], 1); 30]).await;
    line.claim(2).await;
    assert_eq!(health(100).await, QueueHealth { waiting: 28, running: 2, ..QueueHealth::default() });
    assert_eq!(health(10).await.waiting, 11, "one more than the limit tells that there is more");

    line.test.run("update job_queue set scheduled_for = now() - interval '2 minutes' where status = 'pending'").await;
    let late = health(100).await;
    assert_eq!((late.waiting_too_long, late.stuck), (28, 0));

    let one = "(select id from job_queue where status = 'pending' limit 1)";
    line.test
        .run(&format!("update job_queue set scheduled_for = now() - interval '11 minutes' where id = {one}"))
        .await;
    line.test
        .run("update job_queue set lease_expires_at = now() - interval '9 minutes' where status = 'processing'")
        .await;
    assert_eq!(health(100).await.stuck, 1, "a lease that ran out nine minutes ago may still be taken up");
    line.test
        .run("update job_queue set lease_expires_at = now() - interval '11 minutes' where status = 'processing'")
        .await;
    assert_eq!(health(100).await.stuck, 3);
}

/// Blocks that the choice of `limit` jobs touches.
async fn blocks(line: &Line, limit: u32) -> i64 {
    let rows = line
        .test
        .rows(&format!(
            "explain (analyze, buffers, format json) select id from job_queue where status = 'pending' and turn is not null
             order by priority desc, turn, id limit {limit} for update skip locked"
        ))
        .await;
    let plan: serde_json::Value = rows[0].try_get_by_index(0).unwrap();
    let plan = &plan[0]["Plan"];
    plan["Shared Hit Blocks"].as_i64().unwrap() + plan["Shared Read Blocks"].as_i64().unwrap()
}

#[tokio::test]
async fn a_claim_reads_no_more_when_much_waits_whatever_the_planner_believes() {
    let line = Line::new(3).await;
    let fill = |count: u32| {
        format!(
            "insert into job_queue (user_id, job_type, turn) select u.id, 'plan_generation', n
             from users u, generate_series(1, {count}) n"
        )
    };
    // The planner learns that nothing ever waits.
    line.test.run(&fill(3_000)).await;
    line.test.run("update job_queue set status = 'completed', turn = null, completed_at = now()").await;
    line.test.run("vacuum analyze job_queue").await;
    line.test.run(&fill(10_000)).await;
    let believed = blocks(&line, 10).await;
    assert!(believed < 100, "{believed} blocks for ten of 30,000 with stale statistics");
    line.test.run("vacuum analyze job_queue").await;
    let known = blocks(&line, 10).await;
    assert!(known < 100, "{known} blocks for ten of 30,000");
    // The claim itself, as a worker sends it. What a session has read is told when it ends; sessions of this test that end
    // late tell of 3,000 rows at most.
    let before = line.test.number(READ).await;
    assert_eq!(line.claim(10).await.len(), 10);
    line.db.close().await;
    let read = wait::until("the session's reads are known", async || {
        let read = line.test.number(READ).await - before;
        (read >= 10).then_some(read)
    })
    .await;
    assert!(read < 5_000, "{read} entries and rows read for ten of 30,000");
}

/// Index entries and rows of the queue that statements have read so far.
const READ: &str = "select coalesce(sum(idx_tup_read), 0)::bigint
      + (select seq_tup_read from pg_stat_user_tables where relname = 'job_queue')
   from pg_stat_user_indexes where relname = 'job_queue'";
