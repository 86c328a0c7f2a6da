//! Everything a schedule depends on, and its bytes for the hash that keys a stored one.

use super::Availability;
use crate::ids::TaskId;
use chrono::{DateTime, NaiveDate, Utc};
use std::fmt::Write;

/// Grows when the rules of the layout change, so that schedules stored before are computed again.
const RULES: u32 = 1;

/// Everything a schedule depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Open tasks in plan order; completed ones are left out.
    pub tasks: Vec<OpenTask>,
    /// Minutes of the tasks completed since the plan's start (or since `not_before`), in plan order. They hold the places
    /// they had, ahead of the open tasks; so completing what was next moves nothing, and who did half of the plan in half
    /// of the time is not behind.
    pub completed: Vec<u32>,
    /// The first day.
    pub start: NaiveDate,
    /// The last day; none: as long as it takes, up to five years.
    pub deadline: Option<NaiveDate>,
    /// Most hours a week.
    pub weekly_hours: u32,
    /// When the learner has time.
    pub availability: Availability,
    /// The zone of the availability's times and of all dates.
    pub timezone: chrono_tz::Tz,
    /// Sessions that begin before this moment are over; set when a plan was rescheduled.
    pub not_before: Option<DateTime<Utc>>,
}

/// A task that is still to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpenTask {
    /// The task.
    pub id: TaskId,
    /// How long it takes; a task of no minutes needs no session and gets none.
    pub minutes: u32,
    /// Begun tasks come first.
    pub in_progress: bool,
}

impl Inputs {
    /// The inputs as bytes: equal for equal inputs, different for different ones, on every machine. The version of the
    /// time zones is part of them, because a country that changes its clocks changes the sessions.
    pub fn canonical(&self) -> Vec<u8> {
        let mut text = String::with_capacity(64 * (self.tasks.len() + 8));
        // Writing to a String cannot fail.
        let _ = self.write(&mut text);
        text.into_bytes()
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "rules {RULES} zones {}", chrono_tz::IANA_TZDB_VERSION)?;
        writeln!(text, "zone {} start {} hours {}", self.timezone.name(), self.start, self.weekly_hours)?;
        if let Some(deadline) = self.deadline {
            writeln!(text, "deadline {deadline}")?;
        }
        if let Some(moment) = self.not_before {
            writeln!(text, "from {}", moment.to_rfc3339())?;
        }
        for session in self.availability.sessions() {
            writeln!(text, "session {} {} {}", session.weekday, session.start.minutes(), session.minutes)?;
        }
        for date in self.availability.blackout_dates() {
            writeln!(text, "blackout {date}")?;
        }
        for minutes in &self.completed {
            writeln!(text, "completed {minutes}")?;
        }
        for task in &self.tasks {
            writeln!(text, "task {} {} {}", task.id, task.minutes, u8::from(task.in_progress))?;
        }
        Ok(())
    }
}
