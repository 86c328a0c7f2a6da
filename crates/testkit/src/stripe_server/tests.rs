//! The double itself: what the tests of billing rely on.

use super::{API_VERSION, KEY, StripeEvent, StripeServer};
use crate::wait::within;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

/// A status, whether it was replayed, and the body.
type Seen = (u16, bool, Value);

/// A shop with two prices, one customer and a client.
struct Shop {
    stripe: StripeServer,
    customer: String,
    client: reqwest::Client,
}

impl Shop {
    async fn open() -> Self {
        let stripe = StripeServer::start().await;
        stripe.product("prod_pro", Some("pro"));
        stripe.price("price_month", "prod_pro");
        stripe.price("price_other", "prod_pro");
        let customer = stripe.customer(Some("ada@example.com"), Some("u1"));
        Self { stripe, customer, client: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    async fn send(&self, method: Method, path: &str, form: &str, key: &str) -> Option<Seen> {
        let url = self.stripe.url().join(path).unwrap();
        let request = self.client.request(method, url).bearer_auth(KEY).header("stripe-version", API_VERSION);
        let request = if key.is_empty() { request } else { request.header("idempotency-key", key) };
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_owned());
        let response = request.send().await.ok()?;
        let replayed = response.headers().contains_key("idempotent-replayed");
        Some((response.status().as_u16(), replayed, response.json().await.unwrap()))
    }

    async fn post(&self, path: &str, form: &str, key: &str) -> Seen {
        self.send(Method::POST, path, form, key).await.unwrap()
    }

    async fn get(&self, path: &str) -> Seen {
        self.send(Method::GET, path, "", "").await.unwrap()
    }

    async fn delete(&self, path: &str) -> Seen {
        self.send(Method::DELETE, path, "", "").await.unwrap()
    }

    fn checkout_form(&self) -> String {
        format!(
            "mode=subscription&customer={}&success_url=https%3A%2F%2Fa.example%2Fyes&cancel_url=https://a.example/no\
             &line_items[0][price]=price_month&line_items%5B0%5D%5Bquantity%5D=1&subscription_data[metadata][user_id]=u1",
            self.customer
        )
    }

    fn kinds(&self) -> Vec<String> {
        self.stripe.events().into_iter().map(|event| event.kind).collect()
    }

    fn last_event(&self, kind: &str) -> Value {
        let event: Option<StripeEvent> = self.stripe.events().into_iter().rfind(|event| event.kind == kind);
        serde_json::from_str(&event.unwrap().payload).unwrap()
    }
}

#[tokio::test]
async fn the_same_key_gets_the_first_answer_again() {
    let shop = Shop::open().await;
    let (status, replayed, first) =
        shop.post("/v1/customers", "email=b%40example.com&metadata[user_id]=u2", "k1").await;
    assert_eq!((status, replayed, &first["metadata"]), (200, false, &json!({"user_id": "u2"})));
    let (status, replayed, second) = shop.post("/v1/customers", "metadata[user_id]=u2&email=b@example.com", "k1").await;
    assert_eq!((status, replayed, &second), (200, true, &first));
    assert_eq!(shop.stripe.customers().len(), 2);
    assert_eq!(shop.stripe.requests().iter().map(|request| request.replayed).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn a_key_serves_one_request_only() {
    let shop = Shop::open().await;
    shop.post("/v1/customers", "email=b@example.com", "k1").await;
    for (path, form) in [("/v1/customers", "email=c@example.com"), ("/v1/billing_portal/sessions", "customer=x")] {
        let (status, _, body) = shop.post(path, form, "k1").await;
        assert_eq!((status, &body["error"]["type"]), (400, &json!("idempotency_error")), "{path}");
    }
}

#[tokio::test]
async fn a_failure_in_execution_is_stored_and_one_before_it_is_not() {
    let shop = Shop::open().await;
    shop.stripe.fail_next("/v1/customers", 1, 503);
    shop.stripe.fail_next("POST /v1/customers", 1, 500);
    let mut seen = Vec::new();
    for key in ["k1", "k1", "k1", "k2"] {
        let (status, replayed, _) = shop.post("/v1/customers", "email=b@example.com", key).await;
        seen.push((status, replayed));
    }
    assert_eq!(seen, [(503, false), (500, false), (500, true), (200, false)]);
    let (status, _, _) = shop.post("/v1/customers", "email=nobody", "k3").await;
    assert_eq!(status, 400);
    let (status, replayed, _) = shop.post("/v1/customers", "email=c@example.com", "k3").await;
    assert_eq!((status, replayed), (200, false), "a refused form keeps no answer");
}

#[tokio::test]
async fn a_held_request_keeps_its_key_and_its_old_answer() {
    let shop = Shop::open().await;
    let subscription = shop.stripe.subscribe(&shop.customer, "price_month");
    let hold = shop.stripe.hold("GET /v1/subscriptions");
    let path = format!("/v1/subscriptions/{subscription}");
    let change = async {
        hold.arrived().await;
        shop.stripe.set_status(&subscription, "past_due");
        assert_eq!(shop.get(&path).await.2["status"], "past_due");
        hold.release();
    };
    let (old, ()) = tokio::join!(shop.get(&path), change);
    assert_eq!(old.2["status"], "active");

    let hold = shop.stripe.hold("/v1/customers");
    let meet = async {
        hold.arrived().await;
        let second = shop.post("/v1/customers", "name=B", "k1").await;
        drop(hold);
        second
    };
    let (first, (status, _, body)) = tokio::join!(shop.post("/v1/customers", "name=B", "k1"), meet);
    assert_eq!((first.0, status, &body["error"]["code"]), (200, 409, &json!("idempotency_key_in_use")));
    assert_eq!(shop.post("/v1/customers", "name=B", "k1").await, (200, true, first.2));
}

#[tokio::test]
async fn a_dropped_request_happened() {
    let shop = Shop::open().await;
    shop.stripe.drop_next("/v1/customers", 1);
    let lost = within("a cut", shop.send(Method::POST, "/v1/customers", "name=B", "k1")).await;
    assert_eq!((lost, shop.stripe.customers().len()), (None, 2));
    let (status, replayed, body) = shop.post("/v1/customers", "name=B", "k1").await;
    assert_eq!((status, replayed, &body["id"]), (200, true, &json!(shop.stripe.customers()[1].id)));
}

#[tokio::test]
async fn the_signature_header_has_the_documented_form() {
    let shop = Shop::open().await;
    let at = DateTime::from_timestamp(1_492_774_577, 0).unwrap();
    let event = StripeEvent { id: "evt_1".into(), kind: "x".into(), payload: r#"{"id":"evt_1"}"#.into() };
    let header = shop.stripe.signed(&event, "whsec_test_secret", at);
    let parts: Vec<_> = header.split(',').collect();
    // Computed with another implementation.
    assert_eq!(parts[..2], ["t=1492774577", "v1=799c4ba7bb339f3c8601adfd112f0e477c930a268be1243d341abb8286501c2f"]);
    assert!(parts[2].starts_with("v0=") && parts.len() == 3);
}

#[tokio::test]
async fn requests_of_the_wrong_form_are_refused() {
    let shop = Shop::open().await;
    let sound = shop.checkout_form();
    let cases = [
        (format!("{sound}&client_refrence_id=u1"), "parameter_unknown", "client_refrence_id"),
        (sound.replace("mode=subscription&", ""), "parameter_missing", "mode"),
        (sound.replace("https%3A%2F%2Fa.example", ""), "url_invalid", "success_url"),
        (sound.replace("price_month", "price_no"), "resource_missing", "line_items[0][price]"),
        (sound.replace(&shop.customer, "cus_no"), "resource_missing", "customer"),
    ];
    for (form, code, param) in cases {
        let (status, _, body) = shop.post("/v1/checkout/sessions", &form, &format!("{code} {param}")).await;
        let error = &body["error"];
        assert_eq!((status, &error["code"], &error["param"]), (400, &json!(code), &json!(param)), "{body}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    let (status, _, body) = shop.get("/v1/customers/cus_no").await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("resource_missing")));
    let (status, _, _) = shop.post("/v1/customers", "name=B", "").await;
    assert_eq!(status, 400, "a POST without a key");
    let url = shop.stripe.url().join("/v1/customers").unwrap();
    let stranger = shop.client.get(url.clone()).bearer_auth("sk_test_other").header("stripe-version", API_VERSION);
    assert_eq!(stranger.send().await.unwrap().status(), 401);
    let old = shop.client.get(url).bearer_auth(KEY).header("stripe-version", "2024-06-20");
    assert_eq!(old.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn a_session_is_paid_or_expires_once() {
    let shop = Shop::open().await;
    let (status, _, session) = shop.post("/v1/checkout/sessions", &shop.checkout_form(), "k1").await;
    assert_eq!((status, &session["status"]), (200, &json!("open")));
    let id = session["id"].as_str().unwrap();
    let subscription = shop.stripe.complete_checkout(id);
    let (_, _, session) = shop.get(&format!("/v1/checkout/sessions/{id}")).await;
    assert_eq!((&session["status"], &session["url"]), (&json!("complete"), &Value::Null));
    assert_eq!(session["subscription"], json!(subscription));
    let expire = format!("/v1/checkout/sessions/{id}/expire");
    assert_eq!(shop.post(&expire, "", "k2").await.0, 400);
    let (_, _, bought) = shop.get(&format!("/v1/subscriptions/{subscription}")).await;
    assert_eq!((&bought["metadata"], &bought["status"]), (&json!({"user_id": "u1"}), &json!("active")));
    assert!(bought.get("current_period_end").is_none() && bought["items"]["data"][0]["current_period_end"].is_i64());
    let kinds = ["customer.created", "customer.subscription.created", "invoice.paid", "checkout.session.completed"];
    assert_eq!(shop.kinds(), kinds);

    let (_, _, other) = shop.post("/v1/checkout/sessions", &shop.checkout_form(), "k3").await;
    let expire = format!("/v1/checkout/sessions/{}/expire", other["id"].as_str().unwrap());
    assert_eq!(shop.post(&expire, "", "k4").await.2["status"], "expired");
    assert_eq!(
        shop.stripe.sessions().into_iter().map(|session| session.status).collect::<Vec<_>>(),
        ["complete", "expired"]
    );
}

#[tokio::test]
async fn subscriptions_come_newest_first_and_in_pages() {
    let shop = Shop::open().await;
    let ids: Vec<_> = (0..5).map(|_| shop.stripe.subscribe(&shop.customer, "price_month")).collect();
    shop.stripe.cancel(&ids[3]);
    let base = format!("/v1/subscriptions?customer={}&limit=2", shop.customer);
    let page = async |more: &str| {
        let (status, _, body) = shop.get(&format!("{base}{more}")).await;
        assert_eq!(status, 200, "{body}");
        let ids = body["data"].as_array().unwrap().iter().map(|known| known["id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), body["has_more"].as_bool().unwrap())
    };
    assert_eq!(page("").await, (vec![ids[4].clone(), ids[2].clone()], true));
    assert_eq!(page("&status=all").await, (vec![ids[4].clone(), ids[3].clone()], true));
    let after = format!("&status=all&starting_after={}", ids[3]);
    assert_eq!(page(&after).await, (vec![ids[2].clone(), ids[1].clone()], true));
    let after = format!("&status=all&starting_after={}", ids[1]);
    assert_eq!(page(&after).await, (vec![ids[0].clone()], false));
}

#[tokio::test]
async fn both_forms_of_a_later_end_are_told_apart() {
    let shop = Shop::open().await;
    let subscription = shop.stripe.subscribe(&shop.customer, "price_month");
    let end = Utc::now() + TimeDelta::days(9);
    shop.stripe.set_period_end(&subscription, end);
    shop.stripe.cancel_at_period_end(&subscription, true);
    let event = shop.last_event("customer.subscription.updated");
    let object = &event["data"]["object"];
    assert_eq!((&object["cancel_at_period_end"], &object["cancel_at"]), (&json!(true), &json!(end.timestamp())));
    assert_eq!(event["data"]["previous_attributes"]["cancel_at_period_end"], false);
    shop.stripe.cancel_at(&subscription, Some(end));
    let event = shop.last_event("customer.subscription.updated");
    let object = &event["data"]["object"];
    assert_eq!((&object["cancel_at_period_end"], &object["cancel_at"]), (&json!(false), &json!(end.timestamp())));
    let before = shop.kinds().len();
    shop.stripe.cancel_at(&subscription, Some(end));
    shop.stripe.set_price(&subscription, "price_month");
    assert_eq!(shop.kinds().len(), before, "nothing changed");
    shop.stripe.set_price(&subscription, "price_other");
    shop.stripe.set_status(&subscription, "past_due");
    assert_eq!(
        shop.kinds()[before..],
        ["customer.subscription.updated", "customer.subscription.updated", "invoice.payment_failed"]
    );
}

#[tokio::test]
async fn deleting_a_customer_cancels_its_subscriptions() {
    let shop = Shop::open().await;
    let subscription = shop.stripe.subscribe(&shop.customer, "price_month");
    let other = shop.stripe.subscribe(&shop.customer, "price_month");
    assert_eq!(shop.delete(&format!("/v1/subscriptions/{other}")).await.2["status"], "canceled");
    assert_eq!(shop.delete(&format!("/v1/subscriptions/{other}")).await.0, 404, "canceled already");
    let path = format!("/v1/customers/{}", shop.customer);
    let stub = json!({"id": shop.customer, "object": "customer", "deleted": true});
    assert_eq!(shop.delete(&path).await, (200, false, stub.clone()));
    assert_eq!(shop.get(&path).await, (200, false, stub));
    assert_eq!(shop.delete(&path).await.0, 404);
    assert_eq!(shop.get(&format!("/v1/subscriptions/{subscription}")).await.2["status"], "canceled");
    let event = shop.last_event("customer.deleted");
    assert_eq!(event["data"]["object"]["email"], "ada@example.com");
    let form = format!("customer={}&return_url=https://a.example/", shop.customer);
    assert_eq!(shop.post("/v1/billing_portal/sessions", &form, "k1").await.0, 400);
}
