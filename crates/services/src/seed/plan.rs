//! One plan's life: asked for, generated, studied, and sometimes made anew.

use super::World;
use super::books::Books;
use super::chance::Chance;
use super::curriculum::module;
use super::generation::{Desk, Ended, Order, Outcome};
use super::learner::Learner;
use super::library::Course;
use super::log::Log;
use super::tree::{Tree, given_up};
use super::words::NOTES;
use crate::generation::catalogue::{BUILTIN_PROVIDER, Entry as ModelEntry};
use crate::generation::provider::PlanBrief;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use waymark_domain::billing::SubscriptionTier;
use waymark_domain::generation::{DraftModule, FailureClass, GenerationKind, capacity, trim_to_capacity};
use waymark_domain::ids::PlanId;
use waymark_domain::plans::{GenerationStatus, LearningStyle, PlanDates, SkillLevel, WeeklyHours};
use waymark_domain::quota::TierLimits;
use waymark_persistence::{SeedBatch, SeedPlan, SeedRevision};

/// What becomes of a plan's first generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Ready,
    /// The first attempt fails, the second makes it.
    Second,
    /// It fails; the learner tries again, and gets it.
    Retried,
    Failed,
    Canceled,
}

/// Calls that a plan may take until it is there.
const MOST_CALLS: i64 = 4;

/// Whoever writes one learner's plans down.
pub(super) struct Author<'a> {
    pub world: &'a World,
    pub learner: &'a Learner,
    pub chance: &'a mut Chance,
    pub batch: &'a mut SeedBatch,
    pub books: Books,
    /// Plans that are ready.
    pub active: u32,
}

impl<'a> Author<'a> {
    /// Writes the plan down that the learner asked for at `at`, if their tier allowed one then.
    pub fn write(&mut self, course: &Course, at: DateTime<Utc>) {
        let tier = *self.limits(at);
        let brief = self.brief(course, at, &tier);
        let Some(entry) = self.model(&tier, at, &brief) else { return };
        let mut modules = self.modules(course);
        let Some(spare) = modules.pop() else { return };
        if tier.admit_plan(self.active).is_err() {
            return;
        }
        let (user, plan): (_, PlanId) = (self.learner.row.id, self.chance.id(at));
        let mut stored = modules.clone();
        let trimmed = trim(&mut stored, &brief);
        let mut log = Log::new(plan, user);
        let kind = GenerationKind::Initial;
        let order = Order { kind, plan, user, brief: &brief, entry, at, modules: &modules, trimmed };
        let (ended, ready) = self.generate(&order, &mut log);
        let mut row = row(&order, &ended, ready);
        if ready {
            self.active += 1;
            let mut tree = Tree::new(self.chance, &stored, ended.at);
            tree.study(self.chance, &row, self.world.as_of);
            self.regenerate(&mut tree, &mut row, &order, spare, &mut log);
            if let Some(at) = tree.pin(self.chance, given_up(&row, self.world.as_of)) {
                (row.version, row.updated_at) = (row.version + 1, at);
            }
            tree.store(self.chance, self.batch, (plan, user));
        }
        self.batch.plans.push(row);
        self.batch.events.extend(log.kept(self.world.events_since));
    }

    /// Generates the plan, for a second time if need be; tells whether it is ready.
    fn generate(&mut self, order: &Order<'_>, log: &mut Log) -> (Ended, bool) {
        let fate = self.fate();
        let outcomes = self.outcomes(fate);
        let ended = self.desk(log).run(order, &outcomes);
        match fate {
            Fate::Ready | Fate::Second => (ended, true),
            Fate::Failed | Fate::Canceled => (ended, false),
            Fate::Retried => {
                let at = ended.at + self.chance.seconds(60..=2_400);
                let again = Order { kind: GenerationKind::Retry, at, ..*order };
                (self.desk(log).run(&again, &[Outcome::Planned]), true)
            }
        }
    }

    /// Makes the plan anew in some cases: the last module, which the learner has not come to yet, gives way to another.
    fn regenerate(
        &mut self,
        tree: &mut Tree,
        row: &mut SeedPlan,
        order: &Order<'_>,
        spare: DraftModule,
        log: &mut Log,
    ) {
        let hours = TimeDelta::hours(2);
        let (from, to) = (tree.made + hours, tree.last_module_begun(given_up(row, self.world.as_of)) - hours);
        if from >= to || !self.chance.percent(25) {
            return;
        }
        let at = self.chance.between(from, to);
        let tier = *self.limits(at);
        let fits = PlanDates::stored(row.start_date, row.deadline_date)
            .is_some_and(|dates| tier.admit_duration(&dates).is_ok());
        if !fits || tier.admit_regeneration(self.books.regenerations(at)).is_err() {
            return;
        }
        let Some(entry) = self.model(&tier, at, order.brief) else { return };
        let mut modules = order.modules.to_vec();
        modules.pop();
        modules.push(spare);
        let mut stored = modules.clone();
        let trimmed = trim(&mut stored, order.brief);
        let kind = GenerationKind::Regeneration;
        let anew = Order { kind, at, entry, modules: &modules, trimmed, ..*order };
        let ended = self.desk(log).run(&anew, &[Outcome::Planned]);
        self.batch.revisions.push(SeedRevision {
            id: self.chance.id(ended.at),
            plan_id: order.plan,
            user_id: order.user,
            number: 1,
            snapshot: tree.snapshot(row, ended.at),
            generation_id: Some(ended.id),
            created_at: ended.at,
        });
        if let Some(successor) = stored.last() {
            tree.replace_last(self.chance, successor, ended.at);
        }
        (row.version, row.updated_at) = (row.version + 1, ended.at);
    }

    fn desk<'d>(&'d mut self, log: &'d mut Log) -> Desk<'d> {
        Desk { chance: self.chance, batch: self.batch, books: &mut self.books, log }
    }

    fn limits(&self, at: DateTime<Utc>) -> &'a TierLimits {
        self.world.limits.of(self.learner.tier_at(at))
    }

    fn brief(&mut self, course: &Course, at: DateTime<Utc>, tier: &TierLimits) -> PlanBrief {
        let start = later(at.date_naive(), if self.chance.percent(60) { 0 } else { self.chance.number(1..=7) });
        let longest = match self.learner.tier_at(at) {
            SubscriptionTier::Free => 14,
            SubscriptionTier::Starter => 56,
            SubscriptionTier::Pro => 182,
        };
        // An operator's limits may be tighter than the product's.
        let longest = tier.plan_weeks.map_or(longest, |weeks| longest.min(weeks.saturating_mul(7))).max(1);
        let deadline = later(start, self.chance.number(longest.min(7)..=longest));
        let weekly_hours = self.chance.number(2..=12);
        let skill_level = self.chance.among(SkillLevel::ALL, SkillLevel::Beginner);
        let pace = WeeklyHours::parse(i64::from(weekly_hours)).ok().zip(PlanDates::stored(start, deadline));
        PlanBrief {
            topic: course.topic.to_owned(),
            notes: self.chance.percent(30).then(|| self.chance.word(NOTES).to_owned()),
            skill_level,
            learning_style: self.chance.among(LearningStyle::ALL, LearningStyle::Mixed),
            weekly_hours: u8::try_from(weekly_hours).unwrap_or(u8::MAX),
            start_date: start,
            deadline_date: deadline,
            task_capacity: pace.map(|(hours, dates)| capacity(hours, &dates, skill_level)),
            present: Vec::new(),
        }
    }

    /// A model that the tier may use and that what is left of the month's budget can pay, if there is one.
    fn model(&mut self, tier: &TierLimits, at: DateTime<Utc>, brief: &PlanBrief) -> Option<&'a ModelEntry> {
        let spent = self.books.spend(at);
        let payable = |entry: &&ModelEntry| {
            entry.provider != BUILTIN_PROVIDER
                && tier.admit_spend(spent, Order::estimate(brief, entry).saturating_mul(MOST_CALLS)).is_ok()
        };
        let models: Vec<&ModelEntry> = self.world.catalogue.for_access(tier.models).filter(payable).collect();
        let first = models.first().copied()?;
        let preferred = self.learner.row.preferred_model.as_deref();
        let wish = models.iter().find(|entry| Some(entry.id.as_str()) == preferred).copied();
        Some(wish.unwrap_or_else(|| self.chance.among(&models, first)))
    }

    /// Three to six modules, and one more that could take the last one's place.
    fn modules(&mut self, course: &Course) -> Vec<DraftModule> {
        let wanted = usize::try_from(self.chance.number(4..=7)).unwrap_or(4);
        let tasks = usize::try_from(self.chance.number(3..=5)).unwrap_or(3);
        course.parts.iter().take(wanted).map(|part| module(self.chance, part, tasks)).collect()
    }

    fn fate(&mut self) -> Fate {
        match self.chance.number(0..=99) {
            0..72 => Fate::Ready,
            72..80 => Fate::Second,
            80..86 => Fate::Retried,
            86..95 => Fate::Failed,
            _ => Fate::Canceled,
        }
    }

    /// How the attempts of the first generation end.
    fn outcomes(&mut self, fate: Fate) -> Vec<Outcome> {
        use FailureClass::{ProviderError, RateLimit, Timeout, Validation};
        let passing = |chance: &mut Chance| {
            Outcome::Failed(chance.among(&[ProviderError, ProviderError, RateLimit, Timeout], ProviderError))
        };
        match fate {
            Fate::Ready => vec![Outcome::Planned],
            Fate::Second => vec![passing(self.chance), Outcome::Planned],
            Fate::Canceled => vec![Outcome::Canceled],
            Fate::Retried | Fate::Failed if self.chance.percent(30) => vec![Outcome::Failed(Validation)],
            Fate::Retried | Fate::Failed => (0..3).map(|_| passing(self.chance)).collect(),
        }
    }
}

/// The plan's row after its first generations.
fn row(order: &Order<'_>, ended: &Ended, ready: bool) -> SeedPlan {
    let brief = order.brief;
    SeedPlan {
        id: order.plan,
        user_id: order.user,
        topic: brief.topic.clone(),
        notes: brief.notes.clone(),
        skill_level: brief.skill_level,
        weekly_hours: brief.weekly_hours,
        learning_style: brief.learning_style,
        start_date: brief.start_date,
        deadline_date: brief.deadline_date,
        generation_status: if ready { GenerationStatus::Ready } else { GenerationStatus::Failed },
        is_quota_eligible: ready,
        finalized_at: ready.then_some(ended.at),
        version: if ready { 2 } else { 1 },
        created_at: order.at,
        updated_at: ended.at,
    }
}

/// Leaves out what does not fit the learner's time.
fn trim(modules: &mut [DraftModule], brief: &PlanBrief) -> u32 {
    brief.task_capacity.map_or(0, |capacity| trim_to_capacity(modules, capacity))
}

fn later(date: NaiveDate, days: u32) -> NaiveDate {
    date.checked_add_days(Days::new(days.into())).unwrap_or(date)
}
