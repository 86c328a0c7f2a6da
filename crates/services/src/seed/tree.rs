//! A ready plan's modules and tasks, with what its learner has done of them.

use super::chance::Chance;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use waymark_domain::generation::{DraftModule, DraftTask};
use waymark_domain::ids::{ModuleId, PlanId, TaskId, UserId};
use waymark_domain::plans::{PlanSnapshot, ProgressStatus, SnapshotLink, SnapshotModule, SnapshotTask};
use waymark_persistence::{SeedBatch, SeedLink, SeedModule, SeedPlan, SeedProgress, SeedTask};

/// A plan's tree.
pub(super) struct Tree {
    modules: Vec<Module>,
    /// When the plan was ready.
    pub made: DateTime<Utc>,
}

struct Module {
    id: ModuleId,
    draft: DraftModule,
    made: DateTime<Utc>,
    tasks: Vec<Task>,
}

struct Task {
    id: TaskId,
    draft: DraftTask,
    status: ProgressStatus,
    /// When it was completed, or begun.
    touched: DateTime<Utc>,
    pinned: bool,
}

impl Task {
    fn completed_at(&self) -> Option<DateTime<Utc>> {
        (self.status == ProgressStatus::Completed).then_some(self.touched)
    }

    /// As it stood at an instant.
    fn snapshot(&self, at: DateTime<Utc>) -> SnapshotTask {
        let known = self.touched <= at;
        SnapshotTask {
            id: self.id,
            title: self.draft.title.clone(),
            description: self.draft.description.clone(),
            estimated_minutes: self.draft.minutes.into(),
            pinned: false,
            status: if known { self.status } else { ProgressStatus::NotStarted },
            completed_at: self.completed_at().filter(|_| known),
            has_micro_explanation: false,
            explanation: None,
            resources: self
                .draft
                .resources
                .iter()
                .map(|link| SnapshotLink {
                    kind: link.kind,
                    title: link.title.clone(),
                    url: link.url.clone(),
                    notes: None,
                })
                .collect(),
        }
    }
}

impl Module {
    fn new(chance: &mut Chance, draft: &DraftModule, made: DateTime<Utc>) -> Self {
        let task = |draft: &DraftTask| Task {
            id: chance.id(made),
            draft: draft.clone(),
            status: ProgressStatus::NotStarted,
            touched: made,
            pinned: false,
        };
        let tasks = draft.tasks.iter().map(task).collect();
        Self { id: chance.id(made), draft: draft.clone(), made, tasks }
    }
}

impl Tree {
    /// A tree as it was stored, untouched.
    pub fn new(chance: &mut Chance, modules: &[DraftModule], made: DateTime<Utc>) -> Self {
        Self { modules: modules.iter().map(|module| Module::new(chance, module, made)).collect(), made }
    }

    /// Lets the learner study from the plan's first day until now, or a little beyond the deadline: tasks are done in
    /// their order, and some learners get further than others.
    pub fn study(&mut self, chance: &mut Chance, plan: &SeedPlan, as_of: DateTime<Utc>) {
        let from = self.made.max(noon(plan.start_date));
        let planned = (noon(plan.deadline_date) - from).num_minutes().max(1);
        let to = given_up(plan, as_of);
        let spent = (to - from).num_minutes().clamp(0, planned);
        // In a hundred, of what the dates ask for: some never begin, some keep pace, some run ahead.
        let pace = if chance.percent(12) { 0 } else { i64::from(chance.number(25..=120)) };
        let total: usize = self.modules.iter().map(|module| module.tasks.len()).sum();
        let share = i64::try_from(total).unwrap_or(0) * spent * pace / (planned * 100);
        let done = usize::try_from(share).unwrap_or(0).min(total);
        let mut times: Vec<DateTime<Utc>> = (0..done).map(|_| chance.between(from, to)).collect();
        times.sort_unstable();
        let mut tasks = self.modules.iter_mut().flat_map(|module| &mut module.tasks);
        for (at, task) in times.iter().zip(tasks.by_ref()) {
            (task.status, task.touched) = (ProgressStatus::Completed, *at);
        }
        if let (Some(last), Some(next)) = (times.last(), tasks.next())
            && chance.percent(50)
        {
            (next.status, next.touched) = (ProgressStatus::InProgress, chance.between(*last, to));
        }
    }

    /// When the learner came to the last module; `otherwise` if they did not.
    pub fn last_module_begun(&self, otherwise: DateTime<Utc>) -> DateTime<Utc> {
        let tasks = self.modules.last().map(|module| module.tasks.as_slice()).unwrap_or_default();
        let begun = tasks.iter().filter(|task| task.status != ProgressStatus::NotStarted);
        begun.map(|task| task.touched).min().unwrap_or(otherwise)
    }

    /// The plan as it stood at an instant.
    pub fn snapshot(&self, plan: &SeedPlan, at: DateTime<Utc>) -> PlanSnapshot {
        let modules = self.modules.iter().map(|module| SnapshotModule {
            id: module.id,
            title: module.draft.title.clone(),
            description: module.draft.description.clone(),
            estimated_minutes: module.draft.minutes.into(),
            tasks: module.tasks.iter().map(|task| task.snapshot(at)).collect(),
        });
        PlanSnapshot {
            topic: plan.topic.clone(),
            notes: plan.notes.clone(),
            skill_level: plan.skill_level,
            learning_style: plan.learning_style,
            weekly_hours: plan.weekly_hours.into(),
            start_date: Some(plan.start_date),
            deadline_date: Some(plan.deadline_date),
            modules: modules.collect(),
        }
    }

    /// Puts a successor in the place of the last module, which was not begun at `at`. What has been done of that since was
    /// done of the successor.
    pub fn replace_last(&mut self, chance: &mut Chance, successor: &DraftModule, at: DateTime<Utc>) {
        let Some(last) = self.modules.pop() else { return };
        let mut module = Module::new(chance, successor, at);
        for (task, before) in module.tasks.iter_mut().zip(&last.tasks) {
            (task.status, task.touched) = (before.status, before.touched);
        }
        self.modules.push(module);
    }

    /// Pins a few tasks that are not begun; tells when, which is before `until` if that can be.
    pub fn pin(&mut self, chance: &mut Chance, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let newest = self.modules.iter().map(|module| module.made).max()?;
        let mut pinned = false;
        for task in self.modules.iter_mut().flat_map(|module| &mut module.tasks) {
            task.pinned = task.status == ProgressStatus::NotStarted && chance.percent(4);
            pinned |= task.pinned;
        }
        pinned.then(|| chance.between(newest, until))
    }

    /// Writes the rows down.
    pub fn store(&self, chance: &mut Chance, batch: &mut SeedBatch, (plan, user): (PlanId, UserId)) {
        for (order, module) in (1..).zip(&self.modules) {
            batch.modules.push(SeedModule {
                id: module.id,
                plan_id: plan,
                user_id: user,
                order,
                title: module.draft.title.clone(),
                description: module.draft.description.clone(),
                estimated_minutes: module.draft.minutes,
                created_at: module.made,
                updated_at: module.made,
            });
            for (order, task) in (1..).zip(&module.tasks) {
                batch.tasks.push(SeedTask {
                    id: task.id,
                    module_id: module.id,
                    user_id: user,
                    order,
                    title: task.draft.title.clone(),
                    description: task.draft.description.clone(),
                    estimated_minutes: task.draft.minutes,
                    pinned: task.pinned,
                    created_at: module.made,
                    updated_at: module.made,
                });
                task.store(chance, batch, user, module.made);
            }
        }
    }
}

fn noon(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(12)
}

/// When nobody does anything about a plan any more: some days after its deadline, or now.
pub(super) fn given_up(plan: &SeedPlan, as_of: DateTime<Utc>) -> DateTime<Utc> {
    as_of.min(noon(plan.deadline_date) + TimeDelta::days(3))
}

impl Task {
    /// Its links and its progress.
    fn store(&self, chance: &mut Chance, batch: &mut SeedBatch, user: UserId, made: DateTime<Utc>) {
        for (order, link) in (1..).zip(&self.draft.resources) {
            batch.links.push(SeedLink {
                id: chance.id(made),
                task_id: self.id,
                user_id: user,
                url: link.url.clone(),
                order,
                created_at: made,
            });
        }
        if self.status != ProgressStatus::NotStarted {
            batch.progress.push(SeedProgress {
                id: chance.id(self.touched),
                task_id: self.id,
                user_id: user,
                status: self.status,
                completed_at: self.completed_at(),
                created_at: self.touched,
                updated_at: self.touched,
            });
        }
    }
}
