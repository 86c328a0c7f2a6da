//! When a learner has time: sessions by weekday, and days on which there are none. Stored as JSON with a user and with a
//! plan, and given by clients in the same form.

use crate::validation::FieldErrors;
use chrono::{Datelike, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

closed_enum! {
    /// A day of the week.
    Weekday {
        Monday = "monday", Tuesday = "tuesday", Wednesday = "wednesday", Thursday = "thursday", Friday = "friday",
        Saturday = "saturday", Sunday = "sunday"
    }
}

impl Weekday {
    /// The weekday of a date.
    pub fn of(date: NaiveDate) -> Self {
        match date.weekday() {
            chrono::Weekday::Mon => Self::Monday,
            chrono::Weekday::Tue => Self::Tuesday,
            chrono::Weekday::Wed => Self::Wednesday,
            chrono::Weekday::Thu => Self::Thursday,
            chrono::Weekday::Fri => Self::Friday,
            chrono::Weekday::Sat => Self::Saturday,
            chrono::Weekday::Sun => Self::Sunday,
        }
    }
}

/// A time of the day in whole minutes, written `HH:MM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(u32);

/// A text that is no time of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a time of the day, written HH:MM")]
pub struct TimeOfDayError;

impl TimeOfDay {
    /// Reads `HH:MM`, in exactly this form.
    ///
    /// # Errors
    /// Anything else, also `24:00`.
    pub fn parse(text: &str) -> Result<Self, TimeOfDayError> {
        let digit = |byte: u8| char::from(byte).to_digit(10).ok_or(TimeOfDayError);
        let &[ten_hours, hours, b':', ten_minutes, minutes] = text.as_bytes() else { return Err(TimeOfDayError) };
        let (hours, minutes) = (digit(ten_hours)? * 10 + digit(hours)?, digit(ten_minutes)? * 10 + digit(minutes)?);
        if hours < 24 && minutes < 60 { Ok(Self(hours * 60 + minutes)) } else { Err(TimeOfDayError) }
    }

    /// Minutes since midnight, 0 to 1439.
    pub const fn minutes(self) -> u32 {
        self.0
    }

    /// The time on the clock.
    pub fn time(self) -> NaiveTime {
        NaiveTime::from_num_seconds_from_midnight_opt(self.0 * 60, 0).unwrap_or(NaiveTime::MIN)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = TimeOfDayError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        format!("{:02}:{:02}", time.0 / 60, time.0 % 60)
    }
}

/// A session that comes back every week, in local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WeeklySession {
    /// Its day.
    pub weekday: Weekday,
    /// When it begins.
    pub start: TimeOfDay,
    /// How long it lasts, in minutes.
    pub minutes: u32,
}

/// When a learner has time. Without sessions the default pattern holds: three a week, on days 0, 2 and 4 from the plan's
/// first day, at 09:00.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Stored", rename_all = "camelCase")]
pub struct Availability {
    sessions: Vec<WeeklySession>,
    blackout_dates: BTreeSet<NaiveDate>,
}

/// Availability as JSON holds it, unchecked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stored {
    #[serde(default)]
    sessions: Vec<WeeklySession>,
    #[serde(default)]
    blackout_dates: Vec<NaiveDate>,
}

impl TryFrom<Stored> for Availability {
    type Error = String;
    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        let offences = |errors: FieldErrors| {
            let each = errors.0.iter().map(|error| format!("{} {}", error.field, error.message));
            each.collect::<Vec<_>>().join("; ")
        };
        Self::new(stored.sessions, stored.blackout_dates).map_err(offences)
    }
}

impl Availability {
    /// Most sessions a week.
    pub const MAX_SESSIONS: usize = 28;
    /// Most blackout dates.
    pub const MAX_BLACKOUT_DATES: usize = 366;
    /// Fewest minutes of a session: the shortest part of a task.
    pub const MIN_MINUTES: u32 = super::SHORTEST_PART;
    /// Most minutes of a session.
    pub const MAX_MINUTES: u32 = 720;

    /// Checks sessions and blackout dates; the sessions come out in the order of the week, the dates in theirs, once each.
    ///
    /// # Errors
    /// Every offence, with the member's place: too many; minutes out of bounds; a session that passes midnight, or begins
    /// before another of its weekday is over.
    pub fn new(sessions: Vec<WeeklySession>, blackout_dates: Vec<NaiveDate>) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        if sessions.len() > Self::MAX_SESSIONS {
            errors.push("sessions", format!("must have at most {}, has {}", Self::MAX_SESSIONS, sessions.len()));
        }
        if blackout_dates.len() > Self::MAX_BLACKOUT_DATES {
            let message = format!("must have at most {}, has {}", Self::MAX_BLACKOUT_DATES, blackout_dates.len());
            errors.push("blackoutDates", message);
        }
        for (place, session) in sessions.iter().enumerate() {
            check_minutes(&mut errors, place, session);
        }
        check_overlaps(&mut errors, &sessions);
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut sessions = sessions;
        sessions.sort_unstable();
        Ok(Self { sessions, blackout_dates: blackout_dates.into_iter().collect() })
    }

    /// The sessions of a week, in its order from Monday; none means the default pattern.
    pub fn sessions(&self) -> &[WeeklySession] {
        &self.sessions
    }

    /// The days without sessions, in order.
    pub fn blackout_dates(&self) -> impl Iterator<Item = NaiveDate> {
        self.blackout_dates.iter().copied()
    }

    /// Whether a date has no sessions, whatever its weekday.
    pub fn blacked_out(&self, date: NaiveDate) -> bool {
        self.blackout_dates.contains(&date)
    }
}

fn check_minutes(errors: &mut FieldErrors, place: usize, session: &WeeklySession) {
    let (least, most) = (Availability::MIN_MINUTES, Availability::MAX_MINUTES);
    if !(least..=most).contains(&session.minutes) {
        let message = format!("must be a whole number from {least} to {most}, is {}", session.minutes);
        errors.push(format!("sessions[{place}].minutes"), message);
    } else if session.start.minutes() + session.minutes > 24 * 60 {
        errors.push(format!("sessions[{place}].minutes"), "must end the session by midnight");
    }
}

fn check_overlaps(errors: &mut FieldErrors, sessions: &[WeeklySession]) {
    let mut in_order: Vec<(usize, &WeeklySession)> = sessions.iter().enumerate().collect();
    in_order.sort_by_key(|(place, session)| (session.weekday, session.start, *place));
    let mut over: Option<(Weekday, u32)> = None;
    for (place, session) in in_order {
        let start = session.start.minutes();
        let before = over.filter(|(weekday, _)| *weekday == session.weekday).map_or(0, |(_, end)| end);
        if start < before {
            errors.push(format!("sessions[{place}].start"), "must not lie in another session of that day");
        }
        over = Some((session.weekday, before.max(start.saturating_add(session.minutes))));
    }
}

#[cfg(test)]
mod tests;
