//! A downgrade: what is there stays and can be worked on; what is new is refused, and the refusal says why.

use super::shop::Shop;
use serde_json::{Value, json};
use waymark_testkit::actor::{Actor, plan_request};
use waymark_testkit::outside::{PRO, STARTER};

/// A learner with `plans` ready plans who has paid for pro. Returns the subscription and the plans.
async fn rich(shop: &Shop, owner: &Actor, plans: usize) -> (String, Vec<String>) {
    let bought = shop.buy(owner, PRO).await;
    let mut ids = Vec::new();
    for _ in 0..plans {
        let plan = owner.create_plan().await;
        assert_eq!(owner.settled(&plan).await["status"], "ready");
        ids.push(plan);
    }
    (bought, ids)
}

#[tokio::test]
async fn every_plan_is_kept_and_no_new_one_is_made() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let (bought, plans) = rich(&shop, &owner, 5).await;
    shop.stripe.cancel(&bought);
    shop.tell().await;
    let refused = owner.post("/v1/plans", &plan_request()).await;
    assert_eq!(refused.problem(403), "QUOTA_EXCEEDED");
    let problem = refused.json();
    assert_eq!((&problem["limit"], &problem["used"]), (&json!(3), &json!(5)));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("5 of 3 active plans") && detail.contains("tier"), "{detail}");

    let listed = owner.get("/v1/plans").await.json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(5), "{listed}");
    for plan in &plans {
        let read = owner.get(&format!("/v1/plans/{plan}")).await;
        assert_eq!((read.status.as_u16(), &read.json()["status"]), (200, &json!("ready")), "{}", read.text);
    }
    let usage = owner.get("/v1/user/usage").await.json();
    assert_eq!(usage["activePlans"], json!({"used": 5, "reserved": 0, "limit": 3}));
    assert_eq!(shop.number("select count(*) from learning_plans").await, 5);
}

#[tokio::test]
async fn the_plans_that_are_there_are_worked_on_within_the_limits_of_the_lower_tier() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let (bought, plans) = rich(&shop, &owner, 4).await;
    shop.stripe.cancel(&bought);
    shop.tell().await;
    let path = format!("/v1/plans/{}", plans[0]);
    let task = owner.get(&path).await.json()["modules"][0]["tasks"][0]["id"].as_str().unwrap().to_owned();
    let progress = owner.request(reqwest::Method::PUT, &format!("/v1/tasks/{task}/progress"));
    let recorded = owner.send(progress.json(&json!({"status": "completed"}))).await;
    assert_eq!(recorded.status.as_u16(), 200, "{}", recorded.text);
    let again = owner.post(&format!("{path}/regenerate"), &json!({})).await;
    assert_eq!(again.status.as_u16(), 202, "{}", again.text);
    owner.idle(&plans[0]).await;
    assert_eq!(owner.get(&path).await.json()["status"], "ready");
    assert_eq!(owner.get("/v1/user/usage").await.json()["regenerations"]["limit"], 5);
    shop.app.db().run("update usage_metrics set regenerations_used = 5").await;
    let refused = owner.post(&format!("{path}/regenerate"), &json!({})).await;
    assert_eq!(refused.problem(403), "QUOTA_EXCEEDED");
    assert_eq!((&refused.json()["limit"], &refused.json()["used"]), (&json!(5), &json!(5)));
}

#[tokio::test]
async fn with_fewer_plans_there_is_room_again() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let (bought, plans) = rich(&shop, &owner, 4).await;
    shop.stripe.cancel(&bought);
    shop.tell().await;
    owner.delete(&format!("/v1/plans/{}", plans[0])).await;
    assert_eq!(owner.post("/v1/plans", &plan_request()).await.problem(403), "QUOTA_EXCEEDED", "three are the limit");
    owner.delete(&format!("/v1/plans/{}", plans[1])).await;
    owner.create_plan().await;
}

#[tokio::test]
async fn arrears_beyond_the_period_stop_new_plans_until_they_are_paid() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let (bought, _) = rich(&shop, &owner, 3).await;
    shop.stripe.set_status(&bought, "past_due");
    shop.tell().await;
    owner.create_plan().await;
    shop.app.db().run("update users set subscription_period_end = now() - interval '1 second'").await;
    assert_eq!(owner.post("/v1/plans", &plan_request()).await.problem(403), "QUOTA_EXCEEDED");
    shop.stripe.set_status(&bought, "active");
    shop.tell().await;
    owner.create_plan().await;
}

#[tokio::test]
async fn a_step_down_to_the_middle_has_the_middles_limits() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let (bought, _) = rich(&shop, &owner, 1).await;
    shop.stripe.set_price(&bought, STARTER);
    shop.tell().await;
    let usage: Value = owner.get("/v1/user/usage").await.json();
    assert_eq!((&usage["tier"], &usage["activePlans"]["limit"]), (&json!("starter"), &json!(10)));
}
