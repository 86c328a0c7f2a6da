//! Many checkouts at once: one customer, one page that can be paid, ten requests a minute.

use super::shop::{CHECKOUT, PORTAL, Shop, session, wish};
use futures_util::future::join_all;
use serde_json::json;
use std::time::Instant;
use waymark_testkit::app::Options;
use waymark_testkit::outside::{PRO, STARTER};

/// The checkout that was noted last.
const NOTED: &str = "select coalesce(stripe_checkout_session_id, '') from users";

#[tokio::test]
async fn thirty_two_requests_at_once_make_one_customer() {
    let shop = Shop::open().await;
    let other = shop.app.second_process(|options| options.workers(0)).await;
    let owner = shop.app.owner();
    let answers = join_all((0..32).map(|number| {
        let actor = if number % 2 == 0 { owner.clone() } else { owner.at(other.base()) };
        async move { actor.post(CHECKOUT, &wish(PRO)).await }
    }))
    .await;
    for answer in &answers {
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    }
    let customers = shop.stripe.customers();
    assert_eq!(customers.len(), 1);
    assert_eq!(shop.customer("user_owner").await.as_ref(), Some(&customers[0].id));
    assert!(shop.stripe.sessions().iter().all(|session| session.customer == customers[0].id));
}

#[tokio::test]
async fn a_second_page_closes_the_first() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let first = session(&owner.post(CHECKOUT, &wish(PRO)).await);
    let second = session(&owner.post(CHECKOUT, &wish(STARTER)).await);
    let seen: Vec<_> = shop.stripe.sessions().into_iter().map(|session| (session.id, session.status)).collect();
    assert_eq!(seen, [(first, "expired".to_owned()), (second.clone(), "open".to_owned())]);
    assert_eq!(shop.text(NOTED).await, second);
}

#[tokio::test]
async fn of_eight_pages_at_once_one_can_be_paid_in_the_end() {
    let shop = Shop::open().await;
    let other = shop.app.second_process(|options| options.workers(0)).await;
    let owner = shop.app.owner();
    let answers = join_all((0..8).map(|number| {
        let actor = if number % 2 == 0 { owner.clone() } else { owner.at(other.base()) };
        async move { actor.post(CHECKOUT, &wish(PRO)).await }
    }))
    .await;
    assert!(answers.iter().all(|answer| answer.status.as_u16() == 200));
    assert_eq!((shop.stripe.sessions().len(), shop.open_sessions()), (8, vec![shop.text(NOTED).await]));
}

#[tokio::test]
async fn no_page_is_opened_while_an_older_one_cannot_be_closed() {
    let shop = Shop::open().await;
    let owner = shop.app.owner();
    let first = session(&owner.post(CHECKOUT, &wish(PRO)).await);
    shop.stripe.fail_next(&format!("POST /v1/checkout/sessions/{first}/expire"), 3, 503);
    assert_eq!(owner.post(CHECKOUT, &wish(PRO)).await.problem(503), "UNAVAILABLE");
    assert_eq!(shop.text(NOTED).await, first);
    assert_eq!(shop.stripe.sessions().len(), 1);
    let second = session(&owner.post(CHECKOUT, &wish(PRO)).await);
    assert_eq!(shop.text(NOTED).await, second);
    let open: Vec<_> = shop.stripe.sessions().into_iter().filter(|it| it.status == "open").map(|it| it.id).collect();
    assert_eq!(open, [second]);
}

#[tokio::test]
async fn the_eleventh_request_within_a_minute_waits_whichever_process_it_comes_to() {
    let shop = Shop::with(Options::rate_limits).await;
    let other = shop.app.second_process(|options| options.workers(0)).await;
    let owner = shop.app.owner();
    let body = json!({"returnUrl": "/"});
    // Its first request makes the account.
    owner.get("/v1/user/profile").await;
    let begun = Instant::now();
    let answers =
        join_all((0..24).map(|number| {
            let actor = if number % 2 == 0 { owner.clone() } else { owner.at(other.base()) };
            let body = &body;
            // Portals and checkouts count together; the one is refused for another reason, and counts all the same.
            async move {
                if number % 3 == 0 { actor.post(CHECKOUT, &wish(PRO)).await } else { actor.post(PORTAL, body).await }
            }
        }))
        .await;
    // Another one is free every six seconds.
    let most = 10 + begun.elapsed().as_secs().div_ceil(6);
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status.as_u16() == 429).collect();
    let taken = answers.len() - refused.len();
    assert!((10..=usize::try_from(most).unwrap()).contains(&taken), "{taken} of at most {most} were taken");
    for answer in refused {
        assert_eq!(answer.problem(429), "RATE_LIMITED");
        assert!((1..=60).contains(&answer.header("retry-after").parse::<u64>().unwrap()));
        assert_eq!(answer.header("ratelimit-policy"), "\"billing\";q=10;w=60");
        assert!(answer.header("ratelimit").starts_with("\"billing\";r=0;t="), "{}", answer.header("ratelimit"));
    }
    assert!(shop.stripe.sessions().len() <= taken, "who is refused asks nothing of the provider");
    let stranger = shop.app.stranger();
    assert_eq!(stranger.post(PORTAL, &body).await.problem(409), "NO_CUSTOMER", "another's requests are not counted");
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_not_counted() {
    let shop = Shop::with(Options::rate_limits).await;
    let owner = shop.app.owner();
    for _ in 0..12 {
        assert_eq!(owner.post(CHECKOUT, &json!({})).await.problem(400), "VALIDATION_FAILED");
    }
    session(&owner.post(CHECKOUT, &wish(PRO)).await);
}
