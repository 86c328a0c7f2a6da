//! Which present task a model's task continues.

use super::super::samples::{done, module, plan, task, task_id};
use super::{Proposal, proposal_of_drafts, proposal_of_snapshot};
use crate::generation::{DraftModule, DraftTask};
use crate::ids::TaskId;
use crate::plans::{PlanSnapshot, ProgressStatus};
use std::collections::HashMap;

fn present() -> PlanSnapshot {
    plan(vec![module(1, "A", vec![task(11, "Read"), task(12, "Tie knots"), task(13, "Read")])])
}

/// What the drafts (key, title) continue in [`present`], with the keys `t1` to `t3` and a stale `t9`.
fn lineages(drafts: &[(&str, &str)]) -> Vec<Option<TaskId>> {
    let keys = [("t1", 11), ("t2", 12), ("t3", 13), ("t9", 99)];
    let keys: HashMap<String, TaskId> = keys.iter().map(|&(key, id)| (key.to_owned(), task_id(id))).collect();
    let tasks = drafts.iter().map(|&(key, title)| DraftTask {
        key: (!key.is_empty()).then(|| key.to_owned()),
        title: title.to_owned(),
        description: None,
        minutes: 30,
        resources: Vec::new(),
    });
    let drafts = [DraftModule { title: "A".into(), description: None, minutes: 60, tasks: tasks.collect() }];
    let Proposal { modules } = proposal_of_drafts(&drafts, &keys, &present());
    modules[0].tasks.iter().map(|task| task.lineage).collect()
}

#[test]
fn a_task_continues_the_one_whose_key_it_bears_whatever_its_title() {
    assert_eq!(lineages(&[("t2", "Bowline"), ("T1", "Sail")]), [Some(task_id(12)), Some(task_id(11))]);
}

#[test]
fn a_task_without_a_good_key_continues_the_first_free_one_of_its_title() {
    assert_eq!(lineages(&[("", " tie  KNOTS ")]), [Some(task_id(12))]);
    assert_eq!(lineages(&[("t9", "Read"), ("x", "Read"), ("", "Read")]), [Some(task_id(11)), Some(task_id(13)), None]);
}

#[test]
fn a_key_comes_before_a_title_even_when_it_comes_later() {
    assert_eq!(lineages(&[("", "Tie knots"), ("t2", "Bowline")]), [None, Some(task_id(12))]);
}

#[test]
fn a_key_used_twice_counts_once() {
    assert_eq!(lineages(&[("t1", "Sail"), ("t1", "Row")]), [Some(task_id(11)), None]);
}

#[test]
fn a_snapshot_proposes_every_task_with_its_progress() {
    let proposal = proposal_of_snapshot(&plan(vec![module(1, "A", vec![done(11, "Read")])]));
    let module = &proposal.modules[0];
    assert_eq!((module.id, module.tasks[0].lineage), (Some(super::super::samples::module_id(1)), Some(task_id(11))));
    assert!(matches!(module.tasks[0].former, Some((ProgressStatus::Completed, Some(_)))));
}
