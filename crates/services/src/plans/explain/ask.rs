//! The call itself: one answer, read to its end within the time that an attempt has.

use super::Work;
use crate::generation::prompt::MAX_EXPLANATION_BYTES;
use crate::generation::provider::{ExplainRequest, ModelChunk, ProviderError};
use crate::plans::Plans;
use futures_util::StreamExt;
use serde::Deserialize;
use std::sync::Arc;
use waymark_domain::generation::{Explanation, FailureClass, TokenUsage, normalise_explanation};

/// What arrived, also of a call that failed.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// Whether the provider was asked and has not refused, so that it may cost something.
    pub reached: bool,
    pub text: String,
    pub usage: Option<TokenUsage>,
    pub request_id: Option<String>,
    pub model: Option<String>,
}

impl Answer {
    /// Of a call that is about to be made.
    pub(super) fn awaited() -> Self {
        Self { reached: true, ..Self::default() }
    }
}

impl Plans {
    /// Asks for the explanation; what arrives goes to `answer`.
    ///
    /// # Errors
    /// The provider's failure, a time-out, an answer that cannot be used, or this process stops.
    pub(super) async fn ask(&self, work: &Work, answer: &mut Answer) -> Result<Explanation, ProviderError> {
        tokio::select! {
            biased;
            () = self.engine.hand_over.cancelled() => return Err(stopped()),
            () = tokio::time::sleep(self.engine.settings.timeouts.total) => {
                return Err(failure(FailureClass::Timeout, "the explanation took too long"));
            }
            read = self.read(work, answer) => read?,
        }
        explanation(&answer.text).ok_or_else(|| failure(FailureClass::Validation, "the answer is no explanation"))
    }

    async fn read(&self, work: &Work, answer: &mut Answer) -> Result<(), ProviderError> {
        let missing = || failure(FailureClass::Validation, "the model's provider is not set up");
        let provider = self.engine.providers.of(&work.entry).ok_or_else(missing)?;
        let request = ExplainRequest { model: work.entry.id.clone(), task: work.task.clone() };
        // Until it is refused: a call that is dropped on its way may be worked on, and paid for.
        answer.reached = true;
        let mut chunks = match provider.explain(request).await {
            Ok(chunks) => chunks,
            Err(error) => {
                answer.reached = false;
                return Err(error);
            }
        };
        while let Some(chunk) = chunks.next().await {
            let unnamed = answer.request_id.is_none();
            match chunk? {
                ModelChunk::Text(text) => answer.text.push_str(&text),
                ModelChunk::Call { request_id, model } => {
                    answer.request_id = request_id.or(answer.request_id.take());
                    answer.model = model.or(answer.model.take());
                }
                ModelChunk::Usage(usage) => answer.usage = Some(usage),
                ModelChunk::Alive | ModelChunk::Finished => {}
            }
            if unnamed && let Some(name) = &answer.request_id {
                self.name_call(work, name.clone());
            }
            if answer.text.len() > MAX_EXPLANATION_BYTES {
                return Err(failure(FailureClass::Capped, "the explanation is too long"));
            }
        }
        Ok(())
    }

    /// Writes down the provider's name for the call, beside the stream: if this process is lost, its cost can still be asked.
    fn name_call(&self, work: &Work, name: String) {
        let (engine, hold) = (Arc::clone(&self.engine), work.hold);
        self.engine.tasks.spawn(async move {
            let named = engine.db.service(async |tx| tx.explanations().name_call(&hold, &name).await).await;
            if let Err(error) = named {
                tracing::debug!(error = &error as &dyn std::error::Error, "the call's name is not stored");
            }
        });
    }
}

#[derive(Deserialize)]
struct Texts {
    explanation: String,
    exercise: String,
}

/// The two texts of an answer, whatever prose or fence stands around its object.
fn explanation(text: &str) -> Option<Explanation> {
    let object = text.get(text.find('{')?..=text.rfind('}')?)?;
    let texts: Texts = serde_json::from_str(object).ok()?;
    normalise_explanation(&texts.explanation, &texts.exercise)
}

fn failure(class: FailureClass, detail: &str) -> ProviderError {
    ProviderError { class, detail: detail.to_owned(), status: None, retry_after: None, resend: false }
}

/// The failure of a process that stops.
pub(super) fn stopped() -> ProviderError {
    failure(FailureClass::Canceled, "this process stops")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_are_found_within_prose_and_fences_and_cleaned() {
        let answer = "Sure!\n```json\n{\"explanation\": \"A <b>lend</b>\", \"exercise\": \"Try\", \"more\": {}}\n```";
        let found = explanation(answer).unwrap();
        assert_eq!((found.explanation.as_str(), found.exercise.as_str()), ("A lend", "Try"));
    }

    #[test]
    fn what_lacks_a_text_is_no_explanation() {
        for answer in ["", "no", "}{", "{}", r#"{"explanation":"a"}"#, r#"{"explanation":"a","exercise":" "}"#] {
            assert_eq!(explanation(answer), None, "{answer}");
        }
    }
}
