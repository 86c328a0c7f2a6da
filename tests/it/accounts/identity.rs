//! What of the identity provider's data becomes an account's address and name.

use super::{OWNER, Stage};
use reqwest::Method;
use serde_json::{Value, json};

const OTHER: &str = "user_other";

/// A user object's list of addresses; the second of each is its verification's status.
fn list(addresses: &[(&str, Value)]) -> Value {
    let entries = addresses.iter().enumerate().map(|(number, (address, status))| {
        let verification = if status.is_null() { Value::Null } else { json!({"status": status, "strategy": "email_code"}) };
        json!({"id": format!("idn_{number}"), "object": "email_address", "email_address": address, "verification": verification})
    });
    entries.collect()
}

#[tokio::test]
async fn the_address_is_the_primary_one_when_it_is_there_and_verified() {
    let stage = Stage::new().await;
    let two = list(&[("first@example.com", json!("verified")), ("Second@Example.com", json!("verified"))]);
    let unverified = list(&[("first@example.com", json!("verified")), ("second@example.com", json!("unverified"))]);
    let expired = list(&[("first@example.com", json!("verified")), ("second@example.com", json!("expired"))]);
    let without = list(&[("first@example.com", json!("verified")), ("second@example.com", Value::Null)]);
    for (at, (addresses, primary, expected)) in (1_i64..).zip([
        (&two, json!("idn_1"), Some("second@example.com")),
        (&two, json!("idn_0"), Some("first@example.com")),
        (&two, json!("idn_2"), None),
        (&two, Value::Null, None),
        (&unverified, json!("idn_1"), None),
        (&unverified, json!("idn_0"), Some("first@example.com")),
        (&expired, json!("idn_1"), None),
        (&without, json!("idn_1"), Some("second@example.com")),
        (&Value::Null, json!("idn_1"), None),
        (&json!([]), json!("idn_1"), None),
        (&list(&[("no address", json!("verified"))]), json!("idn_0"), None),
    ]) {
        let mut person = stage.person(OWNER, None, at);
        person["email_addresses"] = addresses.clone();
        person["primary_email_address_id"] = primary;
        stage.tell(&stage.clerk.event("user.updated", &person)).await;
        assert_eq!(stage.email(OWNER).await.as_deref(), expected, "{at}: {person}");
    }
}

#[tokio::test]
async fn an_address_belongs_to_whom_it_was_told_of_last() {
    let stage = Stage::new().await;
    let told = async |subject: &str, at: i64| {
        stage.tell(&stage.event("user.updated", subject, Some("shared@example.com"), at)).await;
        (stage.email(OWNER).await.is_some(), stage.email(OTHER).await.is_some())
    };
    stage.tell(&stage.event("user.created", OTHER, None, 1)).await;
    assert_eq!(told(OWNER, 5).await, (true, false));
    assert_eq!(told(OTHER, 4).await, (true, false), "older news do not take it");
    assert_eq!(told(OTHER, 6).await, (false, true), "newer do");
    assert_eq!(told(OWNER, 5).await, (false, true));
    assert_eq!(told(OWNER, 7).await, (true, false));
}

#[tokio::test]
async fn an_address_that_only_a_token_told_of_goes_to_whom_the_identity_provider_names() {
    let stage = Stage::new().await;
    stage.app.owner().get("/v1/user/profile").await;
    let address = stage.email(OWNER).await.expect("the token's");
    stage.tell(&stage.event("user.created", OTHER, Some(&address), 1)).await;
    assert_eq!((stage.email(OWNER).await, stage.email(OTHER).await), (None, Some(address.clone())));
    // And no other way round.
    stage.tell(&stage.event("user.created", "user_third", Some("user_fourth@example.com"), 1)).await;
    let profile = stage.app.learner("user_fourth").get("/v1/user/profile").await;
    assert_eq!((profile.status.as_u16(), &profile.json()["email"]), (200, &Value::Null));
    assert_eq!(stage.email("user_third").await.as_deref(), Some("user_fourth@example.com"));
}

#[tokio::test]
async fn an_address_goes_back_and_forth_with_upper_case_letters_in_it() {
    let stage = Stage::new().await;
    stage.tell(&stage.event("user.created", OWNER, Some("Shared@Example.COM"), 1)).await;
    stage.tell(&stage.event("user.created", OTHER, Some("shared@EXAMPLE.com"), 2)).await;
    assert_eq!((stage.email(OWNER).await, stage.email(OTHER).await.as_deref()), (None, Some("shared@example.com")));
}

#[tokio::test]
async fn a_name_follows_the_identity_provider_until_the_person_chooses_one() {
    let stage = Stage::new().await;
    let told = async |at: i64, first: Value, last: Value, username: Value| {
        let mut person = stage.person(OWNER, None, at);
        (person["first_name"], person["last_name"], person["username"]) = (first, last, username);
        stage.tell(&stage.clerk.event("user.updated", &person)).await;
        stage.identity(OWNER).await.unwrap().1
    };
    assert_eq!(told(1, json!("Ada"), json!("Byron"), json!("ada")).await.as_deref(), Some("Ada Byron"));
    assert_eq!(told(2, json!("Ada"), json!("King"), Value::Null).await.as_deref(), Some("Ada King"));
    assert_eq!(told(3, Value::Null, Value::Null, json!("ada")).await.as_deref(), Some("ada"));
    assert_eq!(told(4, Value::Null, json!(" "), Value::Null).await, None);
    assert_eq!(told(5, json!("Ada"), Value::Null, Value::Null).await.as_deref(), Some("Ada"));

    let owner = stage.app.owner();
    let rename = owner.request(Method::PATCH, "/v1/user/profile").json(&json!({"name": "Countess"}));
    assert_eq!(owner.send(rename).await.status.as_u16(), 200);
    assert_eq!(told(6, json!("Ada"), json!("Lovelace"), Value::Null).await.as_deref(), Some("Countess"));
    assert_eq!(told(7, Value::Null, Value::Null, Value::Null).await.as_deref(), Some("Countess"));
    let forget = owner.request(Method::PATCH, "/v1/user/profile").json(&json!({"name": null}));
    assert_eq!(owner.send(forget).await.status.as_u16(), 200);
    assert_eq!(told(8, json!("Ada"), json!("Lovelace"), Value::Null).await.as_deref(), Some("Ada Lovelace"));
    let forget = owner.request(Method::PATCH, "/v1/user/profile").json(&json!({"name": null}));
    assert_eq!(owner.send(forget).await.status.as_u16(), 200);
    assert_eq!(told(9, json!("Ada"), json!("King"), Value::Null).await, None, "what was taken away stays away");
}
