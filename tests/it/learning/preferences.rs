//! What a person chooses for all their plans, and their name.

use super::send;
use reqwest::Method;
use serde_json::{Value, json};
use waymark_testkit::actor::{Actor, Answer, plan_request};
use waymark_testkit::app::App;
use waymark_testkit::model_server::{ModelServer, StreamReply, plan_json};

const PATH: &str = "/v1/user/preferences";

async fn change(actor: &Actor, body: &Value) -> Answer {
    send(actor, Method::PATCH, PATH, body).await
}

#[tokio::test]
async fn preferences_are_changed_member_by_member_and_are_each_persons_own() {
    let app = App::start().await;
    let owner = app.owner();
    let fresh = owner.get(PATH).await.json();
    let told = json!({ "planReady": true, "sessionReminders": true, "weeklySummary": true, "productNews": false });
    assert_eq!(
        fresh,
        json!({ "timezone": "UTC", "availability": null, "preferredModel": null, "notifications": told })
    );
    let availability = json!({
        "sessions": [{ "weekday": "tuesday", "start": "19:30", "minutes": 90 }], "blackoutDates": ["2026-12-24"],
    });
    let model = owner.get("/v1/models").await.json()["items"][0]["id"].clone();
    let body = json!({
        "timezone": "Pacific/Chatham", "availability": availability, "preferredModel": model,
        "notifications": { "weeklySummary": false },
    });
    let changed = change(&owner, &body).await;
    assert_eq!(changed.status.as_u16(), 200, "{}", changed.text);
    let mut expected = body.clone();
    expected["notifications"] = told;
    expected["notifications"]["weeklySummary"] = json!(false);
    assert_eq!((changed.json(), owner.get(PATH).await.json()), (expected.clone(), expected.clone()));

    let cleared = change(&owner, &json!({ "availability": null, "preferredModel": null })).await.json();
    expected["availability"] = Value::Null;
    expected["preferredModel"] = Value::Null;
    assert_eq!(cleared, expected);
    assert_eq!(app.stranger().get(PATH).await.json(), fresh);
}

#[tokio::test]
async fn a_preference_that_makes_no_sense_is_refused_by_name_and_nothing_is_stored() {
    let app = App::start().await;
    let owner = app.owner();
    let before = owner.get(PATH).await.json();
    let overlapping = json!({ "sessions": [
        { "weekday": "monday", "start": "09:00", "minutes": 60 }, { "weekday": "monday", "start": "09:59", "minutes": 15 }
    ] });
    for (body, field) in [
        (json!({ "timezone": "Mars/Olympus" }), "timezone"),
        (json!({ "timezone": "UTC", "availability": overlapping }), "availability.sessions[1].start"),
        (json!({ "notifications": { "spam": true } }), "notifications.spam"),
        (json!({ "tier": "pro" }), "tier"),
        (json!({}), "body"),
    ] {
        let refused = change(&owner, &body).await;
        assert_eq!(
            (refused.problem(400).as_str(), &refused.json()["errors"][0]["field"]),
            ("VALIDATION_FAILED", &json!(field))
        );
    }
    assert_eq!(change(&owner, &json!({ "preferredModel": "no/such" })).await.problem(400), "MODEL_INVALID");
    assert_eq!(owner.get(PATH).await.json(), before);
}

#[tokio::test]
async fn a_preferred_model_must_be_in_the_tier_and_is_used_when_a_request_names_none() {
    let model = ModelServer::start(StreamReply::plan(&plan_json(3, 2))).await;
    let app = App::with(|options| options.model(&model).metered()).await;
    let owner = app.owner();
    let paid = json!({ "preferredModel": "openai/gpt-5-mini" });
    assert_eq!(change(&owner, &paid).await.problem(403), "MODEL_NOT_ALLOWED_FOR_TIER");
    app.db().run("update users set subscription_tier = 'pro'").await;
    assert_eq!(change(&owner, &paid).await.status.as_u16(), 200);
    let created = owner.post("/v1/plans", &plan_request()).await.json();
    let plan = created["id"].as_str().unwrap();
    assert_eq!(owner.settled(plan).await["status"], "ready");
    let generations = owner.get(&format!("/v1/plans/{plan}/generations")).await.json();
    assert_eq!(generations["items"][0]["model"], "openai/gpt-5-mini");
}

#[tokio::test]
async fn a_name_is_changed_taken_away_and_repeated_once() {
    let app = App::start().await;
    let owner = app.owner();
    let rename = |name: Value| send_name(&owner, name);
    assert_eq!(rename(json!(" Ada Lovelace ")).await.json()["name"], "Ada Lovelace");
    let profile = owner.get("/v1/user/profile").await.json();
    assert_eq!((&profile["name"], &profile["email"]), (&json!("Ada Lovelace"), &json!("user_owner@example.com")));
    assert_eq!(rename(json!("a\nb")).await.problem(400), "VALIDATION_FAILED");
    let email =
        send(&owner, Method::PATCH, "/v1/user/profile", &json!({ "name": "A", "email": "x@example.com" })).await;
    assert_eq!(
        (email.problem(400).as_str(), &email.json()["errors"][0]["field"]),
        ("VALIDATION_FAILED", &json!("email"))
    );
    let keyed = |name: &str| {
        owner.request(Method::PATCH, "/v1/user/profile").header("idempotency-key", "k").json(&json!({ "name": name }))
    };
    let first = owner.send(keyed("Augusta")).await;
    assert_eq!(rename(Value::Null).await.json()["name"], Value::Null);
    let again = owner.send(keyed("Augusta")).await;
    assert_eq!((&again.text, again.header("idempotency-replayed")), (&first.text, "true"));
    assert_eq!(owner.get("/v1/user/profile").await.json()["name"], Value::Null);
    assert_eq!(owner.send(keyed("Byron")).await.problem(422), "IDEMPOTENCY_KEY_REUSED");
}

async fn send_name(actor: &Actor, name: Value) -> Answer {
    send(actor, Method::PATCH, "/v1/user/profile", &json!({ "name": name })).await
}
