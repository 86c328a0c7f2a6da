//! Erasing a person: nothing of them is left here, and what is elsewhere ends too, however long elsewhere is away.

use super::{OWNER, Stage};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use waymark_domain::jobs::JobStatus;
use waymark_services::jobs::{JobRow, Retried};
use waymark_services::secrets::Sealer;
use waymark_testkit::actor::{Actor, plan_request};
use waymark_testkit::app::Options;
use waymark_testkit::model_server::{Gate, ModelServer, Reply, Script, StreamReply, plan_json};
use waymark_testkit::outside::{PRO, SEALING_KEY, STARTER};
use waymark_testkit::stripe_server::StripeServer;
use waymark_testkit::wait;

const STRANGER: &str = "user_stranger";
const GOOGLE: &str = "a-token-of-google-that-refreshes";
const NOTION: &str = "a-token-of-notion";

/// Google and Notion, which give one answer after the other to whoever gives a token back, and 200 after the last.
struct Providers(ModelServer);

impl Providers {
    async fn answering(replies: impl IntoIterator<Item = Reply>) -> Self {
        let mut replies = replies.into_iter().collect::<std::collections::VecDeque<_>>();
        Self(ModelServer::start(Script::by(move |_| replies.pop_front().unwrap_or(Reply::json(200, &json!({}))))).await)
    }

    fn base(&self) -> reqwest::Url {
        let mut base: reqwest::Url = self.0.base_url().parse().unwrap();
        base.set_path("");
        base
    }

    /// Where each request went, and the length of its body: a form is not recorded.
    fn asked(&self) -> Vec<(String, usize)> {
        let length = |length: Option<&str>| length.unwrap().parse().unwrap();
        self.0.requests().into_iter().map(|it| (it.path.clone(), length(it.header("content-length")))).collect()
    }

    /// One token each.
    fn both() -> Vec<(String, usize)> {
        let notion = json!({ "token": NOTION }).to_string().len();
        vec![("/v1/oauth/revoke".to_owned(), notion), ("/revoke".to_owned(), "token=".len() + GOOGLE.len())]
    }
}

async fn payments() -> StripeServer {
    let stripe = StripeServer::start().await;
    for (tier, price) in [("starter", STARTER), ("pro", PRO)] {
        stripe.product(tier, Some(tier));
        stripe.price(price, tier);
    }
    stripe
}

async fn user_id(actor: &Actor) -> String {
    actor.get("/v1/user/profile").await.json()["id"].as_str().unwrap().to_owned()
}

/// Access to Google and Notion, sealed for the owner.
async fn integrations(stage: &Stage, user: &str) {
    let (id, key) = SEALING_KEY;
    let sealer = Sealer::new(vec![(id.to_owned(), key)]).unwrap();
    let column = |token: &str, provider: &str, which: &str| {
        let bytes = sealer.seal(token.as_bytes(), &format!("{user}:{provider}:{which}")).unwrap().bytes;
        bytes.iter().fold("'\\x".to_owned(), |text, byte| format!("{text}{byte:02x}")) + "'"
    };
    let sql = format!(
        "insert into integration_tokens (user_id, provider, key_id, encrypted_access_token, encrypted_refresh_token) values
           ('{user}', 'google_calendar', '{id}', {}, {}), ('{user}', 'notion', '{id}', {}, null);
         insert into oauth_state_tokens (state_token_hash, clerk_user_id, provider, expires_at)
           values (repeat('a', 64), '{OWNER}', 'notion', now() + interval '9 minutes')",
        column("short", "google_calendar", "access"),
        column(GOOGLE, "google_calendar", "refresh"),
        column(NOTION, "notion", "access"),
    );
    stage.app.db().run(&sql).await;
}

/// Buys a subscription on the page that checkout leads to, and opens another checkout.
async fn buys(stage: &Stage, stripe: &StripeServer, actor: &Actor) -> String {
    let wish = json!({"priceId": STARTER, "successUrl": "/paid", "cancelUrl": "/"});
    let page = actor.post("/v1/stripe/create-checkout", &wish).await;
    assert_eq!(page.status.as_u16(), 200, "{}", page.text);
    let session = page.json()["sessionId"].as_str().unwrap().to_owned();
    let second = actor.post("/v1/stripe/create-checkout", &wish).await.json()["sessionId"].as_str().unwrap().to_owned();
    assert_ne!(session, second);
    let customer = stripe.sessions()[0].customer.clone();
    let bought = stripe.subscribe(&customer, PRO);
    for event in stripe.events() {
        assert_eq!(stripe.deliver(stage.app.base(), &event).await, 200);
    }
    assert_eq!(actor.get("/v1/user/subscription").await.json()["tier"], "pro");
    bought
}

/// A ready plan that was learned from: progress, a schedule, a feed, and a key that is remembered.
async fn learns(actor: &Actor, key: &str) -> String {
    let made = actor.post_once("/v1/plans", key, &plan_request()).await;
    let plan = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(actor.settled(&plan).await["status"], "ready");
    let detail = actor.get(&format!("/v1/plans/{plan}")).await.json();
    let task = detail["modules"][0]["tasks"][0]["id"].as_str().unwrap().to_owned();
    let done = actor.request(Method::PUT, &format!("/v1/tasks/{task}/progress")).json(&json!({"status": "completed"}));
    assert_eq!(actor.send(done).await.status.as_u16(), 200);
    assert_eq!(actor.get(&format!("/v1/plans/{plan}/schedule")).await.status.as_u16(), 200);
    let feed = actor.post(&format!("/v1/plans/{plan}/calendar-feed"), &json!({})).await.json();
    let feed = feed["url"].as_str().unwrap().split_once("/api").unwrap().1.to_owned();
    assert_eq!(actor.get(&feed).await.status.as_u16(), 200);
    plan
}

/// Tables in which one of the texts stands.
async fn tables_with(stage: &Stage, texts: &[&str]) -> Vec<String> {
    let tables =
        "select relname::text as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'";
    let condition = texts.iter().map(|text| format!("r::text like '%{text}%'")).collect::<Vec<_>>().join(" or ");
    let mut found = Vec::new();
    for row in stage.app.db().rows(tables).await {
        let table: String = row.try_get("", "name").unwrap();
        if stage.count(&format!("{table} r where {condition}")).await > 0 {
            found.push(table);
        }
    }
    found.sort();
    found
}

/// A digest of every row in which a text stands, by table.
async fn rows_with(stage: &Stage, tables: &[String], text: &str) -> BTreeMap<String, String> {
    let mut digests = BTreeMap::new();
    for table in tables {
        let sql = format!(
            "select coalesce(string_agg(r::text, '|' order by r::text), '') as rows from {table} r where r::text like '%{text}%'"
        );
        digests.insert(table.clone(), stage.app.db().rows(&sql).await[0].try_get("", "rows").unwrap());
    }
    digests
}

/// The one erasure, once it stands so and was tried so often at least.
async fn erasure(stage: &Stage, status: JobStatus, attempts: i32) -> JobRow {
    wait::until(&format!("the erasure is {status} after {attempts}"), async || {
        let jobs = stage.app.services().jobs().list(Some(status), 10).await.unwrap();
        jobs.into_iter().find(|job| job.user_id.is_none() && job.attempts >= attempts)
    })
    .await
}

/// The one erasure, done; what is put off is brought forward.
async fn finished(stage: &Stage) -> JobRow {
    hurried(stage, JobStatus::Completed).await
}

async fn hurried(stage: &Stage, status: JobStatus) -> JobRow {
    wait::until(&format!("the erasure is {status}"), async || {
        let due = "update job_queue set scheduled_for = now()
                   where status = 'pending' and turn is null and job_type = 'account_erasure'";
        stage.app.db().run(due).await;
        let jobs = stage.app.services().jobs().list(Some(status), 10).await.unwrap();
        jobs.into_iter().find(|job| job.user_id.is_none())
    })
    .await
}

async fn trail(stage: &Stage, action: &str) -> Vec<Value> {
    let sql = format!("select to_jsonb(a) as entry from audit_log a where action = '{action}'");
    stage.app.db().rows(&sql).await.iter().map(|row| row.try_get("", "entry").unwrap()).collect()
}

#[tokio::test]
async fn nothing_of_an_erased_person_is_left_and_everything_of_others_is() {
    let (stripe, providers, gate) = (payments().await, Providers::answering([]).await, Gate::closed());
    let plan = StreamReply::plan(&plan_json(3, 2));
    let model =
        ModelServer::start(vec![plan.clone().into(), Reply::from(plan.clone()), plan.gated(&gate).into()]).await;
    let outside = |options: Options| options.model(&model).metered().stripe(&stripe).revoke(&providers.base());
    let stage = Stage::with(|options| outside(options).lease(std::time::Duration::from_mins(10))).await;
    let other = stage.app.second_process(|options| options.workers(0)).await;
    let (owner, stranger) = (stage.app.owner(), stage.app.stranger());
    stage.tell(&stage.event("user.created", OWNER, Some("ada@example.com"), 1)).await;
    stage.app.db().run("update users set name = 'Ada Lovelace'").await;
    let user = user_id(&owner).await;
    let bought = buys(&stage, &stripe, &owner).await;
    let customer = stripe.subscriptions()[0].customer.clone();
    let ready = learns(&owner, "0199a1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b").await;
    integrations(&stage, &user).await;
    let spared = user_id(&stranger).await;
    learns(&stranger, "0199a1c2-3d4e-7f50-8a6b-9c0d1e2f3a4c").await;
    let mut stream = owner.stream_plan().await;
    gate.release(1);
    let generating = stream.until("module_summary").await[0].data["planId"].as_str().unwrap().to_owned();
    let theirs = [user.as_str(), OWNER, "ada@example.com", "Ada Lovelace", &ready, &generating, &customer];
    let tables = tables_with(&stage, &theirs).await;
    for table in [
        "users",
        "tasks",
        "task_progress",
        "plan_schedules",
        "calendar_feed_entries",
        "idempotency_keys",
        "ai_usage_events",
        "usage_metrics",
        "usage_reservations",
        "integration_tokens",
        "oauth_state_tokens",
        "audit_log",
        "job_queue",
    ] {
        assert!(tables.iter().any(|it| it == table), "{table} is put to the test: {tables:?}");
    }
    let before = rows_with(&stage, &tables, &spared).await;

    // The process that generates hears of it by a notice only.
    let deletion = stage.deletion(OWNER);
    assert_eq!(stage.clerk.deliver(other.base(), &deletion).await, 200);
    model.wait_for(|counts| counts.closed_early == 1).await;
    stream.rest().await;
    let job = erasure(&stage, JobStatus::Completed, 1).await;

    assert_eq!(
        tables_with(&stage, &["ada@example.com", "Ada Lovelace", &ready, &generating]).await,
        Vec::<String>::new()
    );
    assert_eq!(tables_with(&stage, &[OWNER]).await, ["deleted_users"], "the tombstone");
    assert_eq!(tables_with(&stage, &[&user, &customer]).await, ["audit_log", "job_queue"], "keys that lead to nobody");
    assert_eq!(rows_with(&stage, &tables, &spared).await, before, "others are untouched");

    let status = |id: &str| stripe.subscriptions().into_iter().find(|it| it.id == id).unwrap().status;
    assert_eq!(status(&bought), "canceled");
    let cancels = stripe.requests().into_iter().filter(|it| it.method == "DELETE").count();
    assert_eq!(cancels, 1, "canceled once");
    assert!(stripe.sessions().iter().all(|session| session.status == "expired"), "{:?}", stripe.sessions());
    let mut asked = providers.asked();
    asked.sort();
    assert_eq!(
        asked,
        Providers::both().into_iter().collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    );

    let erased = trail(&stage, "account.erased").await.remove(0);
    assert_eq!(
        (&erased["user_id"], &erased["actor"], &erased["subject"]),
        (&Value::Null, &json!("clerk"), &json!(deletion.id))
    );
    assert_eq!(erased["data"]["type"], "user.deleted");
    let finished = trail(&stage, "account.erasure_finished").await.remove(0);
    assert_eq!((&finished["user_id"], &finished["subject"]), (&Value::Null, &json!(job.id.to_string())));
    assert_eq!(
        finished["data"],
        json!({"user": user, "canceledSubscriptions": [bought], "revoked": ["google_calendar", "notion"]})
    );

    // What the payment provider tells afterwards concerns nobody.
    let (users, audits) = (stage.count("users").await, stage.count("audit_log").await);
    for event in stripe.events() {
        assert_eq!(stripe.deliver(stage.app.base(), &event).await, 200, "{}", event.kind);
    }
    assert_eq!((stage.count("users").await, stage.count("audit_log").await), (users, audits));
    assert_eq!(stranger.get("/v1/user/subscription").await.json()["tier"], "free");
    assert!(stage.count(&format!("learning_plans where user_id = '{spared}'")).await == 1);
}

#[tokio::test]
async fn an_erasure_is_put_off_while_others_are_away_and_done_when_they_are_back() {
    let stripe = payments().await;
    let providers = Providers::answering([Reply::error(503, "away")]).await;
    let stage = Stage::with(|options| options.stripe(&stripe).revoke(&providers.base())).await;
    let owner = stage.app.owner();
    let user = user_id(&owner).await;
    let bought = buys(&stage, &stripe, &owner).await;
    integrations(&stage, &user).await;
    stripe.fail_next("GET /v1/subscriptions", 3, 503);
    stage.tell(&stage.deletion(OWNER)).await;

    let waiting = erasure(&stage, JobStatus::Pending, 1).await;
    assert!(waiting.scheduled_for > waiting.created_at + chrono::TimeDelta::seconds(10), "not at once");
    let done = finished(&stage).await;
    let told: Vec<&str> = done.history.iter().map(|record| record.error.as_str()).collect();
    assert!(told[0].starts_with("the payment provider: ") && told[0].contains("the integration: "), "{told:?}");
    assert_eq!((told.len(), done.attempts), (1, 2));

    assert_eq!(stripe.subscriptions().into_iter().filter(|it| it.id == bought && it.status == "canceled").count(), 1);
    assert_eq!(stripe.requests().into_iter().filter(|it| it.method == "DELETE").count(), 1, "canceled once");
    assert_eq!(providers.asked().len(), 4, "what was in the way of one was not in the way of the other");
    assert_eq!(trail(&stage, "account.erasure_finished").await.len(), 1);
}

#[tokio::test]
async fn an_erasure_whose_answer_was_lost_is_repeated_without_harm() {
    let stripe = payments().await;
    let stage = Stage::with(|options| options.stripe(&stripe)).await;
    let owner = stage.app.owner();
    buys(&stage, &stripe, &owner).await;
    stripe.drop_next("DELETE /v1/subscriptions", 3);
    stage.tell(&stage.deletion(OWNER)).await;
    erasure(&stage, JobStatus::Pending, 1).await;
    finished(&stage).await;
    assert_eq!(stripe.subscriptions().into_iter().filter(|it| it.status == "canceled").count(), 1);
}

#[tokio::test]
async fn an_erasure_that_was_given_up_is_begun_again_by_an_operator() {
    let refused = Reply::json(400, &json!({"error": "invalid_client"}));
    for (last, told) in [(Reply::error(500, "away"), "asked"), (refused, "invalid_client")] {
        let away = Reply::error(500, "away");
        let providers = Providers::answering([away.clone(), away, last.clone(), last]).await;
        let stage = Stage::with(|options| options.revoke(&providers.base())).await;
        integrations(&stage, &user_id(&stage.app.owner()).await).await;
        stage.tell(&stage.deletion(OWNER)).await;

        erasure(&stage, JobStatus::Pending, 1).await;
        stage.app.db().run("update job_queue set attempts = max_attempts - 1").await;
        let dead = hurried(&stage, JobStatus::Failed).await;
        let jobs = stage.app.services().jobs();
        assert!(dead.error.as_deref().is_some_and(|it| it.contains(told)), "{:?}", dead.error);
        assert_eq!((dead.attempts, dead.history.len()), (dead.max_attempts, 2));
        assert_eq!(jobs.retry(dead.id).await.unwrap(), Retried::Again);
        assert_eq!(erasure(&stage, JobStatus::Completed, 1).await.id, dead.id);
        assert_eq!(providers.asked().len(), 6);
        assert_eq!(trail(&stage, "account.erasure_finished").await.len(), 1);
    }
}

#[tokio::test]
async fn an_erasure_waits_for_keys_that_are_not_set_up() {
    let (stripe, providers) = (payments().await, Providers::answering([]).await);
    let stage = Stage::new().await;
    let user = user_id(&stage.app.owner()).await;
    let customer = stripe.customer(None, Some(&user));
    stripe.subscribe(&customer, PRO);
    stage.app.db().run(&format!("update users set stripe_customer_id = '{customer}'")).await;
    integrations(&stage, &user).await;
    stage.tell(&stage.deletion(OWNER)).await;
    let waiting = erasure(&stage, JobStatus::Pending, 1).await;
    let told = "no payment provider is configured; no encryption key is configured";
    assert_eq!(waiting.error.as_deref(), Some(told));
    let Stage { clerk, app } = stage;
    let equipped = app.second_process(|options| options.stripe(&stripe).revoke(&providers.base())).await;
    app.stop().await;
    let stage = Stage { clerk, app: equipped };
    finished(&stage).await;
    assert_eq!(stripe.subscriptions()[0].status, "canceled");
    assert_eq!(providers.asked().len(), 2);
}

#[tokio::test]
async fn who_has_nothing_elsewhere_leaves_no_work() {
    let stripe = payments().await;
    let stage = Stage::with(|options| options.stripe(&stripe)).await;
    let user = user_id(&stage.app.owner()).await;
    stage.tell(&stage.deletion(OWNER)).await;
    assert_eq!(stage.count("job_queue where job_type = 'account_erasure'").await, 0);
    let erased = trail(&stage, "account.erased").await.remove(0);
    assert_eq!(erased["data"], json!({"user": user, "customer": null, "integrations": [], "type": "user.deleted"}));
    assert_eq!(stripe.requests(), []);
}

#[tokio::test]
async fn a_customer_whom_the_payment_provider_has_deleted_is_erased_and_an_unknown_one_is_not_believed() {
    let stripe = payments().await;
    let stage = Stage::with(|options| options.stripe(&stripe)).await;
    let deleted = stripe.customer(None, None);
    stripe.subscribe(&deleted, STARTER);
    stripe.delete_customer(&deleted);
    for (subject, customer) in [(OWNER, deleted.as_str()), (STRANGER, "cus_of_another_account")] {
        user_id(&stage.app.learner(subject)).await;
        let sql = format!("update users set stripe_customer_id = '{customer}' where clerk_user_id = '{subject}'");
        stage.app.db().run(&sql).await;
        stage.tell(&stage.deletion(subject)).await;
    }
    erasure(&stage, JobStatus::Completed, 1).await;
    let waiting = erasure(&stage, JobStatus::Pending, 1).await;
    assert!(waiting.error.as_deref().is_some_and(|it| it.contains("no such customer")), "{:?}", waiting.error);
    assert_eq!(trail(&stage, "account.erasure_finished").await.len(), 1);
}
