//! A subscription's life as its learner sees it: cancellations to come, arrears, ends, and more than one of them.

use super::shop::{CHANGES, CHECKOUT, NOTHING, Shop, session, standing, subscription, wish};
use chrono::{TimeDelta, Utc};
use waymark_testkit::outside::{PRO, STARTER};

#[tokio::test]
async fn a_cancellation_to_come_is_told_in_both_of_the_providers_forms() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, PRO).await;
    let end = shop.stripe.subscriptions()[0].period_end;
    let cancels = async || {
        shop.tell().await;
        subscription(&owner).await["cancelAtPeriodEnd"].as_bool().unwrap()
    };
    shop.stripe.cancel_at_period_end(&bought, true);
    assert!(cancels().await, "the older form");
    shop.stripe.cancel_at_period_end(&bought, false);
    assert!(!cancels().await, "taken back");
    shop.stripe.cancel_at(&bought, Some(end));
    assert!(cancels().await, "the portal's form");
    assert_eq!(standing(&owner).await, "pro pro active active", "until then all stays");
    shop.stripe.cancel_at(&bought, None);
    assert!(!cancels().await, "taken back");
    assert_eq!(shop.number(CHANGES).await, 5);
}

#[tokio::test]
async fn what_is_owed_is_had_until_the_period_ends_and_then_no_longer() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, PRO).await;
    shop.stripe.set_status(&bought, "past_due");
    shop.tell().await;
    assert_eq!(standing(&owner).await, "pro pro past_due past_due");
    shop.stripe.set_period_end(&bought, Utc::now() - TimeDelta::seconds(1));
    shop.tell().await;
    assert_eq!(standing(&owner).await, "free pro past_due past_due");
    assert_eq!(owner.get("/v1/user/usage").await.json()["tier"], "free", "the limits follow");
    // Paid after all.
    shop.stripe.set_period_end(&bought, Utc::now() + TimeDelta::days(30));
    shop.stripe.set_status(&bought, "active");
    shop.tell().await;
    assert_eq!(standing(&owner).await, "pro pro active active");
}

#[tokio::test]
async fn arrears_end_by_the_clock_without_another_event() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, PRO).await;
    shop.stripe.set_status(&bought, "past_due");
    shop.tell().await;
    shop.app.db().run("update users set subscription_period_end = now() - interval '1 second'").await;
    assert_eq!(standing(&owner).await, "free pro past_due past_due");
    assert_eq!(owner.get("/v1/user/usage").await.json()["activePlans"]["limit"], 3);
}

#[tokio::test]
async fn a_renewal_that_is_told_late_takes_nothing_from_those_who_have_paid() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.buy(&owner, PRO).await;
    shop.app.db().run("update users set subscription_period_end = now() - interval '1 hour'").await;
    assert_eq!(standing(&owner).await, "pro pro active active");
}

#[tokio::test]
async fn each_of_the_providers_states_means_what_the_rules_say() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, PRO).await;
    for (status, has) in [
        ("trialing", "pro pro trialing trialing"),
        ("past_due", "pro pro past_due past_due"),
        ("unpaid", "free free past_due unpaid"),
        ("active", "pro pro active active"),
        ("paused", "free free canceled paused"),
        ("incomplete", "free free - incomplete"),
        ("incomplete_expired", "free free canceled incomplete_expired"),
    ] {
        shop.stripe.set_status(&bought, status);
        shop.tell().await;
        assert_eq!(standing(&owner).await, has, "{status}");
    }
    let second = shop.buy(&owner, PRO).await;
    shop.stripe.cancel(&second);
    shop.tell().await;
    assert_eq!(standing(&owner).await, "free free canceled canceled");
    assert_eq!(subscription(&owner).await["hasPortal"], true, "invoices are still there");
}

#[tokio::test]
async fn the_end_of_an_old_subscription_takes_nothing_from_the_one_that_lives() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let old = shop.buy(&owner, STARTER).await;
    let live = shop.stripe.subscribe(&shop.customer("user_owner").await.unwrap(), PRO);
    shop.tell().await;
    shop.stripe.cancel(&old);
    let end = shop.stripe.events().pop().unwrap();
    assert_eq!(end.kind, "customer.subscription.deleted");
    shop.tell().await;
    assert_eq!(standing(&owner).await, "pro pro active active");
    assert_eq!(shop.text("select stripe_subscription_id from users").await, live);
}

#[tokio::test]
async fn the_late_end_of_an_older_subscription_takes_nothing_from_its_successor() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let old = shop.buy(&owner, PRO).await;
    shop.stripe.cancel(&old);
    let end = shop.stripe.events().pop().unwrap();
    shop.keep_silent();
    let live = shop.buy(&owner, STARTER).await;
    assert_eq!(shop.stripe.deliver(shop.app.base(), &end).await, 200);
    assert_eq!(standing(&owner).await, "starter starter active active");
    assert_eq!(shop.text("select stripe_subscription_id from users").await, live);
}

#[tokio::test]
async fn of_two_that_live_the_better_one_counts_whichever_is_younger() {
    let shop = Shop::open().await;
    for (name, first, second) in [("user_up", STARTER, PRO), ("user_down", PRO, STARTER)] {
        let learner = shop.app.learner(name);
        let older = shop.buy(&learner, first).await;
        let younger = shop.stripe.subscribe(&shop.customer(name).await.unwrap(), second);
        shop.tell().await;
        assert_eq!(standing(&learner).await, "pro pro active active", "{name}");
        // Without the better one the other one is left.
        shop.stripe.cancel(if first == PRO { &older } else { &younger });
        shop.tell().await;
        assert_eq!(standing(&learner).await, "starter starter active active", "{name}");
    }
}

#[tokio::test]
async fn a_customer_with_hundreds_of_old_subscriptions_is_read_to_the_end() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.pay(&owner, PRO).await;
    let customer = shop.customer("user_owner").await.unwrap();
    for _ in 0..205 {
        let old = shop.stripe.subscribe(&customer, STARTER);
        shop.stripe.cancel(&old);
    }
    let last = shop.stripe.events().pop().unwrap();
    assert_eq!(shop.stripe.deliver(shop.app.base(), &last).await, 200);
    assert_eq!(standing(&owner).await, "pro pro active active", "the oldest of them, on the third page");
}

#[tokio::test]
async fn a_deleted_customer_is_forgotten_and_made_anew_when_the_learner_buys_again() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.buy(&owner, PRO).await;
    let first = shop.customer("user_owner").await.unwrap();
    shop.stripe.delete_customer(&first);
    let end = shop.stripe.events().pop().unwrap();
    assert_eq!(end.kind, "customer.deleted");
    assert_eq!(shop.stripe.deliver(shop.app.base(), &end).await, 200);
    assert_eq!((standing(&owner).await.as_str(), shop.customer("user_owner").await), (NOTHING, None));
    assert_eq!(subscription(&owner).await["hasPortal"], false);

    session(&owner.post(CHECKOUT, &wish(PRO)).await);
    let second = shop.customer("user_owner").await.unwrap();
    assert_ne!(first, second);
    shop.stripe.complete_checkout(&shop.open_sessions()[0]);
    shop.tell().await;
    assert_eq!(standing(&owner).await, "pro pro active active", "the first one's belated events take nothing away");
    assert_eq!(shop.customer("user_owner").await, Some(second));
}

#[tokio::test]
async fn a_customer_that_was_never_noted_here_is_known_by_what_the_provider_was_told() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    owner.get("/v1/user/profile").await;
    let user = shop.text("select id::text from users").await;
    let customer = shop.stripe.customer(Some("user_owner@example.com"), Some(&user));
    shop.stripe.subscribe(&customer, PRO);
    shop.tell().await;
    assert_eq!(standing(&owner).await, "pro pro active active");
    assert_eq!(shop.customer("user_owner").await, Some(customer));
    // Who is somebody already is not made somebody else.
    let other = shop.stripe.customer(None, Some(&user));
    let second = shop.stripe.subscribe(&other, STARTER);
    shop.stripe.cancel(&second);
    shop.tell().await;
    assert_eq!(standing(&owner).await, "pro pro active active");
    assert_ne!(shop.customer("user_owner").await, Some(other));
}
