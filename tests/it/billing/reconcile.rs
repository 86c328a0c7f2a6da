//! Comparing accounts with the payment provider: what was missed is found, and mended when that is asked for.

use super::shop::{CHANGES, NOTHING, STRANGE, Shop, standing};
use waymark_domain::billing::{ProviderStatus, SubscriptionTier};
use waymark_services::billing::{Difference, Reconciled, State};
use waymark_testkit::outside::{PRO, STARTER};

/// As an operator does it; with what was reported.
async fn reconcile(shop: &Shop, apply: bool) -> (Reconciled, Vec<Difference>) {
    let billing = shop.app.services().billing().expect("billing is configured");
    let mut told = Vec::new();
    let cause = ("operator", "waymark billing reconcile");
    let outcome = billing.reconcile(apply, cause, |difference| told.push(difference.clone())).await.unwrap();
    (outcome, told)
}

fn outcome(accounts: u64, differences: u64, mended: u64) -> Reconciled {
    Reconciled { accounts, differences, mended }
}

fn state(tier: SubscriptionTier, status: Option<ProviderStatus>, subscription: Option<&str>) -> State {
    State { tier, status, subscription: subscription.map(str::to_owned) }
}

/// Everything that a comparison may have written.
async fn written(shop: &Shop) -> String {
    let sql = "select coalesce(string_agg(to_jsonb(u)::text, ' ' order by id), '') || (select count(*) from audit_log)
               from users u";
    shop.text(sql).await
}

#[tokio::test]
async fn a_change_that_was_missed_is_shown_and_left_alone() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.pay(&owner, PRO).await;
    let before = written(&shop).await;
    let (count, told) = reconcile(&shop, false).await;
    let expected = Difference::Account {
        user: shop.text("select id::text from users").await.parse().unwrap(),
        customer: shop.customer("user_owner").await.unwrap(),
        stored: state(SubscriptionTier::Free, None, None),
        actual: state(SubscriptionTier::Pro, Some(ProviderStatus::Active), Some(&bought)),
        mended: false,
    };
    assert_eq!((count, told), (outcome(1, 1, 0), vec![expected]));
    assert_eq!((written(&shop).await, standing(&owner).await.as_str()), (before, NOTHING));
}

#[tokio::test]
async fn a_change_that_was_missed_is_mended_and_put_down_to_the_operator() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.pay(&owner, PRO).await;
    let (count, told) = reconcile(&shop, true).await;
    assert_eq!(count, outcome(1, 1, 1));
    assert!(matches!(told[..], [Difference::Account { mended: true, .. }]), "{told:?}");
    assert_eq!(standing(&owner).await, "pro pro active active");
    let entry = "select concat_ws(', ', actor, subject, data #>> '{to,tier}') from audit_log";
    assert_eq!(shop.text(entry).await, "operator, waymark billing reconcile, pro");
    assert_eq!(reconcile(&shop, true).await, (outcome(1, 0, 0), vec![]), "and stays so");
    shop.tell().await;
    assert_eq!(shop.number(CHANGES).await, 1, "the belated events tell nothing new");
}

#[tokio::test]
async fn every_kind_of_change_that_was_missed_is_found() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, STARTER).await;
    let customer = shop.customer("user_owner").await.unwrap();
    let changes: [(&str, &dyn Fn()); 7] = [
        ("the price", &|| shop.stripe.set_price(&bought, PRO)),
        ("the period", &|| shop.stripe.set_period_end(&bought, "2027-03-01T12:00:00Z".parse().unwrap())),
        ("the status", &|| shop.stripe.set_status(&bought, "past_due")),
        ("an end to come", &|| shop.stripe.cancel_at_period_end(&bought, true)),
        ("the end", &|| shop.stripe.cancel(&bought)),
        ("another beginning", &|| drop(shop.stripe.subscribe(&customer, PRO))),
        ("the customer", &|| shop.stripe.delete_customer(&customer)),
    ];
    for (what, change) in changes {
        change();
        assert_eq!(reconcile(&shop, true).await.0, outcome(1, 1, 1), "{what}");
        let accounts = u64::from(what != "the customer");
        assert_eq!(reconcile(&shop, true).await.0, outcome(accounts, 0, 0), "{what}");
    }
    assert_eq!((standing(&owner).await.as_str(), shop.customer("user_owner").await), (NOTHING, None));
}

#[tokio::test]
async fn where_nothing_differs_nothing_is_written_and_nobody_is_asked_for_twice() {
    let shop = Shop::open().await;
    shop.buy(&shop.app.owner(), PRO).await;
    let gone = shop.buy(&shop.app.stranger(), STARTER).await;
    shop.stripe.cancel(&gone);
    shop.tell().await;
    let third = shop.app.learner("user_third");
    super::shop::session(&third.post(super::shop::CHECKOUT, &super::shop::wish(PRO)).await);
    shop.app.learner("user_fourth").get("/v1/user/profile").await;
    let (before, asked) = (written(&shop).await, shop.stripe.requests().len());
    for apply in [false, true] {
        assert_eq!(reconcile(&shop, apply).await, (outcome(3, 0, 0), vec![]));
    }
    assert_eq!(written(&shop).await, before);
    assert_eq!(shop.stripe.requests().len() - asked, 2, "one page each time");
}

#[tokio::test]
async fn a_subscription_that_is_nobodys_is_told() {
    let shop = Shop::open().await;
    let stranger = shop.stripe.customer(Some("someone@example.com"), None);
    shop.stripe.subscribe(&stranger, PRO);
    // This one is over, and of no account any more.
    let past = shop.stripe.customer(None, None);
    let over = shop.stripe.subscribe(&past, PRO);
    shop.stripe.cancel(&over);
    for apply in [false, true] {
        let (count, told) = reconcile(&shop, apply).await;
        assert_eq!((count, told), (outcome(0, 1, 0), vec![Difference::Orphan { customer: stranger.clone() }]));
    }
}

#[tokio::test]
async fn a_customer_whose_making_was_never_noted_is_found_by_what_the_provider_was_told() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    owner.get("/v1/user/profile").await;
    let user = shop.text("select id::text from users").await;
    let customer = shop.stripe.customer(None, Some(&user));
    shop.stripe.subscribe(&customer, PRO);
    let (count, told) = reconcile(&shop, false).await;
    assert_eq!(count, outcome(0, 1, 0));
    assert!(matches!(&told[..], [Difference::Account { customer: found, mended: false, .. }] if *found == customer));
    assert_eq!((shop.customer("user_owner").await, standing(&owner).await.as_str()), (None, NOTHING));
    assert_eq!(reconcile(&shop, true).await.0, outcome(0, 1, 1));
    assert_eq!(shop.customer("user_owner").await, Some(customer));
    assert_eq!(standing(&owner).await, "pro pro active active");
    assert_eq!(reconcile(&shop, true).await.0, outcome(1, 0, 0));
}

#[tokio::test]
async fn what_nobody_understands_is_told_and_left_alone() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, PRO).await;
    let customer = shop.customer("user_owner").await.unwrap();
    shop.stripe.set_price(&bought, STRANGE);
    let before = written(&shop).await;
    for apply in [false, true] {
        let expected = (outcome(1, 1, 0), vec![Difference::Unclear { customer: customer.clone() }]);
        assert_eq!(reconcile(&shop, apply).await, expected, "a price");
    }
    shop.stripe.set_price(&bought, PRO);
    shop.stripe.invent_status(&bought, "hibernating");
    assert_eq!(reconcile(&shop, true).await.1, [Difference::Unclear { customer: customer.clone() }], "a status");
    assert_eq!(written(&shop).await, before);
}

#[tokio::test]
async fn a_customer_that_the_provider_does_not_know_is_told_and_the_others_are_compared() {
    let shop = Shop::open().await;
    let (owner, stranger) = (shop.app.owner(), shop.app.stranger());
    shop.buy(&owner, PRO).await;
    shop.pay(&stranger, STARTER).await;
    // As when the key is another account's.
    shop.app.db().run("update users set stripe_customer_id = 'cus_else' where clerk_user_id = 'user_owner'").await;
    let (count, told) = reconcile(&shop, true).await;
    assert!(told.contains(&Difference::Unclear { customer: "cus_else".to_owned() }), "{told:?}");
    assert_eq!((count.accounts, count.mended), (2, 1), "{told:?}");
    assert_eq!(standing(&owner).await, "pro pro active active", "nothing is taken away");
    assert_eq!(standing(&stranger).await, "starter starter active active");
}

#[tokio::test]
async fn hundreds_of_subscriptions_are_read_to_the_last() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.pay(&owner, PRO).await;
    let other = shop.stripe.customer(None, None);
    for _ in 0..205 {
        let over = shop.stripe.subscribe(&other, STARTER);
        shop.stripe.cancel(&over);
    }
    let asked = shop.asked("GET", "/v1/subscriptions").len();
    assert_eq!(reconcile(&shop, true).await.0, outcome(1, 1, 1));
    assert_eq!(standing(&owner).await, "pro pro active active", "the oldest of all, on the third page");
    assert_eq!(shop.asked("GET", "/v1/subscriptions").len() - asked, 4, "three pages, and the one that differs");
}

#[tokio::test]
async fn a_provider_that_is_away_ends_the_comparison_without_a_change() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.buy(&owner, PRO).await;
    let before = written(&shop).await;
    shop.stripe.fail_next("GET /v1/subscriptions", 3, 503);
    let billing = shop.app.services().billing().unwrap();
    let failed = billing.reconcile(true, ("operator", "x"), |difference| panic!("{difference:?}")).await.unwrap_err();
    assert_eq!(failed.to_string(), "the payment provider did not do it");
    assert_eq!(written(&shop).await, before);
}

#[tokio::test]
async fn whoever_pays_twice_is_told_until_one_is_ended() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.buy(&owner, STARTER).await;
    let customer = shop.customer("user_owner").await.unwrap();
    let second = shop.stripe.subscribe(&customer, PRO);
    shop.tell().await;
    let twice = Difference::PaidTwice { customer };
    assert_eq!(reconcile(&shop, true).await, (outcome(1, 1, 0), vec![twice]));
    shop.stripe.cancel(&second);
    shop.tell().await;
    assert_eq!(reconcile(&shop, true).await, (outcome(1, 0, 0), vec![]));
}
