//! The door for the payment provider's events: who is believed, how much is read, and how leniently.

use super::shop::{CHANGES, EVENTS, NOTHING, Shop, standing};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use waymark_testkit::actor::Answer;
use waymark_testkit::outside::PRO;
use waymark_testkit::stripe_server::StripeEvent;

const SECRET: &str = "whsec_double";

/// An event of this content, as the provider would send it.
fn event(payload: &Value) -> StripeEvent {
    raw(&payload.to_string())
}

fn raw(payload: &str) -> StripeEvent {
    StripeEvent { id: "evt_1".to_owned(), kind: "test".to_owned(), payload: payload.to_owned() }
}

/// An event that says nothing about anybody.
fn idle(id: &str) -> Value {
    json!({"id": id, "object": "event", "type": "price.created", "livemode": false, "data": {"object": {"id": "price_1"}}})
}

async fn post(shop: &Shop, payload: &str, signature: Option<&str>) -> Answer {
    let nobody = shop.app.anonymous();
    let mut request = nobody.request(Method::POST, "/v1/stripe/webhook").header("content-type", "application/json");
    if let Some(signature) = signature {
        request = request.header("stripe-signature", signature);
    }
    nobody.send(request.body(payload.to_owned())).await
}

/// Sends it signed with the shop's secret, now.
async fn send(shop: &Shop, event: &StripeEvent) -> Answer {
    post(shop, &event.payload, Some(&shop.stripe.signed(event, SECRET, Utc::now()))).await
}

/// Sends it signed with the shop's secret and sees that it is taken in.
async fn taken(shop: &Shop, event: &StripeEvent) {
    let answer = send(shop, event).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"received": true})), "{}", event.payload);
}

fn ago(seconds: i64) -> DateTime<Utc> {
    Utc::now() - TimeDelta::seconds(seconds)
}

#[tokio::test]
async fn who_cannot_sign_is_refused_and_nothing_is_kept() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.pay(&owner, PRO).await;
    let paid = shop.stripe.events().pop().unwrap();
    let good = shop.stripe.signed(&paid, SECRET, Utc::now());
    let tampered = paid.payload.replace("checkout.session.completed", "checkout.session.Completed");
    let cut = |name: &str| good.split(',').filter(|part| !part.starts_with(name)).collect::<Vec<_>>().join(",");
    let other = shop.stripe.signed(&raw("{}"), SECRET, Utc::now());
    for (what, payload, signature) in [
        ("none", &paid.payload, None),
        ("an empty one", &paid.payload, Some(String::new())),
        ("no signature at all", &paid.payload, Some("sk_test_double".to_owned())),
        ("another secret", &paid.payload, Some(shop.stripe.signed(&paid, "whsec_other", Utc::now()))),
        ("an empty secret", &paid.payload, Some(shop.stripe.signed(&paid, "", Utc::now()))),
        ("another event's", &paid.payload, Some(other)),
        ("another body", &tampered, Some(good.clone())),
        ("too old", &paid.payload, Some(shop.stripe.signed(&paid, SECRET, ago(310)))),
        ("too far ahead", &paid.payload, Some(shop.stripe.signed(&paid, SECRET, ago(-320)))),
        ("another time", &paid.payload, Some(good.replacen("t=1", "t=2", 1))),
        ("without a time", &paid.payload, Some(cut("t="))),
        ("the worthless scheme alone", &paid.payload, Some(cut("v1="))),
    ] {
        let refused = post(&shop, payload, signature.as_deref()).await;
        assert_eq!(refused.problem(400), "SIGNATURE_INVALID", "{what}");
        assert!(!refused.text.contains("whsec"), "{}", refused.text);
    }
    assert_eq!((shop.number(EVENTS).await, standing(&owner).await.as_str()), (0, NOTHING));
    assert_eq!(post(&shop, &paid.payload, Some(&good)).await.status.as_u16(), 200, "the right one is taken");
}

#[tokio::test]
async fn clocks_may_differ_by_a_few_minutes() {
    let shop = Shop::open().await;
    for (id, at) in [("evt_old", ago(280)), ("evt_ahead", ago(-280))] {
        let event = event(&idle(id));
        let answer = post(&shop, &event.payload, Some(&shop.stripe.signed(&event, SECRET, at))).await;
        assert_eq!(answer.status.as_u16(), 200, "{id}: {}", answer.text);
    }
    assert_eq!(shop.number(EVENTS).await, 2);
}

#[tokio::test]
async fn any_configured_secret_and_any_of_several_signatures_will_do() {
    let shop = Shop::with(|options| options.stripe_secrets(&["whsec_new", "whsec_old"])).await;
    let now = Utc::now();
    let sign = |id: &str, secret: &str| {
        let event = event(&idle(id));
        let signature = shop.stripe.signed(&event, secret, now);
        (event.payload, signature)
    };
    for secret in ["whsec_new", "whsec_old"] {
        let (payload, signature) = sign(secret, secret);
        assert_eq!(post(&shop, &payload, Some(&signature)).await.status.as_u16(), 200, "{secret}");
    }
    // While a secret is rolled, the provider signs with both; one of them is not known here.
    let (payload, known) = sign("evt_rolled", "whsec_old");
    let (_, unknown) = sign("evt_rolled", "whsec_newer");
    let v1 = |header: &str| header.split(',').find(|part| part.starts_with("v1=")).unwrap().to_owned();
    let time = known.split(',').next().unwrap();
    let both = format!("{time},{},{}", v1(&unknown), v1(&known));
    assert_eq!(post(&shop, &payload, Some(&both)).await.status.as_u16(), 200);
    let (payload, signature) = sign("evt_retired", "whsec_double");
    assert_eq!(post(&shop, &payload, Some(&signature)).await.problem(400), "SIGNATURE_INVALID", "a retired one");
}

#[tokio::test]
async fn an_event_may_have_256_kb_and_not_a_byte_more() {
    let shop = Shop::open().await;
    let sized = |id: &str, size: usize| {
        let mut content = idle(id);
        content["pad"] = json!("");
        let empty = content.to_string().len();
        content["pad"] = json!("x".repeat(size - empty));
        event(&content)
    };
    let (largest, larger) = (sized("evt_1", 256 * 1024), sized("evt_2", 256 * 1024 + 1));
    assert_eq!(largest.payload.len(), 262_144);
    taken(&shop, &largest).await;
    assert_eq!(send(&shop, &larger).await.problem(413), "PAYLOAD_TOO_LARGE");
    assert_eq!(shop.number(EVENTS).await, 1);
}

#[tokio::test]
async fn an_event_of_the_other_mode_is_dropped() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.pay(&owner, PRO).await;
    let asked = shop.stripe.requests().len();
    for told in shop.stripe.events() {
        taken(&shop, &raw(&told.payload.replace("\"livemode\": false", "\"livemode\": true"))).await;
    }
    assert_eq!((shop.number(EVENTS).await, standing(&owner).await.as_str()), (0, NOTHING));
    assert_eq!(shop.stripe.requests().len(), asked);
}

#[tokio::test]
async fn an_event_of_an_unknown_type_is_kept_without_effect() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.pay(&owner, PRO).await;
    let (asked, customer) = (shop.stripe.requests().len(), shop.customer("user_owner").await.unwrap());
    for (id, kind) in [("evt_a", "customer.created"), ("evt_b", "invoice.upcoming"), ("evt_c", "entirely.new")] {
        let object = json!({"id": customer, "customer": customer});
        taken(&shop, &event(&json!({"id": id, "type": kind, "livemode": false, "data": {"object": object}}))).await;
    }
    let kept = "select string_agg(concat_ws(' ', event_id, type, livemode), ', ' order by event_id)
                from stripe_webhook_events";
    assert_eq!(shop.text(kept).await, "evt_a customer.created f, evt_b invoice.upcoming f, evt_c entirely.new f");
    assert_eq!((shop.stripe.requests().len(), standing(&owner).await.as_str()), (asked, NOTHING));
}

#[tokio::test]
async fn an_event_of_a_customer_that_nobody_here_is_is_kept_without_effect() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    owner.get("/v1/user/profile").await;
    // The provider knows this one, and nobody here is it.
    let stranger = shop.stripe.customer(Some("someone@example.com"), None);
    shop.stripe.subscribe(&stranger, PRO);
    // These are another installation's: an account that is not here, and a key that is no account's.
    for user in ["00000000-0000-7000-8000-00000000abcd", "17"] {
        let customer = shop.stripe.customer(None, Some(user));
        shop.stripe.subscribe(&customer, PRO);
    }
    shop.tell().await;
    assert_eq!(shop.number(EVENTS).await, i64::try_from(shop.stripe.events().len()).unwrap());
    assert_eq!((shop.number(CHANGES).await, standing(&owner).await.as_str()), (0, NOTHING));
}

#[tokio::test]
async fn an_event_of_a_customer_that_the_provider_does_not_know_is_kept_without_effect() {
    let shop = Shop::open().await;
    for (id, kind) in
        [("evt_a", "customer.subscription.updated"), ("evt_b", "invoice.paid"), ("evt_c", "customer.deleted")]
    {
        let object = json!({"id": "cus_gone", "customer": "cus_gone"});
        taken(&shop, &event(&json!({"id": id, "type": kind, "livemode": false, "data": {"object": object}}))).await;
    }
    assert_eq!((shop.number(EVENTS).await, shop.number(CHANGES).await), (3, 0));
}

#[tokio::test]
async fn what_is_signed_and_no_event_is_refused() {
    let shop = Shop::open().await;
    for payload in
        ["", "{", "null", "[]", "{}", "{\"id\":\"evt_1\"}", "{\"id\":1,\"type\":\"x\"}", "{\"id\":\"\",\"type\":\"x\"}"]
    {
        assert_eq!(send(&shop, &raw(payload)).await.problem(400), "INVALID_JSON", "{payload}");
    }
    let long = "x".repeat(256);
    assert_eq!(send(&shop, &event(&idle(&long))).await.problem(400), "INVALID_JSON");
    assert_eq!(shop.number(EVENTS).await, 0);
}

#[tokio::test]
async fn an_envelope_of_any_shape_has_its_effect() {
    let shop = Shop::open().await;
    // An object of 2024: the period at the top, none in the items; members that nobody here knows.
    let old = |customer: &str| {
        json!({"id": "sub_1", "object": "subscription", "customer": customer, "current_period_end": 1_735_689_600,
            "items": {"data": [{"id": "si_1", "price": {"id": PRO}}]}, "status": "active"})
    };
    // The same with the customer written out.
    let expanded =
        |customer: &str| json!({"customer": {"id": customer, "object": "customer", "email": "x@example.com"}});
    let bare = |customer: &str| json!({ "customer": customer });
    for (name, object) in [("old", &old as &dyn Fn(&str) -> Value), ("expanded", &expanded), ("bare", &bare)] {
        let learner = shop.app.learner(name);
        shop.pay(&learner, PRO).await;
        let customer = shop.customer(name).await.unwrap();
        let envelope = json!({"id": format!("evt_{name}"), "type": "customer.subscription.updated",
            "api_version": "2024-06-20", "created": "soon", "pending_webhooks": null, "request": 7, "new": {"er": [1]},
            "data": {"object": object(&customer), "previous_attributes": null}});
        taken(&shop, &event(&envelope)).await;
        assert_eq!(standing(&learner).await, "pro pro active active", "{name}");
    }
}
