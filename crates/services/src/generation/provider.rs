//! The port to a language model: one request, one stream of chunks. Adapters: `openai` (any server of that dialect) and
//! `outline` (built in). Dropping the stream cancels the call at the provider.

use async_trait::async_trait;
use chrono::NaiveDate;
use futures_util::stream::BoxStream;
use std::time::Duration;
use waymark_domain::generation::{FailureClass, ModelId, TokenUsage};
use waymark_domain::plans::{LearningStyle, SkillLevel};

/// What a plan is generated from: all of it the learner's, so untrusted in a prompt.
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
}

/// One call to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRequest {
    /// The model.
    pub model: ModelId,
    /// What to plan.
    pub brief: PlanBrief,
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

    /// What a call cost, asked afterwards by the id from [`ModelChunk::Call`]: for streams that ended before their usage
    /// came. None where the provider keeps no record, or does not tell it in time (up to 20 s).
    async fn generation_cost(&self, _request_id: &str) -> Option<TokenUsage> {
        None
    }
}
