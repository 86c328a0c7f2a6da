//! Which calls are sent again, under which key, and what is left in the end.

use super::server::{Asked, Reply};
use super::*;
use serde_json::json;
use std::error::Error;
use std::time::{Duration, Instant};

fn made() -> Reply {
    good(&json!({ "id": "cus_1" }))
}

fn with(status: u16, headers: &'static [(&'static str, &'static str)]) -> Reply {
    Reply::Answer(status, headers, refusal("some_code"))
}

const REPLAYED: &[(&str, &str)] = &[("Idempotent-Replayed", "true")];

/// What a customer's creation comes to, and the keys it was sent with.
async fn create(replies: impl IntoIterator<Item = Reply>) -> (Result<String, StripeError>, Vec<String>) {
    let scene = Scene::new(replies).await;
    let outcome = scene.stripe.create_customer(user(), Some("ann@example.org"), "key").await;
    let key = |asked: &Asked| asked.header("idempotency-key").unwrap().to_owned();
    (outcome, scene.server.asked().iter().map(key).collect())
}

#[tokio::test]
async fn what_may_pass_is_sent_again_with_the_same_key() {
    for first in [
        || with(409, &[]),
        || with(424, &[]),
        || with(429, &[]),
        || with(500, &[]),
        || with(504, &[]),
        || with(400, &[("Stripe-Should-Retry", "true")]),
        || Reply::Cut,
        || Reply::Broken,
    ] {
        let (outcome, keys) = create([first(), first(), made()]).await;
        assert_eq!(outcome.unwrap(), "cus_1");
        assert_eq!(keys, ["key", "key", "key"]);
    }
}

#[tokio::test]
async fn a_call_without_an_answer_is_given_up_and_sent_again() {
    let scene = Scene::with([Reply::Silence, made()], |config| config.timeout = Duration::from_millis(200)).await;
    assert_eq!(scene.stripe.create_customer(user(), None, "key").await.unwrap(), "cus_1");
    assert_eq!(scene.server.asked().len(), 2);
}

#[tokio::test]
async fn reading_is_repeated_too() {
    let scene = Scene::new([Reply::Cut, with(503, &[]), made()]).await;
    assert!(scene.stripe.customer("cus_1").await.unwrap().is_some());
    assert_eq!(scene.server.asked().len(), 3);
}

#[tokio::test]
async fn a_refusal_is_final() {
    for status in [400, 401, 402, 403, 404] {
        let (outcome, keys) = create([with(status, &[])]).await;
        let Err(StripeError::Refused { status: told, code, .. }) = outcome else { panic!("{outcome:?}") };
        assert_eq!((told, code.as_deref(), keys.len()), (status, Some("some_code"), 1));
    }
    let (outcome, keys) = create([with(503, &[("Stripe-Should-Retry", "false")])]).await;
    assert!(outcome.unwrap_err().is_transient());
    assert_eq!(keys.len(), 1, "by Stripe's own word");
}

#[tokio::test]
async fn an_outage_is_reported_after_three_attempts() {
    let (outcome, keys) = create((0..5).map(|_| with(503, &[]))).await;
    let error = outcome.unwrap_err();
    assert!(matches!(&error, StripeError::Unavailable(Outage::Answer { status: 503, .. })), "{error:?}");
    assert_eq!(keys.len(), 3);
    let (outcome, keys) = create((0..5).map(|_| Reply::Cut)).await;
    let error = outcome.unwrap_err();
    assert!(error.is_transient() && matches!(error, StripeError::Unavailable(Outage::Connection(_))), "{error:?}");
    assert_eq!(keys.len(), 3);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_outage() {
    let config = StripeConfig {
        first_pause: Duration::from_millis(1),
        ..StripeConfig::new(KEY.into(), "http://127.0.0.1:1/customers-of-ann".parse().unwrap())
    };
    let error = Stripe::new(config).unwrap().customer("cus_1").await.unwrap_err();
    assert!(matches!(error, StripeError::Unavailable(Outage::Connection(_))), "{error:?}");
    assert!(!format!("{error:?}").contains("customers-of-ann"), "the address is not shown");
}

#[tokio::test]
async fn a_replayed_failure_is_left_behind_with_another_key() {
    let (outcome, keys) = create([with(500, &[]), with(500, REPLAYED), made()]).await;
    assert_eq!(outcome.unwrap(), "cus_1");
    assert_eq!(keys, ["key", "key", "key-2"]);
    // Also when failures of earlier calls are stored under more keys than there are attempts.
    let no_op = &[("Idempotent-Replayed", "true"), ("Stripe-Should-Retry", "false")];
    let stored = (0..4).map(|_| with(500, no_op));
    let (outcome, keys) = create(stored.chain([with(503, &[]), made()])).await;
    assert_eq!(outcome.unwrap(), "cus_1");
    assert_eq!(keys, ["key", "key-2", "key-3", "key-4", "key-5", "key-5"]);
    let (outcome, keys) = create((0..50).map(|_| with(500, REPLAYED))).await;
    assert!(outcome.unwrap_err().is_transient());
    assert_eq!(keys.len(), 10, "not for ever");
}

#[tokio::test]
async fn a_replayed_refusal_keeps_its_key_and_is_final() {
    let (outcome, keys) = create([with(402, REPLAYED)]).await;
    assert!(matches!(outcome, Err(StripeError::Refused { status: 402, .. })));
    assert_eq!(keys, ["key"]);
}

#[tokio::test]
async fn stripes_wait_is_kept_when_it_is_short() {
    let start = Instant::now();
    let (outcome, keys) = create([with(429, &[("Retry-After", "1")]), made()]).await;
    assert!(outcome.is_ok() && start.elapsed() >= Duration::from_secs(1));
    assert_eq!(keys.len(), 2);
    let (outcome, keys) = create([with(429, &[("Retry-After", "60")]), made()]).await;
    assert!(outcome.unwrap_err().is_transient());
    assert_eq!(keys.len(), 1, "a minute is too long to wait within a request");
}

#[tokio::test]
async fn a_key_that_no_header_can_hold_is_not_sent() {
    let scene = Scene::new([made()]).await;
    let outcome = scene.stripe.create_customer(user(), None, "a\nb").await;
    assert!(matches!(outcome, Err(StripeError::Malformed("request"))), "{outcome:?}");
    assert!(scene.server.asked().is_empty());
}

#[tokio::test]
async fn errors_show_neither_the_key_nor_the_learner() {
    let words = json!({ "error": { "code": "email_invalid", "message": format!("Invalid: ann@example.org ({KEY})") } });
    let replies = [Reply::Answer(400, &[], words.to_string()), good(&json!({ "id": ["ann@example.org", KEY] }))];
    for reply in replies {
        let error = create([reply]).await.0.unwrap_err();
        let mut shown = format!("{error:?} {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            shown = format!("{shown} {error:?} {error}");
            cause = error.source();
        }
        assert!(!shown.contains("example.org") && !shown.contains(KEY), "{shown}");
    }
}
