//! Events in any order, more than once, late, several at once, to two processes, while what they tell of goes on changing: in
//! the end an account has what the payment provider has.

pub(super) mod account;
mod lane;
mod run;
mod schedule;

use account::{chains, trail};
use futures_util::StreamExt;
use futures_util::stream::iter;
use lane::{Lane, Learner};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::collections::BTreeSet;
use std::thread;
use tokio::runtime;
use waymark_testkit::outside::{PRO, STARTER};
use waymark_testkit::stripe_server::StripeEvent;
use waymark_testkit::wait::until;

/// So many schedules a lane.
const SCHEDULES: u32 = 100;
const LANES: u64 = 2;
/// Milliseconds in which a schedule that fails is cut short.
const SHRINK: u32 = 30_000;
/// So many learners' events are delivered at once.
const AT_ONCE: usize = 6;

/// Schedules of two lanes at once. With the seed `PROPTEST_RNG_SEED` the schedules are the same again.
#[test]
fn whatever_the_order_an_account_ends_as_the_provider_has_it() {
    let failures: Vec<_> = thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|number| scope.spawn(move || schedules(number))).collect();
        lanes.into_iter().filter_map(|lane| lane.join().unwrap().err()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Goes through the schedules of a lane; tells of the first that fails, cut short.
fn schedules(lane: u64) -> Result<(), String> {
    let mut config =
        Config { cases: SCHEDULES, failure_persistence: None, max_shrink_time: SHRINK, ..Config::default() };
    if let RngSeed::Fixed(seed) = &mut config.rng_seed {
        *seed = seed.wrapping_add(lane);
    }
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let lane = runtime.block_on(Lane::open());
    let run = |schedule| runtime.block_on(run::run(&lane, &schedule));
    let result = TestRunner::new(config).run(&schedule::schedule(), run);
    runtime.block_on(lane.close());
    result.map_err(|failure| failure.to_string())
}

/// All orders of `list`.
fn permutations<T: Clone>(list: &[T]) -> Vec<Vec<T>> {
    if list.is_empty() {
        return vec![Vec::new()];
    }
    (0..list.len())
        .flat_map(|first| {
            let mut rest = list.to_vec();
            let first = rest.remove(first);
            permutations(&rest).into_iter().map(move |order| [vec![first.clone()], order].concat())
        })
        .collect()
}

#[test]
fn there_are_120_orders_of_five() {
    let orders: BTreeSet<_> = permutations(&[1, 2, 3, 4, 5]).into_iter().collect();
    assert_eq!(orders.len(), 120);
}

/// The kinds of events that a subscription has of its own.
fn of_subscription(event: &StripeEvent) -> bool {
    event.kind.starts_with("customer.subscription.")
}

/// Lives the same life for each order of its events, all of it before anything is told.
async fn lives(lane: &Lane, length: usize, live: impl Fn(&Lane, &str)) -> Vec<(Learner, Vec<StripeEvent>)> {
    let orders = permutations(&(0..length).collect::<Vec<_>>());
    let mut learners = Vec::with_capacity(orders.len());
    for _ in &orders {
        let learner = lane.learner(true).await;
        live(lane, &learner.customer);
        learners.push(learner);
    }
    let events: Vec<_> = lane.events().into_iter().filter(of_subscription).collect();
    assert_eq!(events.len(), length * learners.len(), "none would be as good as all");
    let lives = learners.into_iter().zip(orders).zip(events.chunks(length));
    lives
        .map(|((learner, order), events)| {
            assert!(events.iter().all(|event| event.payload.contains(&learner.customer)), "{events:?}");
            (learner, order.into_iter().map(|at| events[at].clone()).collect())
        })
        .collect()
}

#[tokio::test]
async fn each_of_the_120_orders_of_a_whole_life_ends_free_and_once() {
    let lane = Lane::open().await;
    let lives = lives(&lane, 5, |lane, customer| {
        let stripe = &lane.shop.stripe;
        let subscription = stripe.subscribe(customer, STARTER);
        stripe.set_status(&subscription, "past_due");
        stripe.set_status(&subscription, "active");
        stripe.set_price(&subscription, PRO);
        stripe.cancel(&subscription);
    })
    .await;
    iter(lives.iter().enumerate())
        .for_each_concurrent(AT_ONCE, async |(number, (learner, events))| {
            for (at, event) in events.iter().enumerate() {
                assert_eq!(lane.deliver(event, (number + at) % 2 == 0).await, 200);
                assert_eq!(
                    lane.has(learner).await,
                    lane.wants(learner),
                    "whatever it tells of, what is true now counts"
                );
            }
            // One of them comes again.
            assert_eq!(lane.deliver(&events[number % events.len()], number % 2 == 0).await, 200);
        })
        .await;
    for (learner, events) in &lives {
        let has = lane.has(learner).await;
        assert_eq!((&has, &has.words["tier"]), (&lane.wants(learner), &serde_json::json!("free")));
        assert_eq!(has.words["providerStatus"], "canceled");
        assert_eq!(lane.stored(events).await, 5);
        let rows = trail(&lane.superuser, &learner.user).await;
        assert_eq!((rows.len(), &rows[0].subject), (1, &events[0].id), "the first to come told it all");
        assert!(chains(&rows, &has.words));
    }
    lane.close().await;
}

#[tokio::test]
async fn each_order_of_two_subscriptions_leaves_the_one_that_lives() {
    let lane = Lane::open().await;
    let lives = lives(&lane, 4, |lane, customer| {
        let stripe = &lane.shop.stripe;
        let old = stripe.subscribe(customer, PRO);
        stripe.set_status(&old, "past_due");
        stripe.subscribe(customer, STARTER);
        stripe.cancel(&old);
    })
    .await;
    for (number, (learner, events)) in lives.iter().enumerate() {
        for (at, event) in events.iter().enumerate() {
            assert_eq!(lane.deliver(event, (number + at) % 2 == 0).await, 200);
            let has = lane.has(learner).await;
            assert_eq!(
                (&has.words["tier"], &has.words["status"]),
                (&"starter".into(), &"active".into()),
                "{}",
                event.kind
            );
        }
        assert_eq!(lane.has(learner).await, lane.wants(learner));
        assert_eq!(trail(&lane.superuser, &learner.user).await.len(), 1);
    }
    lane.close().await;
}

#[tokio::test]
async fn a_reading_from_before_another_subscription_never_takes_it_away() {
    let lane = Lane::open().await;
    let stripe = &lane.shop.stripe;
    let learner = lane.learner(true).await;
    let old = stripe.subscribe(&learner.customer, STARTER);
    stripe.cancel(&old);
    let ended = lane.events().into_iter().rfind(of_subscription).unwrap();

    let hold = stripe.hold("GET /v1/subscriptions");
    let delivery = lane.deliver(&ended, false);
    let meanwhile = async {
        hold.arrived().await;
        stripe.subscribe(&learner.customer, PRO);
        let begun = lane.events().into_iter().find(of_subscription).unwrap();
        assert_eq!(lane.deliver(&begun, true).await, 200);
        assert_eq!(lane.has(&learner).await.words["tier"], "pro");
        hold.release();
    };
    let (status, ()) = tokio::join!(delivery, meanwhile);
    assert_eq!(status, 200);
    assert_eq!(lane.has(&learner).await, lane.wants(&learner));
    assert_eq!(lane.has(&learner).await.words["tier"], "pro");
    lane.close().await;
}

/// How many sessions wait for a lock.
const WAITING: &str =
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";

#[tokio::test]
async fn two_events_that_find_a_customer_nobody_knew_yet_both_count() {
    let lane = Lane::open().await;
    let stripe = &lane.shop.stripe;
    let learner = lane.learner(false).await;
    let subscription = stripe.subscribe(&learner.customer, STARTER);
    let begun = lane.events().into_iter().find(of_subscription).unwrap();
    stripe.set_price(&subscription, PRO);
    let upgraded = lane.events().into_iter().find(of_subscription).unwrap();
    stripe.set_price(&subscription, STARTER);

    // Both have found no account that is this customer before either makes one it.
    let lock = lane.superuser.begin().await.unwrap();
    lock.execute_unprepared(&format!("select from users where id = '{}' for update", learner.user)).await.unwrap();
    let waiting = async |count: i64| {
        until("deliveries wait", async || (lane.shop.app.db().number(WAITING).await == count).then_some(())).await;
    };
    let meanwhile = async {
        waiting(1).await;
        stripe.set_price(&subscription, PRO);
        let second = async {
            waiting(2).await;
            lock.rollback().await.unwrap();
        };
        tokio::join!(lane.deliver(&upgraded, true), second).0
    };
    assert_eq!(tokio::join!(lane.deliver(&begun, false), meanwhile), (200, 200));
    assert_eq!(lane.has(&learner).await, lane.wants(&learner));
    assert_eq!(lane.has(&learner).await.words["tier"], "pro");
    lane.close().await;
}
