//! The trail: each change of what somebody has is a row that says whose, by whom, because of what, from what and to what.

use super::shop::{CHECKOUT, Shop, wish};
use serde_json::{Value, json};
use waymark_testkit::outside::{PRO, STARTER};

/// The trail, oldest first.
async fn trail(shop: &Shop) -> Vec<Value> {
    let sql =
        "select jsonb_build_object('user', u.clerk_user_id, 'actor', a.actor, 'action', a.action, 'subject', a.subject,
                 'data', a.data)::text
               from audit_log a left join users u on u.id = a.user_id order by a.created_at, a.id";
    let rows = shop.app.db().rows(sql).await;
    rows.iter().map(|row| serde_json::from_str(&row.try_get_by_index::<String>(0).unwrap()).unwrap()).collect()
}

#[tokio::test]
async fn a_purchase_is_put_down_to_its_event_with_what_was_and_what_is() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.pay(&owner, PRO).await;
    let paid = shop.stripe.events().into_iter().rfind(|event| event.kind == "invoice.paid").unwrap();
    assert_eq!(shop.stripe.deliver(shop.app.base(), &paid).await, 200);
    shop.tell().await;
    let nothing = json!({"tier": "free", "status": null, "providerStatus": null, "subscription": null, "periodEnd": null,
        "cancelAtPeriodEnd": false});
    let has = json!({"tier": "pro", "status": "active", "providerStatus": "active", "subscription": bought,
        "periodEnd": shop.stripe.subscriptions()[0].period_end, "cancelAtPeriodEnd": false});
    let data =
        json!({"customer": shop.customer("user_owner").await, "type": "invoice.paid", "from": nothing, "to": has});
    let entry = json!({"user": "user_owner", "actor": "stripe", "action": "subscription.changed", "subject": paid.id,
        "data": data});
    assert_eq!(trail(&shop).await, [entry], "the other events of the purchase changed nothing");
}

#[tokio::test]
async fn a_life_can_be_read_from_the_trail_without_a_gap() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let bought = shop.buy(&owner, STARTER).await;
    shop.stripe.set_price(&bought, PRO);
    shop.tell().await;
    shop.stripe.set_status(&bought, "past_due");
    shop.tell().await;
    shop.stripe.cancel_at_period_end(&bought, true);
    shop.tell().await;
    shop.stripe.cancel(&bought);
    shop.tell().await;
    let trail = trail(&shop).await;
    let words: Vec<_> = trail
        .iter()
        .map(|entry| {
            let to = &entry["data"]["to"];
            let word = |member: &str| to[member].as_str().unwrap_or("-").to_owned();
            format!("{} {} {}", word("tier"), word("providerStatus"), to["cancelAtPeriodEnd"])
        })
        .collect();
    let expected =
        ["starter active false", "pro active false", "pro past_due false", "pro past_due true", "free canceled true"];
    assert_eq!(words, expected);
    for pair in trail.windows(2) {
        assert_eq!(pair[0]["data"]["to"], pair[1]["data"]["from"]);
    }
    let told = shop.stripe.events();
    for entry in &trail {
        let event = told.iter().find(|event| entry["subject"] == event.id.as_str()).expect("its event");
        assert_eq!((&entry["actor"], &entry["data"]["type"]), (&json!("stripe"), &json!(event.kind)));
    }
}

#[tokio::test]
async fn the_end_of_a_customer_is_in_the_trail() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.buy(&owner, PRO).await;
    let customer = shop.customer("user_owner").await.unwrap();
    shop.stripe.delete_customer(&customer);
    let end = shop.stripe.events().pop().unwrap();
    assert_eq!(shop.stripe.deliver(shop.app.base(), &end).await, 200);
    let last = trail(&shop).await.pop().unwrap();
    assert_eq!((&last["subject"], &last["data"]["customer"]), (&json!(end.id), &json!(customer)));
    assert_eq!((&last["data"]["from"]["tier"], &last["data"]["to"]["tier"]), (&json!("pro"), &json!("free")));
}

#[tokio::test]
async fn what_a_checkout_finds_out_is_put_down_to_its_learner() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.pay(&owner, PRO).await;
    owner.post(CHECKOUT, &wish(PRO)).await;
    let entry = trail(&shop).await.remove(0);
    assert_eq!((&entry["actor"], &entry["subject"]), (&json!("user_owner"), &json!("create-checkout")));
    assert_eq!(entry["data"]["type"], Value::Null);
}

#[tokio::test]
async fn pages_and_events_without_effect_leave_no_trail() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    owner.post(CHECKOUT, &wish(PRO)).await;
    owner.post(CHECKOUT, &wish(PRO)).await;
    let stranger = shop.stripe.customer(None, None);
    shop.stripe.subscribe(&stranger, PRO);
    shop.tell().await;
    assert_eq!(trail(&shop).await, Vec::<Value>::new());
}
