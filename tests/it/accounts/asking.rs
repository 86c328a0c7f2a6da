//! Asking the identity provider for the address that a token does not carry. No request depends on its answer.

use super::OWNER;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use waymark_testkit::actor::Actor;
use waymark_testkit::app::App;
use waymark_testkit::clerk_server::{ClerkRequest, ClerkServer};

const PATH: &str = "/v1/users/user_owner";

/// An application that asks, and its server.
async fn stage() -> (ClerkServer, App) {
    let clerk = ClerkServer::start().await;
    let app = App::with(|options| options.clerk(&clerk, true)).await;
    (clerk, app)
}

/// A learner whose token carries no address.
fn nameless(app: &App, subject: &str) -> Actor {
    Actor::new(app.base(), Some(app.options().token_without_email(subject)))
}

/// The address in the profile.
async fn email(actor: &Actor) -> Value {
    let profile = actor.get("/v1/user/profile").await;
    assert_eq!(profile.status.as_u16(), 200, "{}", profile.text);
    profile.json()["email"].clone()
}

#[tokio::test]
async fn a_missing_address_is_asked_for_with_the_key_when_a_person_is_first_seen() {
    let (clerk, app) = stage().await;
    clerk.user(OWNER, Some("Ada@Example.com"));
    assert_eq!(email(&nameless(&app, OWNER)).await, "ada@example.com", "in the first answer already");
    let asked = ClerkRequest { method: "GET".to_owned(), path: PATH.to_owned(), authorized: true };
    assert_eq!(clerk.requests(), [asked]);
}

#[tokio::test]
async fn nobody_is_asked_twice_within_a_minute() {
    let (clerk, app) = stage().await;
    let owner = nameless(&app, OWNER);
    let all = futures_util::future::join_all((0..20).map(|_| email(&owner))).await;
    assert!(all.iter().all(Value::is_null), "{all:?}");
    assert_eq!(email(&owner).await, Value::Null);
    assert_eq!(clerk.requests().len(), 1);
}

#[tokio::test]
async fn nobody_is_asked_about_an_address_that_is_known() {
    let (clerk, app) = stage().await;
    clerk.user(OWNER, Some("another@example.com"));
    assert_eq!(email(&app.owner()).await, "user_owner@example.com", "the token's");
    let event = clerk.event("user.created", &clerk.user("user_told", Some("told@example.com")));
    assert_eq!(clerk.deliver(app.base(), &event).await, 200);
    assert_eq!(email(&nameless(&app, "user_told")).await, "told@example.com");
    let other = app.second_process(|options| options).await;
    assert_eq!(email(&nameless(&app, OWNER).at(other.base())).await, "user_owner@example.com");
    assert_eq!(clerk.requests(), []);
}

#[tokio::test]
async fn nobody_is_asked_without_a_key() {
    let clerk = ClerkServer::start().await;
    let app = App::with(|options| options.clerk(&clerk, false)).await;
    clerk.user(OWNER, Some("ada@example.com"));
    assert_eq!(email(&nameless(&app, OWNER)).await, Value::Null);
    assert_eq!(clerk.requests(), []);
}

#[tokio::test]
async fn a_server_that_fails_hangs_up_or_knows_nobody_costs_only_the_address() {
    let (clerk, app) = stage().await;
    clerk.fail_next("/v1/users/user_500", 5, 500);
    clerk.fail_next("/v1/users/user_429", 5, 429);
    clerk.fail_next("/v1/users/user_401", 5, 401);
    clerk.drop_next("/v1/users/user_cut", 5);
    clerk.put_user("user_list", json!([]));
    clerk.put_user("user_text", json!("no user"));
    let mut another = clerk.user("user_another", Some("another@example.com"));
    another["id"] = json!("user_swapped");
    clerk.put_user("user_swap", another);
    let mut large = clerk.user("user_large", Some("large@example.com"));
    large["image_url"] = "x".repeat(300 * 1024).into();
    clerk.put_user("user_large", large);
    for name in ["500", "429", "401", "cut", "404", "list", "text", "swap", "large"] {
        let subject = format!("user_{name}");
        if !["404", "list", "text", "swap", "large"].contains(&name) {
            clerk.user(&subject, Some("somebody@example.com"));
        }
        assert_eq!(email(&nameless(&app, &subject)).await, Value::Null, "{name}");
    }
    assert_eq!(app.db().number("select count(*) from users where email is null").await, 9);
}

#[tokio::test]
async fn a_server_that_is_away_costs_only_the_address() {
    let (clerk, app) = stage().await;
    drop(clerk);
    assert_eq!(email(&nameless(&app, OWNER)).await, Value::Null);
}

#[tokio::test]
async fn a_silent_server_costs_a_first_request_three_seconds_at_most_and_the_next_nothing() {
    let (clerk, app) = stage().await;
    clerk.user(OWNER, Some("ada@example.com"));
    let hold = clerk.hold(PATH);
    let owner = nameless(&app, OWNER);
    let begun = Instant::now();
    assert_eq!(email(&owner).await, Value::Null);
    let first = begun.elapsed();
    assert!(first < Duration::from_secs(10), "{first:?}");
    let begun = Instant::now();
    assert_eq!(email(&owner).await, Value::Null);
    assert!(begun.elapsed() < first, "it is not asked again");
    assert_eq!(clerk.requests().len(), 1);
    drop(hold);
}

#[tokio::test]
async fn what_was_asked_for_is_dated_and_takes_nothing_from_anybody_newer() {
    let (clerk, app) = stage().await;
    let tell = async |event| assert_eq!(clerk.deliver(app.base(), &event).await, 200);
    let mut old = clerk.user(OWNER, Some("shared@example.com"));
    old["updated_at"] = json!(1_780_000_000_000_i64);
    clerk.put_user(OWNER, old.clone());
    tell(clerk.event("user.created", &clerk.user("user_newer", Some("shared@example.com")))).await;
    assert_eq!(email(&nameless(&app, OWNER)).await, Value::Null);
    assert_eq!(email(&nameless(&app, "user_newer")).await, "shared@example.com");

    clerk.user("user_late", Some("late@example.com"));
    assert_eq!(email(&nameless(&app, "user_late")).await, "late@example.com");
    old["id"] = json!("user_late");
    tell(clerk.event("user.updated", &old)).await;
    assert_eq!(email(&nameless(&app, "user_late")).await, "late@example.com", "older news");
}

#[tokio::test]
async fn a_person_who_is_erased_while_the_server_is_asked_does_not_come_back() {
    let (clerk, app) = stage().await;
    clerk.user(OWNER, Some("ada@example.com"));
    let hold = clerk.hold(PATH);
    let owner = nameless(&app, OWNER);
    let asking = tokio::spawn({
        let owner = owner.clone();
        async move { owner.get("/v1/user/profile").await.status.as_u16() }
    });
    hold.arrived().await;
    let deletion = clerk.event("user.deleted", &clerk.delete_user(OWNER));
    assert_eq!(clerk.deliver(app.base(), &deletion).await, 200);
    hold.release();
    assert_eq!(asking.await.unwrap(), 403);
    assert_eq!(app.db().number("select count(*) from users").await, 0);
    assert_eq!(owner.get("/v1/user/profile").await.problem(403), "ACCOUNT_ERASED");
}
