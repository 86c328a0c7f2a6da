//! The one error of the HTTP layer: RFC 9457 problem details with Waymark's own members. Handlers and extractors return
//! it; [`crate::edge`] logs its cause once, adds the request's id and sends it.

mod codes;
mod from_services;

pub use codes::{ErrorClass, ErrorCode};
pub(crate) use from_services::{account_erased, not_configured};

use crate::edge::REQUEST_ID;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;
use utoipa::ToSchema;
use waymark_domain::validation::{FieldError, FieldErrors};

/// Why something failed, for whoever reads the log.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A failed request: what the client is told, and the cause it is not told.
#[derive(Debug)]
pub struct ApiError(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: ErrorCode,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    quota: Option<(i64, i64)>,
    current_version: Option<i32>,
    retry_after: Option<Duration>,
    headers: Vec<(&'static str, String)>,
    cause: Option<Cause>,
    place: Place,
}

/// Which request failed.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The request's id.
    pub request_id: String,
    /// The request's path, without its query.
    pub path: String,
}

/// The body of every error answer, `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Where the code is explained.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time.
    pub detail: String,
    /// The request's path.
    pub instance: String,
    /// A stable code for programs.
    pub code: String,
    /// The kind of failure: `validation`, `authentication`, `permission`, `quota`, `not_found`, `conflict`,
    /// `rate_limit`, `unavailable` or `internal`.
    pub classification: String,
    /// Every offending member, when the input was at fault.
    #[serde(default)]
    pub errors: Vec<ProblemField>,
    /// Names this request in the server's log.
    pub request_id: String,
    /// The tier's limit, when one was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// What is used of the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<i64>,
    /// The plan's present version, when an edit came too late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_version: Option<i32>,
}

/// One offending member of a request.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProblemField {
    /// The member or parameter.
    pub field: String,
    /// What the rule asks for.
    pub message: String,
}

impl ApiError {
    /// A failure with this code; `detail` is shown to the client.
    pub fn new(code: ErrorCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            quota: None,
            current_version: None,
            retry_after: None,
            headers: Vec::new(),
            cause: None,
            place: Place::default(),
        }))
    }

    /// A failure of ours: the client is told nothing of the cause.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::new(ErrorCode::Internal, "Something went wrong on the server.").because(cause)
    }

    /// Something we need is away; the client may try again in a second.
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::new(ErrorCode::Unavailable, "The service is busy or a part of it is away. Try again in a moment.")
            .because(cause)
            .retry_after(Duration::from_secs(1))
    }

    /// Every offence of an input at once.
    pub fn invalid(errors: FieldErrors) -> Self {
        Self::new(ErrorCode::ValidationFailed, "Some of the input is not valid.").with_errors(errors.0)
    }

    /// A path that no route has.
    pub fn no_route() -> Self {
        Self::new(ErrorCode::NotFound, "There is nothing at this address.")
    }

    /// A route that has other methods; `allow` lists them.
    pub fn method_not_allowed(allow: &str) -> Self {
        let detail = format!("This address takes {allow}.");
        Self::new(ErrorCode::MethodNotAllowed, detail).header(ALLOW.as_str(), allow.to_owned())
    }

    /// Nobody, or nobody we know, is asking.
    pub fn unauthenticated(detail: &'static str) -> Self {
        Self::new(ErrorCode::Unauthenticated, detail).header(WWW_AUTHENTICATE.as_str(), "Bearer".to_owned())
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Cause>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// Names the offending members.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.0.errors = errors;
        self
    }

    /// Adds the limit that was reached and what is used of it.
    #[must_use]
    pub fn with_quota(mut self, limit: i64, used: i64) -> Self {
        self.0.quota = Some((limit, used));
        self
    }

    /// Adds the version that the plan has now.
    #[must_use]
    pub fn with_current_version(mut self, version: i32) -> Self {
        self.0.current_version = Some(version);
        self
    }

    /// Says when to come back, in whole seconds rounded up.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: String) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Says which request failed, for an answer that is made outside the edge.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.0.place = place;
        self
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// What the client is not told.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }

    /// The body for a request.
    pub fn problem(&self, place: &Place) -> Problem {
        let parts = &self.0;
        let code = parts.code;
        Problem {
            kind: format!("/api/docs/errors#{code}"),
            title: code.title().to_owned(),
            status: code.status().as_u16(),
            detail: parts.detail.clone().into_owned(),
            instance: place.path.clone(),
            code: code.to_string(),
            classification: code.class().as_str().to_owned(),
            errors: parts.errors.iter().map(field).collect(),
            request_id: place.request_id.clone(),
            limit: parts.quota.map(|(limit, _)| limit),
            used: parts.quota.map(|(_, used)| used),
            current_version: parts.current_version,
        }
    }

    /// The whole answer for a request.
    pub fn answer(&self, place: &Place) -> HttpResponse {
        let mut answer = HttpResponse::build(self.0.code.status());
        answer.content_type("application/problem+json");
        if let Ok(id) = HeaderValue::from_str(&place.request_id) {
            answer.insert_header((REQUEST_ID, id));
        }
        if let Some(wait) = self.0.retry_after {
            answer.insert_header((RETRY_AFTER, whole_seconds(wait)));
        }
        for (name, value) in &self.0.headers {
            // Values are ours; one that cannot stand in a header is left out rather than failing the failure.
            if let Ok(value) = HeaderValue::from_str(value) {
                answer.insert_header((*name, value));
            }
        }
        answer.body(serde_json::to_string(&self.problem(place)).unwrap_or_default())
    }
}

fn field(error: &FieldError) -> ProblemField {
    ProblemField { field: error.field.clone(), message: error.message.clone() }
}

/// Whole seconds, rounded up, at least one.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.detail)
    }
}

impl std::error::Error for ApiError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as _)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        self.answer(&self.0.place)
    }
}

/// An error and its causes in one line, for the log.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody;

    fn place() -> Place {
        Place { request_id: "r-1".into(), path: "/api/v1/plans".into() }
    }

    #[test]
    fn a_problem_has_every_member_and_never_its_cause() {
        let error = ApiError::internal("password=hunter2");
        let body = serde_json::to_value(error.problem(&place())).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "type": "/api/docs/errors#INTERNAL", "title": "The server failed", "status": 500,
                "detail": "Something went wrong on the server.", "instance": "/api/v1/plans", "code": "INTERNAL",
                "classification": "internal", "errors": [], "requestId": "r-1",
            })
        );
        assert_eq!(with_causes(&error), "INTERNAL: Something went wrong on the server.: password=hunter2");
    }

    #[test]
    fn a_quota_refusal_shows_limit_and_use() {
        let problem = ApiError::new(ErrorCode::QuotaExceeded, "full").with_quota(3, 3).problem(&place());
        assert_eq!((problem.limit, problem.used, problem.status), (Some(3), Some(3), 403));
    }

    #[test]
    fn headers_of_a_failure_are_in_its_answer() {
        let answer =
            ApiError::method_not_allowed("GET, POST").retry_after(Duration::from_millis(1200)).answer(&place());
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers().get("allow").unwrap(), "GET, POST");
        assert_eq!(answer.headers().get("retry-after").unwrap(), "2");
        assert_eq!(answer.headers().get("content-type").unwrap(), "application/problem+json");
        let body = answer.into_body().try_into_bytes().unwrap();
        assert!(serde_json::from_slice::<Problem>(&body).is_ok());
    }
}
