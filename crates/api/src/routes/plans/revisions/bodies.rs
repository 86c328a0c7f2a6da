//! What the routes of revisions answer.

use crate::openapi::enums::{learning_style, progress_status, resource_type, skill_level};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use waymark_domain::plans::{self as domain, PlanSnapshot};
use waymark_services::plans;

/// A former state of a plan in the list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevisionItem {
    /// From 1; the highest is the latest.
    pub number: u32,
    /// The generation that replaced this state; null when a restore or a rescheduling did.
    pub generation_id: Option<Uuid>,
    /// The topic then.
    pub topic: String,
    /// Modules then.
    pub modules_count: u32,
    /// Tasks then.
    pub tasks_count: u32,
    /// Tasks that were done then.
    pub tasks_completed: u32,
    /// When it was replaced.
    pub created_at: DateTime<Utc>,
}

impl From<plans::RevisionView> for RevisionItem {
    fn from(revision: plans::RevisionView) -> Self {
        Self {
            number: revision.number,
            generation_id: revision.generation_id.map(|id| id.0),
            topic: revision.topic,
            modules_count: revision.modules,
            tasks_count: revision.tasks,
            tasks_completed: revision.tasks_completed,
            created_at: revision.created_at,
        }
    }
}

/// A former state of a plan.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// From 1; the highest is the latest.
    pub number: u32,
    /// The generation that replaced this state; null when a restore or a rescheduling did.
    pub generation_id: Option<Uuid>,
    /// When it was replaced.
    pub created_at: DateTime<Utc>,
    /// The plan as it was.
    pub snapshot: Snapshot,
}

impl From<plans::Revision> for Revision {
    fn from(revision: plans::Revision) -> Self {
        Self {
            number: revision.view.number,
            generation_id: revision.view.generation_id.map(|id| id.0),
            created_at: revision.view.created_at,
            snapshot: revision.snapshot.into(),
        }
    }
}

/// A plan as it was.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// What to learn.
    pub topic: String,
    /// What else the learner said.
    pub notes: Option<String>,
    /// The learner's level.
    #[schema(schema_with = skill_level)]
    pub skill_level: String,
    /// The learner's style.
    #[schema(schema_with = learning_style)]
    pub learning_style: String,
    /// Hours a week.
    pub weekly_hours: i32,
    /// First day.
    pub start_date: Option<NaiveDate>,
    /// Last day.
    pub deadline_date: Option<NaiveDate>,
    /// The modules, in order.
    pub modules: Vec<SnapshotModule>,
}

impl From<PlanSnapshot> for Snapshot {
    fn from(plan: PlanSnapshot) -> Self {
        Self {
            topic: plan.topic,
            notes: plan.notes,
            skill_level: plan.skill_level.to_string(),
            learning_style: plan.learning_style.to_string(),
            weekly_hours: plan.weekly_hours,
            start_date: plan.start_date,
            deadline_date: plan.deadline_date,
            modules: plan.modules.into_iter().map(SnapshotModule::from).collect(),
        }
    }
}

/// A module as it was.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotModule {
    /// The module.
    pub id: Uuid,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// Minutes.
    pub estimated_minutes: i32,
    /// Its tasks, in order.
    pub tasks: Vec<SnapshotTask>,
}

impl From<domain::SnapshotModule> for SnapshotModule {
    fn from(module: domain::SnapshotModule) -> Self {
        Self {
            id: module.id.0,
            title: module.title,
            description: module.description,
            estimated_minutes: module.estimated_minutes,
            tasks: module.tasks.into_iter().map(SnapshotTask::from).collect(),
        }
    }
}

/// A task as it was.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotTask {
    /// The task.
    pub id: Uuid,
    /// Its title.
    pub title: String,
    /// What to do.
    pub description: Option<String>,
    /// Minutes.
    pub estimated_minutes: i32,
    /// Whether a regeneration leaves it alone.
    pub pinned: bool,
    /// How far the learner was.
    #[schema(schema_with = progress_status)]
    pub status: String,
    /// When it was done.
    pub completed_at: Option<DateTime<Utc>>,
    /// Links, in order.
    pub resources: Vec<SnapshotLink>,
}

impl From<domain::SnapshotTask> for SnapshotTask {
    fn from(task: domain::SnapshotTask) -> Self {
        Self {
            id: task.id.0,
            title: task.title,
            description: task.description,
            estimated_minutes: task.estimated_minutes,
            pinned: task.pinned,
            status: task.status.to_string(),
            completed_at: task.completed_at,
            resources: task.resources.into_iter().map(SnapshotLink::from).collect(),
        }
    }
}

/// A link of a task as it was.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotLink {
    /// What it leads to.
    #[serde(rename = "type")]
    #[schema(schema_with = resource_type)]
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Its address, http or https.
    pub url: String,
    /// Why it is there.
    pub notes: Option<String>,
}

impl From<domain::SnapshotLink> for SnapshotLink {
    fn from(link: domain::SnapshotLink) -> Self {
        Self { kind: link.kind.to_string(), title: link.title, url: link.url, notes: link.notes }
    }
}

/// What differs between two states of a plan.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Tasks that only the later state has.
    pub added: Vec<ComparedTask>,
    /// Tasks that both have.
    pub kept: Vec<ComparedTask>,
    /// Tasks that only the earlier state has.
    pub removed: Vec<ComparedTask>,
}

impl From<domain::Comparison> for Comparison {
    fn from(comparison: domain::Comparison) -> Self {
        let tasks = |tasks: Vec<domain::ComparedTask>| tasks.into_iter().map(ComparedTask::from).collect();
        Self { added: tasks(comparison.added), kept: tasks(comparison.kept), removed: tasks(comparison.removed) }
    }
}

/// A task of a comparison.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComparedTask {
    /// The task.
    pub task_id: Uuid,
    /// The title of its module.
    pub module: String,
    /// Its title.
    pub title: String,
    /// Whether its title, description, minutes or links differ between the two.
    pub changed: bool,
}

impl From<domain::ComparedTask> for ComparedTask {
    fn from(task: domain::ComparedTask) -> Self {
        Self { task_id: task.task_id.0, module: task.module, title: task.title, changed: task.changed }
    }
}

/// A plan that is what it was.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoredPlan {
    /// The plan.
    pub plan_id: Uuid,
    /// The revision that now holds the state before the restore.
    pub revision: u32,
}

impl From<plans::RestoredPlan> for RestoredPlan {
    fn from(restored: plans::RestoredPlan) -> Self {
        Self { plan_id: restored.plan_id.0, revision: restored.revision }
    }
}
