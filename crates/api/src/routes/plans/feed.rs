//! The calendar feed: make its address, take it back, and answer the calendar programs that ask there.

use crate::auth::Person;
use crate::edge::RequestId;
use crate::error::ApiError;
use crate::etag;
use crate::input::{IdempotencyKey, PlanPath, mark};
use crate::rate_limits::RateClass;
use crate::state::AppState;
use actix_web::http::header::{
    CACHE_CONTROL, ETAG, HeaderMap, HttpDate, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use utoipa::ToSchema;
use waymark_services::plans::{FeedSecret, PlansError};

/// A program asks before it shows what it has.
const CACHE: &str = "private, no-cache";

/// Where a plan's calendar is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CalendarFeed {
    /// The whole address. It is a secret: whoever has it can read the plan's calendar. It is shown this once.
    pub url: String,
}

/// Make a calendar feed
///
/// Answers with a secret address that calendar programs can subscribe to without signing in. A former address of the plan is
/// good no longer. The address is not stored: a repetition with the same `Idempotency-Key` gets a new one too, and the last
/// one that was answered is the one that is good. There is no body.
#[utoipa::path(
    post, path = "/api/v1/plans/{planId}/calendar-feed", tag = "plans", operation_id = "makeCalendarFeed",
    params(("planId" = Uuid, Path, description = "The plan.")),
    responses((status = 201, description = "The address.", body = CalendarFeed)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn make(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    key: IdempotencyKey,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let secret = state.services.plans().open_feed(&person.0, plan.0, key.over(b"").as_ref()).await?;
    // As the client called this server; the answer goes to nobody else.
    let here = req.connection_info();
    let url = format!("{}://{}/api/calendar/{}.ics", here.scheme(), here.host(), secret.as_str());
    Ok(HttpResponse::Created().json(CalendarFeed { url }))
}

/// Take a calendar feed back
///
/// Its address is not found from then on. It is fine if there is none.
#[utoipa::path(
    delete, path = "/api/v1/plans/{planId}/calendar-feed", tag = "plans", operation_id = "revokeCalendarFeed",
    params(("planId" = Uuid, Path, description = "The plan.")),
    responses((status = 204, description = "There is no feed.")),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn revoke(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    let done = state.services.plans().close_feed(&person.0, plan.0, key.over(b"").as_ref()).await?;
    Ok(mark(HttpResponse::NoContent().finish(), done.replayed))
}

/// Read a calendar feed
///
/// For calendar programs: an event for each session of the plan's open tasks, in UTC. An event keeps its `UID`, and its
/// `SEQUENCE` grows with each change; a session that is gone is `CANCELLED` for 30 days. `If-None-Match` and
/// `If-Modified-Since` get 304 as long as nothing has changed.
#[utoipa::path(
    get, path = "/api/calendar/{token}.ics", tag = "plans", operation_id = "readCalendarFeed",
    params(
        ("token" = String, Path, description = "The secret of the address."),
        ("If-None-Match" = Option<String>, Header, nullable = false, description = "The `ETag` of an earlier answer."),
        ("If-Modified-Since" = Option<String>, Header, nullable = false, description = "The `Last-Modified` of an earlier answer."),
    ),
    responses(
        (
            status = 200, description = "The calendar.", body = String, content_type = "text/calendar",
            headers(
                ("ETag" = String, description = "Names this state of the calendar."),
                ("Last-Modified" = String, description = "When it last changed; missing in the minute after a change."),
            ),
        ),
        (status = 304, description = "Nothing has changed."),
    ),
)]
pub async fn read(state: Data<AppState>, req: HttpRequest) -> Result<HttpResponse, ApiError> {
    let secret = req.match_info().get("token").and_then(FeedSecret::parse).ok_or_else(ApiError::no_route)?;
    let request_id = req.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let plans = state.services.plans();
    // An address that is good no longer looks like one that never was; who guesses is counted where the routes are.
    let turn = state.limiter.lookup().await;
    let found = plans.find_feed(&secret, &request_id).await;
    drop(turn);
    let found = found.map_err(lost)?;
    state.limiter.person(RateClass::Reads, found.owner())?;
    let feed = plans.feed(&found).await.map_err(lost)?;
    let mut answer = etag::answer(&req, "text/calendar; charset=utf-8", CACHE, feed.body);
    if let Some(modified) = feed.last_modified {
        if is_known(req.headers(), modified) {
            answer = not_modified(&answer);
        }
        if let Ok(date) = HttpDate::from(SystemTime::from(modified)).to_string().parse() {
            answer.headers_mut().insert(LAST_MODIFIED, date);
        }
    }
    Ok(answer)
}

fn lost(error: PlansError) -> ApiError {
    match error {
        PlansError::NotFound => ApiError::no_route(),
        error => error.into(),
    }
}

/// 304 in the place of an answer, with its tag.
fn not_modified(answer: &HttpResponse) -> HttpResponse {
    let mut known = HttpResponse::NotModified();
    known.insert_header((CACHE_CONTROL, CACHE));
    if let Some(tag) = answer.headers().get(ETAG) {
        known.insert_header((ETAG, tag.clone()));
    }
    known.finish()
}

/// Whether `If-Modified-Since` says that the client has it; where there are tags, they decide (RFC 9110, 13.1.3).
fn is_known(headers: &HeaderMap, last_modified: DateTime<Utc>) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        return false;
    }
    let since = headers.get(IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok()?.parse::<HttpDate>().ok());
    since.is_some_and(|since| SystemTime::from(last_modified) <= SystemTime::from(since))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use chrono::TimeZone as _;

    #[test]
    fn a_date_decides_where_there_is_no_tag() {
        let modified = Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 5).unwrap();
        let since =
            |date: &'static str| TestRequest::default().insert_header((IF_MODIFIED_SINCE, date)).to_http_request();
        assert!(is_known(since("Mon, 23 Nov 2026 12:00:05 GMT").headers(), modified));
        assert!(!is_known(since("Mon, 23 Nov 2026 12:00:04 GMT").headers(), modified));
        assert!(!is_known(since("yesterday").headers(), modified));
        let both = TestRequest::default()
            .insert_header((IF_MODIFIED_SINCE, "Mon, 23 Nov 2026 12:00:05 GMT"))
            .insert_header((IF_NONE_MATCH, "\"x\""));
        assert!(!is_known(both.to_http_request().headers(), modified));
    }
}
