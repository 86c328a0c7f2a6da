//! Who may tell of people: only who has the secret, lately, and about exactly these bytes.

use super::{OWNER, Stage};
use chrono::{TimeDelta, Utc};
use waymark_testkit::actor::Answer;
use waymark_testkit::app::App;
use waymark_testkit::clerk_server::{ClerkEvent, ClerkServer};

const ANOTHER: &str = "whsec_YW5vdGhlciBzZWNyZXQgb2YgYW5vdGhlciBlbmRwb2ludA==";

type Headers = Vec<(&'static str, String)>;

async fn post(app: &App, headers: &[(&'static str, String)], payload: impl Into<reqwest::Body>) -> Answer {
    let nobody = app.anonymous();
    let request = nobody.request(reqwest::Method::POST, "/webhooks/clerk").header("content-type", "application/json");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    nobody.send(request.body(payload)).await
}

fn signed(clerk: &ClerkServer, event: &ClerkEvent, secret: &str, seconds: i64) -> Headers {
    clerk.signed(event, secret, Utc::now() + TimeDelta::seconds(seconds)).to_vec()
}

fn with(mut headers: Headers, name: &str, value: &str) -> Headers {
    headers.iter_mut().filter(|(known, _)| *known == name).for_each(|(_, old)| value.clone_into(old));
    headers
}

#[tokio::test]
async fn what_is_not_signed_by_the_identity_provider_now_is_refused() {
    let stage = Stage::new().await;
    let (clerk, secret) = (&stage.clerk, stage.clerk.webhook_secret());
    let event = stage.event("user.created", OWNER, None, 1);
    let good = signed(clerk, &event, secret, 0);
    let without = |name: &str| good.iter().filter(|(known, _)| *known != name).cloned().collect::<Headers>();
    let twice = |name: &str| {
        let again = good.iter().filter(|(known, _)| *known == name).cloned();
        good.iter().cloned().chain(again).collect::<Headers>()
    };
    for (what, headers) in [
        ("no headers", Vec::new()),
        ("no id", without("svix-id")),
        ("no time", without("svix-timestamp")),
        ("no signature", without("svix-signature")),
        ("two ids", twice("svix-id")),
        ("two times", twice("svix-timestamp")),
        ("two headers of signatures", twice("svix-signature")),
        ("another id", with(good.clone(), "svix-id", "msg_another")),
        ("another time", with(good.clone(), "svix-timestamp", &(Utc::now().timestamp() + 1).to_string())),
        ("no number", with(good.clone(), "svix-timestamp", "now")),
        ("another secret", signed(clerk, &event, ANOTHER, 0)),
        ("six minutes old", signed(clerk, &event, secret, -360)),
        ("six minutes ahead", signed(clerk, &event, secret, 360)),
        ("another scheme", with(good.clone(), "svix-signature", &good[2].1.replace("v1,", "v1a,"))),
        ("nonsense", with(good.clone(), "svix-signature", "v1,nonsense")),
        ("empty", with(good.clone(), "svix-signature", "")),
    ] {
        assert_eq!(post(&stage.app, &headers, event.payload.clone()).await.problem(400), "SIGNATURE_INVALID", "{what}");
    }
    let tampered = event.payload.replace(OWNER, "user_other");
    assert_eq!(post(&stage.app, &good, tampered).await.problem(400), "SIGNATURE_INVALID");
    let blank = format!("{} ", event.payload);
    assert_eq!(post(&stage.app, &good, blank).await.problem(400), "SIGNATURE_INVALID");
    assert_eq!((stage.count("users").await, stage.count("clerk_webhook_events").await), (0, 0));
    let taken = post(&stage.app, &good, event.payload).await;
    assert_eq!((taken.status.as_u16(), taken.json()), (200, serde_json::json!({"received": true})));
}

#[tokio::test]
async fn one_good_signature_among_several_is_enough_within_five_minutes() {
    let stage = Stage::new().await;
    let (clerk, secret) = (&stage.clerk, stage.clerk.webhook_secret());
    for (number, seconds) in [-290, 0, 290].into_iter().enumerate() {
        let event = stage.event("user.created", &format!("user_{number}"), None, 1);
        let good = signed(clerk, &event, secret, seconds);
        let bad = &signed(clerk, &event, ANOTHER, seconds)[2].1;
        let both = with(good.clone(), "svix-signature", &format!("{bad} v1a,x {}", good[2].1));
        assert_eq!(post(&stage.app, &both, event.payload).await.status.as_u16(), 200, "{seconds}");
    }
    assert_eq!(stage.count("users").await, 3);
}

#[tokio::test]
async fn each_of_two_secrets_is_good_while_they_are_changed() {
    let clerk = ClerkServer::start().await;
    let app = App::with(|options| options.clerk_secrets(&[ANOTHER, clerk.webhook_secret()])).await;
    for (secret, status) in [(ANOTHER, 200), (clerk.webhook_secret(), 200), ("whsec_bm9uZSBvZiB0aGVt", 400)] {
        let event = clerk.event("user.created", &clerk.user(OWNER, None));
        let answer = post(&app, &signed(&clerk, &event, secret, 0), event.payload).await;
        assert_eq!(answer.status.as_u16(), status, "{secret}: {}", answer.text);
    }
}

#[tokio::test]
async fn without_a_secret_there_are_no_webhooks() {
    let (clerk, app) = (ClerkServer::start().await, App::start().await);
    let event = clerk.event("user.created", &clerk.user(OWNER, None));
    for headers in [signed(&clerk, &event, clerk.webhook_secret(), 0), Vec::new()] {
        assert_eq!(post(&app, &headers, event.payload.clone()).await.problem(503), "NOT_CONFIGURED");
    }
    assert_eq!(app.db().number("select count(*) from users").await, 0);
}

#[tokio::test]
async fn an_event_may_have_256_kb_and_no_more() {
    let stage = Stage::new().await;
    let sized = |bytes: usize| {
        let mut person = stage.person(OWNER, None, 1);
        let empty = stage.clerk.event("user.created", &person).payload.len();
        person["image_url"] = "x".repeat(bytes - empty).into();
        stage.clerk.event("user.created", &person)
    };
    let most = 256 * 1024;
    for (bytes, status) in [(most + 1, 413), (4 * most, 413), (most, 200)] {
        let event = sized(bytes);
        assert_eq!(event.payload.len(), bytes);
        let headers = signed(&stage.clerk, &event, stage.clerk.webhook_secret(), 0);
        let answer = post(&stage.app, &headers, event.payload).await;
        assert_eq!(answer.status.as_u16(), status, "{bytes}: {}", answer.text);
        assert_eq!(stage.count("users").await, i64::from(status == 200));
    }
}
