//! The body of a chat-completions request. Used by `send`.

use super::config::Flavour;
use super::dialect::{Dialect, Format};
use crate::generation::prompt::{self, Prompt};
use crate::generation::provider::{ExplainRequest, ModelRequest};
use serde_json::{Value, json};
use waymark_domain::generation::ModelId;

/// What a model is asked, whatever it is about.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) model: ModelId,
    prompt: Prompt,
    /// The schema's name.
    form: &'static str,
    schema: Value,
}

impl Call {
    /// A plan.
    pub(super) fn plan(request: &ModelRequest) -> Self {
        Self {
            model: request.model.clone(),
            prompt: prompt::messages(&request.brief),
            form: "learning_plan",
            schema: prompt::plan_schema(&request.brief),
        }
    }

    /// A task explained.
    pub(super) fn explanation(request: &ExplainRequest) -> Self {
        Self {
            model: request.model.clone(),
            prompt: prompt::explanation_messages(&request.task),
            form: "explanation",
            schema: prompt::explanation_schema(),
        }
    }

    /// The JSON to post, with only the optional parts that the server is known to understand.
    pub(super) fn body(&self, dialect: Dialect, flavour: Flavour) -> Value {
        let Prompt { system, user } = &self.prompt;
        let mut body = json!({
            "model": self.model,
            "messages": [{ "role": "system", "content": system }, { "role": "user", "content": user }],
            "stream": true,
        });
        let mut set = |member: &str, value: Value| {
            if let Some(members) = body.as_object_mut() {
                members.insert(member.to_owned(), value);
            }
        };
        if dialect.stream_options {
            set("stream_options", json!({ "include_usage": true }));
        }
        match dialect.format {
            Format::Schema => {
                let schema = json!({ "name": self.form, "strict": true, "schema": self.schema });
                set("response_format", json!({ "type": "json_schema", "json_schema": schema }));
                if flavour == Flavour::OpenRouter {
                    // Support is per endpoint there; without this an endpoint that ignores the schema may be chosen.
                    set("provider", json!({ "require_parameters": true }));
                }
            }
            Format::Object => set("response_format", json!({ "type": "json_object" })),
            Format::Prompt => {}
        }
        body
    }
}
