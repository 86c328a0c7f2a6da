//! One answer as it grows: from chunks of the dialect to [`ModelChunk`]s, and whether it ended well. Used by the session.

use super::errors::{broken, failure};
use super::wire::{Chunk, Finish};
use crate::generation::provider::{ModelChunk, ProviderError};
use waymark_domain::generation::{FailureClass, MAX_OUTPUT_CHARS};

/// What is known of the answer so far.
#[derive(Debug, Default)]
pub(super) struct Answer {
    request_id: Option<String>,
    model: Option<String>,
    chars: usize,
    finish: Option<Finish>,
    refused: Option<String>,
    terminated: bool,
}

impl Answer {
    /// An answer the provider has named already, in a header.
    pub(super) fn of(request_id: Option<String>) -> Self {
        Self { request_id, ..Self::default() }
    }

    /// What is known of the call before the first chunk.
    pub(super) fn call(&self) -> Option<ModelChunk> {
        (self.request_id.is_some() || self.model.is_some())
            .then(|| ModelChunk::Call { request_id: self.request_id.clone(), model: self.model.clone() })
    }

    /// Whether any text has arrived, after which nothing may be sent again.
    pub(super) const fn has_text(&self) -> bool {
        self.chars > 0
    }

    /// Whether the model said how it ended; only usage may follow.
    pub(super) const fn has_finish(&self) -> bool {
        self.finish.is_some()
    }

    /// The provider said that nothing follows: `[DONE]`, or the end of an answer that is not streamed.
    pub(super) const fn terminate(&mut self) {
        self.terminated = true;
    }

    /// Takes a chunk in; what it tells goes to `out`, at least a sign of life.
    ///
    /// # Errors
    /// An error the provider reports in the stream, or too much text.
    pub(super) fn take(&mut self, chunk: Chunk, out: &mut impl Extend<ModelChunk>) -> Result<(), ProviderError> {
        let call = self.learn(chunk.id, chunk.model);
        let usage = chunk.usage.map(ModelChunk::Usage);
        self.chars += chunk.text.chars().count();
        let text = (!chunk.text.is_empty()).then_some(ModelChunk::Text(chunk.text));
        let silent = call.is_none() && usage.is_none() && text.is_none();
        out.extend(call.into_iter().chain(text).chain(usage).chain(silent.then_some(ModelChunk::Alive)));
        if let Some(error) = chunk.error {
            return Err(error.into_error());
        }
        if self.chars > MAX_OUTPUT_CHARS {
            let detail = format!("the answer is longer than {MAX_OUTPUT_CHARS} characters");
            return Err(failure(FailureClass::Capped, false, &detail));
        }
        self.finish = chunk.finish.or(self.finish);
        if let Some(words) = chunk.refusal {
            self.refused.get_or_insert_default().push_str(&words);
        }
        Ok(())
    }

    fn learn(&mut self, id: Option<String>, model: Option<String>) -> Option<ModelChunk> {
        let news = (self.request_id.is_none() && id.is_some()) || (self.model.is_none() && model.is_some());
        self.request_id = self.request_id.take().or(id);
        self.model = self.model.take().or(model);
        if news { self.call() } else { None }
    }

    /// The verdict once nothing follows.
    ///
    /// # Errors
    /// An answer that was cut off, withheld, refused or empty.
    pub(super) fn end(&self) -> Result<(), ProviderError> {
        let validation = |detail: &str| Err(failure(FailureClass::Validation, false, detail));
        match (self.finish, &self.refused) {
            (_, Some(words)) => validation(&format!("the model refused: {words}")),
            (Some(Finish::Length), _) => {
                Err(failure(FailureClass::Capped, false, "the model's output limit cut the answer off"))
            }
            (Some(Finish::Filtered), _) => validation("the provider's content filter withheld the answer"),
            (Some(Finish::Broken), _) => Err(broken(true, "the provider ended the answer with an error")),
            (None, _) if !self.terminated => Err(broken(true, "the stream ended before the answer was complete")),
            _ if !self.has_text() => Err(broken(true, "the answer is empty")),
            (Some(Finish::Complete) | None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(chunks: &[&str], done: bool) -> (Vec<ModelChunk>, Result<(), ProviderError>) {
        let (mut answer, mut out) = (Answer::of(None), Vec::new());
        for data in chunks {
            if let Err(error) = answer.take(Chunk::parse(data).unwrap(), &mut out) {
                return (out, Err(error));
            }
        }
        if done {
            answer.terminate();
        }
        (out, answer.end())
    }

    const TEXT: &str = r#"{"choices":[{"delta":{"content":"a"}}]}"#;

    fn finish(reason: &str) -> String {
        format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#)
    }

    fn class(end: Result<(), ProviderError>) -> Option<FailureClass> {
        end.err().map(|error| error.class)
    }

    #[test]
    fn an_answer_is_complete_with_a_reason_or_with_done() {
        assert_eq!(class(after(&[TEXT, &finish("stop")], false).1), None);
        assert_eq!(class(after(&[TEXT, &finish("eos")], false).1), None);
        assert_eq!(class(after(&[TEXT], true).1), None);
        assert_eq!(class(after(&[TEXT, &finish("")], true).1), None);
        assert_eq!(class(after(&[TEXT, &finish("")], false).1), Some(FailureClass::ProviderError));
        assert_eq!(class(after(&[TEXT], false).1), Some(FailureClass::ProviderError));
    }

    #[test]
    fn a_bad_reason_is_a_failure_even_after_done() {
        assert_eq!(class(after(&[TEXT, &finish("length")], true).1), Some(FailureClass::Capped));
        assert_eq!(class(after(&[TEXT, &finish("content_filter")], true).1), Some(FailureClass::Validation));
        assert_eq!(class(after(&[TEXT, &finish("error")], true).1), Some(FailureClass::ProviderError));
        assert_eq!(class(after(&[&finish("stop")], true).1), Some(FailureClass::ProviderError));
        let refusal = r#"{"choices":[{"delta":{"refusal":"no"}}]}"#;
        assert_eq!(class(after(&[TEXT, refusal, &finish("stop")], true).1), Some(FailureClass::Validation));
    }

    #[test]
    fn the_call_is_told_when_it_is_known_and_not_again() {
        let named = r#"{"id":"gen-1","model":"m/one","choices":[{"delta":{"content":"a"}}]}"#;
        let (out, _) = after(&[named, named, r#"{"id":"other","choices":[]}"#], true);
        let call = ModelChunk::Call { request_id: Some("gen-1".to_owned()), model: Some("m/one".to_owned()) };
        let text = ModelChunk::Text("a".to_owned());
        assert_eq!(out, [call, text.clone(), text, ModelChunk::Alive]);
    }

    #[test]
    fn usage_beside_an_error_is_not_lost() {
        let broken = r#"{"usage":{"prompt_tokens":3,"completion_tokens":4},"error":{"code":502,"message":"x"},"choices":[{"finish_reason":"error"}]}"#;
        let (out, end) = after(&[TEXT, broken], false);
        assert!(matches!(out.last(), Some(ModelChunk::Usage(usage)) if usage.output_tokens == 4));
        assert_eq!(class(end), Some(FailureClass::ProviderError));
    }

    #[test]
    fn too_much_text_is_capped() {
        let long = format!(r#"{{"choices":[{{"delta":{{"content":"{}"}}}}]}}"#, "x".repeat(MAX_OUTPUT_CHARS));
        assert_eq!(class(after(&[&long, &finish("stop")], true).1), None);
        assert_eq!(class(after(&[&long, TEXT], true).1), Some(FailureClass::Capped));
    }
}
