//! The month's AI budget: what generations under way may still cost is spoken for.

use serde_json::json;
use waymark_testkit::actor::{Actor, plan_request};
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Gate, ModelServer, Reply, Script, StreamReply, UsageChunks, plan_json};

/// The dearest of the list: three dollars a million tokens in, fifteen out.
const DEAR: &str = "anthropic/claude-sonnet-4.5";
/// The month's budget of those who pay most.
const LIMIT: i64 = 10_000_000;

async fn payer(app: &App) -> Actor {
    let owner = app.owner();
    owner.get("/v1/user/profile").await;
    app.db().run("update users set subscription_tier = 'pro'").await;
    owner
}

#[tokio::test]
async fn fifty_generations_at_once_cannot_spend_more_than_the_month_has() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(1, 1)).cost(0.05).gated(&gate)).await;
    let app = App::with(|options| options.model(&model).metered()).await;
    let owner = payer(&app).await;
    let path = format!("/v1/plans?model={DEAR}");
    let request = plan_request();
    let answers = futures_util::future::join_all((0..50).map(|_| owner.post(&path, &request))).await;
    let (accepted, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status.as_u16() == 201);
    let estimate = app.db().number("select max(amount_microusd) from usage_reservations").await;
    assert_eq!(accepted.len(), usize::try_from(LIMIT / estimate).unwrap(), "as many as surely fit");
    for answer in &refused {
        assert_eq!(answer.problem(403), "BUDGET_EXCEEDED");
        assert_eq!(answer.json()["limit"], LIMIT);
    }
    let reserved = "select coalesce(sum(amount_microusd), 0)::bigint from usage_reservations where state = 'reserved'";
    assert_eq!(app.db().number(reserved).await, estimate * i64::try_from(accepted.len()).unwrap());

    gate.open();
    for answer in &accepted {
        assert_eq!(owner.settled(answer.json()["id"].as_str().unwrap()).await["status"], "ready");
    }
    assert_eq!(app.db().number(reserved).await, 0, "what was not spent is free again");
    let spent = app.db().number("select ai_cost_microusd from usage_metrics").await;
    assert_eq!(spent, 50_000 * i64::try_from(accepted.len()).unwrap(), "what the provider charged");
    assert_eq!(owner.post(&path, &request).await.status, 201);
}

#[tokio::test]
async fn a_further_attempt_starts_only_if_the_budget_still_holds_it() {
    let fine = StreamReply::plan(&plan_json(1, 1)).cost(0.0);
    let broken = StreamReply::plan(&plan_json(3, 2)).then_error(900, &json!(500), "gone");
    let mut asked = 0;
    let model = ModelServer::start(Script::by(move |_| {
        asked += 1;
        Reply::from(if asked == 1 { fine.clone() } else { broken.clone() })
    }))
    .await;
    let app = App::with(|options| options.model(&model).metered()).await;
    let owner = payer(&app).await;
    let first = owner.post(&format!("/v1/plans?model={DEAR}"), &plan_request()).await;
    owner.settled(first.json()["id"].as_str().unwrap()).await;
    // The budget holds one more attempt, to the last millionth.
    let estimate = app.db().number("select max(amount_microusd) from usage_reservations").await;
    app.db().run(&format!("update usage_metrics set ai_cost_microusd = {LIMIT} - {estimate}")).await;
    let answer = owner.post(&format!("/v1/plans?model={DEAR}"), &plan_request()).await;
    let plan = answer.json()["id"].as_str().unwrap().to_owned();
    let events = owner.events(&plan, None).await.rest().await;
    let last = events.last().unwrap();
    assert_eq!((last.kind.as_str(), &last.data["classification"]), ("error", &json!("capped")));
    assert_eq!(model.counts().requests, 2, "no second attempt was paid for");
    assert_eq!(app.db().number("select count(*) from usage_reservations where state = 'reserved'").await, 0);
}

#[tokio::test]
async fn an_estimated_cost_gives_way_to_the_providers_own_record() {
    let broken = StreamReply::plan(&plan_json(3, 2)).usage(UsageChunks::None).without_done();
    let model = ModelServer::start(vec![Reply::from(broken), StreamReply::plan(&plan_json(1, 1)).into()]).await;
    let app = App::with(|options| {
        let often = std::time::Duration::from_millis(50);
        options.model(&model).metered().sweeps(often, often)
    })
    .await;
    let owner = payer(&app).await;
    let answer = owner.post(&format!("/v1/plans?model={DEAR}"), &plan_request()).await;
    let plan = answer.json()["id"].as_str().unwrap().to_owned();
    owner.settled(&plan).await;
    let rows = app.db().rows("select request_id, estimated from ai_usage_events order by created_at limit 1").await;
    let request: String = rows[0].try_get("", "request_id").unwrap();
    assert!(rows[0].try_get::<bool>("", "estimated").unwrap());
    model.generation_cost(
        &request,
        &json!({"total_cost": 0.25, "tokens_prompt": 700, "tokens_completion": 900,
        "native_tokens_prompt": 700, "native_tokens_completion": 900}),
    );
    waymark_testkit::wait::until("the provider was asked", async || {
        let asked =
            "select count(*) from ai_usage_events where not estimated and cost_microusd = 250000 and cost_cents = 25";
        (app.db().number(asked).await == 1).then_some(())
    })
    .await;
    let counted = "select (sum(m.ai_cost_microusd) - (select sum(cost_microusd) from ai_usage_events))::bigint from usage_metrics m";
    assert_eq!(app.db().number(counted).await, 0, "the month's spend moved by the difference");
}

#[tokio::test]
async fn a_regeneration_reserves_for_the_present_plan_too() {
    let model = ModelServer::start(StreamReply::plan(&plan_json(6, 6)).cost(0.0)).await;
    let app = App::with(|options| options.model(&model).metered()).await;
    let owner = payer(&app).await;
    let answer = owner.post(&format!("/v1/plans?model={DEAR}"), &plan_request()).await;
    let plan = answer.json()["id"].as_str().unwrap().to_owned();
    owner.settled(&plan).await;
    assert_eq!(owner.post(&format!("/v1/plans/{plan}/regenerate"), &json!({})).await.status, 202);
    owner.idle(&plan).await;
    let rows = "select amount_microusd from usage_reservations where kind = 'ai_spend' order by created_at";
    let amounts: Vec<i64> =
        app.db().rows(rows).await.iter().map(|row| row.try_get_by_index(0).expect("an amount")).collect();
    // The present plan's 36 titles of more than twenty letters, at three dollars a million tokens of at most three bytes.
    let least = 36 * 20 * 3 / 3;
    assert!(amounts[1] > amounts[0] + least, "{amounts:?}");
    let stored = "select count(*) from plan_generations where jsonb_array_length(prompt -> 'present') > 0";
    assert_eq!(app.db().number(stored).await, 0, "each attempt reads the present plan anew");
}
