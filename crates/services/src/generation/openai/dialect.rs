//! What a server of the dialect does not understand, learnt from its refusals and remembered per model in this process.

use super::errors::Refusal;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use waymark_domain::generation::ModelId;

/// How the answer's shape is asked for; each later one asks less of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Format {
    /// `json_schema`, strict.
    Schema,
    /// `json_object`.
    Object,
    /// In the prompt alone.
    Prompt,
}

/// The optional parts of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    /// How the shape is asked for.
    pub(super) format: Format,
    /// Whether `stream_options` is sent.
    pub(super) stream_options: bool,
}

impl Dialect {
    /// What to leave out after `refusal`; none when the refusal is about something else.
    pub(super) fn after(self, refusal: &Refusal) -> Option<Self> {
        let text = refusal.body.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let bad_request = matches!(refusal.status, 400 | 422);
        if bad_request && self.stream_options && says(&["stream_options"]) {
            return Some(Self { stream_options: false, ..self });
        }
        // OpenRouter answers 404 when no endpoint supports the parameters that `require_parameters` insists on.
        let about_format = (bad_request
            && says(&["response_format", "json_schema", "json_object", "schema", "grammar", "structured"]))
            || (refusal.status == 404 && says(&["requested parameters"]))
            || refusal.status == 501;
        match self.format {
            _ if !about_format => None,
            Format::Schema => Some(Self { format: Format::Object, ..self }),
            Format::Object => Some(Self { format: Format::Prompt, ..self }),
            Format::Prompt => None,
        }
    }
}

/// What each model's server understands. Bounded by the catalogue, from which every model id comes.
#[derive(Debug)]
pub(super) struct Dialects {
    full: Dialect,
    learnt: Mutex<HashMap<ModelId, Dialect>>,
}

impl Dialects {
    pub(super) fn new(response_format: bool) -> Self {
        let format = if response_format { Format::Schema } else { Format::Prompt };
        Self { full: Dialect { format, stream_options: true }, learnt: Mutex::default() }
    }

    /// What to send for `model`.
    pub(super) fn of(&self, model: &ModelId) -> Dialect {
        let learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        learnt.get(model).copied().unwrap_or(self.full)
    }

    /// Remembers what `model`'s server refused. Two calls that learn at once both count.
    pub(super) fn remember(&self, model: &ModelId, simpler: Dialect) {
        let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        let known = learnt.entry(model.clone()).or_insert(self.full);
        known.format = known.format.max(simpler.format);
        known.stream_options &= simpler.stream_options;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> Refusal {
        Refusal { status, body: body.to_owned(), retry_after: None }
    }

    #[test]
    fn a_refused_format_falls_to_an_object_and_then_to_the_prompt_alone() {
        let full = Dialects::new(true).full;
        let object = full.after(&refusal(400, "'response_format' of type json_schema is not supported")).unwrap();
        assert_eq!(object.format, Format::Object);
        let prompt = object.after(&refusal(501, "")).unwrap();
        assert_eq!(prompt.format, Format::Prompt);
        assert_eq!(prompt.after(&refusal(501, "")), None);
        assert!(prompt.stream_options);
    }

    #[test]
    fn a_refusal_of_something_else_changes_nothing() {
        let full = Dialects::new(true).full;
        assert_eq!(full.after(&refusal(400, "context length exceeded")), None);
        assert_eq!(full.after(&refusal(404, "model not found")), None);
        assert_eq!(full.after(&refusal(500, "response_format")), None);
    }

    #[test]
    fn what_was_learnt_about_one_model_is_not_said_of_another() {
        let dialects = Dialects::new(true);
        let (one, other) = (ModelId::parse("a/one").unwrap(), ModelId::parse("a/other").unwrap());
        dialects.remember(&one, Dialect { format: Format::Object, stream_options: true });
        dialects.remember(&one, Dialect { format: Format::Schema, stream_options: false });
        assert_eq!(dialects.of(&one), Dialect { format: Format::Object, stream_options: false });
        assert_eq!(dialects.of(&other), dialects.full);
    }
}
