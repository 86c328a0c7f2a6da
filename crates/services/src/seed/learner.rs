//! One made-up learner: who they are, what they have paid for since when, and what they prefer.

use super::World;
use super::chance::Chance;
use super::words::{FAMILY, GIVEN, ZONES, plain};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use waymark_domain::accounts::Notifications;
use waymark_domain::billing::{ProviderStatus, Subscription, SubscriptionTier};
use waymark_domain::schedules::{Availability, TimeOfDay, Weekday, WeeklySession};
use waymark_persistence::{SeedAudit, SeedUser};

/// Learners in a row among whom tiers are dealt out: seven free, two starter, one pro.
const DEAL: u64 = 10;
/// Streams of chance that belong to no single learner begin here.
const DEALS: u64 = 1 << 40;

/// How those who pay stand, in turn; their number and three, the payers of a deal, have no common divisor.
const STANDINGS: [Standing; 10] = [
    Standing::Active,
    Standing::Trialing,
    Standing::Active,
    Standing::Grace,
    Standing::Active,
    Standing::Lapsed,
    Standing::Active,
    Standing::Ending,
    Standing::Active,
    Standing::Active,
];

/// How a learner stands with the payment provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Paid.
    Active,
    /// Paid, and canceled by the period's end.
    Ending,
    /// Not paid for yet.
    Trialing,
    /// The renewal failed; the period has not ended.
    Grace,
    /// The renewal failed, and the period has ended.
    Lapsed,
    /// Over.
    Canceled,
}

/// A change of what a learner has.
struct Change(DateTime<Utc>, SubscriptionTier, ProviderStatus);

/// What a learner had since when, and how it stands now.
struct Story {
    changes: Vec<Change>,
    period_end: DateTime<Utc>,
    ending: bool,
}

/// A learner.
pub(super) struct Learner {
    pub row: SeedUser,
    pub audits: Vec<SeedAudit>,
    /// Which tier's limits hold from when on; the first from the account's beginning.
    phases: Vec<(DateTime<Utc>, SubscriptionTier)>,
}

impl Learner {
    /// Learner number `index`, from 0.
    pub fn new(world: &World, chance: &mut Chance, index: u64) -> Self {
        let as_of = world.as_of;
        let slack = i64::from(world.options.plans);
        let created = as_of - chance.days(30 + slack..=400 + slack);
        let story =
            role(world.options.seed, index).map(|(tier, standing)| story(chance, tier, standing, created, as_of));
        let row = row(world, chance, index, created, story.as_ref());
        let mut learner = Self { row, audits: Vec::new(), phases: vec![(created, SubscriptionTier::Free)] };
        if let Some(story) = story {
            learner.tell(chance, &story, as_of);
        }
        learner
    }

    /// The tier whose limits held at an instant.
    pub fn tier_at(&self, at: DateTime<Utc>) -> SubscriptionTier {
        self.phases.iter().rev().find(|(from, _)| *from <= at).map_or(SubscriptionTier::Free, |(_, tier)| *tier)
    }

    /// Derives the phases and the trail from the changes.
    fn tell(&mut self, chance: &mut Chance, story: &Story, as_of: DateTime<Utc>) {
        let mut before = Subscription::default();
        for (Change(at, _, _), after) in story.changes.iter().zip(self.states(story)) {
            self.audits.push(SeedAudit {
                id: chance.id(*at),
                user_id: self.row.id,
                actor: "stripe",
                action: "subscription.changed",
                subject: Some(format!("evt_{}", chance.token(24))),
                data: json!({
                    "customer": self.row.stripe_customer_id, "from": words(&before), "to": words(&after),
                    "type": kind(&before, &after),
                }),
                created_at: *at,
            });
            self.phases.push((*at, after.tier));
            before = after;
        }
        if before.effective_tier(as_of) != before.tier {
            self.phases.push((story.period_end, before.effective_tier(as_of)));
        }
    }

    /// What they had after each change; periods before the last one are a month long.
    fn states(&self, story: &Story) -> Vec<Subscription> {
        let last = story.changes.len().saturating_sub(1);
        let state = |(place, Change(at, tier, word)): (usize, &Change)| Subscription {
            tier: *tier,
            status: word.status(),
            provider_status: Some(*word),
            subscription_id: self.row.stripe_subscription_id.clone(),
            period_end: Some(if place == last { story.period_end } else { *at + TimeDelta::days(30) }),
            cancel_at_period_end: place == last && story.ending,
        };
        story.changes.iter().enumerate().map(state).collect()
    }
}

/// The event that told of a change.
fn kind(before: &Subscription, after: &Subscription) -> &'static str {
    match after.provider_status {
        _ if before.subscription_id.is_none() => "customer.subscription.created",
        Some(ProviderStatus::Canceled) => "customer.subscription.deleted",
        _ => "customer.subscription.updated",
    }
}

/// A subscription as the trail has it.
fn words(it: &Subscription) -> serde_json::Value {
    json!({
        "tier": it.tier, "status": it.status, "providerStatus": it.provider_status, "subscription": it.subscription_id,
        "periodEnd": it.period_end, "cancelAtPeriodEnd": it.cancel_at_period_end,
    })
}

/// What a learner pays for, and how they stand; none: they never paid.
fn role(seed: u64, index: u64) -> Option<(SubscriptionTier, Standing)> {
    let deal = index / DEAL;
    let places = Chance::new(seed, DEALS + deal).shuffled(0..DEAL);
    let place = usize::try_from(index % DEAL).ok().and_then(|at| places.get(at)).copied()?;
    let standing = |payer: u64| {
        let turn = usize::try_from((deal * 3 + payer) % STANDINGS.len() as u64).unwrap_or_default();
        STANDINGS.get(turn).copied().unwrap_or(Standing::Active)
    };
    match place {
        0 | 1 => Some((SubscriptionTier::Starter, standing(place))),
        2 => Some((SubscriptionTier::Pro, standing(place))),
        3 => Some((SubscriptionTier::Starter, Standing::Canceled)),
        _ => None,
    }
}

fn story(
    chance: &mut Chance,
    tier: SubscriptionTier,
    standing: Standing,
    created: DateTime<Utc>,
    as_of: DateTime<Utc>,
) -> Story {
    use ProviderStatus::{Active, Canceled, PastDue, Trialing};
    let paid = Change(created + chance.seconds(3_600..=8 * 86_400), tier, Active);
    let since = paid.0;
    let (changes, period_end) = match standing {
        Standing::Active => (vec![paid], as_of + chance.days(1..=28)),
        // The renewal was called off a few days ago.
        Standing::Ending => (vec![paid, Change(as_of - chance.days(1..=9), tier, Active)], as_of + chance.days(1..=14)),
        Standing::Trialing => {
            let begun = as_of - chance.days(1..=12);
            (vec![Change(begun, tier, Trialing)], begun + TimeDelta::days(14))
        }
        Standing::Grace => (vec![paid, Change(as_of - chance.days(1..=9), tier, PastDue)], as_of + chance.days(1..=14)),
        Standing::Lapsed => {
            let end = as_of - chance.days(1..=12);
            (vec![paid, Change(end - chance.days(1..=5), tier, PastDue)], end)
        }
        Standing::Canceled => {
            let end = chance.between(since + TimeDelta::days(7), as_of - TimeDelta::days(1));
            (vec![paid, Change(end, SubscriptionTier::Free, Canceled)], end)
        }
    };
    Story { changes, period_end, ending: standing == Standing::Ending }
}

fn row(world: &World, chance: &mut Chance, index: u64, created: DateTime<Utc>, story: Option<&Story>) -> SeedUser {
    let seed = world.options.seed;
    let (given, family) = (chance.word(GIVEN), chance.word(FAMILY));
    let subscription = subscription(chance, story);
    let changed = story.and_then(|story| story.changes.last()).map(|change| change.0);
    let models: Vec<&str> = world
        .catalogue
        .for_access(world.limits.of(subscription.effective_tier(world.as_of)).models)
        .map(|entry| entry.id.as_str())
        .collect();
    SeedUser {
        id: chance.id(created),
        clerk_user_id: world.options.subject(index),
        email: format!("{}.{}.{seed}-{}@example.com", plain(given), plain(family), index + 1),
        name: format!("{given} {family}"),
        subscription_tier: subscription.tier,
        subscription_status: subscription.status,
        stripe_customer_id: story.map(|_| format!("cus_{}", chance.token(14))),
        stripe_subscription_id: subscription.subscription_id,
        stripe_subscription_status: subscription.provider_status.map(ProviderStatus::as_str),
        subscription_period_end: subscription.period_end,
        cancel_at_period_end: subscription.cancel_at_period_end,
        subscription_synced_at: changed,
        preferred_model: chance
            .percent(20)
            .then(|| chance.among(&models, ""))
            .filter(|id| !id.is_empty())
            .map(str::to_owned),
        timezone: chance.word(ZONES),
        availability: if chance.percent(35) { availability(chance) } else { None },
        notification_prefs: notifications(chance),
        created_at: created,
        updated_at: changed.unwrap_or(created),
    }
}

fn subscription(chance: &mut Chance, story: Option<&Story>) -> Subscription {
    let Some((story, Change(_, tier, status))) = story.and_then(|story| Some((story, story.changes.last()?))) else {
        return Subscription::default();
    };
    Subscription {
        tier: *tier,
        status: status.status(),
        provider_status: Some(*status),
        subscription_id: Some(format!("sub_{}", chance.token(24))),
        period_end: Some(story.period_end),
        cancel_at_period_end: story.ending,
    }
}

/// Two to four sessions a week, each on a day of its own.
fn availability(chance: &mut Chance) -> Option<serde_json::Value> {
    let days = chance.shuffled(Weekday::ALL.iter().copied());
    let wanted = usize::try_from(chance.number(2..=4)).unwrap_or_default();
    let mut sessions = Vec::new();
    for weekday in days.into_iter().take(wanted) {
        let start = TimeOfDay::parse(chance.word(&["07:00", "12:15", "18:00", "19:30", "20:45"])).ok()?;
        sessions.push(WeeklySession { weekday, start, minutes: chance.number(2..=6) * 15 });
    }
    serde_json::to_value(Availability::new(sessions, Vec::new()).ok()?).ok()
}

/// Most never touch these.
fn notifications(chance: &mut Chance) -> serde_json::Value {
    if !chance.percent(15) {
        return json!({});
    }
    json!(Notifications {
        session_reminders: chance.percent(50),
        weekly_summary: chance.percent(50),
        product_news: chance.percent(30),
        ..Notifications::default()
    })
}
