//! What a learner is told of their use.

use serde_json::{Value, json};
use waymark_testkit::actor::Actor;
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Gate, ModelServer, StreamReply, plan_json};
use waymark_testkit::wait::until;

async fn usage(actor: &Actor) -> Value {
    let answer = actor.get("/v1/user/usage").await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn a_new_learner_has_used_nothing_of_the_free_limits() {
    let app = App::with(|options| options.hourly_generations(10)).await;
    let usage = usage(&app.owner()).await;
    let now = chrono::Utc::now();
    assert_eq!(usage["month"], now.format("%Y-%m").to_string());
    let resets: chrono::DateTime<chrono::Utc> = usage["resetsAt"].as_str().unwrap().parse().unwrap();
    assert!(resets > now && resets < now + chrono::Duration::days(32));
    assert_eq!(usage["tier"], "free");
    assert_eq!(usage["activePlans"], json!({"used": 0, "reserved": 0, "limit": 3}));
    assert_eq!(usage["regenerations"], json!({"used": 0, "reserved": 0, "limit": 5}));
    assert_eq!(usage["exports"], json!({"used": 0, "reserved": 0, "limit": 10}));
    assert_eq!(usage["aiSpend"], json!({"usedMicrousd": 0, "reservedMicrousd": 0, "limitMicrousd": 500_000}));
    assert_eq!(usage["generationsThisHour"], json!({"used": 0, "limit": 10}));
    assert_eq!(usage["models"], json!([]));
}

#[tokio::test]
async fn a_plan_is_reserved_while_it_is_generated_and_used_when_it_is_ready() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(2, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model).hourly_generations(10)).await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    let during = usage(&owner).await;
    assert_eq!(during["activePlans"], json!({"used": 0, "reserved": 1, "limit": 3}));
    assert_eq!(during["generationsThisHour"], json!({"used": 1, "limit": 10}));
    gate.open();
    assert_eq!(owner.settled(&plan).await["status"], "ready");
    let after = usage(&owner).await;
    assert_eq!(after["activePlans"], json!({"used": 1, "reserved": 0, "limit": 3}));
    assert_eq!(after["aiSpend"]["reservedMicrousd"], 0);
    let models = after["models"].as_array().unwrap();
    assert_eq!(models.len(), 1);
    assert_eq!((&models[0]["calls"], &models[0]["estimatedCalls"]), (&json!(1), &json!(0)));
    assert!(models[0]["outputTokens"].as_i64().unwrap() > 0, "{models:?}");
    // A stranger is told of their own use only.
    let strangers = usage(&app.stranger()).await;
    assert_eq!(strangers["activePlans"]["used"], 0);
    assert_eq!((&strangers["models"], &strangers["generationsThisHour"]["used"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn the_months_numbers_come_from_counters_open_reservations_and_calls() {
    let app = App::start().await;
    let owner = app.owner();
    let user = owner.get("/v1/user/profile").await.json()["id"].as_str().unwrap().to_owned();
    let month = chrono::Utc::now().format("%Y-%m").to_string();
    app.db()
        .run(&format!(
            "update users set subscription_tier = 'pro';
             insert into usage_metrics (user_id, month, regenerations_used, exports_used, ai_cost_microusd)
               values ('{user}', '{month}', 2, 3, 900), ('{user}', '2020-01', 40, 40, 40);
             insert into usage_reservations (user_id, month, kind, subject_id, state, expires_at, amount_microusd, created_at)
               select '{user}', case old when 0 then '{month}' else '2020-01' end, kind, gen_random_uuid(), state,
                 now() + interval '1 day', case kind when 'ai_spend' then 70 else 0 end, now() - interval '2 hours'
               from (values ('regeneration'), ('export'), ('ai_spend')) k (kind),
                 (values ('reserved'), ('settled'), ('released')) s (state), generate_series(0, 1) old;
             insert into ai_usage_events (user_id, provider, model, input_tokens, output_tokens, cost_microusd, estimated, created_at)
               values ('{user}', 'p', 'cheap', 1, 2, 3, false, now()), ('{user}', 'p', 'cheap', 10, 20, 30, true, now()),
                 ('{user}', 'p', 'dear', 5, 5, 500, false, now()), ('{user}', 'p', 'cheap', 9, 9, 9, false, '2020-01-15')"
        ))
        .await;
    let usage = usage(&owner).await;
    assert_eq!(usage["tier"], "pro");
    assert_eq!(usage["activePlans"]["limit"], Value::Null);
    assert_eq!(usage["regenerations"], json!({"used": 2, "reserved": 1, "limit": 50}));
    assert_eq!(usage["exports"], json!({"used": 3, "reserved": 1, "limit": null}));
    // Money is spoken for until the generation ends, also past the end of a month.
    assert_eq!(usage["aiSpend"], json!({"usedMicrousd": 900, "reservedMicrousd": 140, "limitMicrousd": 10_000_000}));
    assert_eq!(usage["generationsThisHour"], json!({"used": 0, "limit": null}));
    assert_eq!(
        usage["models"],
        json!([
            {"provider": "p", "model": "dear", "calls": 1, "inputTokens": 5, "outputTokens": 5, "costMicrousd": 500,
             "estimatedCalls": 0},
            {"provider": "p", "model": "cheap", "calls": 2, "inputTokens": 11, "outputTokens": 22, "costMicrousd": 33,
             "estimatedCalls": 1},
        ])
    );
}

#[tokio::test]
async fn a_plan_that_is_deleted_gives_its_place_back_but_not_its_cost() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    owner.settled(&plan).await;
    owner.delete(&format!("/v1/plans/{plan}")).await;
    let after = until("the plan is gone", async || {
        let usage = usage(&owner).await;
        (usage["activePlans"]["used"] == 0).then_some(usage)
    })
    .await;
    assert_eq!(after["generationsThisHour"]["used"], 1);
    assert_eq!(after["models"][0]["calls"], 1);
}
