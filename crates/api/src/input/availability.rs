//! When a learner has time, in a request's body: the same form for a person and for a plan.

use super::{Members, date, one_of, text, whole};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waymark_domain::schedules::{Availability, TimeOfDay, Weekday, WeeklySession};

const WEEKDAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// When a learner has time.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Availability)]
pub struct AvailabilityBody {
    /// Sessions that come back every week, at most 28; those of one day do not overlap. None: three a week, on days 0, 2
    /// and 4 from the plan's first day, at 09:00.
    #[schema(max_items = 28)]
    pub sessions: Vec<WeeklySessionBody>,
    /// Days without sessions, at most 366.
    #[schema(max_items = 366)]
    pub blackout_dates: Vec<NaiveDate>,
}

/// A session that comes back every week, in local time.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WeeklySession)]
pub struct WeeklySessionBody {
    /// Its day.
    #[schema(schema_with = crate::openapi::enums::weekday)]
    pub weekday: String,
    /// When it begins, `HH:MM`.
    #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub start: String,
    /// How long it lasts; it ends by midnight.
    #[schema(minimum = 15, maximum = 720)]
    pub minutes: u32,
}

impl From<&Availability> for AvailabilityBody {
    fn from(availability: &Availability) -> Self {
        let sessions = availability.sessions().iter().map(|session| WeeklySessionBody {
            weekday: session.weekday.to_string(),
            start: session.start.into(),
            minutes: session.minutes,
        });
        Self { sessions: sessions.collect(), blackout_dates: availability.blackout_dates().collect() }
    }
}

/// Reads the members `sessions` and `blackoutDates`; either may be missing.
pub fn availability(body: &mut Members) -> Option<Availability> {
    let sessions = body.each("sessions", (0, Availability::MAX_SESSIONS), session)?;
    let dates = body.list("blackoutDates", Availability::MAX_BLACKOUT_DATES, date)?;
    let checked = Availability::new(sessions, dates);
    checked.map_err(|mut errors| body.errors.0.append(&mut errors.0)).ok()
}

fn session(one: &mut Members) -> Option<WeeklySession> {
    let weekday = one.required("weekday", one_of::<Weekday>(WEEKDAYS));
    let start = one.required("start", text(TimeOfDay::parse));
    let minutes =
        one.required("minutes", whole(|minutes| u32::try_from(minutes).map_err(|_| "must be from 15 to 720")));
    let ((weekday, start), minutes) = weekday.zip(start).zip(minutes)?;
    Some(WeeklySession { weekday, start, minutes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(body: &Value) -> Result<Availability, Vec<String>> {
        let mut members = Members::new(body.as_object().unwrap().clone());
        let read = availability(&mut members);
        read.ok_or_else(|| members.errors.0.into_iter().map(|error| error.field).collect())
    }

    #[test]
    fn availability_is_read_and_shown_in_one_form() {
        let body = json!({
            "sessions": [{ "weekday": "friday", "start": "19:00", "minutes": 90 },
                         { "weekday": "monday", "start": "09:00", "minutes": 60 }],
            "blackoutDates": ["2026-12-24"]
        });
        let shown = json!(AvailabilityBody::from(&read(&body).unwrap()));
        assert_eq!((&shown["sessions"][1], &shown["blackoutDates"]), (&body["sessions"][0], &body["blackoutDates"]));
        assert_eq!(read(&json!({})), Ok(Availability::default()));
    }

    #[test]
    fn every_offence_has_its_place() {
        let session = |weekday: &str, start: &str, minutes: i64| json!({ "weekday": weekday, "start": start, "minutes": minutes });
        let bad = json!({ "sessions": [session("someday", "9:00", 60), session("monday", "09:00", -1)] });
        assert_eq!(
            read(&bad),
            Err(vec!["sessions[0].weekday".into(), "sessions[0].start".into(), "sessions[1].minutes".into()])
        );
        let bad = json!({ "sessions": [session("monday", "09:00", 60), session("monday", "09:30", 60)] });
        assert_eq!(read(&bad), Err(vec!["sessions[1].start".into()]));
        let bad = json!({ "blackoutDates": ["2026-02-29", 3] });
        assert_eq!(read(&bad), Err(vec!["blackoutDates[0]".into(), "blackoutDates[1]".into()]));
        assert_eq!(read(&json!({ "sessions": {} })), Err(vec!["sessions".into()]));
    }
}
