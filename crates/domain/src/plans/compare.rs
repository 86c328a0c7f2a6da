//! What differs between two states of a plan, task by task. Shown to a learner who looks at a revision.

use super::{PlanSnapshot, SnapshotTask};
use crate::ids::TaskId;
use serde::Serialize;
use std::collections::HashMap;

/// The tasks of two states; each list in the order of the plan it is taken from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Tasks of the later state alone.
    pub added: Vec<ComparedTask>,
    /// Tasks of both, as the later state has them.
    pub kept: Vec<ComparedTask>,
    /// Tasks of the earlier state alone.
    pub removed: Vec<ComparedTask>,
}

/// A task in a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ComparedTask {
    /// The task.
    pub task_id: TaskId,
    /// Its module's title.
    pub module: String,
    /// Its title.
    pub title: String,
    /// Whether title, description, minutes or links differ; false for a task of one state alone.
    pub changed: bool,
}

/// Compares two states of one plan by the ids of their tasks.
pub fn compare(from: &PlanSnapshot, to: &PlanSnapshot) -> Comparison {
    let before: HashMap<TaskId, &SnapshotTask> = from.tasks().map(|task| (task.id, task)).collect();
    let after: HashMap<TaskId, &SnapshotTask> = to.tasks().map(|task| (task.id, task)).collect();
    let mut comparison = Comparison::default();
    for (module, task) in with_modules(to) {
        match before.get(&task.id) {
            Some(old) => comparison.kept.push(compared(module, task, differs(old, task))),
            None => comparison.added.push(compared(module, task, false)),
        }
    }
    let gone = with_modules(from).filter(|(_, task)| !after.contains_key(&task.id));
    comparison.removed = gone.map(|(module, task)| compared(module, task, false)).collect();
    comparison
}

fn with_modules(plan: &PlanSnapshot) -> impl Iterator<Item = (&str, &SnapshotTask)> {
    plan.modules.iter().flat_map(|module| module.tasks.iter().map(|task| (module.title.as_str(), task)))
}

fn compared(module: &str, task: &SnapshotTask, changed: bool) -> ComparedTask {
    ComparedTask { task_id: task.id, module: module.to_owned(), title: task.title.clone(), changed }
}

fn differs(old: &SnapshotTask, new: &SnapshotTask) -> bool {
    old.title != new.title
        || old.description != new.description
        || old.estimated_minutes != new.estimated_minutes
        || old.resources != new.resources
}

#[cfg(test)]
mod tests;
