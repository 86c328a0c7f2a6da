//! From what is stored to what a schedule is computed from: whose times count, which tasks are open, and which completed
//! ones still hold their places.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use waymark_domain::plans::ProgressStatus;
use waymark_domain::schedules::{Availability, Inputs, OpenTask};
use waymark_persistence::{ScheduleSource, SourceTask};

/// Whose availability a plan is laid into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimesOf {
    /// The plan's own.
    Plan,
    /// The learner's preferences.
    Account,
    /// Nobody said: three sessions a week.
    Default,
}

impl TimesOf {
    /// Every value.
    pub const ALL: &'static [Self] = &[Self::Plan, Self::Account, Self::Default];

    /// The spelling in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Account => "account",
            Self::Default => "default",
        }
    }
}

impl std::fmt::Display for TimesOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The times in force. The plan's own availability wins over the learner's, and that over the default; and so does its own
/// zone over the learner's, and that over UTC.
pub fn in_force(source: &ScheduleSource) -> (TimesOf, Tz, Availability) {
    let timezone = source.own.timezone.or(source.learners.timezone).unwrap_or(Tz::UTC);
    match (&source.own.availability, &source.learners.availability) {
        (Some(availability), _) => (TimesOf::Plan, timezone, availability.clone()),
        (None, Some(availability)) => (TimesOf::Account, timezone, availability.clone()),
        (None, None) => (TimesOf::Default, timezone, Availability::default()),
    }
}

/// The inputs of a plan's schedule; a `zone` that is given takes the place of the one in force.
pub fn inputs(source: &ScheduleSource, zone: Option<Tz>) -> Inputs {
    let (_, timezone, availability) = in_force(source);
    let timezone = zone.unwrap_or(timezone);
    let tasks = source.tasks.iter();
    let open = tasks.clone().filter(|task| task.status != ProgressStatus::Completed);
    let completed = tasks.filter(|task| holds_its_place(source, timezone, task));
    Inputs {
        tasks: open.map(open_task).collect(),
        completed: completed.map(|task| task.minutes).collect(),
        start: source.start,
        deadline: source.deadline,
        weekly_hours: source.weekly_hours,
        availability,
        timezone,
        not_before: source.rescheduled_at,
    }
}

fn open_task(task: &SourceTask) -> OpenTask {
    OpenTask { id: task.id, minutes: task.minutes, in_progress: task.status == ProgressStatus::InProgress }
}

/// What was completed before the first day, or before the plan was laid out anew, took none of the time since. That goes
/// for the very microsecond too: the plan is laid out of what is open then.
fn holds_its_place(source: &ScheduleSource, zone: Tz, task: &SourceTask) -> bool {
    let Some(at) = task.completed_at.filter(|_| task.status == ProgressStatus::Completed) else { return false };
    at.with_timezone(&zone).date_naive() >= source.start
        && source.rescheduled_at.is_none_or(|rescheduled| at > rescheduled)
}

/// SHA-256 of the inputs in hex.
pub fn hash(inputs: &Inputs) -> String {
    hex::encode(Sha256::digest(inputs.canonical()))
}

#[cfg(test)]
mod tests;
