//! Schedules of a subscription's life: what happens at the payment provider, when it is told, and how it goes wrong.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use waymark_testkit::outside::{PRO, STARTER};

/// Statuses that a subscription goes to and comes back from.
const STATUSES: [&str; 6] = ["incomplete", "trialing", "active", "past_due", "unpaid", "paused"];

/// A life and how it is told.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    /// Whether the account is known to be the customer; otherwise only the metadata says so.
    pub linked: bool,
    /// What happens, in this order, and to which of the customer's subscriptions (from 0).
    pub life: Vec<(usize, Change)>,
    /// When it happens and is told.
    pub steps: Vec<Step>,
    /// What comes first when all that is left is told, and all that is held back is let go.
    pub close: Vec<u8>,
}

/// Something that happens at the payment provider. What cannot happen is skipped, so that schedules can be cut anywhere.
#[derive(Debug, Clone, Copy)]
pub(super) enum Change {
    Begin(&'static str),
    Status(&'static str),
    Price(&'static str),
    /// Days from now.
    PeriodEnd(i64),
    EndsWithPeriod(bool),
    /// Days from now.
    EndsAt(Option<i64>),
    End,
    DeleteCustomer,
}

/// An event, by its place among those that can be picked, and the process that it is delivered to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pick {
    pub event: u8,
    pub second: bool,
}

/// One step of a schedule.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// The next change happens.
    Change,
    /// Events are delivered at once, whether they were before or not.
    Deliver(Vec<Pick>),
    /// An event is delivered, and what it reads is held back on its way.
    Hold(Pick),
    /// One that is held back arrives.
    Release(u8),
    /// All that is held back arrives while events are delivered.
    Rush(Vec<Pick>),
    /// An event is delivered while the provider does not answer questions.
    Fail(Pick),
}

pub(super) fn schedule() -> impl Strategy<Value = Schedule> {
    (any::<bool>(), life(), vec(step(), 4..18), vec(any::<u8>(), 16)).prop_map(|(linked, life, steps, close)| {
        // A customer that is deleted before any account was known to be it is nobody's.
        let linked = linked || life.iter().any(|(_, change)| matches!(change, Change::DeleteCustomer));
        Schedule { linked, life, steps, close }
    })
}

fn life() -> impl Strategy<Value = Vec<(usize, Change)>> {
    let updates = prop_oneof![
        1 => Just(vec![Change::Status("trialing"), Change::Status("active"), Change::Status("past_due"), Change::Status("active"), Change::Price(PRO)]),
        2 => vec(update(), 3),
    ];
    let end = prop_oneof![
        4 => Just(Some(Change::End)),
        2 => Just(None),
        1 => Just(Some(Change::DeleteCustomer)),
    ];
    // Another subscription begins somewhere in that life, and may end.
    let second = proptest::option::of((price(), any::<u8>(), proptest::option::of(any::<u8>())));
    (price(), updates, end, second).prop_map(|(price, updates, end, second)| {
        let mut life = vec![(0, Change::Begin(price))];
        life.extend(updates.into_iter().chain(end).map(|change| (0, change)));
        if let Some((price, begin, end)) = second {
            let at = 1 + usize::from(begin) % life.len();
            life.insert(at, (1, Change::Begin(price)));
            if let Some(end) = end {
                life.insert(at + 1 + usize::from(end) % (life.len() - at), (1, Change::End));
            }
        }
        life
    })
}

fn price() -> impl Strategy<Value = &'static str> {
    select(&[STARTER, PRO][..])
}

fn update() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => select(&STATUSES[..]).prop_map(Change::Status),
        2 => price().prop_map(Change::Price),
        1 => (2..60_i64).prop_map(Change::PeriodEnd),
        1 => any::<bool>().prop_map(Change::EndsWithPeriod),
        1 => proptest::option::of(2..60_i64).prop_map(Change::EndsAt),
    ]
}

fn pick() -> impl Strategy<Value = Pick> {
    (any::<u8>(), any::<bool>()).prop_map(|(event, second)| Pick { event, second })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Change),
        3 => vec(pick(), 1).prop_map(Step::Deliver),
        2 => vec(pick(), 2..5).prop_map(Step::Deliver),
        4 => pick().prop_map(Step::Hold),
        2 => any::<u8>().prop_map(Step::Release),
        1 => vec(pick(), 1..4).prop_map(Step::Rush),
        1 => pick().prop_map(Step::Fail),
    ]
}
