//! What a plan is to become, before it is merged with what it is: a model's modules, or a revision to restore.

use super::{PlanSnapshot, ProgressStatus, SnapshotLink, SnapshotModule, SnapshotTask};
use crate::generation::{DraftModule, DraftResource, DraftTask};
use crate::ids::{ModuleId, TaskId};
use chrono::{DateTime, Utc};
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

/// The content wanted; input of [`merge`](super::merge).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Modules in order.
    pub modules: Vec<ProposedModule>,
}

/// A module wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedModule {
    /// The module it is or was; none when a model wrote it.
    pub id: Option<ModuleId>,
    /// Title.
    pub title: String,
    /// Description.
    pub description: Option<String>,
    /// Minutes.
    pub minutes: i32,
    /// Tasks in order.
    pub tasks: Vec<ProposedTask>,
}

/// A task wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedTask {
    /// The present or former task that this is.
    pub lineage: Option<TaskId>,
    /// Title.
    pub title: String,
    /// Description.
    pub description: Option<String>,
    /// Minutes.
    pub minutes: i32,
    /// Whether to pin the task when it has to be made; a present task's pin is never touched.
    pub pinned: bool,
    /// Links in order.
    pub links: Vec<SnapshotLink>,
    /// Whether the task was explained, when it has to be made again; only a restore says so.
    pub has_micro_explanation: bool,
    /// The explanation to give back then, as JSON text.
    pub explanation: Option<String>,
    /// Progress to give back when the task has to be made again, and when it was completed; only a restore has any.
    pub former: Option<(ProgressStatus, Option<DateTime<Utc>>)>,
}

/// A model's modules as a proposal for `present`.
///
/// A task continues the present one whose key (looked up in `keys`) it bears, else the first one with the same title
/// that no key has claimed; each present task is continued once at most.
pub fn proposal_of_drafts<S: BuildHasher>(
    modules: &[DraftModule],
    keys: &HashMap<String, TaskId, S>,
    present: &PlanSnapshot,
) -> Proposal {
    let drafts = || modules.iter().flat_map(|module| &module.tasks);
    let mut free: HashSet<TaskId> = present.tasks().map(|task| task.id).collect();
    // Keys first: a task that merely shares its title must not take what a later one names.
    let by_key: Vec<Option<TaskId>> =
        drafts().map(|draft| find_key(keys, draft.key.as_deref()?).filter(|id| free.remove(id))).collect();
    let mut titles = Titles::of(present, &free);
    let by_any: Vec<Option<TaskId>> =
        drafts().zip(by_key).map(|(draft, by_key)| by_key.or_else(|| titles.take(&draft.title))).collect();

    let mut lineages = by_any.into_iter();
    let modules = modules.iter().map(|module| ProposedModule {
        id: None,
        title: module.title.clone(),
        description: module.description.clone(),
        minutes: module.minutes.into(),
        tasks: module.tasks.iter().map(|task| proposed_draft(task, lineages.next().flatten())).collect(),
    });
    Proposal { modules: modules.collect() }
}

/// A snapshot as a proposal that restores it: every task is to be itself again, with its progress if it has gone.
pub fn proposal_of_snapshot(snapshot: &PlanSnapshot) -> Proposal {
    Proposal { modules: snapshot.modules.iter().map(proposed_again).collect() }
}

/// The task behind a key; models like to write `T1` for `t1`.
fn find_key<S: BuildHasher>(keys: &HashMap<String, TaskId, S>, key: &str) -> Option<TaskId> {
    keys.get(key).or_else(|| keys.get(&key.to_ascii_lowercase())).copied()
}

/// Present tasks by title, the first of equals on top.
struct Titles(HashMap<String, Vec<TaskId>>);

impl Titles {
    /// The tasks of `present` that are `free`.
    fn of(present: &PlanSnapshot, free: &HashSet<TaskId>) -> Self {
        let mut titles: HashMap<String, Vec<TaskId>> = HashMap::new();
        let mut tasks: Vec<&SnapshotTask> = present.tasks().filter(|task| free.contains(&task.id)).collect();
        tasks.reverse();
        for task in tasks {
            titles.entry(folded(&task.title)).or_default().push(task.id);
        }
        Self(titles)
    }

    /// Takes the first task with this title.
    fn take(&mut self, title: &str) -> Option<TaskId> {
        self.0.get_mut(&folded(title))?.pop()
    }
}

/// A title without regard to case and white space.
pub(super) fn folded(title: &str) -> String {
    title.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn proposed_draft(draft: &DraftTask, lineage: Option<TaskId>) -> ProposedTask {
    ProposedTask {
        lineage,
        title: draft.title.clone(),
        description: draft.description.clone(),
        minutes: draft.minutes.into(),
        pinned: false,
        has_micro_explanation: false,
        explanation: None,
        links: draft.resources.iter().map(link).collect(),
        former: None,
    }
}

fn link(draft: &DraftResource) -> SnapshotLink {
    SnapshotLink { kind: draft.kind, title: draft.title.clone(), url: draft.url.clone(), notes: None }
}

fn proposed_again(module: &SnapshotModule) -> ProposedModule {
    let tasks = module.tasks.iter().map(|task| ProposedTask {
        lineage: Some(task.id),
        title: task.title.clone(),
        description: task.description.clone(),
        minutes: task.estimated_minutes,
        pinned: task.pinned,
        has_micro_explanation: task.has_micro_explanation,
        explanation: task.explanation.clone(),
        links: task.resources.clone(),
        former: Some((task.status, task.completed_at)),
    });
    ProposedModule {
        id: Some(module.id),
        title: module.title.clone(),
        description: module.description.clone(),
        minutes: module.estimated_minutes,
        tasks: tasks.collect(),
    }
}

#[cfg(test)]
mod tests;
