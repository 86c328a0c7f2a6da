//! What is asked often reads what it needs, however much has piled up.

use super::{HandClock, USER, stage};
use std::sync::Arc;
use waymark_domain::accounts::UserCtx;
use waymark_domain::billing::SubscriptionTier;
use waymark_domain::quota::Limits;
use waymark_persistence::{Db, Expirable};
use waymark_services::clock::Clock;
use waymark_services::quota::Quota;
use waymark_testkit::database::TestDb;
use waymark_testkit::wait::until;

/// Index entries and rows of a table that `work` reads; at least `least` of them.
async fn read(test: &TestDb, db: Db, table: &str, least: i64, work: impl Future<Output = ()>) -> i64 {
    let sql = format!(
        "select (select coalesce(sum(idx_tup_read), 0)::bigint from pg_stat_user_indexes where relname = '{table}')
           + seq_tup_read from pg_stat_user_tables where relname = '{table}'"
    );
    let before = test.number(&sql).await;
    work.await;
    // A session tells what it has read when it ends.
    db.close().await;
    until("the session's reads are known", async || {
        let read = test.number(&sql).await - before;
        (read >= least).then_some(read)
    })
    .await
}

/// A learner with 100,000 reservations over a hundred months, the last of them 2026-11; the newest ten are of the last hour.
async fn long_life() -> (TestDb, Db, HandClock) {
    let (test, db) = stage().await;
    test.run(&format!(
        "insert into usage_reservations (user_id, month, kind, subject_id, state, expires_at, created_at)
         select '{USER}', to_char(at, 'YYYY-MM'), 'plan', gen_random_uuid(), 'settled', at, at at time zone 'UTC'
         from generate_series(0, 99) m, generate_series(1, 1000) n,
           lateral (select timestamp '2026-11-23 11:50' - m * interval '1 month'
             - case when n <= 10 then interval '0' else interval '3 hours' end as at) a"
    ))
    .await;
    test.run("vacuum analyze usage_reservations").await;
    (test, db, HandClock::new())
}

#[tokio::test]
async fn what_was_started_within_the_hour_is_counted_without_reading_the_accounts_whole_life() {
    let (test, db, clock) = long_life().await;
    let since = clock.now() - chrono::TimeDelta::hours(1);
    let counting = async {
        let user = USER.parse().unwrap();
        let (started, oldest) = db.service(async |tx| tx.quota().started_since(user, since).await).await.unwrap();
        assert_eq!((started, oldest), (10, Some("2026-11-23T11:50:00Z".parse().unwrap())));
    };
    let read = read(&test, db.clone(), "usage_reservations", 10, counting).await;
    assert!(read <= 2_000, "{read} entries and rows of 100,000");
}

#[tokio::test]
async fn a_learner_is_told_of_their_use_without_reading_the_accounts_whole_life() {
    let (test, db, clock) = long_life().await;
    let quota = Quota::new(db.clone(), Arc::new(clock), Limits::default(), Some(100));
    let telling = async {
        let ctx = UserCtx {
            subject: "user_1".to_owned(),
            user_id: USER.parse().unwrap(),
            tier: SubscriptionTier::Free,
            request_id: "test".to_owned(),
        };
        assert_eq!(quota.usage(&ctx).await.unwrap().unwrap().numbers.started, 10);
    };
    let read = read(&test, db.clone(), "usage_reservations", 10, Box::pin(telling)).await;
    assert!(read <= 2_000, "{read} entries and rows of 100,000");
}

#[tokio::test]
async fn a_sweep_reads_only_what_it_takes() {
    let jobs = format!(
        "insert into job_queue (user_id, job_type, status, completed_at)
         select '{USER}', 'plan_generation', 'failed', '2026-11-10' from generate_series(1, 20000);
         insert into job_queue (user_id, job_type, status, completed_at)
         select '{USER}', 'plan_generation', 'completed', '2026-11-11' from generate_series(1, 5)"
    );
    let buckets = "insert into rate_limit_buckets (bucket, state)
       select n::text, case when n <= 5 then timestamptz '2026-11-01' else '2026-11-20' end from generate_series(1, 20000) n";
    for (table, what, rows) in [
        ("job_queue", Expirable::CompletedJobs, jobs.as_str()),
        ("rate_limit_buckets", Expirable::RateLimitBuckets, buckets),
    ] {
        let (test, db) = stage().await;
        test.run(rows).await;
        test.run(&format!("vacuum analyze {table}")).await;
        let before = "2026-11-16T00:00:00Z".parse().unwrap();
        let sweeping = async {
            assert_eq!(db.service(async |tx| tx.sweep().delete(what, before, 500).await).await.unwrap(), 5);
        };
        let read = read(&test, db.clone(), table, 5, sweeping).await;
        assert!(read <= 100, "{read} entries and rows of 20,000 {table}");
    }
}
