//! The rows that seeding stores: plain records, one struct a table, members named as columns. Made by `services::seed`.

use crate::quota::ReservationKind;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;
use waymark_domain::billing::{SubscriptionStatus, SubscriptionTier};
use waymark_domain::generation::{AttemptStatus, EventKind, FailureClass, GenerationKind};
use waymark_domain::ids::{AttemptId, GenerationId, ModuleId, PlanId, ResourceId, TaskId, UserId};
use waymark_domain::plans::{GenerationStatus, LearningStyle, PlanSnapshot, ProgressStatus, ResourceType, SkillLevel};

/// Some learners and all that belongs to them, table by table.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SeedBatch {
    /// The learners.
    pub users: Vec<SeedUser>,
    /// Their plans.
    pub plans: Vec<SeedPlan>,
    /// The plans' modules.
    pub modules: Vec<SeedModule>,
    /// The modules' tasks.
    pub tasks: Vec<SeedTask>,
    /// The links that this batch names, in order of their addresses.
    pub resources: Vec<SeedResource>,
    /// Which task names which link.
    pub links: Vec<SeedLink>,
    /// Tasks begun or done.
    pub progress: Vec<SeedProgress>,
    /// The plans' generations.
    pub generations: Vec<SeedGeneration>,
    /// The generations' attempts.
    pub attempts: Vec<SeedAttempt>,
    /// What is left of the plans' logs.
    pub events: Vec<SeedEvent>,
    /// The plans' former states.
    pub revisions: Vec<SeedRevision>,
    /// The quota ledger.
    pub reservations: Vec<SeedReservation>,
    /// What the models cost.
    pub spends: Vec<SeedSpend>,
    /// The counters that follow from the ledgers.
    pub months: Vec<SeedMonth>,
    /// Changes of tiers and statuses.
    pub audits: Vec<SeedAudit>,
}

/// A row of `users`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedUser {
    pub id: UserId,
    pub clerk_user_id: String,
    pub email: String,
    pub name: String,
    pub subscription_tier: SubscriptionTier,
    pub subscription_status: Option<SubscriptionStatus>,
    pub stripe_customer_id: Option<String>,
    pub stripe_subscription_id: Option<String>,
    /// The payment provider's own word.
    pub stripe_subscription_status: Option<&'static str>,
    pub subscription_period_end: Option<DateTime<Utc>>,
    pub cancel_at_period_end: bool,
    pub subscription_synced_at: Option<DateTime<Utc>>,
    pub preferred_model: Option<String>,
    pub timezone: &'static str,
    pub availability: Option<Json>,
    pub notification_prefs: Json,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A row of `learning_plans`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedPlan {
    pub id: PlanId,
    pub user_id: UserId,
    pub topic: String,
    pub notes: Option<String>,
    pub skill_level: SkillLevel,
    pub weekly_hours: u8,
    pub learning_style: LearningStyle,
    pub start_date: NaiveDate,
    pub deadline_date: NaiveDate,
    pub generation_status: GenerationStatus,
    /// Exactly when it is ready.
    pub is_quota_eligible: bool,
    pub finalized_at: Option<DateTime<Utc>>,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A row of `modules`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedModule {
    pub id: ModuleId,
    pub plan_id: PlanId,
    pub user_id: UserId,
    /// From 1, without gaps.
    pub order: i32,
    pub title: String,
    pub description: Option<String>,
    pub estimated_minutes: u16,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A row of `tasks`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedTask {
    pub id: TaskId,
    pub module_id: ModuleId,
    pub user_id: UserId,
    /// From 1, without gaps.
    pub order: i32,
    pub title: String,
    pub description: Option<String>,
    pub estimated_minutes: u16,
    pub pinned: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A row of `resources`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedResource {
    pub id: ResourceId,
    #[serde(rename = "type")]
    pub kind: ResourceType,
    pub title: String,
    pub url: String,
    pub domain: Option<String>,
    pub author: Option<String>,
    pub duration_minutes: Option<u32>,
    pub tags: Vec<String>,
    pub created_at: DateTime<Utc>,
}

/// A row of `task_resources`; the link is named by its address, since it may be there already under another key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedLink {
    pub id: Uuid,
    pub task_id: TaskId,
    pub user_id: UserId,
    pub url: String,
    /// From 1, without gaps.
    pub order: i32,
    pub created_at: DateTime<Utc>,
}

/// A row of `task_progress`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedProgress {
    pub id: Uuid,
    pub task_id: TaskId,
    pub user_id: UserId,
    pub status: ProgressStatus,
    /// Set exactly when it is completed.
    pub completed_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A row of `plan_generations`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedGeneration {
    pub id: GenerationId,
    pub plan_id: PlanId,
    pub user_id: UserId,
    pub kind: GenerationKind,
    pub model: String,
    pub prompt: Json,
    pub parameters: Json,
    pub output_summary: Option<Json>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A row of `generation_attempts`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedAttempt {
    pub id: AttemptId,
    pub plan_id: PlanId,
    pub user_id: UserId,
    pub generation_id: GenerationId,
    /// From 1, per generation.
    pub number: u32,
    pub status: AttemptStatus,
    /// Set exactly when it failed.
    pub classification: Option<FailureClass>,
    pub duration_ms: i64,
    pub modules_count: usize,
    pub tasks_count: usize,
    pub prompt_hash: String,
    pub metadata: Json,
    /// Set when it cost something; then there is a [`SeedSpend`] of it.
    pub reached_at: Option<DateTime<Utc>>,
    pub finished_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A row of `generation_events`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedEvent {
    pub id: Uuid,
    pub plan_id: PlanId,
    pub user_id: UserId,
    pub generation_id: GenerationId,
    /// From 1, per plan.
    pub seq: i64,
    #[serde(rename = "type")]
    pub kind: EventKind,
    pub data: Json,
    pub created_at: DateTime<Utc>,
}

/// A row of `plan_revisions`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedRevision {
    pub id: Uuid,
    pub plan_id: PlanId,
    pub user_id: UserId,
    /// From 1, per plan.
    pub number: u32,
    pub snapshot: PlanSnapshot,
    pub generation_id: Option<GenerationId>,
    pub created_at: DateTime<Utc>,
}

/// How a reservation ended; none stays open, for nobody would ever end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationState {
    /// The work was done: it counts.
    Settled,
    /// It was not, or was only a hold.
    Released,
}

/// A row of `usage_reservations`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedReservation {
    pub id: Uuid,
    pub user_id: UserId,
    /// `YYYY-MM`
    pub month: String,
    pub kind: ReservationKind,
    pub subject_id: Uuid,
    pub state: ReservationState,
    pub amount_microusd: i64,
    pub expires_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A row of `ai_usage_events`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedSpend {
    pub id: Uuid,
    pub user_id: UserId,
    pub plan_id: PlanId,
    pub generation_id: GenerationId,
    /// The attempt's number.
    pub attempt: u32,
    pub provider: String,
    pub model: String,
    pub input_tokens: u32,
    pub output_tokens: u32,
    pub cost_cents: i64,
    pub cost_microusd: i64,
    pub estimated: bool,
    pub price: Json,
    pub request_id: Option<String>,
    /// Its month is the usage month.
    pub created_at: DateTime<Utc>,
}

/// A row of `usage_metrics`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedMonth {
    pub id: Uuid,
    pub user_id: UserId,
    /// `YYYY-MM`
    pub month: String,
    pub plans_generated: u32,
    pub regenerations_used: u32,
    pub ai_cost_microusd: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A row of `audit_log`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeedAudit {
    pub id: Uuid,
    pub user_id: UserId,
    pub actor: &'static str,
    pub action: &'static str,
    pub subject: Option<String>,
    pub data: Json,
    pub created_at: DateTime<Utc>,
}
