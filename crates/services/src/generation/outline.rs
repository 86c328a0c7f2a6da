//! The built-in provider: lays out a sound general course for any topic without a language model, a key or a network,
//! and streams it at a human pace in the same JSON that models are asked for. A course that takes the place of a plan names
//! the present tasks it keeps. Equal briefs give equal courses.

mod course;
mod explanation;
mod layout;
mod links;
mod replan;
mod stages;
mod wording;

use super::catalogue::BUILTIN_PROVIDER;
use super::prompt;
use super::provider::{ExplainRequest, ModelChunk, ModelProvider, ModelRequest, ModelStream, PlanBrief, ProviderError};
use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use std::sync::LazyLock;
use std::time::Duration;
use waymark_domain::generation::{FailureClass, ModelId, TokenUsage};

/// The id of the built-in model.
pub static OUTLINE_MODEL: LazyLock<ModelId> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a constant that a test reads")]
    ModelId::parse("waymark/outline").expect("a model id")
});

/// How fast the course is written out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutlinePace {
    /// Characters in one chunk; at least one is sent.
    pub chunk_chars: usize,
    /// The wait before each chunk.
    pub delay: Duration,
}

impl Default for OutlinePace {
    /// Some 2000 characters a second: a usual course takes 6 to 10 seconds.
    fn default() -> Self {
        Self { chunk_chars: 48, delay: Duration::from_millis(24) }
    }
}

impl OutlinePace {
    /// As fast as it is read: for tests and measurements.
    pub const UNPACED: Self = Self { chunk_chars: 512, delay: Duration::ZERO };
}

/// Lays out courses. Costs nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutlineProvider {
    pace: OutlinePace,
}

impl OutlineProvider {
    /// A provider that writes at this pace.
    pub const fn new(pace: OutlinePace) -> Self {
        Self { pace }
    }
}

#[async_trait]
impl ModelProvider for OutlineProvider {
    fn name(&self) -> &str {
        BUILTIN_PROVIDER
    }

    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ProviderError> {
        let text = outline(&request.brief)?;
        Ok(self.write_out(&prompt::messages(&request.brief), &text))
    }

    async fn explain(&self, request: ExplainRequest) -> Result<ModelStream, ProviderError> {
        let text = explanation::explain(&request.task).to_string();
        // Nobody watches this one being written.
        let at_once = Self::new(OutlinePace::UNPACED);
        Ok(at_once.write_out(&prompt::explanation_messages(&request.task), &text))
    }
}

impl OutlineProvider {
    fn write_out(&self, prompt: &prompt::Prompt, text: &str) -> ModelStream {
        let usage = TokenUsage {
            input_tokens: about_tokens(&prompt.system).saturating_add(about_tokens(&prompt.user)),
            output_tokens: about_tokens(text),
            provider_cost_microusd: Some(0),
        };
        let call = ModelChunk::Call { request_id: None, model: Some(OUTLINE_MODEL.to_string()) };
        let OutlinePace { chunk_chars, delay } = self.pace;
        let texts = stream::iter(chunks(text, chunk_chars)).then(move |chunk| async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            ModelChunk::Text(chunk)
        });
        let end = stream::iter([ModelChunk::Usage(usage), ModelChunk::Finished]);
        stream::once(async { call }).chain(texts).chain(end).map(Ok).boxed()
    }
}

/// The course as JSON of the prompt's schema.
fn outline(brief: &PlanBrief) -> Result<String, ProviderError> {
    serde_json::to_string(&replan::plan(brief)).map_err(|error| ProviderError {
        class: FailureClass::ProviderError,
        detail: error.to_string(),
        status: None,
        retry_after: None,
        resend: false,
    })
}

/// Tokens by the usual rule of thumb, four characters each.
fn about_tokens(text: &str) -> u32 {
    u32::try_from(text.chars().count().div_ceil(4)).unwrap_or(u32::MAX)
}

fn chunks(text: &str, chars: usize) -> Vec<String> {
    let mut rest = text.chars().peekable();
    let mut chunks = Vec::new();
    while rest.peek().is_some() {
        chunks.push(rest.by_ref().take(chars.max(1)).collect());
    }
    chunks
}

#[cfg(test)]
mod tests;
