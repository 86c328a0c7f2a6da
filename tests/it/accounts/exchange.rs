//! Two people who exchange their addresses: right in the end, whatever comes first.

use super::Stage;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use std::collections::BTreeMap;
use waymark_testkit::clerk_server::ClerkEvent;

/// What is told of pair `number`: each has an address, the first lends theirs away, the second takes it, the first takes the
/// second's.
fn exchange(stage: &Stage, number: usize) -> [ClerkEvent; 5] {
    let [ada, bob] = people(number);
    let [a, b, between] = addresses(number);
    [
        stage.event("user.created", &ada, Some(&a), 1),
        stage.event("user.created", &bob, Some(&b), 2),
        stage.event("user.updated", &ada, Some(&between), 3),
        stage.event("user.updated", &bob, Some(&a), 4),
        stage.event("user.updated", &ada, Some(&b), 5),
    ]
}

fn people(number: usize) -> [String; 2] {
    ["ada", "bob"].map(|name| format!("user_{name}_{number}"))
}

fn addresses(number: usize) -> [String; 3] {
    ["ada", "bob", "between"].map(|name| format!("{name}.{number}@example.com"))
}

/// Asserts that the pairs have each other's addresses.
async fn exchanged(stage: &Stage, pairs: usize) {
    let rows = stage.app.db().rows("select clerk_user_id, email from users").await;
    let emails: BTreeMap<String, Option<String>> =
        rows.iter().map(|row| (row.try_get("", "clerk_user_id").unwrap(), row.try_get("", "email").unwrap())).collect();
    assert_eq!(emails.len(), pairs * 2);
    for number in 0..pairs {
        let ([ada, bob], [a, b, _]) = (people(number), addresses(number));
        assert_eq!((&emails[&ada], &emails[&bob]), (&Some(b), &Some(a)), "pair {number}");
    }
}

/// Every order of the numbers below `count`.
fn orders(count: usize) -> Vec<Vec<usize>> {
    (0..count).fold(vec![Vec::new()], |orders, next| {
        let at_every_place = |order: Vec<usize>| {
            (0..=order.len()).map(move |place| {
                let mut order = order.clone();
                order.insert(place, next);
                order
            })
        };
        orders.into_iter().flat_map(at_every_place).collect()
    })
}

#[tokio::test]
async fn addresses_are_exchanged_in_every_order_of_the_events() {
    let stage = Stage::new().await;
    let other = stage.app.second_process(|options| options).await;
    let orders = orders(5);
    assert_eq!(orders.len(), 120);
    let deliver = async |number: usize, order: &[usize]| {
        let events = exchange(&stage, number);
        for (turn, &which) in order.iter().enumerate() {
            let base = if (number + turn).is_multiple_of(2) { stage.app.base() } else { other.base() };
            assert_eq!(stage.clerk.deliver(base, &events[which]).await, 200, "{order:?}");
        }
    };
    let all = orders.iter().enumerate().map(|(number, order)| deliver(number, order));
    stream::iter(all).buffer_unordered(6).collect::<Vec<_>>().await;
    exchanged(&stage, orders.len()).await;
}

#[tokio::test]
async fn addresses_are_exchanged_when_all_the_events_come_at_once() {
    let stage = Stage::new().await;
    let other = stage.app.second_process(|options| options).await;
    for round in 0..30 {
        let events = exchange(&stage, round);
        let deliveries = events.iter().enumerate().map(|(number, event)| {
            let base = if (number + round) % 2 == 0 { stage.app.base() } else { other.base() };
            stage.clerk.deliver(base, event)
        });
        assert_eq!(join_all(deliveries).await, [200; 5], "round {round}");
    }
    exchanged(&stage, 30).await;
}

#[tokio::test]
async fn many_who_are_told_of_with_one_address_at_once_are_all_taken_in_and_the_newest_has_it() {
    let stage = Stage::new().await;
    let other = stage.app.second_process(|options| options).await;
    for round in 0..10 {
        let address = format!("shared.{round}@example.com");
        let people: Vec<String> = (0..6).map(|number| format!("user_{round}_{number}")).collect();
        let events: Vec<ClerkEvent> = (1_i64..)
            .zip(&people)
            .map(|(at, subject)| stage.event("user.updated", subject, Some(&address), at))
            .collect();
        let bases = [stage.app.base(), other.base()];
        let deliveries = events.iter().zip(bases.iter().cycle()).map(|(event, base)| stage.clerk.deliver(base, event));
        assert_eq!(join_all(deliveries).await, [200; 6], "round {round}");
        assert_eq!(stage.email(&people[5]).await.as_deref(), Some(address.as_str()));
    }
}
