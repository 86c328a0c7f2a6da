//! The cost clerk: asks providers what estimated calls really cost, and estimates attempts whose workers died. Runs in the
//! sweeper's loop of every process that works.

use crate::clock::SharedClock;
use crate::generation::Providers;
use crate::generation::provider::{CostReport, ModelProvider};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use waymark_persistence::{Db, Lookup, StoreError};

/// Calls asked about at once.
const AT_ONCE: u32 = 8;
/// Lost attempts estimated in one transaction.
const LOST_AT_ONCE: u32 = 50;
/// A provider that has not told by then will not.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::hours(1);
/// An estimate stays after so long, whoever made it: no process with its provider has run since. Longer than such processes are
/// ever down, for others must not give up in their place.
const FORGET_AFTER: TimeDelta = TimeDelta::days(1);
/// How far back a process looks for lost attempts when it starts: longer than all processes are ever down together.
const LOOK_BACK: TimeDelta = TimeDelta::days(30);
/// An end may be committed that much later than it is dated: longer than the longest transaction.
const SLACK: TimeDelta = TimeDelta::minutes(5);

/// Finds out costs late.
#[derive(Clone)]
pub struct Clerk {
    db: Db,
    clock: SharedClock,
    providers: Providers,
    /// An attempt that ended so long ago has a cost, or its worker is dead.
    patience: TimeDelta,
    /// Attempts that ended before have been looked at.
    seen: DateTime<Utc>,
}

/// What a round came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClerkRound {
    /// Estimates replaced by the provider's figure.
    pub corrected: u32,
    /// Lost attempts estimated.
    pub estimated: u32,
}

impl Clerk {
    /// A clerk for processes that hold jobs for `lease`.
    pub fn new(db: Db, clock: SharedClock, providers: Providers, lease: Duration) -> Self {
        let patience = TimeDelta::from_std(lease.saturating_mul(2)).unwrap_or(TimeDelta::hours(1));
        let seen = clock.now() - LOOK_BACK;
        Self { db, clock, providers, patience, seen }
    }

    /// Does what is due now, a bounded part of it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn round(&mut self) -> Result<ClerkRound, StoreError> {
        let estimated = self.estimate_lost().await?;
        let names: Vec<&str> = self.known().map(|provider| provider.name()).collect();
        let now = self.clock.now();
        let lookups = self.db.service(async |tx| tx.costs().take_lookups(now, &names, AT_ONCE).await).await?;
        // The providers are asked outside of any transaction.
        let answers = join_all(lookups.iter().map(|lookup| self.ask(lookup))).await;
        let mut corrected = 0;
        for (lookup, answer) in lookups.iter().zip(answers) {
            corrected += u32::from(self.note(lookup, answer).await?);
        }
        self.db.service(async |tx| tx.costs().give_up_before(now - FORGET_AFTER, &names).await).await?;
        Ok(ClerkRound { corrected, estimated })
    }

    async fn estimate_lost(&mut self) -> Result<u32, StoreError> {
        let (after, before) = (self.seen, self.clock.now() - self.patience);
        let lost = self.db.service(async |tx| tx.costs().estimate_lost(after, before, LOST_AT_ONCE).await).await?;
        if lost < LOST_AT_ONCE {
            self.seen = self.seen.max(before - SLACK);
        }
        Ok(lost)
    }

    async fn ask(&self, lookup: &Lookup) -> CostReport {
        match self.known().find(|provider| provider.name() == lookup.provider) {
            Some(provider) => provider.generation_cost(&lookup.request_id).await,
            // Not taken by this process.
            None => CostReport::NotYet,
        }
    }

    /// The providers that this process can ask.
    fn known(&self) -> impl Iterator<Item = &Arc<dyn ModelProvider>> {
        [Some(&self.providers.outline), self.providers.configured.as_ref()].into_iter().flatten()
    }

    /// Writes an answer down; whether it corrected the estimate. A call without an answer was pushed ahead when it was taken.
    async fn note(&self, lookup: &Lookup, answer: CostReport) -> Result<bool, StoreError> {
        let late = self.clock.now() - lookup.spent_at > GIVE_UP_AFTER;
        match answer {
            CostReport::Known(usage) => self.db.service(async |tx| tx.costs().correct(lookup, usage).await).await,
            CostReport::NotYet if !late => Ok(false),
            CostReport::NotYet | CostReport::Unsupported => {
                self.db.service(async |tx| tx.costs().give_up(lookup.id).await).await?;
                Ok(false)
            }
        }
    }
}
