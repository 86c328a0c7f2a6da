//! `waymark quota verify`: sound books are found sound, each kind of damage is found, and the repair mends it and nothing
//! else.

use super::{USER, id, plan, stage};
use std::sync::Arc;
use waymark_domain::quota::Limits;
use waymark_persistence::{Db, StoreError};
use waymark_services::clock::SystemClock;
use waymark_services::quota::{Quota, Seen, Verdict, Verify};
use waymark_testkit::app::App;
use waymark_testkit::database::TestDb;

fn quota(db: &Db) -> Quota {
    Quota::new(db.clone(), Arc::new(SystemClock), Limits::default(), Some(10))
}

/// What is told, with the learner's key left out.
async fn verify(db: &Db, what: Verify) -> (Verdict, Vec<String>) {
    let mut told = Vec::new();
    let verdict = quota(db)
        .verify(what, |difference, seen| {
            let line = difference.to_string().split_once(' ').unwrap().1.to_owned();
            told.push(if seen == Seen::Left { format!("left: {line}") } else { line });
        })
        .await
        .unwrap();
    (verdict, told)
}

/// Finds `expected`, changes nothing by looking, mends it, and finds nothing more.
async fn found_and_mended(test: &TestDb, db: &Db, expected: &[String]) {
    let learners = u64::try_from(test.number("select count(*) from users").await).unwrap();
    let found = expected.len() as u64;
    for _ in 0..2 {
        let (verdict, told) = verify(db, Verify::Look).await;
        assert_eq!(told, expected);
        assert_eq!(verdict, Verdict { learners, found, left: found });
    }
    let (verdict, told) = verify(db, Verify::Repair).await;
    assert_eq!(told, expected);
    assert_eq!(verdict, Verdict { learners, found, left: 0 });
    assert_eq!(verify(db, Verify::Look).await, (Verdict { learners, found: 0, left: 0 }, Vec::new()));
}

/// An application whose owner has two ready plans, one of them deleted.
async fn app_with_plans() -> (App, Db, String) {
    let app = App::start().await;
    let owner = app.owner();
    let kept = owner.create_plan().await;
    owner.settled(&kept).await;
    let deleted = owner.create_plan().await;
    owner.settled(&deleted).await;
    owner.delete(&format!("/v1/plans/{deleted}")).await;
    let db = Db::connect(&app.db().options()).await.unwrap();
    (app, db, kept)
}

fn this_month() -> String {
    chrono::Utc::now().format("%Y-%m").to_string()
}

#[tokio::test]
async fn sound_books_are_found_sound_also_while_plans_are_made() {
    let (app, db, _) = app_with_plans().await;
    let learners: Vec<_> = (0..6).map(|n| app.learner(&format!("user_{n}"))).collect();
    let making = futures_util::future::join_all(learners.iter().map(|learner| async move {
        for _ in 0..2 {
            let plan = learner.create_plan().await;
            learner.settled(&plan).await;
        }
    }));
    let looking = async {
        for _ in 0..20 {
            let (verdict, told) = verify(&db, Verify::Repair).await;
            assert_eq!((verdict.found, told), (0, Vec::new()));
        }
    };
    tokio::join!(making, looking);
    let (verdict, _) = verify(&db, Verify::Look).await;
    assert_eq!(verdict, Verdict { learners: 7, found: 0, left: 0 });
}

#[tokio::test]
async fn a_wrong_counter_is_found_and_set_to_what_the_ledger_says() {
    let (app, db, _) = app_with_plans().await;
    let month = this_month();
    app.db().run("update usage_metrics set plans_generated = 7, regenerations_used = 1, ai_cost_microusd = 12").await;
    found_and_mended(
        app.db(),
        &db,
        &[
            format!("{month} ai_cost_microusd: stored 12, computed 0"),
            format!("{month} plans_generated: stored 7, computed 2"),
            format!("{month} regenerations_used: stored 1, computed 0"),
        ],
    )
    .await;
    assert_eq!(app.db().number("select sum(plans_generated)::bigint from usage_metrics").await, 2);
}

#[tokio::test]
async fn counters_that_are_missing_or_of_no_month_with_a_ledger_are_found() {
    let (app, db, _) = app_with_plans().await;
    let month = this_month();
    app.db()
        .run(
            "delete from usage_metrics;
             insert into usage_metrics (user_id, month, exports_used) select id, '2020-02', 4 from users",
        )
        .await;
    let expected = [
        "2020-02 exports_used: stored 4, computed 0".to_owned(),
        format!("{month} plans_generated: stored 0, computed 2"),
    ];
    found_and_mended(app.db(), &db, &expected).await;
}

#[tokio::test]
async fn the_spend_is_recomputed_by_the_month_of_each_call_in_utc() {
    let (test, db) = stage().await;
    test.run(&format!(
        "insert into ai_usage_events (user_id, provider, model, cost_microusd, created_at) values
           ('{USER}', 'p', 'm', 1, '2026-10-31 23:59:59.999999Z'), ('{USER}', 'p', 'm', 10, '2026-11-01 00:00:00Z'),
           ('{USER}', 'p', 'm', 100, '2026-11-01 01:00:00+02');
         insert into usage_metrics (user_id, month, ai_cost_microusd) values ('{USER}', '2026-10', 101), ('{USER}', '2026-11', 11)"
    ))
    .await;
    found_and_mended(&test, &db, &["2026-11 ai_cost_microusd: stored 11, computed 10".to_owned()]).await;
}

#[tokio::test]
async fn a_ready_plan_that_is_not_counted_is_found() {
    let (app, db, plan) = app_with_plans().await;
    app.db().run("update learning_plans set is_quota_eligible = false").await;
    let expected = format!("- plan {plan} is_quota_eligible: stored false, computed true");
    found_and_mended(app.db(), &db, &[expected]).await;
    app.db().run("update learning_plans set generation_status = 'failed'").await;
    let expected = format!("- plan {plan} is_quota_eligible: stored true, computed false");
    found_and_mended(app.db(), &db, &[expected]).await;
}

#[tokio::test]
async fn a_plan_that_nobody_generates_ends_as_failed_and_its_stream_ends() {
    let app = App::with(|options| options.workers(0)).await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    let db = Db::connect(&app.db().options()).await.unwrap();
    assert_eq!(verify(&db, Verify::Look).await.0.found, 0, "it waits for a worker, which is no difference");
    app.db().run("delete from job_queue").await;
    let spend = app.db().number("select count(*) from usage_reservations where kind = 'ai_spend'").await;
    let (verdict, told) = verify(&db, Verify::Repair).await;
    let line = format!("- plan {plan} generation_status: stored generating, computed failed (it has no live job)");
    assert!(told.contains(&line), "{told:?}");
    assert_eq!(verdict, Verdict { learners: 1, found: 1 + u64::try_from(spend).unwrap(), left: 0 });
    assert_eq!(app.db().number("select count(*) from usage_reservations where state <> 'released'").await, 0);
    let events = owner.events(&plan, None).await.rest().await;
    assert_eq!(events.last().unwrap().kind, "error");
    assert_eq!(owner.settled(&plan).await["status"], "failed");
    assert_eq!(verify(&db, Verify::Look).await.0.found, 0);
}

#[tokio::test]
async fn reservations_for_work_that_is_over_are_found_and_released() {
    let (test, db) = stage().await;
    let reserve = |kind: &str, subject: u32| {
        format!(
            "insert into usage_reservations (user_id, month, kind, subject_id, expires_at)
             values ('{USER}', '2026-11', '{kind}', '{}', now() + interval '1 hour');",
            id(subject)
        )
    };
    let attempt = |generation: u32| {
        format!(
            "insert into generation_attempts (user_id, generation_id, number, status) values ('{USER}', '{}', 1, 'canceled');",
            id(generation)
        )
    };
    let ran_out = |subject: u32| {
        format!("update usage_reservations set expires_at = now() where subject_id = '{}';", id(subject))
    };
    let generation = |plan: u32, generation: u32, kind: &str| {
        format!(
            "insert into plan_generations (id, plan_id, user_id, kind) values ('{}', '{}', '{USER}', '{kind}');",
            id(generation),
            id(plan)
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
    test.run(
        &[
            // A first generation, a retry and a regeneration under way.
            plan(1, "generating"),
            job(1, 91, "pending"),
            reserve("plan", 1),
            reserve("ai_spend", 91),
            plan(2, "generating"),
            generation(2, 92, "retry"),
            job(2, 92, "pending"),
            reserve("plan", 92),
            plan(3, "ready"),
            generation(3, 93, "regeneration"),
            job(3, 93, "pending"),
            reserve("regeneration", 93),
            // Exports have no job; only time ends their reservations.
            reserve("export", 70),
            // An explanation that is being written; its task may be gone. And one that nobody writes any more.
            reserve("ai_spend", 71),
            reserve("ai_spend", 72),
            ran_out(72),
            // A plan that is over, a retry that is over, a plan that is gone, a job that is over; the money held for a
            // generation that is over, and for one whose plan is gone.
            plan(4, "ready"),
            reserve("plan", 4),
            generation(4, 94, "retry"),
            reserve("plan", 94),
            reserve("plan", 50),
            job(4, 95, "failed"),
            reserve("regeneration", 95),
            generation(4, 96, "regeneration"),
            reserve("ai_spend", 96),
            attempt(97),
            reserve("ai_spend", 97),
        ]
        .concat(),
    )
    .await;
    let line = |kind: &str, subject: u32| {
        let subject = id(subject);
        format!("2026-11 reservation {kind} {subject}: stored reserved, computed released (its work is over)")
    };
    let expected = [
        line("ai_spend", 72),
        line("ai_spend", 96),
        line("ai_spend", 97),
        line("plan", 4),
        line("plan", 50),
        line("plan", 94),
        line("regeneration", 95),
    ];
    found_and_mended(&test, &db, &expected).await;
    assert_eq!(test.number("select count(*) from usage_reservations where state = 'reserved'").await, 6);
}

#[tokio::test]
async fn all_learners_are_walked_through_whatever_their_number() {
    let (test, db) = stage().await;
    test.run(
        "insert into users (clerk_user_id) select 'more_' || n from generate_series(1, 1203) n;
         insert into usage_metrics (user_id, month, exports_used) select id, '2026-11', 1 from users",
    )
    .await;
    let verdict = quota(&db).verify(Verify::Look, |_, _| {}).await.unwrap();
    assert_eq!(verdict, Verdict { learners: 1204, found: 1204, left: 1204 });
}

#[tokio::test]
async fn a_repair_leaves_what_somebody_works_on_and_says_so() {
    let (test, db) = stage().await;
    test.run(&[plan(1, "ready"), "update learning_plans set is_quota_eligible = false".to_owned()].concat()).await;
    let (plan, user) = (id(1).parse().unwrap(), USER.parse().unwrap());
    let (verdict, told) = db
        .service(async |tx| {
            tx.plans().lock(plan, user).await?;
            Ok::<_, StoreError>(verify(&db, Verify::Repair).await)
        })
        .await
        .unwrap();
    assert_eq!(verdict, Verdict { learners: 1, found: 1, left: 1 });
    assert_eq!(told.len(), 2);
    assert!(told[1].starts_with("left: - plan "), "{told:?}");
    assert_eq!(verify(&db, Verify::Repair).await.0.left, 0);
}

#[tokio::test]
async fn what_is_settled_while_a_repair_runs_is_counted_once() {
    let (test, db) = stage().await;
    let reservations = format!(
        "insert into usage_reservations (user_id, month, kind, subject_id, expires_at)
         select '{USER}', '2026-11', 'export', ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '2030-01-01'
         from generate_series(1, 60) n;
         insert into usage_metrics (user_id, month, exports_used, plans_generated) values ('{USER}', '2026-11', 0, 5)"
    );
    test.run(&reservations).await;
    let settling = async {
        for n in 1..=60_u128 {
            let subject = uuid::Uuid::parse_str(&format!("00000000-0000-7000-8000-{n:012}")).unwrap();
            let kind = waymark_persistence::ReservationKind::Export;
            assert!(db.service(async |tx| tx.quota().settle(kind, subject).await).await.unwrap());
        }
    };
    let repairing = async {
        for _ in 0..20 {
            test.run("update usage_metrics set plans_generated = 5").await;
            assert_eq!(verify(&db, Verify::Repair).await.0.left, 0);
        }
    };
    tokio::join!(settling, repairing);
    assert_eq!(verify(&db, Verify::Look).await.0.found, 0);
    assert_eq!(test.number("select exports_used::bigint from usage_metrics").await, 60);
}
