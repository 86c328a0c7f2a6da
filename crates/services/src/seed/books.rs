//! One learner's books: reservations, what models cost, and the counters that follow from both.

use super::chance::Chance;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use uuid::Uuid;
use waymark_domain::ids::UserId;
use waymark_domain::quota::UsageMonth;
use waymark_persistence::{ReservationKind, ReservationState, SeedMonth, SeedReservation};

/// How long a reservation would have stood.
const RESERVED_FOR: TimeDelta = TimeDelta::hours(24);

/// What one month adds up to.
#[derive(Clone, Copy)]
struct Month {
    plans: u32,
    regenerations: u32,
    spend: i64,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// A learner's books.
pub(super) struct Books {
    user: UserId,
    months: BTreeMap<UsageMonth, Month>,
    pub reservations: Vec<SeedReservation>,
}

/// What is reserved for a generation, and how it ended.
pub(super) struct Entry {
    pub kind: ReservationKind,
    pub subject: Uuid,
    pub state: ReservationState,
    /// Micro-USD; 0 for what is counted in pieces.
    pub amount: i64,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

impl Books {
    /// Empty books.
    pub const fn new(user: UserId) -> Self {
        Self { user, months: BTreeMap::new(), reservations: Vec::new() }
    }

    /// What models have cost in the month of an instant, in micro-USD.
    pub fn spend(&self, at: DateTime<Utc>) -> i64 {
        self.months.get(&UsageMonth::of(at)).map_or(0, |month| month.spend)
    }

    /// Regenerations counted in the month of an instant.
    pub fn regenerations(&self, at: DateTime<Utc>) -> u32 {
        self.months.get(&UsageMonth::of(at)).map_or(0, |month| month.regenerations)
    }

    /// Adds a call's cost to its month.
    pub fn pay(&mut self, at: DateTime<Utc>, microusd: i64) {
        self.month(at, at).spend += microusd;
    }

    /// Enters a reservation that has ended, into the month in which it was made.
    pub fn enter(&mut self, chance: &mut Chance, entry: &Entry) {
        if entry.state == ReservationState::Settled {
            let month = self.month(entry.from, entry.to);
            match entry.kind {
                ReservationKind::Plan => month.plans += 1,
                ReservationKind::Regeneration => month.regenerations += 1,
                ReservationKind::Export | ReservationKind::AiSpend => {}
            }
        }
        self.reservations.push(SeedReservation {
            id: chance.id(entry.from),
            user_id: self.user,
            month: UsageMonth::of(entry.from).to_string(),
            kind: entry.kind,
            subject_id: entry.subject,
            state: entry.state,
            amount_microusd: entry.amount,
            expires_at: entry.from + RESERVED_FOR,
            created_at: entry.from,
            updated_at: entry.to,
        });
    }

    fn month(&mut self, of: DateTime<Utc>, at: DateTime<Utc>) -> &mut Month {
        let empty = Month { plans: 0, regenerations: 0, spend: 0, since: at, until: at };
        let month = self.months.entry(UsageMonth::of(of)).or_insert(empty);
        (month.since, month.until) = (month.since.min(at), month.until.max(at));
        month
    }

    /// The counters, from the oldest month on.
    pub fn close(&self, chance: &mut Chance) -> Vec<SeedMonth> {
        let row = |(month, sums): (&UsageMonth, &Month)| SeedMonth {
            id: chance.id(sums.since),
            user_id: self.user,
            month: month.to_string(),
            plans_generated: sums.plans,
            regenerations_used: sums.regenerations,
            ai_cost_microusd: sums.spend,
            created_at: sums.since,
            updated_at: sums.until,
        };
        self.months.iter().map(row).collect()
    }
}
