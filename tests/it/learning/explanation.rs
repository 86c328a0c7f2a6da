//! Explanations: written once, stored, paid once, and held to the limits of everything that asks a model.

use serde_json::{Value, json};
use std::time::Duration;
use waymark_services::generation::Timeouts;
use waymark_services::quota::Verify;
use waymark_testkit::actor::{Actor, Answer, plan_request};
use waymark_testkit::app::{App, Options};
use waymark_testkit::model_server::{Gate, ModelServer, Reply, Script, Step, StreamReply, UsageChunks, plan_json};

/// A model of which a hundred tokens cost something.
const PAID: &str = "anthropic/claude-sonnet-4.5";

fn explains(explanation: &str) -> StreamReply {
    let answer = json!({ "explanation": explanation, "exercise": "Borrow <i>twice</i>." });
    StreamReply::text(&answer.to_string()).cost(0.002)
}

/// A server that makes plans and gives `reply` to who asks for an explanation.
async fn model(reply: impl Into<Reply>) -> ModelServer {
    let reply = reply.into();
    ModelServer::start(Script::by(move |request| {
        let explains =
            request.body["messages"][0]["content"].as_str().is_some_and(|text| text.contains("\"exercise\""));
        if explains { reply.clone() } else { StreamReply::plan(&plan_json(1, 2)).cost(0.0).into() }
    }))
    .await
}

/// A learner who pays, with a plan of the paid model; its first task.
async fn task(app: &App) -> (Actor, String) {
    let owner = app.owner();
    owner.get("/v1/user/profile").await;
    app.db().run("update users set subscription_tier = 'pro'").await;
    let created = owner.post(&format!("/v1/plans?model={PAID}"), &plan_request()).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let plan = created.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(owner.settled(&plan).await["status"], "ready");
    let detail = owner.get(&format!("/v1/plans/{plan}")).await.json();
    let task = detail["modules"][0]["tasks"][0]["id"].as_str().unwrap().to_owned();
    (owner, task)
}

async fn metered(model: &ModelServer, change: impl FnOnce(Options) -> Options) -> App {
    App::with(|options| change(options.model(model).metered())).await
}

async fn explain(actor: &Actor, task: &str) -> Answer {
    actor.post(&format!("/v1/tasks/{task}/explanation"), &json!({})).await
}

async fn differences(app: &App) -> u64 {
    app.services().quota().verify(Verify::Look, |_, _| {}).await.unwrap().found
}

const CALLS: &str = "select count(*) from ai_usage_events where generation_id is null";
const SPENT: &str = "select coalesce(sum(ai_cost_microusd), 0)::bigint from usage_metrics";
const HELD: &str = "select count(*) from usage_reservations where kind = 'ai_spend' and state = 'reserved'";

#[tokio::test]
async fn an_explanation_is_cleaned_stored_and_counted_and_given_again_for_nothing() {
    let model = model(explains("It <b>lends</b>.\u{202E}")).await;
    let app = metered(&model, |options| options).await;
    let (owner, task) = task(&app).await;
    let asked = model.counts().requests;

    let first = explain(&owner, &task).await;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_eq!(first.json(), json!({ "explanation": "It lends.", "exercise": "Borrow twice." }));
    assert_eq!(explain(&owner, &task).await.json(), first.json());
    assert_eq!(model.counts().requests, asked + 1);
    assert_eq!((app.db().number(CALLS).await, app.db().number(SPENT).await), (1, 2000), "what the provider charged");
    assert_eq!(app.db().number(HELD).await, 0);
    let stored = app.db().number("select count(*) from tasks where has_micro_explanation and explanation is not null");
    assert_eq!(stored.await, 1);
    let usage = owner.get("/v1/user/usage").await.json();
    assert!(usage.to_string().contains("2000"), "{usage}");

    // Asked anew, it costs again.
    let again = owner.post(&format!("/v1/tasks/{task}/explanation?again=true"), &json!({})).await;
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!((app.db().number(CALLS).await, app.db().number(SPENT).await), (2, 4000));
    assert_eq!(differences(&app).await, 0, "the books agree");
}

#[tokio::test]
async fn ten_who_ask_at_once_pay_once() {
    let gate = Gate::closed();
    let model = model(explains("It lends.").gated(&gate)).await;
    let app = metered(&model, |options| options).await;
    let (owner, task) = task(&app).await;
    let asked = model.counts().requests;
    let other = app.second_process(|options| options).await;
    let asking = async {
        let asks = (0..10).map(|number| {
            let actor = if number % 2 == 0 { owner.clone() } else { owner.at(other.base()) };
            let task = task.clone();
            async move { explain(&actor, &task).await }
        });
        futures_util::future::join_all(asks).await
    };
    let opening = async {
        model.wait_for(|counts| counts.requests > asked).await;
        // Whoever asks while it is written is told so.
        assert_eq!(explain(&owner, &task).await.problem(409), "EXPLANATION_RUNNING");
        assert_eq!(differences(&app).await, 0, "what is under way is no difference");
        gate.open();
    };
    let (answers, ()) = tokio::join!(asking, opening);
    let written = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(written >= 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.problem(409), "EXPLANATION_RUNNING");
    }
    assert_eq!(explain(&owner, &task).await.status, 200);
    assert_eq!(model.counts().requests, asked + 1);
    assert_eq!((app.db().number(CALLS).await, app.db().number(SPENT).await), (1, 2000));
}

#[tokio::test]
async fn an_answer_that_is_of_no_use_stores_nothing_and_its_cost_is_counted() {
    for (reply, code, status) in [
        (Reply::from(StreamReply::text("I would rather not.").cost(0.002)), "GENERATION_FAILED", 502),
        (Reply::from(StreamReply::text("{\"explanation\": \"x\"}").cost(0.002)), "GENERATION_FAILED", 502),
        (Reply::from(StreamReply::text(&"x".repeat(60_000)).cost(0.002)), "GENERATION_FAILED", 502),
    ] {
        let model = model(reply).await;
        let app = metered(&model, |options| options).await;
        let (owner, task) = task(&app).await;
        assert_eq!(explain(&owner, &task).await.problem(status), code);
        assert_eq!(app.db().number("select count(*) from tasks where has_micro_explanation").await, 0);
        assert_eq!((app.db().number(CALLS).await, app.db().number(HELD).await), (1, 0));
        assert!(app.db().number(SPENT).await > 0);
        assert_eq!(differences(&app).await, 0);
    }
}

#[tokio::test]
async fn a_provider_that_refuses_is_not_paid_and_a_busy_one_says_when_to_come_back() {
    let model = model(Reply::rate_limited(Some("7"))).await;
    let app = metered(&model, |options| options).await;
    let (owner, task) = task(&app).await;
    let answer = explain(&owner, &task).await;
    assert_eq!((answer.problem(503), answer.header("retry-after")), ("UNAVAILABLE".to_owned(), "7"));
    assert_eq!((app.db().number(SPENT).await, app.db().number(HELD).await), (0, 0));
    let free = "not estimated and cost_microusd = 0 and input_tokens = 0 and lookup_at is null";
    assert_eq!(app.db().number(&format!("{CALLS} and not ({free})")).await, 0, "what was refused is no estimate");
    let used = owner.get("/v1/user/usage").await.json();
    let models = used["models"].as_array().unwrap();
    assert_eq!(models.iter().map(|model| &model["calls"]).collect::<Vec<_>>(), [1], "the plan's call alone: {used}");
    assert_eq!(differences(&app).await, 0);
}

#[tokio::test]
async fn a_call_that_is_dropped_on_its_way_is_on_record_before_it_is_answered() {
    let model = model(Reply::silent()).await;
    let timeouts = Timeouts { total: Duration::from_secs(2), ..Timeouts::default() };
    let app = metered(&model, |options| options.timeouts(timeouts)).await;
    let (owner, task) = task(&app).await;
    let asked = model.counts().requests;
    let estimated = format!("{CALLS} and estimated and input_tokens > 0 and cost_microusd > 0");
    let waiting = async {
        model.wait_for(|counts| counts.requests > asked).await;
        // If the process were killed now, this is what would be left.
        assert_eq!(app.db().number(&estimated).await, 1);
        assert_eq!(differences(&app).await, 0);
    };
    let (answer, ()) = tokio::join!(explain(&owner, &task), waiting);
    assert_eq!(answer.problem(502), "GENERATION_FAILED");
    assert_eq!((app.db().number(&estimated).await, app.db().number(HELD).await), (1, 0));
    assert!(app.db().number(SPENT).await > 0);
    assert_eq!(differences(&app).await, 0);
}

#[tokio::test]
async fn an_estimate_gives_way_to_what_the_provider_says_of_the_call() {
    let model = model(explains("It lends.").then(20, [Step::Hang])).await;
    let timeouts = Timeouts { total: Duration::from_secs(2), ..Timeouts::default() };
    let often = Duration::from_millis(50);
    let app = metered(&model, |options| options.timeouts(timeouts).sweeps(often, often)).await;
    let (owner, task) = task(&app).await;
    let named = async {
        let request = waymark_testkit::wait::until("the call has a name", async || {
            let sql = "select request_id from ai_usage_events where generation_id is null and lookup_at > now()";
            app.db().rows(sql).await.first().and_then(|row| row.try_get::<Option<String>>("", "request_id").unwrap())
        });
        let request = request.await;
        assert!(!model.cost_questions().contains(&request), "a call that runs is not asked about");
        model.generation_cost(&request, &json!({"id": request, "total_cost": 0.25}));
    };
    let (answer, ()) = tokio::join!(explain(&owner, &task), named);
    assert_eq!(answer.problem(502), "GENERATION_FAILED");
    waymark_testkit::wait::until("the provider has said what it cost", async || {
        let told = format!("{CALLS} and not estimated and cost_microusd = 250000 and lookup_at is null");
        (app.db().number(&told).await == 1).then_some(())
    })
    .await;
    assert_eq!(app.db().number(SPENT).await, 250_000);
    assert_eq!(differences(&app).await, 0);
}

#[tokio::test]
async fn a_model_that_falls_silent_is_left_and_its_call_estimated() {
    let model = model(Reply::silent_after_head()).await;
    let timeouts = Timeouts { total: Duration::from_millis(700), ..Timeouts::default() };
    let app = metered(&model, |options| options.timeouts(timeouts)).await;
    let (owner, task) = task(&app).await;
    assert_eq!(explain(&owner, &task).await.problem(502), "GENERATION_FAILED");
    model.wait_for(|counts| counts.closed_early == 1).await;
    assert_eq!(app.db().number(&format!("{CALLS} and estimated")).await, 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_finds_the_explanation_written() {
    let gate = Gate::closed();
    let model = model(explains("It lends.").gated(&gate).usage(UsageChunks::Last)).await;
    let app = metered(&model, |options| options).await;
    let (owner, task) = task(&app).await;
    let asked = model.counts().requests;
    let asking = tokio::spawn({
        let (owner, task) = (owner.clone(), task.clone());
        async move { explain(&owner, &task).await }
    });
    model.wait_for(|counts| counts.requests > asked).await;
    asking.abort();
    gate.open();
    let answer = waymark_testkit::wait::until("the explanation is written", async || {
        let answer = explain(&owner, &task).await;
        (answer.status == 200).then_some(answer)
    });
    assert_eq!(answer.await.json()["explanation"], "It lends.");
    assert_eq!((model.counts().requests, app.db().number(CALLS).await), (asked + 1, 1));
}

#[tokio::test]
async fn an_explanation_counts_within_the_hour_and_against_the_budget() {
    let model = model(explains("It lends.")).await;
    // The plan itself is the first of the two.
    let app = metered(&model, |options| options.hourly_generations(2)).await;
    let (owner, task) = task(&app).await;
    assert_eq!(explain(&owner, &task).await.status, 200);
    let again = format!("/v1/tasks/{task}/explanation?again=true");
    let refused = owner.post(&again, &json!({})).await;
    assert_eq!(refused.problem(429), "RATE_LIMITED");
    assert_eq!(explain(&owner, &task).await.status, 200, "the stored one is free");
    app.db().run("update usage_reservations set created_at = now() - interval '2 hours'").await;
    app.db().run("update usage_metrics set ai_cost_microusd = 10000000").await;
    let refused = owner.post(&again, &json!({})).await;
    assert_eq!(refused.problem(403), "BUDGET_EXCEEDED");
    assert_eq!(app.db().number(HELD).await, 0, "who is refused holds nothing");
}

#[tokio::test]
async fn the_same_key_gets_the_same_explanation_and_pays_once() {
    let model = model(explains("It lends.")).await;
    let app = metered(&model, |options| options).await;
    let (owner, task) = task(&app).await;
    let path = format!("/v1/tasks/{task}/explanation?again=true");
    let first = owner.post_once(&path, "k-1", &json!({})).await;
    let second = owner.post_once(&path, "k-1", &json!({})).await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (200, ""));
    assert_eq!((&second.text, second.header("idempotency-replayed")), (&first.text, "true"));
    assert_eq!(app.db().number(CALLS).await, 1);
    let other = owner.post_once(&format!("/v1/tasks/{task}/explanation"), "k-1", &json!({})).await;
    assert_eq!(other.problem(422), "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn somebody_elses_task_is_not_found_and_a_lost_hold_runs_out() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    owner.settled(&plan).await;
    let detail = owner.get(&format!("/v1/plans/{plan}")).await.json();
    let task = detail["modules"][0]["tasks"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(explain(&app.stranger(), &task).await.problem(404), "NOT_FOUND");
    assert_eq!(explain(&app.anonymous(), &task).await.problem(401), "UNAUTHENTICATED");
    assert_eq!(explain(&owner, "nonsense").await.problem(400), "INVALID_ID");
    let hold = |until: &str| {
        format!(
            "insert into usage_reservations (user_id, month, kind, subject_id, state, expires_at)
             select user_id, '2026-11', 'ai_spend', id, 'reserved', now() {until} from tasks where id = '{task}'
             on conflict (subject_id, kind) do update set state = 'reserved', expires_at = excluded.expires_at"
        )
    };
    app.db().run(&hold("+ interval '1 minute'")).await;
    assert_eq!(explain(&owner, &task).await.problem(409), "EXPLANATION_RUNNING");
    app.db().run(&hold("- interval '1 minute'")).await;
    // The built-in model needs no server and costs nothing.
    let answer = explain(&owner, &task).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.json()["exercise"].as_str().unwrap().contains("sources closed"));
    assert_eq!(
        owner.get(&format!("/v1/plans/{plan}")).await.json()["modules"][0]["tasks"][0]["hasExplanation"],
        Value::from(true)
    );
}
