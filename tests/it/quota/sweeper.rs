//! What is kept how long, to the second; small batches; one sweeper at a time.

use super::{HandClock, USER, id, plan, stage};
use chrono::TimeDelta;
use std::time::Duration;
use waymark_persistence::{Db, StoreError};
use waymark_services::sweeper::{Sweeper, SweeperRound, SweeperSettings};
use waymark_testkit::database::TestDb;

const NOW: &str = "timestamptz '2026-11-23 12:00:00Z'";

fn sweeper(db: &Db, settings: SweeperSettings) -> Sweeper {
    Sweeper::new(db.clone(), HandClock::new().shared(), settings)
}

async fn sweep(db: &Db) -> SweeperRound {
    sweeper(db, SweeperSettings::default()).round().await.unwrap()
}

/// Inserts a row just past its time and one just before it, and sees which one a round takes.
async fn kept(table: &str, column: &str, kept: &str, insert: &str) {
    let (test, db) = stage().await;
    for (name, offset) in [("old", "- interval '1 second'"), ("young", "+ interval '1 second'")] {
        let at = format!("({NOW} - interval '{kept}' {offset})");
        test.run(&insert.replace("$NAME", name).replace("$AT", &at).replace("$USER", USER)).await;
    }
    let round = sweep(&db).await;
    assert_eq!((round.deleted, round.released, round.prolonged), (1, 0, 0), "{table}");
    let young = format!("select count(*) from {table} where {column} > {NOW} - interval '{kept}'");
    assert_eq!(test.number(&young).await, 1, "{table}");
    assert_eq!(sweep(&db).await, SweeperRound::default(), "{table}");
}

#[tokio::test]
async fn an_oauth_flow_goes_when_it_has_expired() {
    kept(
        "oauth_state_tokens",
        "expires_at",
        "0",
        "insert into oauth_state_tokens (state_token_hash, clerk_user_id, provider, expires_at, created_at)
         values (encode(sha256('$NAME'), 'hex'), 'user_1', 'notion', $AT, $AT)",
    )
    .await;
}

#[tokio::test]
async fn an_idempotency_key_goes_when_it_has_expired() {
    kept(
        "idempotency_keys",
        "expires_at",
        "0",
        "insert into idempotency_keys (user_id, key, route, request_hash, expires_at)
         values ('$USER', '$NAME', 'POST /x', 'hash', $AT)",
    )
    .await;
}

#[tokio::test]
async fn a_job_that_ended_well_goes_after_a_week_and_a_dead_one_after_a_month() {
    let insert = "insert into job_queue (user_id, job_type, status, completed_at)
                  values ('$USER', 'plan_generation', '$STATUS', $AT)";
    for (status, time) in [("completed", "7 days"), ("failed", "30 days")] {
        kept("job_queue", "completed_at", time, &insert.replace("$STATUS", status)).await;
    }
}

#[tokio::test]
async fn a_live_job_stays_however_old_it_is() {
    let (test, db) = stage().await;
    test.run(&format!(
        "insert into job_queue (user_id, job_type, status, created_at, scheduled_for, completed_at)
         values ('{USER}', 'plan_generation', 'pending', '2020-01-01', '2020-01-01', '2020-01-01')"
    ))
    .await;
    assert_eq!(sweep(&db).await, SweeperRound::default());
    assert_eq!(test.number("select count(*) from job_queue").await, 1);
}

#[tokio::test]
async fn what_is_left_of_an_erasure_stays_until_somebody_sees_to_it() {
    let (test, db) = stage().await;
    test.run(
        "insert into job_queue (job_type, status, created_at, scheduled_for, completed_at)
         select kind::job_type, 'failed', '2020-01-01', '2020-01-01', '2020-01-01'
         from unnest(array['account_erasure', 'billing_reconcile']) kind",
    )
    .await;
    assert_eq!(sweep(&db).await.deleted, 1);
    assert_eq!(test.number("select count(*) from job_queue where job_type = 'account_erasure'").await, 1);
}

#[tokio::test]
async fn a_webhook_events_name_goes_after_a_month() {
    let stripe =
        "insert into stripe_webhook_events (event_id, type, livemode, created_at) values ('$NAME', 't', false, $AT)";
    kept("stripe_webhook_events", "created_at", "30 days", stripe).await;
    let clerk = "insert into clerk_webhook_events (event_id, type, created_at) values ('$NAME', 't', $AT)";
    kept("clerk_webhook_events", "created_at", "30 days", clerk).await;
}

#[tokio::test]
async fn a_rate_limit_bucket_goes_when_it_has_been_empty_for_a_day() {
    let insert = "insert into rate_limit_buckets (bucket, state) values ('$NAME', $AT)";
    kept("rate_limit_buckets", "state", "1 day", insert).await;
}

/// SQL for a generation's events of plan `n`, from `first` to `last`, the last one terminal, at `at`.
fn log(n: u32, generation: u32, (first, last): (u32, u32), at: &str) -> String {
    format!(
        "insert into generation_events (plan_id, user_id, generation_id, seq, type, created_at)
         select '{}', '{USER}', '{}', n, case when n = {last} then 'complete' else 'progress' end, {NOW} - interval '{at}'
         from generate_series({first}, {last}) n;",
        id(n),
        id(generation)
    )
}

/// The numbers that are left in a plan's log.
async fn left(test: &TestDb, n: u32) -> String {
    let sql = format!(
        "select coalesce(string_agg(seq::text, ' ' order by seq), '') from generation_events where plan_id = '{}'",
        id(n)
    );
    test.rows(&sql).await[0].try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn a_log_goes_a_week_after_its_end_but_for_the_plans_last_row() {
    let (test, db) = stage().await;
    let plans: String = (1..=4).map(|n| plan(n, "ready")).collect();
    test.run(&plans).await;
    test.run(&log(1, 91, (1, 5), "7 days 1 second")).await;
    // Generated anew meanwhile: nothing of the old generation has to stay.
    test.run(&log(2, 92, (1, 5), "7 days 1 second")).await;
    test.run(&log(2, 93, (6, 8), "1 hour")).await;
    test.run(&log(3, 94, (1, 5), "6 days 23 hours 59 minutes")).await;
    // Old, but it has no end.
    test.run(&log(4, 95, (1, 3), "30 days").replace("'complete'", "'progress'")).await;

    let mut sweeper = sweeper(&db, SweeperSettings::default());
    assert_eq!(sweeper.round().await.unwrap().deleted, 9);
    let logs = [left(&test, 1).await, left(&test, 2).await, left(&test, 3).await, left(&test, 4).await];
    assert_eq!(logs, ["5", "6 7 8", "1 2 3 4 5", "1 2 3"]);
    assert_eq!(sweeper.round().await.unwrap(), SweeperRound::default());
}

#[tokio::test]
async fn a_long_log_goes_in_small_batches_its_end_last() {
    let (test, db) = stage().await;
    test.run(&[plan(1, "ready"), log(1, 91, (1, 10), "8 days"), log(1, 92, (11, 12), "1 hour")].concat()).await;
    let settings = SweeperSettings { batch: 4, batches: 1, ..SweeperSettings::default() };
    let mut sweeper = sweeper(&db, settings);
    let mut logs = Vec::new();
    for _ in 0..4 {
        sweeper.round().await.unwrap();
        logs.push(left(&test, 1).await);
    }
    assert_eq!(logs, ["5 6 7 8 9 10 11 12", "9 10 11 12", "11 12", "11 12"]);
}

#[tokio::test]
async fn a_last_row_goes_when_the_plan_has_been_generated_anew() {
    let (test, db) = stage().await;
    test.run(&[plan(1, "ready"), log(1, 91, (1, 3), "8 days")].concat()).await;
    let clock = HandClock::new();
    let mut sweeper = Sweeper::new(db.clone(), clock.shared(), SweeperSettings::default());
    sweeper.round().await.unwrap();
    assert_eq!(left(&test, 1).await, "3");
    test.run(&log(1, 92, (4, 5), "1 hour")).await;
    clock.forward(TimeDelta::hours(25));
    sweeper.round().await.unwrap();
    assert_eq!(left(&test, 1).await, "4 5");
}

#[tokio::test]
async fn a_round_is_bounded_and_the_next_one_goes_on() {
    let (test, db) = stage().await;
    test.run(
        "insert into rate_limit_buckets (bucket, state) select n::text, '2020-01-01' from generate_series(1, 10) n",
    )
    .await;
    let settings = SweeperSettings { batch: 2, batches: 3, ..SweeperSettings::default() };
    let mut sweeper = sweeper(&db, settings);
    let mut rounds = Vec::new();
    for _ in 0..3 {
        rounds.push(sweeper.round().await.unwrap().deleted);
    }
    assert_eq!(rounds, [6, 4, 0]);
}

#[tokio::test]
async fn a_reservation_that_ran_out_is_prolonged_while_its_job_lives_and_else_released() {
    let (test, db) = stage().await;
    let reserve = |kind: &str, subject: u32, expires: &str| {
        format!(
            "insert into usage_reservations (user_id, month, kind, subject_id, expires_at)
             values ('{USER}', '2026-11', '{kind}', '{}', {NOW} {expires});",
            id(subject)
        )
    };
    let job = |plan: u32, generation: u32, status: &str| {
        format!(
            "insert into job_queue (user_id, plan_id, job_type, status, payload)
             values ('{USER}', '{}', 'plan_generation', '{status}', jsonb_build_object('generationId', '{}'));",
            id(plan),
            id(generation)
        )
    };
    let over = "- interval '1 second'";
    test.run(
        &[
            plan(1, "generating"),
            plan(2, "generating"),
            plan(3, "ready"),
            job(1, 91, "pending"),
            job(3, 93, "completed"),
            // Under way: by the plan's key and by the generation's.
            reserve("plan", 1, over),
            reserve("ai_spend", 91, over),
            // Its plan is being generated by nobody; its job is over; it is gone altogether.
            reserve("plan", 2, over),
            reserve("regeneration", 93, over),
            reserve("export", 80, over),
            // Not run out, and one that is settled.
            reserve("regeneration", 81, "+ interval '1 second'"),
            reserve("export", 82, over),
            format!("update usage_reservations set state = 'settled' where subject_id = '{}'", id(82)),
        ]
        .concat(),
    )
    .await;
    let round = sweep(&db).await;
    assert_eq!((round.deleted, round.prolonged, round.released), (0, 2, 3));
    let state = "select string_agg(right(subject_id::text, 2) || ' ' || state
                   || case when expires_at = timestamptz '2026-11-24 12:00:00Z' then ' a day more' else '' end, ', '
                   order by subject_id) from usage_reservations";
    let states: String = test.rows(state).await[0].try_get_by_index(0).unwrap();
    assert_eq!(
        states,
        "01 reserved a day more, 02 released, 80 released, 81 reserved, 82 settled, 91 reserved a day more, 93 released"
    );
    assert_eq!(sweep(&db).await, SweeperRound::default());
}

#[tokio::test]
async fn a_reservation_that_is_being_settled_is_passed_over() {
    let (test, db) = stage().await;
    test.run(&format!(
        "insert into usage_reservations (user_id, month, kind, subject_id, expires_at)
         values ('{USER}', '2026-11', 'plan', '{}', '2026-11-01')",
        id(1)
    ))
    .await;
    let plan = id(1).parse().unwrap();
    db.service(async |tx| {
        assert!(tx.quota().settle(waymark_persistence::ReservationKind::Plan, plan).await?);
        assert_eq!(sweep(&db).await, SweeperRound::default(), "the sweeper neither waits nor releases");
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    assert_eq!(test.number("select count(*) from usage_reservations where state = 'settled'").await, 1);
}

#[tokio::test]
async fn one_process_sweeps_at_a_time() {
    let (test, db) = stage().await;
    test.run(
        "insert into rate_limit_buckets (bucket, state) select n::text, '2020-01-01' from generate_series(1, 40) n",
    )
    .await;
    db.service(async |tx| {
        assert!(tx.sweep().is_alone().await?);
        assert_eq!(sweep(&db).await, SweeperRound::default(), "somebody else sweeps");
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    let settings = SweeperSettings { batch: 5, ..SweeperSettings::default() };
    let rounds = (0..4).map(|_| async { sweeper(&db, settings).round().await.unwrap().deleted });
    let deleted: u64 = futures_util::future::join_all(rounds).await.into_iter().sum();
    assert_eq!(deleted, 40, "each row is taken away once");
    assert_eq!(test.number("select count(*) from rate_limit_buckets").await, 0);
}

#[tokio::test]
async fn a_process_that_works_sweeps_by_itself() {
    let app = waymark_testkit::app::App::with(|options| {
        options.sweeper(SweeperSettings {
            every: Duration::from_millis(50),
            clerk_every: Duration::from_millis(20),
            ..SweeperSettings::default()
        })
    })
    .await;
    app.db().run("insert into rate_limit_buckets (bucket, state) values ('old', '2020-01-01'), ('new', now())").await;
    waymark_testkit::wait::until("the old bucket is gone", async || {
        let buckets = app.db().number("select count(*) from rate_limit_buckets").await;
        (buckets == 1).then_some(())
    })
    .await;
}
