//! `waymark seed`: what it stores is sound, readable through the API, the same again, and never there twice.

use chrono::{NaiveDate, Utc};
use serde_json::Value;
use std::sync::Arc;
use waymark_domain::quota::Limits;
use waymark_persistence::Db;
use waymark_services::clock::SystemClock;
use waymark_services::quota::{Quota, Verdict, Verify};
use waymark_services::seed::{SeedError, SeedOptions, Seeded, Seeder};
use waymark_testkit::actor::Actor;
use waymark_testkit::app::App;
use waymark_testkit::database::TestDb;

/// Every table that is seeded.
const TABLES: [&str; 15] = [
    "users",
    "learning_plans",
    "modules",
    "tasks",
    "resources",
    "task_resources",
    "task_progress",
    "plan_generations",
    "generation_attempts",
    "generation_events",
    "plan_revisions",
    "usage_reservations",
    "ai_usage_events",
    "usage_metrics",
    "audit_log",
];

fn options(seed: u64, users: u32) -> SeedOptions {
    SeedOptions { seed, as_of: NaiveDate::from_ymd_opt(2026, 11, 23).unwrap(), users, plans: 6 }
}

async fn seeder(test: &TestDb) -> Seeder {
    Seeder::new(Db::connect(&test.options()).await.unwrap(), Limits::default())
}

async fn seed(test: &TestDb, options: SeedOptions) -> Result<Seeded, SeedError> {
    seeder(test).await.run(options, |_| {}).await
}

/// A digest of everything in every table.
async fn digests(test: &TestDb) -> Vec<String> {
    let mut digests = Vec::new();
    for table in TABLES {
        let sql = format!(
            "select count(*) || ' ' || coalesce(md5(string_agg(t::text, '' order by id)), '') as d from {table} t"
        );
        let digest: String = test.rows(&sql).await[0].try_get("", "d").unwrap();
        digests.push(format!("{table} {digest}"));
    }
    digests
}

async fn differences(test: &TestDb) -> (Verdict, Vec<String>) {
    let db = Db::connect(&test.options()).await.unwrap();
    let quota = Quota::new(db, Arc::new(SystemClock), Limits::default(), Some(10));
    let mut told = Vec::new();
    let verdict = quota.verify(Verify::Look, |difference, _| told.push(difference.to_string())).await.unwrap();
    (verdict, told)
}

#[tokio::test]
async fn the_books_of_those_made_up_are_right_and_every_table_has_rows() {
    let test = TestDb::new().await;
    let made = seed(&test, options(1, 120)).await.unwrap();
    assert_eq!(made.learners.values().copied().collect::<Vec<_>>(), [84, 24, 12]);
    assert_eq!(differences(&test).await, (Verdict { learners: 120, found: 0, left: 0 }, Vec::new()));
    for table in TABLES {
        assert!(test.number(&format!("select count(*) from {table}")).await > 0, "{table} is empty");
    }
    for (counted, sql) in [
        (made.plans_ready, "select count(*) from learning_plans where generation_status = 'ready'"),
        (made.plans_failed, "select count(*) from learning_plans where generation_status = 'failed'"),
        (made.tasks_completed, "select count(*) from task_progress where status = 'completed'"),
        (made.links, "select count(*) from task_resources"),
        (made.events, "select count(*) from generation_events"),
        (made.revisions, "select count(*) from plan_revisions"),
    ] {
        assert_eq!(i64::try_from(counted).unwrap(), test.number(sql).await, "{sql}");
    }
    // Nobody would ever end these, and nothing is to be asked of a provider that was never called.
    assert_eq!(test.number("select count(*) from learning_plans where generation_status = 'generating'").await, 0);
    assert_eq!(test.number("select count(*) from usage_reservations where state = 'reserved'").await, 0);
    assert_eq!(test.number("select count(*) from ai_usage_events where lookup_at is not null").await, 0);
    let unpaid = "select count(*) from generation_attempts a where reached_at is not null and not exists (
                    select from ai_usage_events u where u.generation_id = a.generation_id and u.attempt = a.number)";
    assert_eq!(test.number(unpaid).await, 0);
}

#[tokio::test]
async fn the_same_seed_makes_the_same_rows_in_another_database() {
    let (one, two) = (TestDb::new().await, TestDb::new().await);
    seed(&one, options(7, 30)).await.unwrap();
    seed(&two, options(7, 30)).await.unwrap();
    assert_eq!(digests(&one).await, digests(&two).await);
}

#[tokio::test]
async fn a_seed_that_is_there_already_is_refused_and_another_one_adds() {
    let test = TestDb::new().await;
    seed(&test, options(1, 12)).await.unwrap();
    let before = digests(&test).await;
    for again in [options(1, 12), options(1, 40), SeedOptions { plans: 1, ..options(1, 3) }] {
        let refusal = seed(&test, again).await.unwrap_err();
        assert!(matches!(refusal, SeedError::AlreadySeeded(1)), "{refusal:?}");
        assert!(refusal.to_string().starts_with("already seeded with seed 1"), "{refusal}");
    }
    assert_eq!(digests(&test).await, before);
    let more = seed(&test, options(2, 12)).await.unwrap();
    assert_eq!(more.learners.values().sum::<u64>(), 12);
    assert_eq!(test.number("select count(*) from users").await, 24);
    assert_eq!(differences(&test).await.1, Vec::<String>::new());
}

#[tokio::test]
async fn learners_who_were_erased_are_not_made_up_again() {
    let test = TestDb::new().await;
    test.run("insert into deleted_users (clerk_user_id) values ('seed_1_0001')").await;
    let refusal = seed(&test, options(1, 3)).await.unwrap_err();
    assert!(matches!(refusal, SeedError::AlreadySeeded(1)), "{refusal:?}");
    assert_eq!(test.number("select count(*) from users").await, 0);
}

#[tokio::test]
async fn of_two_that_seed_the_same_at_once_one_is_refused() {
    let test = TestDb::new().await;
    let (one, two) = (seeder(&test).await, seeder(&test).await);
    let (one, two) = tokio::join!(one.run(options(1, 30), |_| {}), two.run(options(1, 30), |_| {}));
    let refused = [&one, &two].into_iter().filter(|made| matches!(made, Err(SeedError::AlreadySeeded(1)))).count();
    assert_eq!((refused, [&one, &two].into_iter().filter(|made| made.is_ok()).count()), (1, 1), "{one:?} {two:?}");
    assert_eq!(test.number("select count(*) from users").await, 30);
}

#[tokio::test]
async fn those_made_up_can_sign_in_and_read_all_they_have() {
    let app = App::start().await;
    let today = SeedOptions { as_of: Utc::now().date_naive(), ..options(1, 30) };
    seed(app.db(), today).await.unwrap();
    let (mut plans, mut revisions, mut whole) = (0, 0, 0);
    for number in 1..=30 {
        let subject = format!("seed_1_{number:04}");
        let learner = app.learner(&subject);
        ok(&learner, "/v1/user/profile").await;
        ok(&learner, "/v1/user/preferences").await;
        ok(&learner, "/v1/user/usage").await;
        for plan in ok(&learner, "/v1/plans?limit=100").await["items"].as_array().unwrap() {
            plans += 1;
            let (former, events) = read(&learner, plan).await;
            revisions += former;
            whole += usize::from(events > 3);
        }
    }
    // The numbers follow from the sizes; they are here so that the loops above do not pass by being empty.
    assert!(plans > 80 && revisions > 3 && whole > 5, "{plans} plans, {revisions} revisions, {whole} whole logs");
    assert_eq!(app.db().number("select count(*) from users").await, 30, "signing in made nobody new");
}

async fn ok(learner: &Actor, path: &str) -> Value {
    let answer = learner.get(path).await;
    assert_eq!(answer.status.as_u16(), 200, "{path}: {}", answer.text);
    answer.json()
}

/// Reads everything about a plan; returns how many revisions and events there are.
async fn read(learner: &Actor, summary: &Value) -> (usize, usize) {
    let id = summary["id"].as_str().unwrap();
    let detail = ok(learner, &format!("/v1/plans/{id}")).await;
    assert_eq!(detail["status"], summary["status"]);
    assert_eq!(detail["modules"].as_array().unwrap().is_empty(), detail["status"] == "failed");
    assert_eq!(ok(learner, &format!("/v1/plans/{id}/status")).await["status"], detail["status"]);
    assert!(!ok(learner, &format!("/v1/plans/{id}/attempts")).await["items"].as_array().unwrap().is_empty());
    assert!(!ok(learner, &format!("/v1/plans/{id}/generations")).await["items"].as_array().unwrap().is_empty());
    let revisions = ok(learner, &format!("/v1/plans/{id}/revisions")).await;
    let revisions = revisions["items"].as_array().unwrap();
    for revision in revisions {
        let number = &revision["number"];
        ok(learner, &format!("/v1/plans/{id}/revisions/{number}")).await;
        ok(learner, &format!("/v1/plans/{id}/revisions/{number}/compare")).await;
    }
    let mut stream = learner.events(id, None).await;
    assert_eq!(stream.status, 200);
    let events = stream.rest().await;
    let last = events.last().expect("an event");
    assert_eq!(last.kind == "complete", detail["status"] == "ready", "{last:?}");
    assert!(last.is_terminal());
    if detail["status"] == "ready" {
        ok(learner, &format!("/v1/plans/{id}/schedule")).await;
    }
    (revisions.len(), events.len())
}
