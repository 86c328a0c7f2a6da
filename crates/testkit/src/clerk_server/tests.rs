//! The double itself: what the tests of accounts rely on.

use super::{ClerkEvent, ClerkServer, KEY};
use chrono::DateTime;
use serde_json::{Value, json};

async fn get(clerk: &ClerkServer, path: &str, key: &str) -> (u16, Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = client.get(clerk.url().join(path).unwrap()).bearer_auth(key).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_user_is_found_with_the_key_only() {
    let clerk = ClerkServer::start().await;
    let made = clerk.user("user_1", Some("ada@example.com"));
    assert_eq!(get(&clerk, "/v1/users/user_1", KEY).await, (200, made.clone()));
    assert_eq!(made["primary_email_address_id"], made["email_addresses"][0]["id"]);
    assert_eq!(get(&clerk, "/v1/users/user_1", "sk_test_other").await.0, 401);
    let changed = clerk.user("user_1", None);
    assert_eq!((&changed["created_at"], &changed["primary_email_address_id"]), (&made["created_at"], &Value::Null));
    assert!(changed["updated_at"].as_i64() > made["updated_at"].as_i64());
    assert_eq!(clerk.delete_user("user_1"), json!({"id": "user_1", "object": "user", "deleted": true}));
    let (status, body) = get(&clerk, "/v1/users/user_1", KEY).await;
    assert_eq!((status, &body["errors"][0]["code"]), (404, &json!("resource_not_found")));
    assert_eq!(clerk.requests().iter().map(|request| request.authorized).collect::<Vec<_>>(), [true, false, true]);
}

#[tokio::test]
async fn the_signature_is_that_of_svix() {
    let clerk = ClerkServer::start().await;
    // The example of Svix's documentation.
    let event = ClerkEvent { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".into(), payload: r#"{"test": 2432232314}"#.into() };
    let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
    let [id, time, signature] = clerk.signed(&event, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", at);
    assert_eq!(id, ("svix-id", event.id));
    assert_eq!(time, ("svix-timestamp", "1614265330".to_owned()));
    assert_eq!(signature, ("svix-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned()));
}
