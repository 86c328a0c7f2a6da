//! Puts a proposal in the place of a plan without losing what the learner has done. Used when a regeneration settles and
//! when a revision is restored; pure, so that it can be tested with whatever a model may answer.

mod counterparts;

use super::{PlanSnapshot, Proposal, ProposedModule, ProposedTask, SnapshotModule, SnapshotTask};
use crate::ids::{ModuleId, TaskId};
use counterparts::Counterparts;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What is to be stored: modules and tasks in order, dense from 1. What of the present plan is not in it goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merged {
    /// Modules in order; no id twice.
    pub modules: Vec<MergedModule>,
}

/// A module to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedModule {
    /// The present or former module that this is; none: a new one.
    pub id: Option<ModuleId>,
    /// Whether `id` is in the present plan.
    pub existing: bool,
    /// Title.
    pub title: String,
    /// Description.
    pub description: Option<String>,
    /// Minutes.
    pub minutes: i32,
    /// Tasks in order; none only in a module that the proposal names by its id.
    pub tasks: Vec<MergedTask>,
}

/// A task to be stored; no id occurs twice in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergedTask {
    /// A present task whose content stays; only its place is new.
    Kept(TaskId),
    /// A present task with new content; its progress, pin, explanation and calendar mapping stay.
    Updated(TaskId, ProposedTask),
    /// A task to be made, under the id it once had if there is one.
    Added(Option<TaskId>, ProposedTask),
}

/// Merges `proposal` into `present`.
///
/// Pinned, completed and started tasks stay as they are, each exactly once: at the place the proposal gives them, else at
/// the front of the module that continues theirs, else in their old module. Other present tasks that the proposal
/// continues take its content under their id. The rest of the present plan goes. A proposed module without tasks is left
/// out, unless it has an id of its own: then somebody wants that very module.
pub fn merge(present: &PlanSnapshot, proposal: Proposal) -> Merged {
    let mut tasks = Tasks::of(present);
    let placed: Vec<Vec<MergedTask>> =
        (0..).zip(&proposal.modules).map(|(at, module)| tasks.place(at, module)).collect();
    let counterparts = Counterparts::find(present, &proposal, &tasks.moved);

    let mut ids = ModuleIds::of(present);
    let mut outputs: Vec<Output> = Vec::with_capacity(placed.len());
    for (at, (module, placed)) in proposal.modules.into_iter().zip(placed).enumerate() {
        let old = counterparts.of_proposed(at);
        let continued = old.and_then(|old| present.modules.get(old));
        let left = continued.map(|old| tasks.left_of(old)).unwrap_or_default();
        let all: Vec<MergedTask> = left.into_iter().chain(placed).collect();
        if !all.is_empty() || ids.is_free(module.id) {
            let id = ids.take(module.id, continued);
            outputs.push(Output { old, module: output(id, ids.are_present(id), module, all) });
        }
    }
    for (at, old) in present.modules.iter().enumerate().filter(|&(at, _)| !counterparts.has(at)) {
        let left = tasks.left_of(old);
        if !left.is_empty() {
            outputs.insert(place_after_earlier(&outputs, at), Output { old: Some(at), module: kept_module(old, left) });
        }
    }
    Merged { modules: outputs.into_iter().map(|output| output.module).collect() }
}

/// A module of the result and the index of the present one that it continues.
struct Output {
    old: Option<usize>,
    module: MergedModule,
}

/// Where to put the present module at `at`: after the one that continues its nearest predecessor, or first.
fn place_after_earlier(outputs: &[Output], at: usize) -> usize {
    let earlier = outputs.iter().enumerate().filter_map(|(place, output)| Some((output.old?, place)));
    earlier.filter(|&(old, _)| old < at).max().map_or(0, |(_, place)| place + 1)
}

fn output(id: Option<ModuleId>, existing: bool, from: ProposedModule, tasks: Vec<MergedTask>) -> MergedModule {
    MergedModule { id, existing, title: from.title, description: from.description, minutes: from.minutes, tasks }
}

fn kept_module(old: &SnapshotModule, tasks: Vec<MergedTask>) -> MergedModule {
    MergedModule {
        id: Some(old.id),
        existing: true,
        title: old.title.clone(),
        description: old.description.clone(),
        minutes: old.estimated_minutes,
        tasks,
    }
}

/// The present plan's tasks, and which of them (and of the former ones) a proposal has used.
struct Tasks<'a> {
    present: HashMap<TaskId, (usize, &'a SnapshotTask)>,
    used: HashSet<TaskId>,
    /// How many tasks went from a present module to a proposed one: (proposed, present) to a count.
    moved: BTreeMap<(usize, usize), usize>,
}

impl<'a> Tasks<'a> {
    fn of(present: &'a PlanSnapshot) -> Self {
        let modules = present.modules.iter().enumerate();
        let tasks = modules.flat_map(|(at, module)| module.tasks.iter().map(move |task| (task.id, (at, task))));
        Self { present: tasks.collect(), used: HashSet::new(), moved: BTreeMap::new() }
    }

    /// The tasks of the proposed module at `at`, each with the id it gets.
    fn place(&mut self, at: usize, module: &ProposedModule) -> Vec<MergedTask> {
        module.tasks.iter().map(|task| self.place_task(at, task.clone())).collect()
    }

    fn place_task(&mut self, at: usize, task: ProposedTask) -> MergedTask {
        let Some(id) = task.lineage.filter(|id| !self.used.contains(id)) else { return new_task(task) };
        let Some(&(old, present)) = self.present.get(&id) else {
            if task.former.is_none() {
                return new_task(task);
            }
            self.used.insert(id);
            return MergedTask::Added(Some(id), task);
        };
        self.used.insert(id);
        *self.moved.entry((at, old)).or_default() += 1;
        if present.must_stay() { MergedTask::Kept(id) } else { MergedTask::Updated(id, task) }
    }

    /// The tasks of a present module that must stay and have no place yet.
    fn left_of(&self, module: &SnapshotModule) -> Vec<MergedTask> {
        let left = module.tasks.iter().filter(|task| task.must_stay() && !self.used.contains(&task.id));
        left.map(|task| MergedTask::Kept(task.id)).collect()
    }
}

/// A task without a past: whatever the proposal took it for is another task or unknown.
fn new_task(task: ProposedTask) -> MergedTask {
    let anew = ProposedTask { lineage: None, former: None, has_micro_explanation: false, explanation: None, ..task };
    MergedTask::Added(None, anew)
}

/// The ids that modules of the result have.
struct ModuleIds {
    present: HashSet<ModuleId>,
    used: HashSet<ModuleId>,
}

impl ModuleIds {
    fn of(present: &PlanSnapshot) -> Self {
        Self { present: present.modules.iter().map(|module| module.id).collect(), used: HashSet::new() }
    }

    /// The id of a proposed module: its own, else that of the present module it continues.
    fn take(&mut self, own: Option<ModuleId>, continued: Option<&SnapshotModule>) -> Option<ModuleId> {
        let own = own.filter(|_| self.is_free(own));
        let id = own.or_else(|| continued.map(|module| module.id))?;
        self.used.insert(id).then_some(id)
    }

    /// Whether this is an id that no module of the result has yet.
    fn is_free(&self, id: Option<ModuleId>) -> bool {
        id.is_some_and(|id| !self.used.contains(&id))
    }

    fn are_present(&self, id: Option<ModuleId>) -> bool {
        id.is_some_and(|id| self.present.contains(&id))
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
