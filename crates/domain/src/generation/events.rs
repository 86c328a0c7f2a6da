//! The events of a generation's stream: rows in the log first, then `event:` and `data:` of server-sent events.
//! Source: docs/API.md, "Streams".

use super::{DraftModule, FailureClass, ModelId};
use crate::ids::PlanId;
use crate::plans::{LearningStyle, ResourceType, SkillLevel};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

closed_enum! {
    /// An event's type: the `event:` line and the log's `type` column.
    EventKind {
        PlanStart = "plan_start",
        ModuleSummary = "module_summary",
        Progress = "progress",
        AttemptRestart = "attempt_restart",
        Complete = "complete",
        Error = "error",
        Canceled = "canceled",
    }
}

impl EventKind {
    /// Whether a generation's stream ends with this event.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Complete | Self::Error | Self::Canceled)
    }
}

/// One event, with its data.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum PlanEvent {
    /// The generation was accepted.
    PlanStart(PlanStart),
    /// A module's object closed in the model's stream.
    ModuleSummary(ModuleSummary),
    /// Something arrives.
    Progress(Progress),
    /// Forget the modules seen so far: a new attempt begins.
    AttemptRestart(AttemptRestart),
    /// The plan is stored and ready.
    Complete(Complete),
    /// The generation has failed.
    Error(GenerationFailed),
    /// Somebody stopped the generation.
    Canceled(Canceled),
}

impl PlanEvent {
    /// The event's type.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::PlanStart(_) => EventKind::PlanStart,
            Self::ModuleSummary(_) => EventKind::ModuleSummary,
            Self::Progress(_) => EventKind::Progress,
            Self::AttemptRestart(_) => EventKind::AttemptRestart,
            Self::Complete(_) => EventKind::Complete,
            Self::Error(_) => EventKind::Error,
            Self::Canceled(_) => EventKind::Canceled,
        }
    }
}

/// Data of `plan_start`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanStart {
    /// The plan.
    pub plan_id: PlanId,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// What to learn.
    pub topic: String,
    /// The learner's level.
    pub skill_level: SkillLevel,
    /// The learner's style.
    pub learning_style: LearningStyle,
    /// Hours a week.
    pub weekly_hours: u8,
    /// First day.
    pub start_date: NaiveDate,
    /// Last day.
    pub deadline_date: NaiveDate,
    /// The model that is asked.
    pub model: ModelId,
}

/// Data of `module_summary`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModuleSummary {
    /// The plan.
    pub plan_id: PlanId,
    /// Place of the module, from 1.
    pub index: u32,
    /// The module's title.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// Minutes.
    pub estimated_minutes: u16,
    /// How many tasks follow.
    pub tasks_count: u32,
    /// The tasks, in order.
    pub tasks: Vec<ModuleTask>,
}

/// A task inside `module_summary`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModuleTask {
    /// The task's title.
    pub title: String,
    /// What to do.
    pub description: Option<String>,
    /// Minutes.
    pub estimated_minutes: u16,
    /// Links.
    pub resources: Vec<TaskLink>,
}

/// A link inside `module_summary`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskLink {
    /// What it leads to.
    #[serde(rename = "type")]
    pub kind: ResourceType,
    /// Its title.
    pub title: String,
    /// Its address.
    pub url: String,
}

impl ModuleSummary {
    /// The event for module number `index` (from 1).
    pub fn of(plan_id: PlanId, index: u32, module: &DraftModule) -> Self {
        let tasks: Vec<ModuleTask> = module
            .tasks
            .iter()
            .map(|task| ModuleTask {
                title: task.title.clone(),
                description: task.description.clone(),
                estimated_minutes: task.minutes,
                resources: task
                    .resources
                    .iter()
                    .map(|link| TaskLink { kind: link.kind, title: link.title.clone(), url: link.url.clone() })
                    .collect(),
            })
            .collect();
        Self {
            plan_id,
            index,
            title: module.title.clone(),
            description: module.description.clone(),
            estimated_minutes: module.minutes,
            tasks_count: u32::try_from(tasks.len()).unwrap_or(u32::MAX),
            tasks,
        }
    }
}

/// Data of `progress`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The plan.
    pub plan_id: PlanId,
    /// Modules closed so far.
    pub modules_parsed: u32,
    /// How many there will probably be.
    pub modules_total_hint: u32,
    /// Bytes of the model's text so far.
    pub bytes: u64,
}

/// Data of `attempt_restart`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptRestart {
    /// The plan.
    pub plan_id: PlanId,
    /// Number of the attempt that begins.
    pub attempt: u32,
    /// Why the last one did not finish: a failure class, or `worker_lost`, `worker_stopped`.
    pub reason: String,
}

/// Tokens and money inside `complete`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageSummary {
    /// Tokens of the prompt.
    pub input_tokens: u32,
    /// Tokens of the answer.
    pub output_tokens: u32,
    /// Cost in micro-USD.
    pub cost_microusd: i64,
    /// Whether the tokens are an estimate because the provider reported none.
    pub estimated: bool,
}

/// Data of `complete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Complete {
    /// The plan.
    pub plan_id: PlanId,
    /// Modules stored.
    pub modules_count: u32,
    /// Tasks stored (after pacing).
    pub tasks_count: u32,
    /// Tasks that did not fit the learner's time and were left out.
    pub tasks_trimmed: u32,
    /// Milliseconds from the attempt's start.
    pub duration_ms: u64,
    /// What it took.
    pub usage: UsageSummary,
}

/// Data of `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerationFailed {
    /// The plan.
    pub plan_id: PlanId,
    /// `GENERATION_FAILED` or another code of the error list.
    pub code: String,
    /// A sentence for the learner.
    pub message: String,
    /// The last attempt's class.
    pub classification: FailureClass,
    /// Whether asking for a retry makes sense.
    pub retryable: bool,
}

/// Data of `canceled`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Canceled {
    /// The plan.
    pub plan_id: PlanId,
}
