//! Requests that are sent twice, and a payment provider that fails: one customer and one page come of it all the same.

use super::shop::{CHECKOUT, Shop, session, wish};
use futures_util::future::join_all;
use std::collections::BTreeSet;
use waymark_testkit::actor::Answer;
use waymark_testkit::outside::{PRO, STARTER};

const KEY: &str = "0199a1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b";

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == "true"
}

/// The idempotency keys of what the provider was asked there.
fn keys(shop: &Shop, path: &str) -> Vec<String> {
    shop.asked("POST", path).into_iter().map(|asked| asked.idempotency_key.expect("a key")).collect()
}

#[tokio::test]
async fn a_request_that_is_sent_again_gets_the_same_page() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let first = owner.post_once(CHECKOUT, KEY, &wish(PRO)).await;
    let again = owner.post_once(CHECKOUT, KEY, &wish(PRO)).await;
    assert_eq!((first.status.as_u16(), replayed(&first)), (200, false), "{}", first.text);
    assert_eq!((again.status.as_u16(), replayed(&again), again.text), (200, true, first.text));
    assert_eq!((shop.stripe.sessions().len(), shop.open_sessions().len()), (1, 1));
}

#[tokio::test]
async fn the_same_key_at_once_at_two_processes_makes_one_page() {
    let shop = Shop::open().await;
    let other = shop.app.second_process(|options| options.workers(0)).await;
    let owner = shop.app.owner();
    session(&owner.post(CHECKOUT, &wish(PRO)).await);
    let answers = join_all((0..8).map(|number| {
        let actor = if number % 2 == 0 { owner.clone() } else { owner.at(other.base()) };
        async move { actor.post_once(CHECKOUT, KEY, &wish(PRO)).await }
    }))
    .await;
    let pages: BTreeSet<_> = answers.iter().map(session).collect();
    assert_eq!(pages.len(), 1, "{pages:?}");
    assert_eq!(answers.iter().filter(|answer| !replayed(answer)).count(), 1);
    assert_eq!(shop.stripe.sessions().len(), 2, "this one and the one before");
    assert_eq!(shop.open_sessions(), Vec::from_iter(pages));
}

#[tokio::test]
async fn a_key_serves_one_request_only() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    session(&owner.post_once(CHECKOUT, KEY, &wish(PRO)).await);
    assert_eq!(owner.post_once(CHECKOUT, KEY, &wish(STARTER)).await.problem(422), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(shop.stripe.sessions().len(), 1);
    let theirs = shop.app.stranger().post_once(CHECKOUT, KEY, &wish(STARTER)).await;
    assert_eq!((theirs.status.as_u16(), replayed(&theirs)), (200, false), "another's key is another");
}

#[tokio::test]
async fn a_provider_that_fails_for_a_moment_is_asked_again_under_the_same_key() {
    let shop = Shop::open().await;
    shop.stripe.fail_next("POST /v1/customers", 2, 503);
    shop.stripe.fail_next("POST /v1/checkout/sessions", 2, 502);
    session(&shop.app.owner().post(CHECKOUT, &wish(PRO)).await);
    for path in ["/v1/customers", "/v1/checkout/sessions"] {
        let keys = keys(&shop, path);
        assert_eq!((keys.len(), BTreeSet::from_iter(&keys).len()), (3, 1), "{path}: {keys:?}");
        assert!(keys.iter().all(|key| key.len() <= 255 && !key.contains("example")), "{keys:?}");
    }
    assert_eq!((shop.stripe.customers().len(), shop.stripe.sessions().len()), (1, 1));
}

#[tokio::test]
async fn a_failure_that_the_provider_keeps_is_left_for_another_key() {
    let shop = Shop::open().await;
    shop.stripe.fail_next("POST /v1/checkout/sessions", 1, 500);
    session(&shop.app.owner().post_once(CHECKOUT, KEY, &wish(PRO)).await);
    let keys = keys(&shop, "/v1/checkout/sessions");
    assert_eq!((keys.len(), &keys[0], &keys[2]), (3, &keys[1], &format!("{}-2", keys[0])), "{keys:?}");
    assert_eq!(shop.stripe.sessions().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_lost_is_had_again() {
    let shop = Shop::open().await;
    shop.stripe.drop_next("POST /v1/customers", 1);
    shop.stripe.drop_next("POST /v1/checkout/sessions", 1);
    let answer = shop.app.owner().post(CHECKOUT, &wish(PRO)).await;
    let made = shop.stripe.sessions();
    assert_eq!((made.len(), shop.stripe.customers().len()), (1, 1));
    assert_eq!(session(&answer), made[0].id);
    assert_eq!(shop.customer("user_owner").await, Some(made[0].customer.clone()));
    for path in ["/v1/customers", "/v1/checkout/sessions"] {
        let replayed: Vec<_> = shop.asked("POST", path).into_iter().map(|asked| asked.replayed).collect();
        assert_eq!(replayed, [false, true], "{path}");
    }
}

#[tokio::test]
async fn a_customer_whose_every_answer_was_lost_is_found_by_the_next_request() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.stripe.drop_next("POST /v1/customers", 3);
    assert_eq!(owner.post(CHECKOUT, &wish(PRO)).await.problem(503), "UNAVAILABLE");
    assert_eq!((shop.customer("user_owner").await, shop.stripe.customers().len()), (None, 1));
    session(&owner.post(CHECKOUT, &wish(PRO)).await);
    assert_eq!(shop.stripe.customers().len(), 1);
    assert_eq!(shop.customer("user_owner").await, Some(shop.stripe.customers()[0].id.clone()));
}

#[tokio::test]
async fn a_provider_that_is_away_leaves_nothing_behind() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.stripe.fail_next("/v1/", 3, 503);
    let refused = owner.post_once(CHECKOUT, KEY, &wish(PRO)).await;
    assert_eq!(refused.problem(503), "UNAVAILABLE");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    for sql in [
        "select count(*) from idempotency_keys",
        "select count(*) from audit_log",
        "select count(*) from users where stripe_customer_id is not null or stripe_checkout_session_id is not null",
    ] {
        assert_eq!(shop.number(sql).await, 0, "{sql}");
    }
    let again = owner.post_once(CHECKOUT, KEY, &wish(PRO)).await;
    assert_eq!((again.status.as_u16(), replayed(&again)), (200, false), "{}", again.text);
    assert_eq!((shop.stripe.customers().len(), shop.stripe.sessions().len()), (1, 1));
}

#[tokio::test]
async fn a_page_whose_every_answer_was_lost_is_had_by_the_same_key() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    shop.stripe.drop_next("POST /v1/checkout/sessions", 3);
    assert_eq!(owner.post_once(CHECKOUT, KEY, &wish(PRO)).await.problem(503), "UNAVAILABLE");
    let again = owner.post_once(CHECKOUT, KEY, &wish(PRO)).await;
    assert_eq!(session(&again), shop.stripe.sessions()[0].id);
    assert_eq!(shop.stripe.sessions().len(), 1);
}

#[tokio::test]
async fn a_provider_that_says_nothing_is_not_waited_for_for_ever() {
    let shop = Shop::with(waymark_testkit::app::Options::impatient_billing).await;
    let owner = shop.app.owner();
    let silence: Vec<_> = (0..3).map(|_| shop.stripe.hold("POST /v1/customers")).collect();
    let refused = waymark_testkit::wait::within("an answer", owner.post(CHECKOUT, &wish(PRO))).await;
    assert_eq!(refused.problem(503), "UNAVAILABLE");
    drop(silence);
    session(&owner.post(CHECKOUT, &wish(PRO)).await);
    assert_eq!(shop.stripe.customers().len(), 1);
}

#[tokio::test]
async fn a_refusal_of_the_provider_is_told_as_its_own() {
    let shop = Shop::open().await;
    shop.stripe.fail_next("POST /v1/checkout/sessions", 1, 402);
    let refused = shop.app.owner().post(CHECKOUT, &wish(PRO)).await;
    assert_eq!(refused.problem(502), "PAYMENT_PROVIDER_FAILED");
    assert!(!refused.text.contains("The test asked"), "the provider's words are not the learner's: {}", refused.text);
    assert_eq!(keys(&shop, "/v1/checkout/sessions").len(), 1, "what was refused is not asked again");
}
