//! What the generation's routes answer.

use crate::openapi::enums::{attempt_status, failure_class, generation_kind, job_status, plan_status};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use waymark_domain::plans::GenerationStatus;
use waymark_services::plans::{self, AttemptView, GenerationView, JobView};

/// A plan that was accepted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreatedPlan {
    /// The plan.
    pub id: Uuid,
    /// Its generation.
    pub generation_id: Uuid,
    /// Where the plan stands.
    #[schema(schema_with = plan_status)]
    pub status: String,
}

impl From<plans::CreatedPlan> for CreatedPlan {
    fn from(created: plans::CreatedPlan) -> Self {
        Self {
            id: created.plan_id.0,
            generation_id: created.generation_id.0,
            status: GenerationStatus::Generating.to_string(),
        }
    }
}

/// Where a plan and its generation stand.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanStatus {
    /// The plan.
    pub id: Uuid,
    /// Where it stands.
    #[schema(schema_with = plan_status)]
    pub status: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it became ready.
    pub finalized_at: Option<DateTime<Utc>>,
    /// The job that waits or runs, if there is one.
    pub job: Option<Job>,
    /// Attempts so far, oldest first.
    pub attempts: Vec<Attempt>,
}

impl From<plans::PlanStatus> for PlanStatus {
    fn from(status: plans::PlanStatus) -> Self {
        Self {
            id: status.state.id.0,
            status: status.state.status.to_string(),
            created_at: status.state.created_at,
            updated_at: status.state.updated_at,
            finalized_at: status.state.finalized_at,
            job: status.job.map(Job::from),
            attempts: status.attempts.into_iter().map(Attempt::from).collect(),
        }
    }
}

/// A generation's job.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// The job.
    pub id: Uuid,
    /// Where it stands.
    #[schema(schema_with = job_status)]
    pub status: String,
    /// How often a worker took it.
    pub attempts: i32,
    /// When it may run.
    pub scheduled_for: DateTime<Utc>,
}

impl From<JobView> for Job {
    fn from(job: JobView) -> Self {
        Self { id: job.id.0, status: job.status.to_string(), attempts: job.attempts, scheduled_for: job.scheduled_for }
    }
}

/// One attempt of a generation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// The attempt.
    pub id: Uuid,
    /// The generation.
    pub generation_id: Option<Uuid>,
    /// From 1, per generation.
    pub number: i32,
    /// Where it stands.
    #[schema(schema_with = attempt_status)]
    pub status: String,
    /// Why it failed.
    #[schema(schema_with = failure_class)]
    pub classification: Option<String>,
    /// Milliseconds it took.
    pub duration_ms: Option<i64>,
    /// Modules that arrived.
    pub modules_count: Option<i32>,
    /// Tasks that arrived.
    pub tasks_count: Option<i32>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

impl From<AttemptView> for Attempt {
    fn from(attempt: AttemptView) -> Self {
        Self {
            id: attempt.id.0,
            generation_id: attempt.generation_id.map(|id| id.0),
            number: attempt.number,
            status: attempt.status.to_string(),
            classification: attempt.classification.map(|class| class.to_string()),
            duration_ms: attempt.duration_ms,
            modules_count: attempt.modules_count,
            tasks_count: attempt.tasks_count,
            created_at: attempt.created_at,
            finished_at: attempt.finished_at,
        }
    }
}

/// A regeneration that was accepted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueuedGeneration {
    /// The plan.
    pub plan_id: Uuid,
    /// The generation that will replace its content.
    pub generation_id: Uuid,
    /// `queued`.
    #[schema(example = "queued")]
    pub status: String,
}

impl From<plans::CreatedPlan> for QueuedGeneration {
    fn from(queued: plans::CreatedPlan) -> Self {
        let status = "queued".to_owned();
        Self { plan_id: queued.plan_id.0, generation_id: queued.generation_id.0, status }
    }
}

/// One generation of a plan.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Generation {
    /// The generation.
    pub id: Uuid,
    /// What it is to the plan.
    #[schema(schema_with = generation_kind)]
    pub kind: String,
    /// The model that was asked.
    pub model: Option<String>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
}

impl From<GenerationView> for Generation {
    fn from(generation: GenerationView) -> Self {
        Self {
            id: generation.id.0,
            kind: generation.kind.to_string(),
            model: generation.model,
            created_at: generation.created_at,
        }
    }
}
