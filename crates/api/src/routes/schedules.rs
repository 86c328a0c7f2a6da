//! A plan on the learner's calendar: its schedule, the times it is laid into, and catching up.

mod bodies;

pub use bodies::{
    Behind, CatchUpOption, Fit, Reschedule, RescheduleBody, Schedule, ScheduleDay, ScheduleSession, ScheduleTotals,
    ScheduleWeek, TimesBody,
};

use crate::auth::Person;
use crate::error::{ApiError, Problem};
use crate::etag::{self, IfMatch, of_plan};
use crate::input::{IdempotencyKey, JsonBody, OptionalJsonBody, PlanPath, Query, mark};
use crate::state::AppState;
use actix_web::http::header::ETAG;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use waymark_domain::schedules::{Obstacle, timezone};
use waymark_services::plans::EditRequest;

/// Read a plan's schedule
///
/// The plan laid into weeks, days and sessions of the learner's own times, or of the zone that is asked for. It is computed
/// when something has changed that it depends on, and otherwise the stored one, byte for byte. Tasks that are done are left
/// out; those that are begun come first. The answer has an `ETag`; `If-None-Match` gets 304 as long as nothing has changed.
#[utoipa::path(
    get, path = "/api/v1/plans/{planId}/schedule", tag = "schedules", operation_id = "readSchedule",
    params(
        ("planId" = Uuid, Path, description = "The plan."),
        ("timezone" = Option<String>, Query, nullable = false, description = "IANA name of another time zone than the plan's."),
        ("If-None-Match" = Option<String>, Header, nullable = false, description = "The `ETag` of an earlier answer."),
    ),
    responses(
        (status = 200, description = "The schedule.", body = Schedule, headers(("ETag" = String, description = "Names this state of the schedule."))),
        (status = 304, description = "Nothing has changed."),
        (status = 409, description = "The plan is being generated or has failed.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn read(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let mut query = Query::of(req.query_string());
    let zone = query.take("timezone", timezone);
    query.finish()?;
    let view = state.services.schedules().read(&person.0, plan.0, zone).await?;
    let body = serde_json::to_string(&Schedule::from(view)).map_err(ApiError::internal)?;
    Ok(etag::answer(&req, "application/json", "private, no-cache", body))
}

/// Set a plan's times
///
/// Its own time zone and availability, which win over the person's preferences; null goes back to those, and so does a time
/// zone that is left out. The answer is the schedule that follows.
#[utoipa::path(
    put, path = "/api/v1/plans/{planId}/schedule", tag = "schedules", operation_id = "setTimes",
    params(("planId" = Uuid, Path, description = "The plan.")),
    request_body = TimesBody,
    responses(
        (status = 200, description = "The schedule.", body = Schedule, headers(("ETag" = String, description = "Names the plan's new state."))),
        (status = 409, description = "The plan is being generated or has failed.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn set(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    expected: IfMatch,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let times = bodies::times(body.members)?;
    let request = EditRequest { expected: &expected.0, key: key.as_ref() };
    let set = state.services.schedules().set(&person.0, plan.0, &times, request).await?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((ETAG, of_plan(&set.value.tag)));
    Ok(mark(answer.json(Schedule::from(set.value.object)), set.replayed))
}

/// Catch up
///
/// Without `apply`: how far behind the learner is, and what can be done about it; nothing changes. With it, that option is
/// taken, computed for this moment: `shift` lays the open tasks out from now on and moves the deadline if it must,
/// `compress` takes the fewest more weekly hours that meet the deadline, `drop` deletes tasks neither begun nor pinned, from
/// the end of the plan, and puts the plan as it was aside as a revision first. When nothing is behind and everything fits,
/// taking an option changes nothing. `If-Match` counts only when an option is taken.
#[utoipa::path(
    post, path = "/api/v1/plans/{planId}/reschedule", tag = "schedules", operation_id = "reschedule",
    params(("planId" = Uuid, Path, description = "The plan.")),
    request_body = Option<RescheduleBody>,
    responses(
        (status = 200, description = "What is behind, the options, and whether one was taken.", body = Reschedule, headers(("ETag" = String, description = "Names the plan's present state."))),
        (status = 409, description = "The plan is being generated or has failed, or the option is not open.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn reschedule(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    expected: IfMatch,
    key: IdempotencyKey,
    body: OptionalJsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.0.bytes);
    let schedules = state.services.schedules();
    let (tag, body, replayed) = match bodies::choice(body.0.members)? {
        None => {
            let offer = schedules.offer(&person.0, plan.0).await?;
            (Some(offer.tag.clone()), Reschedule::from(offer), false)
        }
        Some(kind) => {
            let request = EditRequest { expected: &expected.0, key: key.as_ref() };
            let done = schedules.reschedule(&person.0, plan.0, kind, request).await?;
            (done.value.tag.clone(), Reschedule::from(done.value), done.replayed)
        }
    };
    let mut answer = HttpResponse::Ok();
    if let Some(tag) = tag {
        answer.insert_header((ETAG, of_plan(&tag)));
    }
    Ok(mark(answer.json(body), replayed))
}

/// Why a way of catching up is not open, for the learner.
pub const fn why(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::NoDeadline => "The plan has no deadline to meet; only a later end can be chosen.",
        Obstacle::DeadlinePassed => "The deadline has passed; only a later end can be chosen.",
        Obstacle::EndTooFar => "The plan would end more than a year ahead; take more hours a week, or drop tasks.",
        Obstacle::BeyondTier => {
            "The plan would last longer than your tier's longest plan; take more hours a week, or drop tasks."
        }
        Obstacle::NotEnoughTime => "The sessions leave too little time, whatever the hours; give more sessions.",
        Obstacle::SessionsTooShort => {
            "A task cannot be cut into sessions this short; give longer ones, or split the task."
        }
        Obstacle::KeptTasksTooLong => "Even without every task that may go, what is begun or pinned takes too long.",
    }
}
