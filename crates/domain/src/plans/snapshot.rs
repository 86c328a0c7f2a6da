//! A plan with all its modules and tasks at one moment: what a revision stores as JSON, and what a new generation is
//! merged into.

use super::{LearningStyle, ProgressStatus, ResourceType, SkillLevel};
use crate::ids::{ModuleId, TaskId};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// A plan at one moment; modules and tasks in their order.
///
/// The values are those stored, unchecked: a revision must be readable whatever rules came after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanSnapshot {
    /// What to learn.
    pub topic: String,
    /// What else the learner wanted said to the model.
    pub notes: Option<String>,
    /// What the learner knew.
    pub skill_level: SkillLevel,
    /// Preferred kind of material.
    pub learning_style: LearningStyle,
    /// Hours a week.
    pub weekly_hours: i32,
    /// First day.
    pub start_date: Option<NaiveDate>,
    /// Last day.
    pub deadline_date: Option<NaiveDate>,
    /// Modules in order.
    pub modules: Vec<SnapshotModule>,
}

/// A module at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotModule {
    /// The module.
    pub id: ModuleId,
    /// Title.
    pub title: String,
    /// Description.
    pub description: Option<String>,
    /// Minutes.
    pub estimated_minutes: i32,
    /// Tasks in order.
    pub tasks: Vec<SnapshotTask>,
}

/// A task at one moment, with its progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotTask {
    /// The task.
    pub id: TaskId,
    /// Title.
    pub title: String,
    /// Description.
    pub description: Option<String>,
    /// Minutes.
    pub estimated_minutes: i32,
    /// Whether the learner wants it kept.
    pub pinned: bool,
    /// Progress.
    pub status: ProgressStatus,
    /// When it was completed.
    pub completed_at: Option<DateTime<Utc>>,
    /// Whether it has been explained. States put aside before this was kept do not say.
    #[serde(default)]
    pub has_micro_explanation: bool,
    /// The explanation, as the JSON text that is stored.
    #[serde(default)]
    pub explanation: Option<String>,
    /// Links in order.
    pub resources: Vec<SnapshotLink>,
}

/// A task's link at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotLink {
    /// What the link leads to.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// Title.
    pub title: String,
    /// Address.
    pub url: String,
    /// The learner's or an editor's remark.
    pub notes: Option<String>,
}

impl SnapshotTask {
    /// Whether no new generation may change or remove the task: pinned, completed or in progress.
    pub fn must_stay(&self) -> bool {
        self.pinned || self.status != ProgressStatus::NotStarted
    }
}

impl PlanSnapshot {
    /// Every task, in order.
    pub fn tasks(&self) -> impl Iterator<Item = &SnapshotTask> {
        self.modules.iter().flat_map(|module| &module.tasks)
    }
}

#[cfg(test)]
mod tests;
