//! Quota: what a learner has used, and whether the books are right. Called by the HTTP layer and by `waymark quota`.

mod mend;

pub use waymark_persistence::{Difference, Finding, ModelUse, UsageNumbers};

use crate::clock::SharedClock;
use chrono::Duration;
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::UserId;
use waymark_domain::quota::{Limits, TierLimits, UsageMonth};
use waymark_persistence::{Db, StoreError};

/// Learners whose books are looked at in one statement.
const BATCH: u32 = 500;

/// The use cases around quota.
#[derive(Clone)]
pub struct Quota {
    db: Db,
    clock: SharedClock,
    limits: Limits,
    hourly_generations: Option<u32>,
}

/// A learner's use in the present month, beside the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// The month; it tells when counters start from zero.
    pub month: UsageMonth,
    /// What is used and reserved.
    pub numbers: UsageNumbers,
    /// The tier's limits.
    pub limits: TierLimits,
    /// Generations that may be started within an hour; none for no limit.
    pub hourly_generations: Option<u32>,
    /// What each model did and cost this month, the dearest first.
    pub models: Vec<ModelUse>,
}

/// What to do with what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verify {
    /// Tell it.
    Look,
    /// Tell it and mend it.
    Repair,
}

/// When a difference is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It was found.
    Found,
    /// It is still there after the repair: somebody works on the rows.
    Left,
}

/// What a look at all books came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Learners looked at.
    pub learners: u64,
    /// Differences found.
    pub found: u64,
    /// Differences that are still there.
    pub left: u64,
}

impl Quota {
    /// Quota in `db`, with these limits.
    pub const fn new(db: Db, clock: SharedClock, limits: Limits, hourly_generations: Option<u32>) -> Self {
        Self { db, clock, limits, hourly_generations }
    }

    /// The learner's use in the present month; none once the account is erased.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn usage(&self, ctx: &UserCtx) -> Result<Option<Usage>, StoreError> {
        let now = self.clock.now();
        let month = UsageMonth::of(now);
        let name = month.to_string();
        let read = self
            .db
            .authenticated(ctx, async |tx| {
                let Some(numbers) = tx.usage().numbers(&name, now - Duration::hours(1)).await? else { return Ok(None) };
                Ok::<_, StoreError>(Some((numbers, tx.usage().models(&name).await?)))
            })
            .await?;
        Ok(read.map(|(numbers, models)| Usage {
            month,
            limits: *self.limits.of(numbers.tier),
            numbers,
            hourly_generations: self.hourly_generations,
            models,
        }))
    }

    /// Compares the counters, plans and reservations of all learners with the ledgers, a batch of learners at a time, and
    /// tells each difference. May run beside a working server.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn verify(&self, what: Verify, mut tell: impl FnMut(&Difference, Seen)) -> Result<Verdict, StoreError> {
        let mut verdict = Verdict::default();
        let mut after = None;
        loop {
            let (people, found) = self
                .db
                .service(async |tx| {
                    let people = tx.ledger().people(after, BATCH).await?;
                    let found = tx.ledger().differences(&people).await?;
                    Ok::<_, StoreError>((people, found))
                })
                .await?;
            let Some(last) = people.last() else { return Ok(verdict) };
            after = Some(*last);
            verdict.learners += people.len() as u64;
            verdict.found += found.len() as u64;
            for difference in &found {
                tell(difference, Seen::Found);
            }
            verdict.left += match what {
                Verify::Look => found.len() as u64,
                Verify::Repair => {
                    let left = self.repair_all(&found).await?;
                    for difference in &left {
                        tell(difference, Seen::Left);
                    }
                    left.len() as u64
                }
            };
        }
    }

    /// Mends the books of everybody whose books are wrong; returns what is left.
    async fn repair_all(&self, found: &[Difference]) -> Result<Vec<Difference>, StoreError> {
        let mut people: Vec<UserId> = found.iter().map(|difference| difference.user_id).collect();
        people.dedup();
        for user in &people {
            self.repair(*user).await?;
        }
        self.db.service(async |tx| tx.ledger().differences(&people).await).await
    }
}
