//! A checkout beside a subscription: refused while one lives, also when only the payment provider knows of it.

use super::shop::{CHANGES, CHECKOUT, NOTHING, Shop, session, standing, subscription, wish};
use waymark_testkit::outside::{PRO, STARTER};

#[tokio::test]
async fn while_a_subscription_lives_there_is_no_second_one() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, PRO).await;
    for status in ["active", "trialing", "past_due", "unpaid", "paused"] {
        shop.stripe.set_status(&bought, status);
        shop.tell().await;
        let refused = owner.post(CHECKOUT, &wish(STARTER)).await;
        assert_eq!(refused.problem(409), "ALREADY_SUBSCRIBED", "{status}");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("POST /api/v1/stripe/create-portal"), "{detail}");
    }
    assert_eq!(shop.stripe.sessions().len(), 1);
}

#[tokio::test]
async fn a_subscription_that_only_the_provider_knows_of_counts_and_is_taken_over() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.pay(&owner, PRO).await;
    assert_eq!(standing(&owner).await, NOTHING, "nobody has told yet");
    assert_eq!(owner.post(CHECKOUT, &wish(PRO)).await.problem(409), "ALREADY_SUBSCRIBED");
    assert_eq!(standing(&owner).await, "pro pro active active");
    let entry = "select concat_ws(' ', actor, subject) from audit_log where action = 'subscription.changed'";
    assert_eq!(shop.text(entry).await, "user_owner create-checkout");
    shop.tell().await;
    assert_eq!(shop.number(CHANGES).await, 1, "the events tell nothing new");
}

#[tokio::test]
async fn when_it_is_over_there_may_be_another() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let first = shop.buy(&owner, PRO).await;
    shop.stripe.cancel(&first);
    shop.tell().await;
    assert_eq!(standing(&owner).await, "free free canceled canceled");
    let second = shop.buy(&owner, STARTER).await;
    assert_ne!(first, second);
    assert_eq!(standing(&owner).await, "starter starter active active");
    assert_eq!(shop.stripe.customers().len(), 1);
}

#[tokio::test]
async fn an_end_that_nobody_has_told_is_found_out_at_the_checkout() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, PRO).await;
    shop.stripe.cancel(&bought);
    session(&owner.post(CHECKOUT, &wish(PRO)).await);
    assert_eq!(standing(&owner).await, "free free canceled canceled");
}

#[tokio::test]
async fn a_first_payment_that_hangs_keeps_nobody_from_another_try_and_cannot_be_made_beside_it() {
    for (status, then) in [("incomplete", "canceled"), ("incomplete_expired", "incomplete_expired")] {
        let shop = Shop::open().await;
        let owner = shop.app.owner();
        let bought = shop.buy(&owner, PRO).await;
        shop.stripe.set_status(&bought, status);
        shop.tell().await;
        session(&owner.post(CHECKOUT, &wish(PRO)).await);
        let first = shop.stripe.subscriptions().into_iter().find(|it| it.id == bought).unwrap();
        assert_eq!(first.status, then);
    }
}

#[tokio::test]
async fn whoever_has_just_paid_on_the_open_page_gets_no_second_one() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let page = session(&owner.post(CHECKOUT, &wish(PRO)).await);
    // Nobody has told of it yet.
    shop.stripe.complete_checkout(&page);
    assert_eq!(owner.post(CHECKOUT, &wish(PRO)).await.problem(409), "ALREADY_SUBSCRIBED");
    assert_eq!(shop.stripe.sessions().len(), 1);
}

#[tokio::test]
async fn what_nobody_understands_is_not_taken_for_nothing() {
    for strange in [true, false] {
        let shop = Shop::open().await;
        let owner = shop.app.owner();
        let page = session(&owner.post(CHECKOUT, &wish(PRO)).await);
        let bought = shop.stripe.complete_checkout(&page);
        if strange {
            shop.stripe.invent_status(&bought, "dormant");
        } else {
            shop.stripe.product("prod_strange", None);
            shop.stripe.price("price_strange", "prod_strange");
            shop.stripe.set_price(&bought, "price_strange");
        }
        assert_eq!(owner.post(CHECKOUT, &wish(PRO)).await.problem(502), "PAYMENT_PROVIDER_FAILED");
        assert_eq!(shop.stripe.sessions().len(), 1, "no second page");
    }
}

#[tokio::test]
async fn a_customer_that_was_deleted_unheard_is_made_anew() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.buy(&owner, PRO).await;
    let first = shop.customer("user_owner").await.unwrap();
    shop.stripe.delete_customer(&first);
    session(&owner.post(CHECKOUT, &wish(PRO)).await);
    let second = shop.customer("user_owner").await.unwrap();
    assert_ne!(first, second);
    assert_eq!(shop.stripe.sessions().last().unwrap().customer, second);
    assert_eq!(standing(&owner).await, NOTHING);
    // The belated events of the first change nothing.
    shop.tell().await;
    assert_eq!((shop.customer("user_owner").await, standing(&owner).await.as_str()), (Some(second), NOTHING));
}

#[tokio::test]
async fn a_checkout_that_cannot_look_at_the_provider_does_not_guess() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.pay(&owner, PRO).await;
    shop.stripe.fail_next("GET /v1/subscriptions", 3, 503);
    assert_eq!(owner.post(CHECKOUT, &wish(PRO)).await.problem(503), "UNAVAILABLE");
    assert_eq!(shop.stripe.sessions().len(), 1);
    assert_eq!(subscription(&owner).await["tier"], "free");
}
