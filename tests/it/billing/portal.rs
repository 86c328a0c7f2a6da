//! The portal: for those who have bought something, with a way back to us.

use super::shop::{NOTHING, PORTAL, Shop, standing, subscription};
use serde_json::json;
use waymark_testkit::outside::PRO;

#[tokio::test]
async fn the_portal_opens_for_the_learners_own_customer_and_leads_back_to_us() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.buy(&owner, PRO).await;
    let answer = owner.post(PORTAL, &json!({"returnUrl": "/settings?tab=billing"})).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    let made = shop.stripe.portals().remove(0);
    assert_eq!(answer.json(), json!({"url": made.url}));
    assert_eq!(Some(made.customer), shop.customer("user_owner").await);
    assert_eq!(made.return_url.as_deref(), Some("https://app.example.com/settings?tab=billing"));
}

#[tokio::test]
async fn each_visit_has_a_page_of_its_own_and_a_repeated_request_the_same() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.buy(&owner, PRO).await;
    let body = json!({"returnUrl": "/"});
    let pages = [owner.post(PORTAL, &body).await.json(), owner.post(PORTAL, &body).await.json()];
    assert_ne!(pages[0], pages[1]);
    let first = owner.post_once(PORTAL, "k", &body).await;
    let again = owner.post_once(PORTAL, "k", &body).await;
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(first.text, again.text);
    assert_eq!(shop.stripe.portals().len(), 3);
    let other = owner.post_once(PORTAL, "k", &json!({"returnUrl": "/other"})).await;
    assert_eq!(other.problem(422), "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn who_never_bought_anything_has_no_portal() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let refused = owner.post(PORTAL, &json!({"returnUrl": "/"})).await;
    assert_eq!(refused.problem(409), "NO_CUSTOMER");
    assert!(refused.json()["detail"].as_str().unwrap().contains("/api/v1/stripe/create-checkout"), "{}", refused.text);
    assert_eq!(shop.stripe.requests(), []);
    assert_eq!(subscription(&owner).await["hasPortal"], false);
}

#[tokio::test]
async fn a_way_back_that_leads_elsewhere_is_refused_before_anything_is_asked() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.buy(&owner, PRO).await;
    let asked = shop.stripe.requests().len();
    for given in ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
        let refused = owner.post(PORTAL, &json!({"returnUrl": given})).await;
        assert_eq!(refused.problem(400), "VALIDATION_FAILED", "{given}");
        assert_eq!(refused.json()["errors"][0]["field"], "returnUrl");
    }
    for body in [json!({}), json!({"returnUrl": 1}), json!({"returnUrl": "/", "x": 1})] {
        assert_eq!(owner.post(PORTAL, &body).await.problem(400), "VALIDATION_FAILED", "{body}");
    }
    assert_eq!(shop.stripe.requests().len(), asked);
}

#[tokio::test]
async fn a_customer_that_was_deleted_unheard_is_found_out_at_the_portal() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.buy(&owner, PRO).await;
    shop.stripe.delete_customer(&shop.customer("user_owner").await.unwrap());
    assert_eq!(owner.post(PORTAL, &json!({"returnUrl": "/"})).await.problem(409), "NO_CUSTOMER");
    assert_eq!((standing(&owner).await.as_str(), shop.customer("user_owner").await), (NOTHING, None));
}

#[tokio::test]
async fn a_provider_that_is_away_is_told_with_when_to_come_back() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.buy(&owner, PRO).await;
    shop.stripe.fail_next("POST /v1/billing_portal", 3, 503);
    let refused = owner.post_once(PORTAL, "k", &json!({"returnUrl": "/"})).await;
    assert_eq!(refused.problem(503), "UNAVAILABLE");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    assert_eq!(owner.post_once(PORTAL, "k", &json!({"returnUrl": "/"})).await.status.as_u16(), 200);
    assert_eq!(shop.stripe.portals().len(), 1);
}
