//! What each call sends and how its answers are read.

use super::server::{Reply, Server};
use super::*;
use serde_json::{Value, json};

fn subscription(id: &str) -> Value {
    json!({
        "id": id, "object": "subscription", "customer": "cus_1", "status": "active", "created": 1_790_000_000,
        "cancel_at": null, "cancel_at_period_end": false, "metadata": { "user_id": USER },
        "items": { "object": "list", "has_more": false, "data": [{
            "id": "si_1", "current_period_end": 1_795_000_000, "quantity": 1,
            "price": { "id": "price_1", "object": "price", "product": "prod_1" },
        }] },
    })
}

fn list(subscriptions: &[Value], more: bool) -> Reply {
    good(&json!({ "object": "list", "url": "/v1/subscriptions", "data": subscriptions, "has_more": more }))
}

/// What one such subscription is read as.
async fn read(subscription: Value) -> Result<StripeSubscription, StripeError> {
    let scene = Scene::new([list(&[subscription], false)]).await;
    scene.stripe.subscriptions("cus_1").await.map(|mut all| all.remove(0))
}

#[tokio::test]
async fn a_customer_is_made_with_the_users_id() {
    let scene = Scene::new([good(&json!({ "id": "cus_1" })), good(&json!({ "id": "cus_2", "email": null }))]).await;
    let made = scene.stripe.create_customer(user(), Some("ann+b@example.org"), "customer:1").await.unwrap();
    assert_eq!(made, "cus_1");
    assert_eq!(scene.stripe.create_customer(user(), None, "customer:2").await.unwrap(), "cus_2");
    let asked = scene.server.asked();
    assert_eq!(asked[0].line(), "POST /v1/customers");
    assert_eq!(asked[0].body, format!("email=ann%2Bb@example.org&metadata[user_id]={USER}"));
    assert_eq!(asked[0].header("authorization"), Some("Bearer sk_test_very_secret"));
    assert_eq!(asked[0].header("stripe-version"), Some("2026-09-30.endive"));
    assert_eq!(asked[0].header("idempotency-key"), Some("customer:1"));
    assert_eq!(asked[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(asked[1].body, format!("metadata[user_id]={USER}"));
    assert_eq!(asked[1].connection, asked[0].connection, "connections are kept");
}

#[tokio::test]
async fn a_customer_may_be_there_or_deleted_or_unknown() {
    let scene = Scene::new([
        good(&json!({ "id": "cus_1", "object": "customer", "metadata": { "user_id": USER, "note": "x" } })),
        good(&json!({ "id": "cus_1", "object": "customer", "deleted": true })),
        bad(404, "resource_missing"),
        Reply::Answer(404, &[], "<html>".to_owned()),
    ])
    .await;
    let customer = |deleted, user_id: Option<&str>| StripeCustomer {
        id: "cus_1".into(),
        deleted,
        user_id: user_id.map(Into::into),
    };
    assert_eq!(scene.stripe.customer("cus_1").await.unwrap(), Some(customer(false, Some(USER))));
    assert_eq!(scene.stripe.customer("cus_1").await.unwrap(), Some(customer(true, None)));
    assert_eq!(scene.stripe.customer("cus_1").await.unwrap(), None);
    let wrong_address = scene.stripe.customer("cus_1").await;
    assert!(matches!(wrong_address, Err(StripeError::Refused { status: 404, .. })), "{wrong_address:?}");
    assert_eq!(scene.stripe.customer("../products").await.unwrap(), None);
    let asked = scene.server.asked();
    assert_eq!(asked.len(), 4, "the last was not even asked for");
    assert_eq!(asked[0].line(), "GET /v1/customers/cus_1");
    assert_eq!(asked[0].header("idempotency-key"), None);
    assert_eq!(asked[0].header("content-type"), None);
}

#[tokio::test]
async fn subscriptions_are_read_page_by_page_in_any_status() {
    let pages = [list(&[subscription("sub_3"), subscription("sub_2")], true), list(&[subscription("sub_1")], false)];
    let scene = Scene::new(pages).await;
    let all = scene.stripe.subscriptions("cus_1").await.unwrap();
    assert_eq!(all.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["sub_3", "sub_2", "sub_1"]);
    let asked = scene.server.asked();
    assert_eq!(asked[0].method, "GET");
    assert!(asked[0].target.starts_with("/v1/subscriptions?"), "{}", asked[0].target);
    assert_eq!(asked[0].members(), members(&[("customer", "cus_1"), ("limit", "100"), ("status", "all")]));
    let second = [("customer", "cus_1"), ("limit", "100"), ("starting_after", "sub_2"), ("status", "all")];
    assert_eq!(asked[1].members(), members(&second));
}

#[tokio::test]
async fn a_page_of_all_customers_subscriptions_says_whether_more_follow() {
    let scene = Scene::new([list(&[subscription("sub_2")], true), list(&[], false)]).await;
    let page = scene.stripe.subscription_page(None).await.unwrap();
    assert!(page.next.is_some());
    let rest = scene.stripe.subscription_page(Some("sub_2")).await.unwrap();
    assert_eq!(rest, StripePage { items: vec![], unreadable: vec![], next: None });
    let asked = scene.server.asked();
    assert_eq!(asked[0].members(), members(&[("limit", "100"), ("status", "all")]));
    assert_eq!(asked[1].members(), members(&[("limit", "100"), ("starting_after", "sub_2"), ("status", "all")]));
}

#[tokio::test]
async fn a_list_that_does_not_go_on_is_not_read_for_ever() {
    let same = || list(&[subscription("sub_1")], true);
    let empty = Scene::new([list(&[], true)]).await;
    let repeated = Scene::new([same(), same(), same()]).await;
    for (scene, requests) in [(empty, 1), (repeated, 2)] {
        let outcome = scene.stripe.subscriptions("cus_1").await;
        assert!(matches!(outcome, Err(StripeError::Malformed(_))), "{outcome:?}");
        assert_eq!(scene.server.asked().len(), requests);
    }
}

#[tokio::test]
async fn a_subscription_is_read_whole() {
    let expected = StripeSubscription {
        id: "sub_1".into(),
        customer: Some("cus_1".into()),
        status: "active".into(),
        prices: vec![StripePrice { id: "price_1".into(), product: Some("prod_1".into()) }],
        period_end: chrono::DateTime::from_timestamp(1_795_000_000, 0),
        cancels_at_period_end: false,
        created: chrono::DateTime::from_timestamp(1_790_000_000, 0).unwrap(),
        user_id: Some(USER.into()),
    };
    assert_eq!(read(subscription("sub_1")).await.unwrap(), expected);
    let mut expanded = subscription("sub_1");
    expanded["customer"] = json!({ "id": "cus_1", "object": "customer", "email": "ann@example.org" });
    expanded["items"]["data"][0]["price"]["product"] = json!({ "id": "prod_1", "object": "product" });
    expanded["a_member_of_next_year"] = json!([1, { "x": null }]);
    assert_eq!(read(expanded).await.unwrap(), expected, "references may be objects");
}

#[tokio::test]
async fn the_period_ends_with_its_last_item_or_where_old_versions_say() {
    let end = |read: Result<StripeSubscription, _>| read.unwrap().period_end.map(|at| at.timestamp());
    let mut several = subscription("sub_1");
    let mut second = several["items"]["data"][0].clone();
    second["current_period_end"] = json!(1_796_000_000);
    several["items"]["data"].as_array_mut().unwrap().insert(0, second);
    several["current_period_end"] = json!(1_799_000_000);
    assert_eq!(end(read(several).await), Some(1_796_000_000));
    let mut old = subscription("sub_1");
    old["items"]["data"][0].as_object_mut().unwrap().remove("current_period_end");
    assert_eq!(end(read(old.clone()).await), None);
    old["current_period_end"] = json!(1_794_000_000);
    assert_eq!(end(read(old).await), Some(1_794_000_000));
}

#[tokio::test]
async fn an_end_is_set_in_either_form() {
    for (member, value) in [("cancel_at_period_end", json!(true)), ("cancel_at", json!(1_795_000_000))] {
        let mut cancelling = subscription("sub_1");
        cancelling[member] = value;
        assert!(read(cancelling).await.unwrap().cancels_at_period_end, "{member}");
    }
    let mut bare = subscription("sub_1");
    for member in ["cancel_at", "cancel_at_period_end", "metadata"] {
        bare.as_object_mut().unwrap().remove(member);
    }
    let bare = read(bare).await.unwrap();
    assert_eq!((bare.cancels_at_period_end, bare.user_id), (false, None));
}

#[tokio::test]
async fn one_that_cannot_be_read_hides_no_other_one_from_a_look_at_all() {
    let mut odd = subscription("sub_2");
    odd.as_object_mut().unwrap().remove("items");
    let scene = Scene::new([list(&[subscription("sub_1"), odd], true)]).await;
    let page = scene.stripe.subscription_page(None).await.unwrap();
    assert_eq!(page.items.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["sub_1"]);
    assert_eq!((page.unreadable, page.next.as_deref()), (vec![Some("cus_1".to_owned())], Some("sub_2")));
}

#[tokio::test]
async fn a_subscription_without_what_it_must_have_is_malformed() {
    for member in ["id", "status", "items", "created"] {
        let mut lacking = subscription("sub_1");
        lacking.as_object_mut().unwrap().remove(member);
        let outcome = read(lacking).await;
        assert!(matches!(outcome, Err(StripeError::Malformed("subscription list"))), "{member}: {outcome:?}");
    }
    let mut unpriced = subscription("sub_1");
    unpriced["items"]["data"][0]["price"] = json!(null);
    assert!(matches!(read(unpriced.clone()).await, Err(StripeError::Malformed(_))));
    unpriced["items"]["data"][0]["plan"] = json!({ "id": "plan_1", "product": null });
    let of_old = StripePrice { id: "plan_1".into(), product: None };
    assert_eq!(read(unpriced).await.unwrap().prices, [of_old], "an old version's word for it");
    let mut endless = subscription("sub_1");
    endless["created"] = json!(i64::MAX);
    assert!(matches!(read(endless).await, Err(StripeError::Malformed(_))));
    for body in [json!({}), json!([]), json!({ "data": [] })] {
        let scene = Scene::new([good(&body), good(&body)]).await;
        assert!(matches!(scene.stripe.subscription_page(None).await, Err(StripeError::Malformed(_))), "{body}");
        assert!(matches!(scene.stripe.create_portal("c", "u", "k").await, Err(StripeError::Malformed(_))), "{body}");
        assert_eq!(scene.server.asked().len(), 2, "asking again would not help");
    }
}

#[tokio::test]
async fn a_products_tier_is_in_its_metadata() {
    let scene = Scene::new([
        good(&json!({ "id": "prod_1", "metadata": { "tier": "pro" } })),
        good(&json!({ "id": "prod_1", "metadata": {} })),
        bad(404, "resource_missing"),
    ])
    .await;
    assert_eq!(scene.stripe.product_tier("prod_1").await.unwrap().as_deref(), Some("pro"));
    assert_eq!(scene.stripe.product_tier("prod_1").await.unwrap(), None);
    assert_eq!(scene.stripe.product_tier("prod_1").await.unwrap(), None, "a product that is gone tells nothing");
    assert_eq!(scene.server.asked()[0].line(), "GET /v1/products/prod_1");
}

#[tokio::test]
async fn a_checkout_names_the_user_in_the_session_and_in_the_subscription() {
    let session = json!({ "id": "cs_1", "url": "https://checkout.stripe.com/c/pay/cs_1#secret", "status": "open" });
    let scene = Scene::new([good(&session), good(&json!({ "id": "cs_1", "url": null }))]).await;
    let request = CheckoutRequest {
        customer: "cus_1",
        price: "price_1",
        user: user(),
        success_url: "https://app.example/ok?session={CHECKOUT_SESSION_ID}&a=b",
        cancel_url: "https://app.example/no",
    };
    let opened = scene.stripe.create_checkout(&request, "checkout:1").await.unwrap();
    assert_eq!((opened.id.as_str(), opened.url.as_str()), ("cs_1", session["url"].as_str().unwrap()));
    assert!(!format!("{opened:?}").contains("secret"));
    let asked = &scene.server.asked()[0];
    assert_eq!(asked.line(), "POST /v1/checkout/sessions");
    assert_eq!(asked.header("idempotency-key"), Some("checkout:1"));
    let expected = [
        ("cancel_url", "https://app.example/no"),
        ("client_reference_id", USER),
        ("customer", "cus_1"),
        ("line_items[0][price]", "price_1"),
        ("line_items[0][quantity]", "1"),
        ("metadata[user_id]", USER),
        ("mode", "subscription"),
        ("subscription_data[metadata][user_id]", USER),
        ("success_url", "https://app.example/ok?session={CHECKOUT_SESSION_ID}&a=b"),
    ];
    assert_eq!(asked.members(), members(&expected));
    let over = scene.stripe.create_checkout(&request, "checkout:2").await;
    assert!(matches!(over, Err(StripeError::Malformed(_))), "{over:?}");
}

#[tokio::test]
async fn a_checkout_is_closed_also_when_it_is_not_open() {
    let scene = Scene::new([
        good(&json!({ "id": "cs_1", "status": "expired" })),
        bad(404, "resource_missing"),
        bad(400, "some_code"),
        good(&json!({ "id": "cs_1", "status": "complete" })),
        bad(400, "some_code"),
        good(&json!({ "id": "cs_1", "status": "open" })),
        bad(403, "some_code"),
    ])
    .await;
    for _ in 0..3 {
        scene.stripe.expire_checkout("cs_1").await.unwrap();
    }
    for status in [400, 403] {
        let refused = scene.stripe.expire_checkout("cs_1").await;
        assert!(matches!(refused, Err(StripeError::Refused { status: s, .. }) if s == status), "{refused:?}");
    }
    let asked = scene.server.asked();
    assert_eq!(asked[0].line(), "POST /v1/checkout/sessions/cs_1/expire");
    assert_eq!(asked[0].body, "");
    assert_eq!(asked[3].line(), "GET /v1/checkout/sessions/cs_1");
    assert_ne!(
        asked[0].header("idempotency-key"),
        asked[1].header("idempotency-key"),
        "each call has a key of its own"
    );
}

#[tokio::test]
async fn the_portal_opens_for_a_customer() {
    let scene = Scene::new([good(&json!({ "id": "bps_1", "url": "https://billing.stripe.com/p/1" }))]).await;
    let url = scene.stripe.create_portal("cus_1", "https://app.example/settings", "portal:1").await.unwrap();
    assert_eq!(url, "https://billing.stripe.com/p/1");
    let asked = &scene.server.asked()[0];
    assert_eq!(asked.line(), "POST /v1/billing_portal/sessions");
    assert_eq!(asked.members(), members(&[("customer", "cus_1"), ("return_url", "https://app.example/settings")]));
}

#[tokio::test]
async fn a_subscription_is_ended_also_when_it_has_ended() {
    let scene = Scene::new([
        good(&subscription("sub_1")),
        bad(404, "resource_missing"),
        bad(400, "some_code"),
        good(&json!({ "id": "sub_1", "status": "canceled" })),
        bad(400, "some_code"),
        good(&json!({ "id": "sub_1", "status": "active" })),
    ])
    .await;
    for _ in 0..3 {
        scene.stripe.cancel_subscription("sub_1", "cancel:1").await.unwrap();
    }
    let refused = scene.stripe.cancel_subscription("sub_1", "cancel:1").await;
    assert!(matches!(refused, Err(StripeError::Refused { status: 400, .. })), "{refused:?}");
    let asked = scene.server.asked();
    assert_eq!(asked[0].line(), "DELETE /v1/subscriptions/sub_1");
    assert_eq!(asked[0].header("idempotency-key"), Some("cancel:1"));
    assert_eq!(asked[3].line(), "GET /v1/subscriptions/sub_1");
}

#[tokio::test]
async fn a_base_may_have_a_path() {
    for slash in ["", "/"] {
        let server = Server::start([good(&json!({ "id": "cus_1" }))]).await;
        let base = server.url.join(&format!("/deep/stripe{slash}")).unwrap();
        let stripe = Stripe::new(StripeConfig::new(KEY.into(), base)).unwrap();
        stripe.customer("cus_1").await.unwrap();
        assert_eq!(server.asked()[0].line(), "GET /deep/stripe/v1/customers/cus_1");
    }
}

#[test]
fn the_mode_follows_from_the_key_and_the_key_is_not_shown() {
    for (key, live) in [("sk_live_1s", true), ("rk_live_1s", true), ("sk_test_1s", false), ("rk_test_1s", false)] {
        let config = StripeConfig::new(key.into(), "https://api.stripe.com".parse().unwrap());
        assert!(!format!("{config:?}").contains(key));
        let stripe = Stripe::new(config).unwrap();
        assert_eq!(stripe.is_live(), live, "{key}");
        assert!(!format!("{stripe:?}").contains(key));
    }
}
