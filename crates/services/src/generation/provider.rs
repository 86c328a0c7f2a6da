//! The port to a language model: one request, one stream of chunks. Adapters: `openai` (any server of that dialect) and
//! `outline` (built in). Dropping the stream cancels the call at the provider.

use async_trait::async_trait;
use chrono::NaiveDate;
use futures_util::stream::BoxStream;
use std::time::Duration;
use waymark_domain::generation::{FailureClass, MAX_MODULES, MAX_TASKS, ModelId, TokenUsage};
use waymark_domain::plans::{LearningStyle, ProgressStatus, SkillLevel};

/// What a plan is generated from: all of it the learner's or an earlier model's, so untrusted in a prompt.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanBrief {
    /// What to learn.
    pub topic: String,
    /// What else the learner wants said.
    pub notes: Option<String>,
    /// Level.
    pub skill_level: SkillLevel,
    /// Style.
    pub learning_style: LearningStyle,
    /// Hours a week.
    pub weekly_hours: u8,
    /// First day.
    pub start_date: NaiveDate,
    /// Last day.
    pub deadline_date: NaiveDate,
    /// How many tasks fit the learner's time; none without a deadline.
    pub task_capacity: Option<u32>,
    /// The plan as it is, when a new one is to take its place; empty for a first plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub present: Vec<PresentModule>,
}

impl PlanBrief {
    /// Whether a plan is to be replaced, so that tasks have keys to carry over.
    pub const fn is_regeneration(&self) -> bool {
        !self.present.is_empty()
    }

    /// The present plan as far as a model is shown it: at most [`MAX_MODULES`] of at most [`MAX_TASKS`], as any answer is
    /// bounded. What is beyond that is not lost: settling keeps what must stay without the model's word.
    pub fn shown(&self) -> impl Iterator<Item = (&PresentModule, &[PresentTask])> {
        self.present
            .iter()
            .take(MAX_MODULES)
            .map(|module| (module, module.tasks.get(..MAX_TASKS).unwrap_or(module.tasks.as_slice())))
    }
}

/// A module of the plan that is to be replaced.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PresentModule {
    /// Title.
    pub title: String,
    /// Tasks, in order.
    pub tasks: Vec<PresentTask>,
}

/// A task of the plan that is to be replaced.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PresentTask {
    /// What the answer calls this task by: `t1`, `t2`, .. in the plan's order.
    pub key: String,
    /// Title.
    pub title: String,
    /// Minutes.
    pub minutes: u32,
    /// How far the learner is.
    pub status: ProgressStatus,
    /// Whether the learner wants it left alone.
    pub pinned: bool,
}

impl PresentTask {
    /// Whether the task survives any new plan: pinned, completed or in progress.
    pub fn must_stay(&self) -> bool {
        self.pinned || self.status != ProgressStatus::NotStarted
    }
}

/// One call to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRequest {
    /// The model.
    pub model: ModelId,
    /// What to plan.
    pub brief: PlanBrief,
}

/// A task to be explained: all of it the learner's or an earlier model's, so untrusted in a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskBrief {
    /// What the plan is about.
    pub topic: String,
    /// Level.
    pub skill_level: SkillLevel,
    /// Style.
    pub learning_style: LearningStyle,
    /// The title of the task's module.
    pub module: String,
    /// The task's title.
    pub title: String,
    /// What to do.
    pub description: Option<String>,
    /// Minutes.
    pub minutes: u32,
}

/// One call to a model for an explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainRequest {
    /// The model.
    pub model: ModelId,
    /// What to explain.
    pub task: TaskBrief,
}

/// One piece of a model's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelChunk {
    /// Some of the answer's text, in order.
    Text(String),
    /// A sign of life without text: a comment, reasoning, an empty delta.
    Alive,
    /// The provider's name for this call and the model that really answers, as soon as known.
    Call {
        /// The provider's id of the call.
        request_id: Option<String>,
        /// The model that answers, when the provider says.
        model: Option<String>,
    },
    /// Tokens so far; the last one counts.
    Usage(TokenUsage),
    /// The model said it is done and nothing was cut off. Always the last chunk of a good stream (usage may follow).
    Finished,
}

/// The chunks of one answer. Ends after a good finish, or with one error; a stream that ends without
/// [`ModelChunk::Finished`] never happens: adapters turn a cut-off stream into an error.
pub type ModelStream = BoxStream<'static, Result<ModelChunk, ProviderError>>;

/// Why a call failed, in the words that decide what follows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{class}: {detail}")]
pub struct ProviderError {
    /// The failure's class.
    pub class: FailureClass,
    /// For the log and the attempt's metadata; bounded, and never shown to learners.
    pub detail: String,
    /// HTTP status, when there was one.
    pub status: Option<u16>,
    /// What the provider asked us to wait.
    pub retry_after: Option<Duration>,
    /// Whether the same call may be sent again at once within this attempt (nothing of the answer has arrived).
    pub resend: bool,
}

/// What a provider says about the cost of a call that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostReport {
    /// What the call took, with its cost.
    Known(TokenUsage),
    /// No record at the moment: it appears some seconds after the call, or the provider could not be asked.
    NotYet,
    /// This provider keeps no such records; asking again is of no use.
    Unsupported,
}

/// A language model behind some protocol.
#[async_trait]
pub trait ModelProvider: Send + Sync + 'static {
    /// The name recorded with costs, such as `openrouter` or `builtin`.
    fn name(&self) -> &str;

    /// Sends the request; returns when the provider has accepted it.
    ///
    /// # Errors
    /// Whatever kept the first byte from coming, after the adapter's own retries.
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ProviderError>;

    /// Asks for an explanation of one task: a JSON object with the texts `explanation` and `exercise`. Returns when the
    /// provider has accepted the request.
    ///
    /// # Errors
    /// Whatever kept the first byte from coming, after the adapter's own retries.
    async fn explain(&self, request: ExplainRequest) -> Result<ModelStream, ProviderError>;

    /// What a call cost, asked afterwards by the id from [`ModelChunk::Call`]: for streams that ended before their usage
    /// came. Asks once and takes at most 5 s; who gets [`CostReport::NotYet`] asks again later.
    async fn generation_cost(&self, _request_id: &str) -> CostReport {
        CostReport::Unsupported
    }
}
