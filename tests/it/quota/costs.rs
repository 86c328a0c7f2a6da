//! Costs that are found out late: the provider's figure replaces an estimate once, and a dead worker's call is paid for.

use super::{HandClock, USER, id, plan, stage};
use chrono::TimeDelta;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use waymark_domain::generation::{FailureClass, ModelPrice, TokenUsage};
use waymark_domain::ids::GenerationId;
use waymark_persistence::{Db, StoreError, UsageRecord};
use waymark_services::clock::{Clock, SystemClock};
use waymark_services::costs::{Clerk, ClerkRound};
use waymark_services::generation::Providers;
use waymark_services::generation::openai::{Flavour, OpenAiConfig, OpenAiProvider};
use waymark_services::generation::outline::OutlineProvider;
use waymark_testkit::database::TestDb;
use waymark_testkit::model_server::{ModelServer, Reply};
use waymark_testkit::wait::until;

const LEASE: Duration = Duration::from_secs(30);
const SPENT: &str = "select coalesce(sum(ai_cost_microusd), 0)::bigint from usage_metrics where month = '2026-11'";

fn providers(server: &ModelServer, flavour: Flavour) -> Providers {
    let mut config = OpenAiConfig::new(server.base_url().parse().unwrap(), None);
    config.flavour = flavour;
    "openrouter".clone_into(&mut config.name);
    let configured = OpenAiProvider::new(config, Arc::new(SystemClock)).unwrap();
    Providers { outline: Arc::new(OutlineProvider::default()), configured: Some(Arc::new(configured)) }
}

async fn openrouter() -> ModelServer {
    ModelServer::start(Reply::error(500, "no calls in these tests")).await
}

fn clerk(db: &Db, server: &ModelServer, clock: &HandClock) -> Clerk {
    Clerk::new(db.clone(), clock.shared(), providers(server, Flavour::OpenRouter), LEASE)
}

/// A call of 1000 micro-USD by estimate, made now.
fn call(clock: &HandClock, generation: u32) -> UsageRecord<'static> {
    UsageRecord {
        plan_id: None,
        user_id: USER.parse().unwrap(),
        generation_id: GenerationId(id(generation).parse().unwrap()),
        attempt: 1,
        provider: "openrouter",
        model: "test/model",
        usage: TokenUsage { input_tokens: 100, output_tokens: 200, provider_cost_microusd: None },
        price: ModelPrice { input_per_million: 4_000_000, output_per_million: 3_000_000 },
        cost_microusd: 1000,
        estimated: true,
        request_id: Some("gen-1"),
        at: clock.now(),
    }
}

/// Records a [`call`] as a worker does whose stream broke.
async fn estimated(db: &Db, clock: &HandClock, generation: u32) {
    let record = call(clock, generation);
    assert!(db.service(async |tx| tx.attempts().record_usage(&record).await).await.unwrap());
}

#[tokio::test]
async fn a_call_of_a_person_who_was_erased_meanwhile_is_refused_as_nobodys() {
    let (test, db) = stage().await;
    test.run("delete from users").await;
    let record = call(&HandClock::new(), 91);
    let refused = db.service(async |tx| tx.attempts().record_usage(&record).await).await.unwrap_err();
    assert!(refused.is_ownerless(), "{refused:?}");
}

async fn row(test: &TestDb) -> String {
    let sql =
        "select concat_ws(' ', input_tokens, output_tokens, cost_microusd, cost_cents, estimated, price ->> 'source',
                 lookup_at is null) from ai_usage_events";
    test.rows(sql).await[0].try_get_by_index(0).unwrap()
}

#[tokio::test]
async fn the_providers_figure_replaces_an_estimate_and_moves_the_months_spend_by_the_difference_once() {
    let (test, db) = stage().await;
    let (server, clock) = (openrouter().await, HandClock::new());
    server.generation_cost(
        "gen-1",
        &json!({"id": "gen-1", "total_cost": 0.000_25, "native_tokens_prompt": 110, "native_tokens_completion": 40}),
    );
    estimated(&db, &clock, 91).await;
    estimated(&db, &clock, 92).await;
    assert_eq!(test.number(SPENT).await, 2000);
    // The second call is another month's money and stays what it is.
    test.run(&format!(
        "update ai_usage_events set lookup_at = null where generation_id = '{}';
         update usage_metrics set ai_cost_microusd = 7000;
         delete from ai_usage_events where generation_id = '{}'",
        id(92),
        id(92)
    ))
    .await;

    let round = clerk(&db, &server, &clock).round().await.unwrap();
    assert_eq!(round, ClerkRound { corrected: 1, estimated: 0 });
    assert_eq!(row(&test).await, "110 40 250 1 f provider t");
    assert_eq!(test.number(SPENT).await, 7000 - 1000 + 250);

    // Neither the clerk nor a worker that comes late changes it again.
    clock.forward(TimeDelta::hours(2));
    assert_eq!(clerk(&db, &server, &clock).round().await.unwrap(), ClerkRound::default());
    assert_eq!(server.cost_questions(), ["gen-1"]);
    assert_eq!(test.number(SPENT).await, 6250);
}

#[tokio::test]
async fn many_clerks_at_once_correct_an_estimate_once() {
    let (test, db) = stage().await;
    let (server, clock) = (openrouter().await, HandClock::new());
    server.generation_cost("gen-1", &json!({"id": "gen-1", "total_cost": 0.000_25}));
    for generation in 91..=96 {
        estimated(&db, &clock, generation).await;
    }
    let rounds = (0..6).map(|_| async { clerk(&db, &server, &clock).round().await.unwrap().corrected });
    let corrected: u32 = futures_util::future::join_all(rounds).await.into_iter().sum();
    assert_eq!(corrected, 6);
    assert_eq!(server.cost_questions().len(), 6, "each call is asked about once");
    assert_eq!(test.number(SPENT).await, 6 * 250);
}

#[tokio::test]
async fn a_record_that_is_not_there_yet_is_asked_for_again_with_growing_pauses_for_an_hour() {
    let (test, db) = stage().await;
    let (server, clock) = (openrouter().await, HandClock::new());
    estimated(&db, &clock, 91).await;
    let mut clerk = clerk(&db, &server, &clock);
    let start = clock.now();
    let mut asked_at = Vec::new();
    loop {
        let due = test.rows("select lookup_at from ai_usage_events").await;
        let Some(due) = due[0].try_get_by_index::<Option<chrono::DateTime<chrono::Utc>>>(0).unwrap() else { break };
        // Just before its time nobody asks.
        clock.forward(due - clock.now() - TimeDelta::milliseconds(1));
        assert_eq!(clerk.round().await.unwrap(), ClerkRound::default());
        assert_eq!(server.cost_questions().len(), asked_at.len());
        clock.forward(TimeDelta::milliseconds(1));
        assert_eq!(clerk.round().await.unwrap(), ClerkRound::default());
        asked_at.push((due - start).num_seconds());
    }
    assert_eq!(asked_at[..5], [0, 5, 20, 80, 380]);
    assert_eq!(server.cost_questions().len(), asked_at.len());
    assert!((3_600..=3_900).contains(asked_at.last().unwrap()), "{asked_at:?}");
    assert_eq!(row(&test).await, "100 200 1000 1 t catalogue t", "the estimate stays");
    assert_eq!(test.number(SPENT).await, 1000);
}

#[tokio::test]
async fn a_provider_without_records_is_asked_once() {
    let (test, db) = stage().await;
    let (server, clock) = (openrouter().await, HandClock::new());
    estimated(&db, &clock, 91).await;
    let providers = providers(&server, Flavour::Compatible);
    let mut clerk = Clerk::new(db.clone(), clock.shared(), providers, LEASE);
    assert_eq!(clerk.round().await.unwrap(), ClerkRound::default());
    assert_eq!(row(&test).await, "100 200 1000 1 t catalogue t");
}

#[tokio::test]
async fn a_process_without_the_provider_leaves_its_calls_to_others_for_a_day() {
    let (test, db) = stage().await;
    let (server, clock) = (openrouter().await, HandClock::new());
    server.generation_cost("gen-1", &json!({"id": "gen-1", "total_cost": 0.000_25}));
    estimated(&db, &clock, 91).await;
    let outline_only = || Providers { outline: Arc::new(OutlineProvider::default()), configured: None };
    let mut other = Clerk::new(db.clone(), clock.shared(), outline_only(), LEASE);
    clock.forward(TimeDelta::hours(23));
    assert_eq!(other.round().await.unwrap(), ClerkRound::default());
    // Neither given up nor put off: a process that has the provider asks at once, however late.
    assert_eq!(clerk(&db, &server, &clock).round().await.unwrap().corrected, 1);
    assert_eq!(row(&test).await, "0 0 250 1 f provider t");

    test.run("delete from ai_usage_events; delete from usage_metrics").await;
    estimated(&db, &clock, 91).await;
    clock.forward(TimeDelta::days(1) + TimeDelta::seconds(1));
    assert_eq!(other.round().await.unwrap(), ClerkRound::default());
    assert_eq!(row(&test).await, "100 200 1000 1 t catalogue t", "nobody has the provider: the estimate stays");
}

#[tokio::test]
async fn a_process_with_the_provider_asks_about_every_call_however_many_are_older_than_a_day() {
    let (test, db) = stage().await;
    let (server, clock) = (openrouter().await, HandClock::new());
    server.generation_cost("gen-1", &json!({"id": "gen-1", "total_cost": 0.000_25}));
    // More than one round asks about.
    for generation in 80..92 {
        estimated(&db, &clock, generation).await;
    }
    clock.forward(TimeDelta::days(1) + TimeDelta::seconds(1));
    let mut clerk = clerk(&db, &server, &clock);
    let corrected = [clerk.round().await.unwrap().corrected, clerk.round().await.unwrap().corrected];
    assert_eq!(corrected, [8, 4]);
    assert_eq!(test.number(SPENT).await, 12 * 250);
}

/// SQL for an attempt that ended so many seconds ago; `reached` is the name the provider gave the call, if it was reached.
fn attempt(generation: u32, status: &str, ended: u32, reached: Option<&str>) -> String {
    let ended = format!("timestamptz '2026-11-23 12:00:00Z' - interval '{ended} s'");
    let metadata = json!({"provider": "openrouter", "model": "test/model", "promptChars": 4001, "requestId": reached,
        "price": {"inputPerMillion": 1_000_000, "outputPerMillion": 2_000_000}});
    let over = if status == "in_progress" { "null".to_owned() } else { ended.clone() };
    let (reached, class) = (reached.is_some(), if status == "failure" { "'timeout'" } else { "null" });
    format!(
        "insert into generation_attempts (plan_id, user_id, generation_id, number, status, classification, metadata,
           reached_at, created_at, finished_at)
         values ('{}', '{USER}', '{}', 1, '{status}', {class}, '{metadata}', case when {reached} then {ended} end,
           {ended} - interval '20 s', {over});",
        id(1),
        id(generation)
    )
}

#[tokio::test]
async fn an_attempt_whose_worker_died_is_estimated_from_its_prompt_and_what_was_told() {
    let (test, db) = stage().await;
    let (server, clock) = (openrouter().await, HandClock::new());
    let told = format!(
        "insert into generation_events (plan_id, user_id, generation_id, seq, type, data, created_at)
         select '{}', '{USER}', '{}', n, case n when 1 then 'plan_start' else 'module_summary' end,
           jsonb_build_object('t', repeat('x', 492)), timestamptz '2026-11-23 12:00:00Z' - interval '70 s'
         from generate_series(1, 3) n;",
        id(1),
        id(91)
    );
    test.run(&[plan(1, "failed"), attempt(91, "failure", 61, Some("gen-1")), told].concat()).await;
    let mut clerk = clerk(&db, &server, &clock);
    assert_eq!(clerk.round().await.unwrap(), ClerkRound { corrected: 0, estimated: 1 });
    // 4001 characters of prompt; two modules of 501 bytes as JSON.
    assert_eq!(row(&test).await, "1001 251 1503 1 t catalogue f");
    assert_eq!(test.number(SPENT).await, 1503);
    assert_eq!(server.cost_questions(), ["gen-1"], "the provider is asked at once");
    assert_eq!(clerk.round().await.unwrap(), ClerkRound::default(), "each attempt is paid for once");
    assert_eq!(test.number("select count(*) from ai_usage_events").await, 1);
}

#[tokio::test]
async fn an_attempt_that_may_still_be_recorded_or_reached_nobody_is_left_alone() {
    let (test, db) = stage().await;
    let (server, clock) = (openrouter().await, HandClock::new());
    test.run(
        &[
            plan(1, "failed"),
            attempt(91, "canceled", 59, Some("gen-1")),
            attempt(92, "failure", 3_600, None),
            attempt(93, "in_progress", 3_600, Some("gen-3")),
        ]
        .concat(),
    )
    .await;
    let mut clerk = clerk(&db, &server, &clock);
    assert_eq!(clerk.round().await.unwrap(), ClerkRound::default());
    clock.forward(TimeDelta::seconds(2));
    assert_eq!(clerk.round().await.unwrap().estimated, 1, "the canceled one, two leases after its end");
    assert_eq!(test.number("select count(*) from ai_usage_events").await, 1);
}

#[tokio::test]
async fn an_attempt_that_a_claim_closes_is_estimated_and_the_late_worker_corrects_it() {
    let (test, db) = stage().await;
    let clock = HandClock::new();
    test.run(&[plan(1, "failed"), attempt(91, "failure", 0, Some("gen-1"))].concat()).await;
    let attempts = test.rows("select id from generation_attempts").await;
    let attempt = waymark_domain::ids::AttemptId(attempts[0].try_get_by_index(0).unwrap());
    let estimate = || async { db.service(async |tx| tx.costs().estimate_attempt(attempt).await).await.unwrap() };
    assert!(estimate().await);
    assert!(!estimate().await, "once");
    assert_eq!(test.number(SPENT).await, 1001);
    // The worker was not dead, only late.
    estimated(&db, &clock, 91).await;
    assert_eq!(test.number(SPENT).await, 1000);
    assert_eq!(test.number("select count(*) from ai_usage_events").await, 1);
}

#[tokio::test]
async fn an_attempt_that_a_claim_closes_costs_nothing_once_its_late_worker_says_that_it_reached_nobody() {
    let (test, db) = stage().await;
    test.run(&[plan(1, "failed"), attempt(91, "in_progress", 0, None)].concat()).await;
    test.run("update generation_attempts set reached_at = created_at").await;
    let attempts = test.rows("select id from generation_attempts").await;
    let attempt = waymark_domain::ids::AttemptId(attempts[0].try_get_by_index(0).unwrap());
    let unreached = || {
        let db = db.clone();
        async move { db.service(async |tx| tx.attempts().unreached(attempt).await).await.unwrap() }
    };
    // The late worker speaks in the middle of the other one's transaction, and waits for it.
    let late = db
        .service(async |tx| {
            let generation = GenerationId(id(91).parse().unwrap());
            let closed = tx.attempts().abandon(generation, FailureClass::Timeout, "worker_lost").await?;
            assert_eq!(closed, [attempt]);
            let late = tokio::spawn(unreached());
            let waiting = "select count(*) from pg_stat_activity where datname = current_database()
                           and wait_event_type = 'Lock'";
            until("the late worker waits", async || (test.number(waiting).await > 0).then_some(())).await;
            assert!(tx.costs().estimate_attempt(attempt).await?);
            Ok::<_, StoreError>(late)
        })
        .await
        .unwrap();
    late.await.unwrap();
    let spent = "select sum(ai_cost_microusd)::bigint from usage_metrics";
    assert_eq!(test.number(spent).await, 0);
    assert_eq!(row(&test).await, "0 0 0 0 f unreached t");
    // Nothing is estimated or taken back a second time.
    unreached().await;
    assert!(!db.service(async |tx| tx.costs().estimate_attempt(attempt).await).await.unwrap());
    test.run("update usage_metrics set ai_cost_microusd = 70").await;
    unreached().await;
    assert_eq!(test.number(spent).await, 70);
}
