//! A plan as a file.

mod file_name;

use crate::auth::Person;
use crate::error::ApiError;
use crate::etag;
use crate::input::{PlanPath, Query};
use crate::routes::schedules::{Fit, ScheduleTotals, ScheduleWeek};
use crate::state::AppState;
use actix_web::http::header::{CONTENT_DISPOSITION, HeaderValue};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waymark_services::plans::ExportFormat;

/// A plan, and its schedule.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PlanExport {
    /// The plan as it is read.
    pub plan: super::PlanDetail,
    /// Where its open tasks are in the learner's weeks.
    pub schedule: ExportedSchedule,
}

/// Where a plan's open tasks are in the learner's weeks.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportedSchedule {
    /// IANA name of the zone of the local times.
    pub timezone: String,
    /// The plan's first day; weeks count from here.
    pub start: NaiveDate,
    /// The day of the last session; null when nothing is placed.
    pub end: Option<NaiveDate>,
    /// Weeks with sessions, in order.
    pub weeks: Vec<ScheduleWeek>,
    /// Sums.
    pub totals: ScheduleTotals,
    /// Whether everything found a place.
    pub fit: Fit,
}

/// Download a plan
///
/// As Markdown, for people; as JSON, with the `plan` as it is read and its `schedule`; or as iCalendar, an event for each
/// session. Downloads are free of the tier's limits. The answer has an `ETag`; `If-None-Match` gets 304 as long as nothing
/// has changed.
#[utoipa::path(
    get, path = "/api/v1/plans/{planId}/export", tag = "plans", operation_id = "exportPlan",
    params(
        ("planId" = Uuid, Path, description = "The plan."),
        ("format" = String, Query, description = "`md`, `json` or `ics`."),
        ("If-None-Match" = Option<String>, Header, nullable = false, description = "The `ETag` of an earlier answer."),
    ),
    responses(
        (
            status = 200, description = "The file.",
            content((PlanExport = "application/json"), (String = "text/markdown"), (String = "text/calendar")),
            headers(
                ("ETag" = String, description = "Names this state of the file."),
                ("Content-Disposition" = String, description = "A name for the file, after the topic."),
            ),
        ),
        (status = 304, description = "Nothing has changed."),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn read(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let format = format(req.query_string())?;
    let (extension, content_type) = match format {
        ExportFormat::Markdown => ("md", "text/markdown; charset=utf-8"),
        ExportFormat::Json => ("json", "application/json"),
        ExportFormat::Calendar => ("ics", "text/calendar; charset=utf-8"),
    };
    let export = state.services.plans().export(&person.0, plan.0, format).await?;
    let mut answer = etag::answer(&req, content_type, "private, no-cache", export.body);
    if let Ok(name) = HeaderValue::from_str(&file_name::disposition(&export.topic, extension)) {
        answer.headers_mut().insert(CONTENT_DISPOSITION, name);
    }
    Ok(answer)
}

fn format(query: &str) -> Result<ExportFormat, ApiError> {
    let mut query = Query::of(query);
    let format = query.take("format", |text| match text {
        "md" => Ok(ExportFormat::Markdown),
        "json" => Ok(ExportFormat::Json),
        "ics" => Ok(ExportFormat::Calendar),
        _ => Err("must be one of: md, json, ics"),
    });
    if format.is_none() && query.errors.is_empty() {
        query.errors.push("format", "must be one of: md, json, ics");
    }
    query.finish()?;
    format.ok_or_else(|| ApiError::internal("a format that was checked is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_three_formats_must_be_named() {
        assert_eq!(format("format=md").unwrap(), ExportFormat::Markdown);
        assert_eq!(format("format=ics").unwrap(), ExportFormat::Calendar);
        for wrong in ["", "format=pdf", "format=md&format=md", "format=md&x=1"] {
            assert_eq!(format(wrong).unwrap_err().code().as_str(), "VALIDATION_FAILED", "{wrong}");
        }
    }
}
