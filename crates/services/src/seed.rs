//! Made-up learners with tiers, plans, progress and usage, for development and load tests. The same seed, sizes and date make
//! the same rows, byte for byte, under the same limits. Called by `waymark seed`.
//!
//! [`World`] is pure: it makes batches of rows. [`Seeder`] stores them.

mod books;
mod chance;
mod courses;
mod curriculum;
mod generation;
mod learner;
mod library;
mod log;
mod plan;
mod tree;
mod words;

use crate::generation::catalogue::Catalogue;
use books::Books;
use chance::Chance;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use learner::Learner;
use library::Course;
use plan::Author;
use std::collections::{BTreeMap, BTreeSet};
use waymark_domain::billing::SubscriptionTier;
use waymark_domain::plans::GenerationStatus;
use waymark_domain::quota::Limits;
use waymark_persistence::{Db, SeedBatch, SeedResource, SeedUser, StoreError};

/// Plans that a transaction stores at most, unless one learner has more.
const PLANS_A_BATCH: u32 = 120;
/// One learner in so many is new and has no plan yet.
const NEWCOMERS: u64 = 25;
/// The stream of chance that the links are made from.
const LINKS: u64 = 1 << 41;
/// How long the events of a generation are kept after its end, as the sweeper does.
const EVENTS_KEPT: TimeDelta = TimeDelta::days(7);

/// What to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeedOptions {
    /// Which world: another seed makes other learners.
    pub seed: u64,
    /// The day on which everything made is over; what lies ahead, such as deadlines, is seen from its midnight in UTC.
    pub as_of: NaiveDate,
    /// Learners.
    pub users: u32,
    /// Plans of each learner; those whose tier allows fewer have fewer.
    pub plans: u32,
}

impl SeedOptions {
    /// The subject of learner number `index`, from 0: what a token for them is signed for.
    fn subject(&self, index: u64) -> String {
        format!("seed_{}_{:04}", self.seed, index + 1)
    }
}

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// This world is there already, or was; nothing was changed.
    #[error("already seeded with seed {0}: nothing was changed, another seed adds other learners")]
    AlreadySeeded(u64),
    /// The database refused.
    #[error("the database did not take the learners")]
    Store(#[source] StoreError),
}

/// Somebody to sign in as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The token's subject.
    pub subject: String,
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they pay for.
    pub tier: SubscriptionTier,
}

/// How many rows of what were made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seeded {
    pub learners: BTreeMap<SubscriptionTier, u64>,
    pub plans_ready: u64,
    pub plans_failed: u64,
    pub modules: u64,
    pub tasks: u64,
    pub tasks_completed: u64,
    pub links: u64,
    pub generations: u64,
    pub attempts: u64,
    pub events: u64,
    pub revisions: u64,
    pub reservations: u64,
    /// Micro-USD that models cost.
    pub spend: i64,
    pub audits: u64,
    /// The first learner of each tier.
    pub examples: Vec<Example>,
}

/// Everything that rows are made from.
struct World {
    options: SeedOptions,
    as_of: DateTime<Utc>,
    /// Generations that ended before have been swept.
    events_since: DateTime<Utc>,
    limits: Limits,
    catalogue: Catalogue,
    courses: Vec<Course>,
    links: BTreeMap<String, SeedResource>,
}

impl World {
    fn new(options: SeedOptions, limits: Limits) -> Self {
        let as_of = options.as_of.and_time(NaiveTime::MIN).and_utc();
        let courses = library::courses(&mut Chance::new(options.seed, LINKS), as_of - TimeDelta::days(800));
        let links = courses.iter().flat_map(|course| &course.parts).flat_map(library::Part::links);
        let links = links.map(|link| (link.url.clone(), link.clone())).collect();
        // Whatever this server is set up with: the same models everywhere.
        let catalogue = Catalogue::openrouter("openrouter", None);
        Self { options, as_of, events_since: as_of - EVENTS_KEPT, limits, catalogue, courses, links }
    }

    /// The batches, in order.
    fn batches(&self) -> impl Iterator<Item = SeedBatch> {
        let size = u64::from((PLANS_A_BATCH / self.options.plans.max(1)).max(1));
        let users = u64::from(self.options.users);
        (0..users.div_ceil(size)).map(move |batch| self.batch(batch * size..users.min((batch + 1) * size)))
    }

    fn batch(&self, learners: std::ops::Range<u64>) -> SeedBatch {
        let mut batch = SeedBatch::default();
        for index in learners {
            self.learner(index, &mut batch);
        }
        let named: BTreeSet<&str> = batch.links.iter().map(|link| link.url.as_str()).collect();
        batch.resources = named.into_iter().filter_map(|url| self.links.get(url)).cloned().collect();
        batch
    }

    fn learner(&self, index: u64, batch: &mut SeedBatch) {
        let mut chance = Chance::new(self.options.seed, index);
        let mut learner = Learner::new(self, &mut chance, index);
        batch.audits.append(&mut learner.audits);
        let slots = if index % NEWCOMERS == NEWCOMERS - 1 { Vec::new() } else { self.slots(&mut chance, &learner) };
        let courses = chance.shuffled(&self.courses);
        let (active, books) = (0, Books::new(learner.row.id));
        let mut author = Author { world: self, learner: &learner, chance: &mut chance, batch, books, active };
        for (at, course) in slots.into_iter().zip(courses.into_iter().cycle()) {
            author.write(course, at);
        }
        let mut books = author.books;
        batch.reservations.append(&mut books.reservations);
        batch.months.extend(books.close(&mut chance));
        batch.users.push(learner.row);
    }

    /// When the learner asks for plans, from the oldest on: spread over the account's life, the last one often in the last
    /// few days.
    fn slots(&self, chance: &mut Chance, learner: &Learner) -> Vec<DateTime<Utc>> {
        let most = self.limits.of(learner.tier_at(self.as_of)).active_plans.unwrap_or(u32::MAX);
        let wanted = i32::try_from(self.options.plans.min(most)).unwrap_or(i32::MAX);
        // Whatever is asked for is over by the date.
        let (from, to) = (learner.row.created_at + TimeDelta::minutes(10), self.as_of - TimeDelta::hours(3));
        let step = (to - from) / wanted.max(1);
        let mut slots: Vec<_> =
            (0..wanted).map(|slot| chance.between(from + step * slot, from + step * (slot + 1))).collect();
        if let Some(last) = slots.last_mut()
            && chance.percent(60)
        {
            *last = chance.between((to - TimeDelta::days(6)).max(*last), to);
        }
        slots
    }
}

/// Seeds a database.
#[derive(Clone)]
pub struct Seeder {
    db: Db,
    limits: Limits,
}

impl Seeder {
    /// A seeder of `db` for learners under these limits.
    pub const fn new(db: Db, limits: Limits) -> Self {
        Self { db, limits }
    }

    /// Makes the learners, a bounded batch in each transaction, and tells how many there are after each. One that is
    /// interrupted leaves the batches that were stored.
    ///
    /// # Errors
    /// [`SeedError`]
    pub async fn run(&self, options: SeedOptions, mut tell: impl FnMut(u64)) -> Result<Seeded, SeedError> {
        let world = World::new(options, self.limits);
        let first = options.subject(0);
        let mut seeded = Seeded::default();
        for batch in world.batches() {
            let beginning = seeded.learners.is_empty();
            let stored = self.db.service(async |tx| {
                if beginning && tx.seed().knows(&first).await? {
                    return Ok(false);
                }
                tx.seed().insert(&batch).await.map(|()| true)
            });
            match stored.await {
                Ok(true) => {}
                Ok(false) => return Err(SeedError::AlreadySeeded(options.seed)),
                // Somebody seeds the same at this moment.
                Err(error)
                    if beginning && (error.violates("users_pkey") || error.violates("users_clerk_user_id_key")) =>
                {
                    return Err(SeedError::AlreadySeeded(options.seed));
                }
                Err(error) => return Err(SeedError::Store(error)),
            }
            seeded.add(&batch);
            tell(seeded.learners.values().sum());
        }
        Ok(seeded)
    }
}

impl Seeded {
    fn add(&mut self, batch: &SeedBatch) {
        for user in &batch.users {
            let tier = user.subscription_tier;
            if self.learners.insert(tier, self.learners.get(&tier).copied().unwrap_or(0) + 1).is_none() {
                self.examples.push(example(user));
            }
        }
        let ready = batch.plans.iter().filter(|plan| plan.generation_status == GenerationStatus::Ready).count() as u64;
        self.plans_ready += ready;
        self.plans_failed += batch.plans.len() as u64 - ready;
        self.modules += batch.modules.len() as u64;
        self.tasks += batch.tasks.len() as u64;
        self.tasks_completed += batch.progress.iter().filter(|task| task.completed_at.is_some()).count() as u64;
        self.links += batch.links.len() as u64;
        self.generations += batch.generations.len() as u64;
        self.attempts += batch.attempts.len() as u64;
        self.events += batch.events.len() as u64;
        self.revisions += batch.revisions.len() as u64;
        self.reservations += batch.reservations.len() as u64;
        self.spend += batch.spends.iter().map(|spend| spend.cost_microusd).sum::<i64>();
        self.audits += batch.audits.len() as u64;
    }
}

fn example(user: &SeedUser) -> Example {
    Example {
        subject: user.clerk_user_id.clone(),
        email: user.email.clone(),
        name: user.name.clone(),
        tier: user.subscription_tier,
    }
}

#[cfg(test)]
mod tests;
