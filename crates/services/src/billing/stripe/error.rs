//! Why a call of Stripe failed. Nothing here shows the key, an address of a learner's, or an object's content.

use serde::Deserialize;
use thiserror::Error;

/// Most characters kept of Stripe's own words.
const MESSAGE_CHARS: usize = 300;

/// Why a call failed.
#[derive(Debug, Error)]
pub enum StripeError {
    /// Stripe has no such object (404 `resource_missing`). A 404 without that code is [`StripeError::Refused`]: it comes from
    /// a wrong address, and says nothing about the object.
    #[error("the payment provider has no such object")]
    NotFound,
    /// Stripe understood and said no. The same call would be refused again.
    #[error("the payment provider refused the request ({status} {}): {message}", code.as_deref().unwrap_or("without a code"))]
    Refused {
        /// HTTP status.
        status: u16,
        /// Stripe's `code`, such as `resource_missing`; its `type`, such as `idempotency_error`, where there is no code.
        code: Option<String>,
        /// Stripe's words, shortened, without our key and without e-mail addresses.
        message: String,
    },
    /// No useful answer after all attempts. Whether the call took effect is not known; the same key may be used again.
    #[error("the payment provider is unavailable")]
    Unavailable(#[source] Outage),
    /// An answer that lacks what it must have, or a request that cannot be sent; the text says which.
    #[error("malformed exchange with the payment provider: {0}")]
    Malformed(&'static str),
}

impl StripeError {
    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether something that the call names does not exist: what it is about (404), or what a parameter names (400).
    pub fn is_missing(&self) -> bool {
        match self {
            Self::NotFound => true,
            Self::Refused { code, .. } => code.as_deref() == Some("resource_missing"),
            Self::Unavailable(_) | Self::Malformed(_) => false,
        }
    }
}

/// How the last attempt failed.
#[derive(Debug, Error)]
pub enum Outage {
    /// No connection, a time-out, or an answer that broke off.
    #[error("no answer")]
    Connection(#[source] reqwest::Error),
    /// A status that asks to come back later.
    #[error("the answer was {status} {}", code.as_deref().unwrap_or("without a code"))]
    Answer {
        /// HTTP status.
        status: u16,
        /// As in [`StripeError::Refused`].
        code: Option<String>,
    },
}

/// The body of a refusal.
#[derive(Debug, Default, Deserialize)]
struct WireRefusal {
    #[serde(default)]
    error: WireWords,
}

#[derive(Debug, Default, Deserialize)]
struct WireWords {
    code: Option<String>,
    r#type: Option<String>,
    message: Option<String>,
}

/// A status other than 2xx, with Stripe's code and words.
pub(super) fn of_answer(status: u16, body: &[u8], key: &str) -> StripeError {
    let words = serde_json::from_slice::<WireRefusal>(body).unwrap_or_default().error;
    let code = words.code.or(words.r#type).map(|code| scrub(&code, key));
    match status {
        404 if code.as_deref() == Some("resource_missing") => StripeError::NotFound,
        409 | 424 | 429 | 500.. => StripeError::Unavailable(Outage::Answer { status, code }),
        _ => StripeError::Refused { status, code, message: scrub(&words.message.unwrap_or_default(), key) },
    }
}

/// A failure of the transport.
pub(super) fn of_transport(error: reqwest::Error) -> StripeError {
    if error.is_builder() {
        // Such as an idempotency key with characters that no header may have.
        return StripeError::Malformed("request");
    }
    // Addresses hold the ids of customers.
    StripeError::Unavailable(Outage::Connection(error.without_url()))
}

/// The beginning of `words` without the key, e-mail addresses (Stripe repeats those it does not like) and control characters.
fn scrub(words: &str, key: &str) -> String {
    let words = if key.is_empty() { words.to_owned() } else { words.replace(key, "***") };
    let words = words.split_whitespace().map(|word| if word.contains('@') { "***" } else { word });
    let text = words.collect::<Vec<_>>().join(" ");
    text.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(code: &str) -> Vec<u8> {
        serde_json::json!({ "error": { "code": code, "type": "invalid_request_error", "message": "No such thing" } })
            .to_string()
            .into_bytes()
    }

    #[test]
    fn only_a_missing_object_is_not_found() {
        assert!(matches!(of_answer(404, &body("resource_missing"), ""), StripeError::NotFound));
        assert!(matches!(of_answer(404, b"<html>", ""), StripeError::Refused { status: 404, code: None, .. }));
        assert!(matches!(of_answer(400, &body("resource_missing"), ""), StripeError::Refused { status: 400, .. }));
    }

    #[test]
    fn what_a_parameter_names_can_be_missing_too() {
        let missing = |status, code| of_answer(status, &body(code), "").is_missing();
        assert!(missing(404, "resource_missing") && missing(400, "resource_missing"));
        assert!(!missing(400, "parameter_unknown") && !missing(503, "resource_missing"));
        assert!(!of_answer(404, b"<html>", "").is_missing());
    }

    #[test]
    fn the_type_stands_in_for_a_missing_code() {
        let mismatch = br#"{"error":{"type":"idempotency_error","message":"Keys for idempotent requests..."}}"#;
        let StripeError::Refused { code, .. } = of_answer(400, mismatch, "") else { panic!("not refused") };
        assert_eq!(code.as_deref(), Some("idempotency_error"));
    }

    #[test]
    fn only_what_may_pass_is_transient() {
        for status in [409, 424, 429, 500, 503, 504, 529] {
            assert!(of_answer(status, b"", "").is_transient(), "{status}");
        }
        for status in [302, 400, 401, 402, 403, 404] {
            assert!(!of_answer(status, b"", "").is_transient(), "{status}");
        }
    }

    #[test]
    fn words_lose_the_key_addresses_and_control_characters() {
        let words = "Invalid email <ann@example.org>\u{1b}[31m for\nsk_test_secret, sorry";
        assert_eq!(scrub(words, "sk_test_secret"), "Invalid email *** for ***, sorry");
        assert_eq!(scrub(&"x".repeat(5000), "k").chars().count(), MESSAGE_CHARS);
    }
}
