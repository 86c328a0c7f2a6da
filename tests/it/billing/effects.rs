//! What an event does: the account becomes what the payment provider has, once.

use super::shop::{
    BY_PRODUCT, CHANGES, CHECKOUT, EVENTS, NOTHING, STRANGE, Shop, session, standing, subscription, wish,
};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use serde_json::{Value, json};
use waymark_testkit::outside::{PRO, STARTER};

/// When the learner's period ends, as they see it.
fn period_end(has: &Value) -> DateTime<Utc> {
    has["periodEnd"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_was_paid_for_is_had_as_soon_as_it_is_told() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let usage = async || owner.get("/v1/user/usage").await.json();
    let before = usage().await;
    assert_eq!((&before["tier"], &before["activePlans"]["limit"]), (&json!("free"), &json!(3)));
    let bought = shop.buy(&owner, PRO).await;
    let mut has = subscription(&owner).await;
    assert_eq!(period_end(&has), shop.stripe.subscriptions()[0].period_end);
    has["periodEnd"] = Value::Null;
    let expected = json!({"tier": "pro", "paidTier": "pro", "status": "active", "providerStatus": "active",
        "periodEnd": null, "cancelAtPeriodEnd": false, "hasPortal": true});
    assert_eq!(has, expected);
    let after = usage().await;
    assert_eq!((&after["tier"], &after["activePlans"]["limit"]), (&json!("pro"), &Value::Null));
    assert_eq!(shop.text("select stripe_subscription_id from users").await, bought);
    let profile = owner.get("/v1/user/profile").await;
    assert_eq!(profile.status.as_u16(), 200, "{}", profile.text);
}

#[tokio::test]
async fn the_other_learner_gets_nothing_of_it() {
    let shop = Shop::open().await;
    let stranger = shop.app.stranger();
    session(&stranger.post(CHECKOUT, &wish(PRO)).await);
    shop.buy(&shop.app.owner(), PRO).await;
    assert_eq!(standing(&stranger).await, NOTHING);
}

#[tokio::test]
async fn any_one_of_a_purchases_events_is_enough() {
    let shop = Shop::open().await;
    for kind in ["checkout.session.completed", "customer.subscription.created", "invoice.paid"] {
        let learner = shop.app.learner(&kind.replace('.', "_"));
        let told = shop.stripe.events().len();
        shop.pay(&learner, STARTER).await;
        let events = shop.stripe.events().split_off(told);
        let event = events.iter().find(|event| event.kind == kind).expect("such an event");
        assert_eq!(shop.stripe.deliver(shop.app.base(), event).await, 200);
        assert_eq!(standing(&learner).await, "starter starter active active", "{kind}");
    }
}

#[tokio::test]
async fn a_change_of_price_and_every_renewal_are_followed() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, STARTER).await;
    shop.stripe.set_price(&bought, PRO);
    shop.tell().await;
    assert_eq!(standing(&owner).await, "pro pro active active");
    let end = "2027-03-01T12:00:00Z".parse().unwrap();
    shop.stripe.set_period_end(&bought, end);
    shop.tell().await;
    assert_eq!(period_end(&subscription(&owner).await), end);
}

#[tokio::test]
async fn an_event_that_is_delivered_again_and_again_has_its_effect_once() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.pay(&owner, PRO).await;
    let paid = shop.stripe.events().pop().unwrap();
    for _ in 0..5 {
        assert_eq!(shop.stripe.deliver(shop.app.base(), &paid).await, 200);
    }
    assert_eq!((shop.number(EVENTS).await, shop.number(CHANGES).await), (1, 1));
    let asked = shop.asked("GET", "/v1/subscriptions").len();
    assert_eq!(asked, 1, "what is known already is not looked at again");
}

#[tokio::test]
async fn an_event_that_is_delivered_many_times_at_once_has_its_effect_once() {
    let shop = Shop::open().await;
    let other = shop.app.second_process(|options| options.workers(0)).await;
    let owner = shop.app.owner();
    for round in 1..=3 {
        let before = shop.number(EVENTS).await;
        let bought = if round == 1 { shop.pay(&owner, PRO).await } else { shop.stripe.subscriptions()[0].id.clone() };
        shop.stripe.set_price(&bought, if round % 2 == 0 { STARTER } else { PRO });
        let last = shop.stripe.events().pop().unwrap();
        let bases = [shop.app.base(), other.base()];
        let answers = join_all((0..5).map(|number| shop.stripe.deliver(bases[number % 2], &last))).await;
        assert_eq!(answers, [200; 5]);
        assert_eq!((shop.number(EVENTS).await - before, shop.number(CHANGES).await), (1, round));
    }
}

#[tokio::test]
async fn a_price_that_nobody_knows_changes_nothing() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, STARTER).await;
    let before = subscription(&owner).await;
    shop.stripe.set_price(&bought, STRANGE);
    shop.stripe.set_period_end(&bought, "2027-03-01T12:00:00Z".parse().unwrap());
    shop.tell().await;
    assert_eq!(subscription(&owner).await, before);
    assert_eq!(shop.number(CHANGES).await, 1, "the purchase");
    // Known again, the next event is followed.
    shop.stripe.set_price(&bought, PRO);
    shop.tell().await;
    assert_eq!(standing(&owner).await, "pro pro active active");
}

#[tokio::test]
async fn a_price_that_only_its_product_knows_counts_as_the_product_says() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, PRO).await;
    shop.stripe.set_price(&bought, BY_PRODUCT);
    shop.tell().await;
    assert_eq!(standing(&owner).await, "starter starter active active");
    // The settings go before the product's word.
    shop.stripe.product("prod_pro", Some("starter"));
    shop.stripe.set_price(&bought, PRO);
    shop.tell().await;
    assert_eq!(standing(&owner).await, "pro pro active active");
    // A tier that does not exist is none.
    shop.stripe.product("prod_by_product", Some("platinum"));
    shop.stripe.set_price(&bought, BY_PRODUCT);
    shop.tell().await;
    assert_eq!(standing(&owner).await, "pro pro active active");
}

#[tokio::test]
async fn a_status_that_nobody_knows_changes_nothing() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, PRO).await;
    let before = subscription(&owner).await;
    shop.stripe.invent_status(&bought, "hibernating");
    shop.tell().await;
    assert_eq!((subscription(&owner).await, shop.number(CHANGES).await), (before, 1));
}

#[tokio::test]
async fn an_event_whose_look_at_the_provider_fails_has_its_effect_the_next_time() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.pay(&owner, PRO).await;
    let paid = shop.stripe.events().pop().unwrap();
    for (times, status) in [(3, 503), (3, 429), (6, 500)] {
        shop.stripe.fail_next("GET /v1/subscriptions", times, status);
        assert_eq!(shop.stripe.deliver(shop.app.base(), &paid).await, 503, "{status}");
        if status == 500 {
            assert_eq!(shop.stripe.deliver(shop.app.base(), &paid).await, 503, "{status}");
        }
        assert_eq!((shop.number(EVENTS).await, standing(&owner).await.as_str()), (0, NOTHING), "{status}");
    }
    assert_eq!(shop.stripe.deliver(shop.app.base(), &paid).await, 200);
    assert_eq!((shop.number(EVENTS).await, standing(&owner).await.as_str()), (1, "pro pro active active"));
}
