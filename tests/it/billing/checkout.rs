//! A checkout: what the learner is told, what the payment provider is asked, and what is refused before it is asked.

use super::shop::{CHECKOUT, PORTAL, STRANGE, Shop, session, wish};
use serde_json::json;
use std::collections::BTreeMap;
use waymark_testkit::app::App;
use waymark_testkit::outside::{APP_URL, PRO, STARTER};

#[tokio::test]
async fn a_checkout_is_a_page_for_one_subscription_of_the_learner() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let body =
        json!({"priceId": PRO, "successUrl": "/done?session={CHECKOUT_SESSION_ID}", "cancelUrl": "plans?a=1&b=2"});
    let answer = owner.post(CHECKOUT, &body).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let made = &shop.stripe.sessions()[0];
    let page = format!("https://checkout.stripe.com/c/pay/{}", made.id);
    assert_eq!(answer.json(), json!({"sessionId": made.id, "url": page}));

    let user = shop.text("select id::text from users").await;
    let customer = shop.customer("user_owner").await.expect("a customer");
    let asked = shop.asked("POST", "/v1/checkout/sessions");
    let expected = [
        ("mode", "subscription"),
        ("customer", &customer),
        ("client_reference_id", &user),
        ("metadata[user_id]", &user),
        ("subscription_data[metadata][user_id]", &user),
        ("line_items[0][price]", PRO),
        ("line_items[0][quantity]", "1"),
        ("success_url", "https://app.example.com/done?session={CHECKOUT_SESSION_ID}"),
        ("cancel_url", "https://app.example.com/plans?a=1&b=2"),
    ];
    let expected: BTreeMap<_, _> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!((asked.len(), &asked[0].params), (1, &expected));

    let asked = shop.asked("POST", "/v1/customers");
    let expected = [("email", "user_owner@example.com"), ("metadata[user_id]", &user)];
    let expected: BTreeMap<_, _> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!((asked.len(), &asked[0].params), (1, &expected));
    assert_eq!(shop.stripe.customers()[0].id, customer);
}

#[tokio::test]
async fn the_second_checkout_is_for_the_customer_of_the_first() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let first = session(&owner.post(CHECKOUT, &wish(PRO)).await);
    let second = session(&owner.post(CHECKOUT, &wish(STARTER)).await);
    assert_ne!(first, second);
    let sessions = shop.stripe.sessions();
    assert_eq!((sessions[0].customer.as_str(), sessions[1].price.as_str()), (sessions[1].customer.as_str(), STARTER));
    assert_eq!(shop.stripe.customers().len(), 1);
}

#[tokio::test]
async fn two_learners_are_two_customers() {
    let shop = Shop::open().await;
    for actor in [shop.app.owner(), shop.app.stranger()] {
        session(&actor.post(CHECKOUT, &wish(PRO)).await);
    }
    let (owner, stranger) = (shop.customer("user_owner").await, shop.customer("user_stranger").await);
    assert!(owner.is_some() && stranger.is_some() && owner != stranger, "{owner:?} {stranger:?}");
    assert_eq!(shop.open_sessions().len(), 2, "one learner's page does not close another's");
}

#[tokio::test]
async fn a_price_that_is_not_on_sale_is_refused_before_anything_is_asked() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    for price in [STRANGE, "price_no", "prod_pro", "price_pro "] {
        assert_eq!(owner.post(CHECKOUT, &wish(price)).await.problem(400), "PRICE_INVALID", "{price}");
    }
    assert_eq!(shop.stripe.requests(), []);
}

#[tokio::test]
async fn an_address_that_leads_elsewhere_is_named_before_anything_is_asked() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    for given in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "http://app.example.com/done",
        "https://app.example.com:8443/done",
        "https://app.example.com.evil.example/",
        "https://app.example.com@evil.example/",
        "https://user@app.example.com/",
        "javascript:alert(1)",
        "data:text/html,x",
        "/\t/evil.example",
        "/a\nb",
        " https://evil.example/",
    ] {
        for member in ["successUrl", "cancelUrl"] {
            let mut body = wish(PRO);
            body[member] = json!(given);
            let refused = owner.post(CHECKOUT, &body).await;
            assert_eq!(refused.problem(400), "VALIDATION_FAILED", "{given:?}");
            let errors = refused.json()["errors"].clone();
            assert_eq!((errors.as_array().map(Vec::len), &errors[0]["field"]), (Some(1), &json!(member)), "{given:?}");
        }
    }
    assert_eq!(shop.stripe.requests(), []);
}

#[tokio::test]
async fn an_address_of_our_own_is_taken_whole() {
    let shop = Shop::open().await;
    let body =
        json!({"priceId": PRO, "successUrl": format!("{APP_URL}/a#b"), "cancelUrl": "HTTPS://APP.example.com:443/c"});
    session(&shop.app.owner().post(CHECKOUT, &body).await);
    let made = shop.stripe.sessions().remove(0);
    assert_eq!(made.success_url, "https://app.example.com/a#b");
    assert_eq!(made.cancel_url.as_deref(), Some("https://app.example.com/c"));
}

#[tokio::test]
async fn every_member_that_is_wrong_is_named() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let all = ["priceId", "successUrl", "cancelUrl"];
    let extra = {
        let mut body = wish(PRO);
        body["quantity"] = json!(2);
        body
    };
    for (body, wrong) in [
        (json!({}), &all[..]),
        (json!({"priceId": 1, "successUrl": null, "cancelUrl": ["/"]}), &all[..]),
        (json!({"priceId": "", "successUrl": "", "cancelUrl": "/\0"}), &all[..]),
        (json!({"priceId": PRO, "successUrl": "/"}), &["cancelUrl"]),
        (extra, &["quantity"]),
    ] {
        let refused = owner.post(CHECKOUT, &body).await;
        assert_eq!(refused.problem(400), "VALIDATION_FAILED", "{body}");
        let errors = refused.json()["errors"].as_array().unwrap().clone();
        let fields: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
        assert_eq!(fields, wrong, "{body}");
    }
    assert_eq!(owner.post_raw(CHECKOUT, "application/json", "{").await.problem(400), "INVALID_JSON");
    assert_eq!(shop.stripe.requests(), []);
}

#[tokio::test]
async fn nobody_buys_without_signing_in() {
    let shop = Shop::open().await;
    let nobody = shop.app.anonymous();
    assert_eq!(nobody.post(CHECKOUT, &wish(PRO)).await.problem(401), "UNAUTHENTICATED");
    assert_eq!(nobody.post(PORTAL, &json!({"returnUrl": "/"})).await.problem(401), "UNAUTHENTICATED");
    assert_eq!(nobody.get("/v1/user/subscription").await.problem(401), "UNAUTHENTICATED");
    assert_eq!(shop.stripe.requests(), []);
}

#[tokio::test]
async fn a_server_without_billing_says_so() {
    let app = App::start().await;
    let owner = app.owner();
    for (path, body) in [(CHECKOUT, wish(PRO)), (PORTAL, json!({"returnUrl": "/"})), ("/v1/stripe/webhook", json!({}))]
    {
        assert_eq!(owner.post(path, &body).await.problem(503), "NOT_CONFIGURED", "{path}");
    }
    let has = super::shop::subscription(&owner).await;
    let nothing = json!({"tier": "free", "paidTier": "free", "status": null, "providerStatus": null, "periodEnd": null,
        "cancelAtPeriodEnd": false, "hasPortal": false});
    assert_eq!(has, nothing);
}
