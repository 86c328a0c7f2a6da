//! Small plans for the tests of snapshots, merges and comparisons.

use super::{
    LearningStyle, PlanSnapshot, ProgressStatus, ProposedModule, ProposedTask, SkillLevel, SnapshotModule, SnapshotTask,
};
use crate::ids::{ModuleId, TaskId};
use uuid::Uuid;

pub fn task_id(number: u128) -> TaskId {
    TaskId(Uuid::from_u128(number))
}

pub fn module_id(number: u128) -> ModuleId {
    ModuleId(Uuid::from_u128(number))
}

pub fn plan(modules: Vec<SnapshotModule>) -> PlanSnapshot {
    PlanSnapshot {
        topic: "Sailing".into(),
        notes: None,
        skill_level: SkillLevel::Beginner,
        learning_style: LearningStyle::Mixed,
        weekly_hours: 5,
        start_date: None,
        deadline_date: None,
        modules,
    }
}

pub fn module(number: u128, title: &str, tasks: Vec<SnapshotTask>) -> SnapshotModule {
    SnapshotModule { id: module_id(number), title: title.into(), description: None, estimated_minutes: 90, tasks }
}

pub fn task(number: u128, title: &str) -> SnapshotTask {
    SnapshotTask {
        id: task_id(number),
        title: title.into(),
        description: None,
        estimated_minutes: 30,
        pinned: false,
        status: ProgressStatus::NotStarted,
        completed_at: None,
        has_micro_explanation: false,
        explanation: None,
        resources: Vec::new(),
    }
}

pub fn done(number: u128, title: &str) -> SnapshotTask {
    let completed_at = "2027-03-10T06:00:00Z".parse().ok();
    SnapshotTask { status: ProgressStatus::Completed, completed_at, ..task(number, title) }
}

pub fn proposed_module(title: &str, tasks: Vec<ProposedTask>) -> ProposedModule {
    ProposedModule { id: None, title: title.into(), description: None, minutes: 60, tasks }
}

pub fn proposed(lineage: Option<u128>, title: &str) -> ProposedTask {
    ProposedTask {
        lineage: lineage.map(task_id),
        title: title.into(),
        description: None,
        minutes: 20,
        pinned: false,
        has_micro_explanation: false,
        explanation: None,
        links: Vec::new(),
        former: None,
    }
}
