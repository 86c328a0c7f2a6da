//! The body of a chat-completions request. Used by `send`.

use super::config::Flavour;
use super::dialect::{Dialect, Format};
use crate::generation::prompt::{self, Prompt};
use crate::generation::provider::ModelRequest;
use serde_json::{Value, json};

/// The JSON to post for `request`, with only the optional parts that the server is known to understand.
pub(super) fn body(request: &ModelRequest, dialect: Dialect, flavour: Flavour) -> Value {
    let Prompt { system, user } = prompt::messages(&request.brief);
    let mut body = json!({
        "model": request.model,
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
            let schema =
                json!({ "name": "learning_plan", "strict": true, "schema": prompt::plan_schema(&request.brief) });
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
