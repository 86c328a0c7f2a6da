//! From a provider's failures to [`ProviderError`]: the table of `openai.rs`, and how much of a provider's words is kept.

use super::wire::WireError;
use crate::generation::provider::ProviderError;
use chrono::{DateTime, Utc};
use std::error::Error;
use std::time::Duration;
use waymark_domain::generation::FailureClass;

/// Most characters kept of a provider's own words.
const DETAIL_CHARS: usize = 300;

/// A class, and whether the same call may be sent again.
type Verdict = (FailureClass, bool);

/// An answer with a status other than 2xx.
#[derive(Debug)]
pub(super) struct Refusal {
    /// HTTP status.
    pub(super) status: u16,
    /// The body's beginning.
    pub(super) body: String,
    /// `Retry-After`.
    pub(super) retry_after: Option<Duration>,
}

impl Refusal {
    pub(super) fn into_error(self) -> ProviderError {
        let told = WireError::in_body(&self.body);
        let kind = told.as_ref().and_then(WireError::kind).and_then(by_kind);
        let (class, resend) = kind.unwrap_or_else(|| by_status(self.status));
        let words = told.as_ref().map_or(self.body.as_str(), |told| told.message.as_str());
        let asked = told.as_ref().and_then(|told| told.retry_after);
        ProviderError {
            class,
            detail: bounded(&format!("HTTP {}: {words}", self.status)),
            status: Some(self.status),
            retry_after: self.retry_after.or(asked),
            resend,
        }
    }
}

impl WireError {
    /// An error the provider put into a stream that began well.
    pub(super) fn into_error(self) -> ProviderError {
        let number = self.number();
        let (class, resend) = self
            .kind()
            .and_then(by_kind)
            .or_else(|| number.map(by_status))
            .or_else(|| self.r#type.as_deref().and_then(by_kind))
            .unwrap_or((FailureClass::ProviderError, true));
        ProviderError { status: number, retry_after: self.retry_after, ..failure(class, resend, &self.message) }
    }
}

/// A failure of the transport; `resend` unless the request itself could not be made.
pub(super) fn transport(error: reqwest::Error) -> ProviderError {
    let (class, resend) = match &error {
        error if error.is_builder() => (FailureClass::Validation, false),
        error if error.is_timeout() => (FailureClass::Timeout, true),
        _ => (FailureClass::ProviderError, true),
    };
    failure(class, resend, &chain(&error.without_url()))
}

/// An error's text with the texts of its causes, which is where the reason stands.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// A provider that vanished, broke off or does not speak the dialect.
pub(super) fn broken(resend: bool, detail: &str) -> ProviderError {
    failure(FailureClass::ProviderError, resend, detail)
}

/// A failure without an HTTP status.
pub(super) fn failure(class: FailureClass, resend: bool, detail: &str) -> ProviderError {
    ProviderError { class, detail: bounded(detail), status: None, retry_after: None, resend }
}

fn by_status(status: u16) -> Verdict {
    match status {
        429 => (FailureClass::RateLimit, true),
        408 | 504 | 524 => (FailureClass::Timeout, true),
        402 => (FailureClass::Capped, false),
        409 | 425 => (FailureClass::ProviderError, true),
        ..400 | 401 | 403 | 407 | 501 => (FailureClass::ProviderError, false),
        400..=499 => (FailureClass::Validation, false),
        500.. => (FailureClass::ProviderError, true),
    }
}

/// By a provider's own word for it; none for words that say nothing certain.
fn by_kind(kind: &str) -> Option<Verdict> {
    Some(match kind {
        "rate_limit_exceeded" | "rate_limit_error" | "rate_limited" | "too_many_requests" => {
            (FailureClass::RateLimit, true)
        }
        "timeout" | "request_timeout" => (FailureClass::Timeout, true),
        "insufficient_quota"
        | "payment_required"
        | "insufficient_credits"
        | "billing_hard_limit_reached"
        | "max_tokens_exceeded"
        | "token_limit_exceeded" => (FailureClass::Capped, false),
        "context_length_exceeded"
        | "string_too_long"
        | "invalid_request"
        | "invalid_request_error"
        | "invalid_prompt"
        | "not_found"
        | "model_not_found"
        | "precondition_failed"
        | "payload_too_large"
        | "unprocessable"
        | "content_policy_violation"
        | "content_filter"
        | "refusal" => (FailureClass::Validation, false),
        "authentication" | "invalid_api_key" | "permission_denied" => (FailureClass::ProviderError, false),
        "server"
        | "server_error"
        | "internal_server_error"
        | "provider_overloaded"
        | "provider_unavailable"
        | "overloaded_error" => (FailureClass::ProviderError, true),
        _ => return None,
    })
}

/// `Retry-After`: seconds, or a date of HTTP. A date that has passed is no wait.
pub(super) fn retry_after(header: &str, now: DateTime<Utc>) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = DateTime::parse_from_rfc2822(header).ok()?;
    Some((at.with_timezone(&Utc) - now).to_std().unwrap_or_default())
}

/// At most [`DETAIL_CHARS`] characters, none of them a control character.
fn bounded(text: &str) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    clean.take(DETAIL_CHARS).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn refused(status: u16, body: &str) -> ProviderError {
        Refusal { status, body: body.to_owned(), retry_after: None }.into_error()
    }

    #[test]
    fn statuses_become_classes_by_the_table() {
        let table = [
            (429, FailureClass::RateLimit, true),
            (408, FailureClass::Timeout, true),
            (402, FailureClass::Capped, false),
            (409, FailureClass::ProviderError, true),
            (500, FailureClass::ProviderError, true),
            (503, FailureClass::ProviderError, true),
            (529, FailureClass::ProviderError, true),
            (401, FailureClass::ProviderError, false),
            (403, FailureClass::ProviderError, false),
            (501, FailureClass::ProviderError, false),
            (302, FailureClass::ProviderError, false),
            (400, FailureClass::Validation, false),
            (404, FailureClass::Validation, false),
            (422, FailureClass::Validation, false),
        ];
        for (status, class, resend) in table {
            let error = refused(status, "no");
            assert_eq!((error.class, error.resend, error.status), (class, resend, Some(status)), "{status}");
        }
    }

    #[test]
    fn the_providers_own_word_counts_more_than_the_status() {
        let error =
            refused(429, r#"{"error":{"message":"pay","type":"insufficient_quota","code":"insufficient_quota"}}"#);
        assert_eq!((error.class, error.resend), (FailureClass::Capped, false));
        let error =
            refused(400, r#"{"error":{"code":400,"message":"x","metadata":{"error_type":"provider_overloaded"}}}"#);
        assert_eq!((error.class, error.resend), (FailureClass::ProviderError, true));
    }

    #[test]
    fn the_general_type_of_a_401_does_not_hide_its_status() {
        let error = refused(401, r#"{"error":{"message":"bad key","type":"invalid_request_error","code":null}}"#);
        assert_eq!((error.class, error.resend), (FailureClass::ProviderError, false));
    }

    #[test]
    fn codes_in_a_stream_may_be_numbers_or_words() {
        let number = WireError::in_body(r#"{"error":{"code":429,"message":"slow down"}}"#).unwrap().into_error();
        assert_eq!((number.class, number.status), (FailureClass::RateLimit, Some(429)));
        let word = WireError::in_body(r#"{"error":{"code":"server_error","message":"oops"}}"#).unwrap().into_error();
        assert_eq!((word.class, word.resend), (FailureClass::ProviderError, true));
        let bare = WireError::in_body(r#"{"error":"model 'x' is gone"}"#).unwrap().into_error();
        assert_eq!((bare.class, bare.detail.as_str()), (FailureClass::ProviderError, "model 'x' is gone"));
    }

    #[test]
    fn a_providers_words_are_cut_and_lose_control_characters() {
        let error = refused(500, &format!("a\u{1b}[31m\nb{}", "x".repeat(5000)));
        assert_eq!(error.detail.chars().count(), DETAIL_CHARS);
        assert!(!error.detail.chars().any(char::is_control));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap();
        assert_eq!(retry_after("3", now), Some(Duration::from_secs(3)));
        assert_eq!(retry_after("0.5", now), Some(Duration::from_millis(500)));
        assert_eq!(retry_after("Sun, 22 Nov 2026 12:00:08 GMT", now), Some(Duration::from_secs(8)));
        assert_eq!(retry_after("Sun, 22 Nov 2026 11:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
        assert_eq!(retry_after("-1", now), None);
        assert_eq!(retry_after("inf", now), None);
    }
}
