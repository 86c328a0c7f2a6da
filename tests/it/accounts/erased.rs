//! An erased person stays away: whatever is told, whatever they ask, wherever.

use super::{OWNER, Stage};
use reqwest::Method;
use serde_json::json;
use waymark_testkit::actor::{Actor, plan_request};
use waymark_testkit::outside::STARTER;
use waymark_testkit::stripe_server::StripeServer;

const PROFILE: &str = "/v1/user/profile";

async fn is_erased(actor: &Actor) {
    assert_eq!(actor.get(PROFILE).await.problem(403), "ACCOUNT_ERASED");
    assert_eq!(actor.get("/v1/plans").await.problem(403), "ACCOUNT_ERASED");
    assert_eq!(actor.post("/v1/plans", &plan_request()).await.problem(403), "ACCOUNT_ERASED");
}

#[tokio::test]
async fn neither_events_nor_tokens_bring_an_erased_person_back() {
    let stage = Stage::new().await;
    let owner = stage.app.owner();
    assert_eq!(owner.get(PROFILE).await.status.as_u16(), 200);
    stage.tell(&stage.deletion(OWNER)).await;
    for event in [
        stage.event("user.created", OWNER, Some("ada@example.com"), 1),
        stage.event("user.updated", OWNER, Some("ada@example.com"), 100_000),
    ] {
        stage.tell(&event).await;
        assert_eq!(stage.count("users").await, 0);
    }
    is_erased(&owner).await;
    let fresh = stage.app.second_process(|options| options).await;
    is_erased(&owner.at(fresh.base())).await;
    assert_eq!(stage.count("users").await, 0);
}

#[tokio::test]
async fn a_person_who_was_never_here_can_be_erased_before_they_come() {
    let stage = Stage::new().await;
    stage.tell(&stage.deletion(OWNER)).await;
    assert_eq!((stage.count("deleted_users").await, stage.count("audit_log").await), (1, 0));
    stage.tell(&stage.event("user.created", OWNER, None, 1)).await;
    is_erased(&stage.app.owner()).await;
    assert_eq!(stage.count("users").await, 0);
}

#[tokio::test]
async fn another_person_takes_the_address_of_an_erased_one() {
    let stage = Stage::new().await;
    stage.tell(&stage.event("user.created", OWNER, Some("ada@example.com"), 5)).await;
    stage.tell(&stage.deletion(OWNER)).await;
    stage.tell(&stage.event("user.created", "user_second", Some("ada@example.com"), 3)).await;
    assert_eq!(stage.email("user_second").await.as_deref(), Some("ada@example.com"));
}

/// Another process believes in a person for a minute more; whatever it is asked for then, it says that they are gone, and
/// nothing of them comes to be.
#[tokio::test]
async fn a_process_that_still_believes_in_a_person_does_nothing_for_them() {
    let stripe = StripeServer::start().await;
    stripe.product("prod_starter", Some("starter"));
    stripe.price(STARTER, "prod_starter");
    let stage = Stage::with(|options| options.stripe(&stripe)).await;
    let other = stage.app.second_process(|options| options).await;
    let believed = stage.app.owner().at(other.base());
    assert_eq!(believed.get(PROFILE).await.status.as_u16(), 200);
    stage.tell(&stage.deletion(OWNER)).await;

    let checkout = json!({"priceId": STARTER, "successUrl": "/paid", "cancelUrl": "/"});
    let portal = json!({"returnUrl": "/"});
    let name = json!({"name": "Ada"});
    let zone = json!({"timezone": "Europe/Oslo"});
    for key in [None, Some("0199a1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b")] {
        for (method, path, body) in [
            (Method::POST, "/v1/plans", plan_request()),
            (Method::POST, "/v1/plans/stream", plan_request()),
            (Method::PATCH, PROFILE, name.clone()),
            (Method::PATCH, "/v1/user/preferences", zone.clone()),
            (Method::POST, "/v1/stripe/create-checkout", checkout.clone()),
            (Method::POST, "/v1/stripe/create-portal", portal.clone()),
        ] {
            let mut request = believed.request(method.clone(), path).json(&body);
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            let answer = believed.send(request).await;
            assert_eq!(answer.problem(403), "ACCOUNT_ERASED", "{method} {path} {key:?}");
        }
    }
    for path in [PROFILE, "/v1/user/preferences", "/v1/user/usage", "/v1/user/subscription"] {
        assert_eq!(believed.get(path).await.problem(403), "ACCOUNT_ERASED", "{path}");
    }
    let plans = believed.get("/v1/plans").await;
    assert_eq!((plans.status.as_u16(), &plans.json()["items"]), (200, &json!([])));
    assert_eq!(stripe.customers(), [], "nobody was told of them");
    for table in ["users", "learning_plans", "job_queue where user_id is not null", "idempotency_keys"] {
        assert_eq!(stage.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_checkout_that_is_being_made_while_the_person_is_erased_is_closed_again() {
    let stripe = StripeServer::start().await;
    stripe.product("prod_starter", Some("starter"));
    stripe.price(STARTER, "prod_starter");
    let stage = Stage::with(|options| options.stripe(&stripe)).await;
    let owner = stage.app.owner();
    for (place, key) in [
        ("POST /v1/checkout/sessions", None),
        ("POST /v1/checkout/sessions", Some("0199a1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b")),
    ] {
        let owner = if key.is_some() { stage.app.stranger() } else { owner.clone() };
        let subject = if key.is_some() { "user_stranger" } else { OWNER };
        let hold = stripe.hold(place);
        let asking = tokio::spawn(async move {
            let checkout = json!({"priceId": STARTER, "successUrl": "/paid", "cancelUrl": "/"});
            let mut request = owner.request(Method::POST, "/v1/stripe/create-checkout").json(&checkout);
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            owner.send(request).await
        });
        hold.arrived().await;
        stage.tell(&stage.deletion(subject)).await;
        hold.release();
        assert_eq!(asking.await.unwrap().problem(403), "ACCOUNT_ERASED");
    }
    let open = stripe.sessions().into_iter().filter(|session| session.status == "open").count();
    assert_eq!((stripe.sessions().len(), open), (2, 0), "nobody pays for somebody who is gone");
}
