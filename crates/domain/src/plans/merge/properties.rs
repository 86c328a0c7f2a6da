//! Whatever the plan, the learner's progress and the model's answer are: nothing done is lost, nothing occurs twice, the
//! order has no holes.

use super::super::samples::{module, module_id, plan, proposed, proposed_module, task, task_id};
use super::{Merged, MergedTask, Proposal, ProposedModule, ProposedTask, merge};
use crate::generation::{DraftModule, DraftTask};
use crate::ids::{ModuleId, TaskId};
use crate::plans::{
    PlanSnapshot, ProgressStatus, SnapshotModule, SnapshotTask, compare, proposal_of_drafts, proposal_of_snapshot,
};
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

/// Few titles, so that equal ones are common.
fn titles() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["Read", " read", "Tie knots", "tie  knots", "Row", "Sail", "Moor"])
        .prop_map(str::to_owned)
}

fn present_task() -> impl Strategy<Value = SnapshotTask> {
    let status = prop::sample::select(ProgressStatus::ALL);
    (titles(), prop::bool::weighted(0.2), prop_oneof![2 => Just(ProgressStatus::NotStarted), 1 => status], 5..120)
        .prop_map(|(title, pinned, status, estimated_minutes)| SnapshotTask {
            pinned,
            status,
            estimated_minutes,
            completed_at: (status == ProgressStatus::Completed).then_some(chrono::DateTime::UNIX_EPOCH),
            has_micro_explanation: estimated_minutes % 2 == 0,
            explanation: (estimated_minutes % 2 == 0).then(|| format!("{{\"text\": \"{estimated_minutes}\"}}")),
            ..task(0, &title)
        })
}

/// A plan of up to 7 modules with up to 7 tasks each; modules have the ids 1.., tasks 100...
fn plans() -> impl Strategy<Value = PlanSnapshot> {
    let modules = prop::collection::vec((titles(), prop::collection::vec(present_task(), 0..8)), 0..8);
    modules.prop_map(|modules| {
        let mut next = 100..;
        let modules = (1..).zip(modules).map(|(number, (title, mut tasks))| {
            for (task, id) in tasks.iter_mut().zip(&mut next) {
                task.id = task_id(id);
            }
            module(number, &title, tasks)
        });
        plan(modules.collect())
    })
}

/// A task that continues a present one, one that never was, or none, with and without former progress.
fn proposed_task() -> impl Strategy<Value = ProposedTask> {
    let lineage = prop::option::weighted(0.7, prop_oneof![5 => 100_u128..160, 1 => 900_u128..905]);
    let former = prop::option::of(prop::sample::select(ProgressStatus::ALL).prop_map(|status| (status, None)));
    (lineage, titles(), former)
        .prop_map(|(lineage, title, former)| ProposedTask { former, ..proposed(lineage, &title) })
}

/// Any proposal at all: also ones that neither a model nor a revision would make.
fn proposals() -> impl Strategy<Value = Proposal> {
    let id = prop::option::weighted(0.4, prop_oneof![3 => 1_u128..9, 1 => 50_u128..53]);
    let module = (id, titles(), prop::collection::vec(proposed_task(), 0..8))
        .prop_map(|(id, title, tasks)| ProposedModule { id: id.map(module_id), ..proposed_module(&title, tasks) });
    prop::collection::vec(module, 0..8).prop_map(|modules| Proposal { modules })
}

/// A model's answer, with keys right, wrong, repeated and missing.
fn answers() -> impl Strategy<Value = Vec<DraftModule>> {
    let key = prop::option::weighted(0.7, (0_usize..60).prop_map(|number| format!("t{number}")));
    let task = (key, titles()).prop_map(|(key, title)| DraftTask {
        key,
        title,
        description: None,
        minutes: 25,
        resources: Vec::new(),
    });
    let module = (titles(), prop::collection::vec(task, 0..8)).prop_map(|(title, tasks)| DraftModule {
        title,
        description: None,
        minutes: 60,
        tasks,
    });
    prop::collection::vec(module, 0..8)
}

/// The keys `t1`, `t2`, ... of a plan's tasks, in order.
fn keys_of(plan: &PlanSnapshot) -> HashMap<String, TaskId> {
    (1..).zip(plan.tasks()).map(|(number, task)| (format!("t{number}"), task.id)).collect()
}

fn task_ids(merged: &Merged) -> Vec<TaskId> {
    let tasks = merged.modules.iter().flat_map(|module| &module.tasks);
    tasks
        .filter_map(|task| match task {
            MergedTask::Kept(id) | MergedTask::Updated(id, _) => Some(*id),
            MergedTask::Added(id, _) => *id,
        })
        .collect()
}

fn module_ids(merged: &Merged) -> Vec<ModuleId> {
    merged.modules.iter().filter_map(|module| module.id).collect()
}

fn modules_of(plan: &PlanSnapshot) -> HashSet<ModuleId> {
    plan.modules.iter().map(|module| module.id).collect()
}

fn is_unique<T: Eq + std::hash::Hash>(ids: &[T]) -> bool {
    ids.iter().collect::<HashSet<_>>().len() == ids.len()
}

/// What must hold of any merge with a proposal that names the modules `wanted`.
fn assert_sound(present: &PlanSnapshot, merged: &Merged, wanted: &HashSet<ModuleId>) -> Result<(), TestCaseError> {
    prop_assert!(is_unique(&task_ids(merged)), "a task twice: {merged:?}");
    prop_assert!(is_unique(&module_ids(merged)), "a module twice: {merged:?}");
    let present_modules: HashSet<_> = present.modules.iter().map(|module| module.id).collect();
    for module in &merged.modules {
        let named = module.id.is_some_and(|id| wanted.contains(&id));
        prop_assert!(named || !module.tasks.is_empty(), "an empty module: {merged:?}");
        prop_assert_eq!(module.existing, module.id.is_some_and(|id| present_modules.contains(&id)));
    }
    let stays: HashSet<_> = present.tasks().filter(|task| task.must_stay()).map(|task| task.id).collect();
    let changes: HashSet<_> = present.tasks().filter(|task| !task.must_stay()).map(|task| task.id).collect();
    let mut kept = HashSet::new();
    for task in merged.modules.iter().flat_map(|module| &module.tasks) {
        match task {
            MergedTask::Kept(id) => prop_assert!(stays.contains(id) && kept.insert(*id), "{id} kept: {merged:?}"),
            MergedTask::Updated(id, _) => prop_assert!(changes.contains(id), "{id} updated: {merged:?}"),
            MergedTask::Added(Some(id), task) => {
                prop_assert!(task.former.is_some() && !stays.contains(id) && !changes.contains(id), "{id} made again");
            }
            MergedTask::Added(None, task) => prop_assert!(task.lineage.is_none() && task.former.is_none()),
        }
    }
    prop_assert_eq!(kept, stays);
    Ok(())
}

/// The plan that storing `merged` over `present` leaves.
fn stored(present: &PlanSnapshot, merged: &Merged) -> PlanSnapshot {
    let present: HashMap<TaskId, &SnapshotTask> = present.tasks().map(|task| (task.id, task)).collect();
    let (mut fresh, mut fresh_tasks) = (10_000.., 20_000..);
    let modules = merged.modules.iter().map(|module| SnapshotModule {
        id: module.id.unwrap_or_else(|| module_id(fresh.next().unwrap_or_default())),
        title: module.title.clone(),
        description: module.description.clone(),
        estimated_minutes: module.minutes,
        tasks: module.tasks.iter().map(|task| stored_task(&present, task, &mut fresh_tasks)).collect(),
    });
    plan(modules.collect())
}

fn stored_task(
    present: &HashMap<TaskId, &SnapshotTask>,
    task: &MergedTask,
    fresh: &mut impl Iterator<Item = u128>,
) -> SnapshotTask {
    match task {
        MergedTask::Kept(id) => present[id].clone(),
        MergedTask::Updated(id, content) => SnapshotTask {
            pinned: present[id].pinned,
            status: present[id].status,
            completed_at: present[id].completed_at,
            has_micro_explanation: present[id].has_micro_explanation,
            explanation: present[id].explanation.clone(),
            ..made(*id, content)
        },
        MergedTask::Added(id, content) => {
            made(id.unwrap_or_else(|| task_id(fresh.next().unwrap_or_default())), content)
        }
    }
}

fn made(id: TaskId, content: &ProposedTask) -> SnapshotTask {
    let (status, completed_at) = content.former.unwrap_or((ProgressStatus::NotStarted, None));
    SnapshotTask {
        id,
        title: content.title.clone(),
        description: content.description.clone(),
        estimated_minutes: content.minutes,
        pinned: content.pinned,
        status,
        completed_at,
        has_micro_explanation: content.has_micro_explanation,
        explanation: content.explanation.clone(),
        resources: content.links.clone(),
    }
}

proptest! {
    #[test]
    fn whatever_is_proposed_nothing_done_is_lost_and_nothing_occurs_twice(present in plans(), proposal in proposals()) {
        let wanted = proposal.modules.iter().filter_map(|module| module.id).collect();
        assert_sound(&present, &merge(&present, proposal), &wanted)?;
    }

    #[test]
    fn whatever_a_model_answers_nothing_done_is_lost_and_nothing_occurs_twice(present in plans(), answer in answers()) {
        let proposal = proposal_of_drafts(&answer, &keys_of(&present), &present);
        let proposed = proposal.modules.iter().flat_map(|module| &module.tasks);
        let lineages: Vec<_> = proposed.filter_map(|task| task.lineage).collect();
        prop_assert!(is_unique(&lineages));
        let merged = merge(&present, proposal);
        assert_sound(&present, &merged, &HashSet::new())?;
        let in_place: Vec<_> = task_ids(&merged).into_iter().filter(|id| lineages.contains(id)).collect();
        prop_assert_eq!(&in_place, &lineages, "the answer's order");
        // Every task of the answer has its place, and besides them there is only what must stay.
        let answered = answer.iter().map(|module| module.tasks.len()).sum::<usize>();
        let left = present.tasks().filter(|task| task.must_stay() && !lineages.contains(&task.id)).count();
        prop_assert_eq!(merged.modules.iter().map(|module| module.tasks.len()).sum::<usize>(), answered + left);
    }

    #[test]
    fn restoring_the_present_state_changes_nothing(present in plans()) {
        let merged = merge(&present, proposal_of_snapshot(&present));
        assert_sound(&present, &merged, &modules_of(&present))?;
        prop_assert!(merged.modules.iter().all(|module| module.existing));
        let mut tasks = merged.modules.iter().flat_map(|module| &module.tasks);
        prop_assert!(!tasks.any(|task| matches!(task, MergedTask::Added(..))));
        prop_assert_eq!(&stored(&present, &merged), &present);
    }

    #[test]
    fn a_restore_brings_back_every_task_and_module_after_any_merge(
        former in plans(),
        proposal in proposals(),
        done in prop::collection::vec(any::<bool>(), 64),
    ) {
        let mut present = stored(&former, &merge(&former, proposal));
        // The learner goes on with the new plan before restoring the old one.
        let tasks = present.modules.iter_mut().flat_map(|module| &mut module.tasks);
        tasks.zip(done).filter(|(_, done)| *done).for_each(|(task, _)| task.status = ProgressStatus::Completed);
        let merged = merge(&present, proposal_of_snapshot(&former));
        assert_sound(&present, &merged, &modules_of(&former))?;
        let restored = stored(&present, &merged);
        prop_assert!(compare(&former, &restored).removed.is_empty());
        prop_assert!(modules_of(&former).is_subset(&modules_of(&restored)));
        let now: HashMap<TaskId, &SnapshotTask> = restored.tasks().map(|task| (task.id, task)).collect();
        let in_between: HashMap<TaskId, &SnapshotTask> = present.tasks().map(|task| (task.id, task)).collect();
        for task in former.tasks() {
            match in_between.get(&task.id) {
                None => prop_assert_eq!(now[&task.id], task),
                Some(meanwhile) if meanwhile.must_stay() => prop_assert_eq!(now[&task.id], *meanwhile),
                Some(_) => prop_assert_eq!(&now[&task.id].title, &task.title),
            }
        }
    }
}
