//! Errors in Stripe's shape: <https://docs.stripe.com/api/errors>.

use crate::plain_http::Answer;
use serde_json::{Map, Value, json};

/// A request that is not done.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    message: String,
    param: Option<String>,
    /// Whether execution had begun, so that the idempotency key keeps this answer.
    pub(super) executed: bool,
}

impl Refusal {
    fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code: None, message: message.into(), param: None, executed: false }
    }

    /// A request of the wrong form; nothing was tried.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// A parameter of the wrong form; nothing was tried.
    pub(super) fn parameter(code: &'static str, param: &str, message: impl Into<String>) -> Self {
        Self { code: Some(code), param: Some(param.to_owned()), ..Self::invalid(message) }
    }

    /// The object that the path names does not exist.
    pub(super) fn missing(what: &str, id: &str) -> Self {
        Self { status: 404, ..Self::unknown(what, id, "id") }
    }

    /// The object that a parameter names does not exist.
    pub(super) fn unknown(what: &str, id: &str, param: &str) -> Self {
        let refusal = Self::parameter("resource_missing", param, format!("No such {what}: '{id}'"));
        Self { executed: true, ..refusal }
    }

    /// The object's state does not allow this.
    pub(super) fn state(message: impl Into<String>) -> Self {
        Self { executed: true, ..Self::invalid(message) }
    }

    pub(super) fn unauthorized(message: &str) -> Self {
        Self { status: 401, ..Self::invalid(message) }
    }

    pub(super) fn no_route(method: &str, path: &str) -> Self {
        Self { status: 404, ..Self::invalid(format!("Unrecognized request URL ({method}: {path}).")) }
    }

    /// The key was used for something else.
    pub(super) fn other_request(message: String) -> Self {
        Self::new(400, "idempotency_error", message)
    }

    /// The first request with this key is still running.
    pub(super) fn in_progress(key: &str) -> Self {
        let message = format!("There is currently another in-progress request using this Idempotent Key: {key}.");
        Self { code: Some("idempotency_key_in_use"), ..Self::new(409, "idempotency_error", message) }
    }

    /// What a test asked for.
    pub(super) fn scripted(status: u16) -> Self {
        let (kind, code) = match status {
            402 => ("card_error", Some("card_declined")),
            429 => ("invalid_request_error", Some("rate_limit")),
            400..=499 => ("invalid_request_error", None),
            _ => ("api_error", None),
        };
        Self { code, ..Self::new(status, kind, "The test asked for this failure.") }
    }

    pub(super) fn answer(&self) -> Answer {
        let mut error = Map::new();
        error.insert("type".into(), json!(self.kind));
        error.insert("message".into(), json!(self.message));
        if let Some(code) = self.code {
            error.insert("code".into(), json!(code));
            error.insert(
                "doc_url".into(),
                json!(format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"))),
            );
        }
        if let Some(param) = &self.param {
            error.insert("param".into(), json!(param));
        }
        Answer::json(self.status, json!({"error": Value::Object(error)}))
    }
}
