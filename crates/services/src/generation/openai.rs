//! A model behind the OpenAI chat-completions streaming dialect: `OpenRouter`, `OpenAI`, Ollama, vLLM, llama.cpp and kin.
//! Built by start-up from the settings; called by the generation flow through [`ModelProvider`].
//!
//! What a failure becomes. "Resent" is what the adapter does by itself, at most [`RetryPolicy::resends`] times and only
//! before the first text of the answer has arrived.
//!
//! | what happened | class | resent |
//! |---|---|---|
//! | 429 | rate limit | yes, after `Retry-After` |
//! | 408, 504, 524, a connect that timed out | timeout | yes |
//! | 409, 425, 500, 502, 503, other 5xx, a refused or broken connection, a cut-off stream, an empty answer | provider error | yes |
//! | 401, 403, 407, 501, a redirect, an answer that is not of the dialect | provider error | no |
//! | 402, `insufficient_quota`, `finish_reason: length`, an answer above the size limits | capped | no |
//! | 400, 404, 413, 422, other 4xx, a refusal, `finish_reason: content_filter` | validation | no |
//!
//! A request the provider calls wrong stays wrong, hence `validation`: it is the class of failures that another attempt
//! cannot mend. An error inside a stream that began with 200 is judged by its `error_type` or `code` by the same table.

mod answer;
mod config;
mod dialect;
mod errors;
mod events;
mod money;
mod request;
mod retry;
mod send;
mod session;
mod wire;

pub use config::{Flavour, OpenAiConfig, OpenAiSetupError, RetryPolicy};

use super::provider::{CostReport, ExplainRequest, ModelProvider, ModelRequest, ModelStream, ProviderError};
use crate::clock::SharedClock;
use async_trait::async_trait;
use request::Call;
use send::Sender;
use session::Session;
use std::sync::Arc;

/// One server of the dialect. Cheap to clone; clones share connections and what was learnt about the server.
#[derive(Clone)]
pub struct OpenAiProvider {
    name: String,
    sender: Arc<Sender>,
}

impl OpenAiProvider {
    /// Makes the adapter; sends nothing yet. The clock is asked only to read `Retry-After` dates.
    ///
    /// # Errors
    /// A base address that cannot have a path, a key or title that cannot stand in a header, or TLS that cannot be set up.
    pub fn new(config: OpenAiConfig, clock: SharedClock) -> Result<Self, OpenAiSetupError> {
        let name = config.name.clone();
        Ok(Self { name, sender: Arc::new(Sender::new(config, clock)?) })
    }
}

impl std::fmt::Debug for OpenAiProvider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenAiProvider").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl ModelProvider for OpenAiProvider {
    fn name(&self) -> &str {
        &self.name
    }

    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ProviderError> {
        Ok(Session::open(Arc::clone(&self.sender), Call::plan(&request)).await?.into_stream())
    }

    async fn explain(&self, request: ExplainRequest) -> Result<ModelStream, ProviderError> {
        Ok(Session::open(Arc::clone(&self.sender), Call::explanation(&request)).await?.into_stream())
    }

    async fn generation_cost(&self, request_id: &str) -> CostReport {
        self.sender.generation_cost(request_id).await
    }
}
