//! What the schedules' routes take and answer.

use crate::error::ApiError;
use crate::input::{AvailabilityBody, Members, availability, one_of, text};
use crate::openapi::enums::{catch_up_kind, obstacle, taken, times_of};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use waymark_domain::ids::TaskId;
use waymark_domain::schedules::{self as domain, CatchUp, CatchUpKind, timezone};
use waymark_services::schedules::{CatchUpOffer, Rescheduled, ScheduleView, Times};

/// A plan's own times.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TimesBody {
    /// IANA name of the time zone; null or left out: the person's preference.
    pub timezone: Option<String>,
    /// When there is time for this plan; null: the person's preference.
    #[schema(required = true)]
    pub availability: Option<AvailabilityBody>,
}

/// Which option to take; none: only ask.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RescheduleBody {
    /// The option.
    #[schema(schema_with = catch_up_kind, required = false)]
    pub apply: Option<String>,
}

/// A plan laid into weeks, days and sessions.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// The plan.
    pub plan_id: Uuid,
    /// SHA-256 of everything the schedule was computed from.
    pub inputs_hash: String,
    /// Whose availability it is.
    #[schema(schema_with = times_of)]
    pub times_of: String,
    /// When there is time.
    pub availability: AvailabilityBody,
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

/// Seven days from the plan's first day, or from a multiple of seven days after it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleWeek {
    /// From 1: the week of the first day.
    pub number: u32,
    /// Its first day.
    pub start: NaiveDate,
    /// Its last day.
    pub end: NaiveDate,
    /// Minutes placed.
    pub minutes: u32,
    /// Days with sessions, in order.
    pub days: Vec<ScheduleDay>,
}

/// A day with sessions.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleDay {
    /// The local date.
    pub date: NaiveDate,
    /// Minutes placed.
    pub minutes: u32,
    /// Its sessions, in order.
    pub sessions: Vec<ScheduleSession>,
}

/// Time for a task, or for a part of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleSession {
    /// The task.
    pub task_id: Uuid,
    /// Which part of the task, from 1.
    pub part: u32,
    /// How many parts have a place.
    pub parts: u32,
    /// When it begins on the learner's clock, without an offset.
    #[schema(value_type = String, example = "2026-11-23T09:00:00")]
    pub start_local: NaiveDateTime,
    /// When it ends on the learner's clock.
    #[schema(value_type = String, example = "2026-11-23T10:00:00")]
    pub end_local: NaiveDateTime,
    /// When it begins.
    pub start: DateTime<Utc>,
    /// When it ends.
    pub end: DateTime<Utc>,
    /// How long it lasts.
    pub minutes: u32,
}

/// Sums of a schedule.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleTotals {
    /// Open tasks.
    pub tasks: u32,
    /// Their minutes.
    pub minutes: u64,
    /// Minutes that have a place.
    pub minutes_placed: u64,
    /// Sessions placed.
    pub sessions: u32,
}

/// Whether all open tasks have a place until the deadline.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fit {
    /// Whether every minute has a place.
    pub fits: bool,
    /// Minutes without one.
    pub minutes_short: u64,
    /// The first task that lacks minutes.
    pub first_missing: Option<Uuid>,
    /// The fewest weekly hours, up to 80, with which everything would have a place; null when it has one, and when the
    /// availability is too small whatever the hours.
    pub weekly_hours_needed: Option<u32>,
}

/// How far behind the learner is, what can be done, and what was.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reschedule {
    /// The plan.
    pub plan_id: Uuid,
    /// The plan's version now.
    pub plan_version: i32,
    /// The option that was taken; null: none was asked for.
    #[schema(schema_with = taken)]
    pub applied: Option<String>,
    /// Whether that changed anything.
    pub changed: bool,
    /// The revision that keeps the plan as it was before tasks were dropped.
    pub revision: Option<u32>,
    /// Sessions that are past while their tasks are not done.
    pub behind: Behind,
    /// Whether there is anything to do: something is behind, or the plan does not fit.
    pub needed: bool,
    /// Shift, compress and drop, as they were open before one was taken.
    pub options: Vec<CatchUpOption>,
}

/// Sessions that are past while their tasks are not done.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Behind {
    /// Their minutes.
    pub minutes: u64,
    /// Tasks they are for.
    pub tasks: u32,
    /// When the first of them began.
    pub since: Option<DateTime<Utc>>,
}

/// A way to catch up, and what the plan would be.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CatchUpOption {
    /// Which one.
    #[schema(schema_with = catch_up_kind)]
    pub kind: String,
    /// Whether it can be taken.
    pub possible: bool,
    /// What is in the way.
    #[schema(schema_with = obstacle)]
    pub obstacle: Option<String>,
    /// The day of the last session.
    pub end_date: Option<NaiveDate>,
    /// The last day.
    pub deadline_date: Option<NaiveDate>,
    /// Hours a week.
    pub weekly_hours: u32,
    /// Tasks that stay and get other times, in plan order.
    pub moved_tasks: Vec<Uuid>,
    /// Tasks that go, in plan order.
    pub dropped_tasks: Vec<Uuid>,
}

impl From<ScheduleView> for Schedule {
    fn from(view: ScheduleView) -> Self {
        let domain::Schedule { timezone, start, end, weeks, totals, fit } = view.schedule;
        Self {
            plan_id: view.plan_id.0,
            inputs_hash: view.inputs_hash,
            times_of: view.times_of.to_string(),
            availability: AvailabilityBody::from(&view.availability),
            timezone,
            start,
            end,
            weeks: weeks.into_iter().map(week).collect(),
            totals: ScheduleTotals {
                tasks: totals.tasks,
                minutes: totals.minutes,
                minutes_placed: totals.minutes_placed,
                sessions: totals.sessions,
            },
            fit: Fit {
                fits: fit.fits,
                minutes_short: fit.minutes_short,
                first_missing: fit.first_missing.map(|id| id.0),
                weekly_hours_needed: fit.weekly_hours_needed,
            },
        }
    }
}

fn week(week: domain::Week) -> ScheduleWeek {
    let day = |day: domain::Day| ScheduleDay {
        date: day.date,
        minutes: day.minutes,
        sessions: day.sessions.iter().map(session).collect(),
    };
    let days = week.days.into_iter().map(day).collect();
    ScheduleWeek { number: week.number, start: week.start, end: week.end, minutes: week.minutes, days }
}

fn session(session: &domain::Session) -> ScheduleSession {
    ScheduleSession {
        task_id: session.task_id.0,
        part: session.part,
        parts: session.parts,
        start_local: session.start_local,
        end_local: session.end_local,
        start: session.start,
        end: session.end,
        minutes: session.minutes,
    }
}

impl From<CatchUpOffer> for Reschedule {
    fn from(offer: CatchUpOffer) -> Self {
        Self::told(offer.plan_id.0, offer.tag.version, offer.catch_up)
    }
}

impl From<Rescheduled> for Reschedule {
    fn from(done: Rescheduled) -> Self {
        let applied = Some(done.kind.to_string());
        let told = Self::told(done.plan_id.0, done.version, done.catch_up);
        Self { applied, changed: done.changed, revision: done.revision, ..told }
    }
}

impl Reschedule {
    fn told(plan_id: Uuid, plan_version: i32, catch_up: CatchUp) -> Self {
        let domain::Behind { minutes, tasks, since } = catch_up.behind;
        Self {
            plan_id,
            plan_version,
            applied: None,
            changed: false,
            revision: None,
            behind: Behind { minutes, tasks, since },
            needed: catch_up.needed,
            options: catch_up.options.into_iter().map(CatchUpOption::from).collect(),
        }
    }
}

impl From<domain::CatchUpOption> for CatchUpOption {
    fn from(option: domain::CatchUpOption) -> Self {
        let ids = |ids: Vec<TaskId>| ids.into_iter().map(|id| id.0).collect();
        Self {
            kind: option.kind.to_string(),
            possible: option.obstacle.is_none(),
            obstacle: option.obstacle.map(|obstacle| obstacle.to_string()),
            end_date: option.end_date,
            deadline_date: option.deadline_date,
            weekly_hours: option.weekly_hours,
            moved_tasks: ids(option.moved_tasks),
            dropped_tasks: ids(option.dropped_tasks),
        }
    }
}

pub fn times(mut body: Members) -> Result<Times, ApiError> {
    let timezone = body.optional("timezone", text(timezone));
    let sessions = body.nullable_object("availability", availability);
    if sessions.is_none() && !body.errors.0.iter().any(|error| error.field.starts_with("availability")) {
        body.errors.push("availability", "is required; null stands for the preferences");
    }
    body.refuse_unknown();
    body.finish(sessions.map(|availability| Times { timezone, availability }))
}

pub fn choice(mut body: Members) -> Result<Option<CatchUpKind>, ApiError> {
    let apply = body.optional("apply", one_of(&["shift", "compress", "drop"]));
    body.refuse_unknown();
    body.finish(Some(apply))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn members(body: &Value) -> Members {
        Members::new(body.as_object().unwrap().clone())
    }

    fn offences<T>(read: Result<T, ApiError>) -> Vec<String> {
        let problem = read.err().expect("a refusal").problem(&crate::error::Place::default());
        problem.errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn times_need_an_availability_which_may_be_null_as_the_zone_may() {
        let read = times(members(&json!({ "timezone": "Asia/Tokyo", "availability": null }))).unwrap();
        assert_eq!((read.timezone, read.availability), (timezone("Asia/Tokyo").ok(), None));
        for none in [json!({ "availability": null }), json!({ "timezone": null, "availability": null })] {
            assert_eq!(times(members(&none)).unwrap(), Times::default());
        }
        assert_eq!(offences(times(members(&json!({})))), ["availability"]);
        let bad = json!({ "timezone": "Mars", "availability": { "sessions": [{ "weekday": "monday" }] }, "start": 1 });
        let fields = offences(times(members(&bad)));
        assert!(fields.contains(&"timezone".to_owned()) && fields.contains(&"start".to_owned()), "{fields:?}");
        assert!(fields.iter().any(|field| field.starts_with("availability.sessions[0]")), "{fields:?}");
    }

    #[test]
    fn no_choice_is_a_question_and_an_unknown_one_is_refused() {
        assert_eq!(choice(members(&json!({}))).unwrap(), None);
        assert_eq!(choice(members(&json!({ "apply": "drop" }))).unwrap(), Some(CatchUpKind::Drop));
        assert_eq!(offences(choice(members(&json!({ "apply": "cram" })))), ["apply"]);
    }
}
