//! A plan on a calendar: which task when, in the learner's own weeks, and what to do when they are behind. Pure: the same
//! inputs give the same schedule, whatever machine computes it and when. Source: docs/API.md, "Schedules".

mod availability;
mod calendar;
mod catch_up;
mod clock;
mod inputs;
mod layout;
mod parts;
#[cfg(test)]
mod samples;
mod scheduler;
mod slots;

pub use availability::{Availability, TimeOfDay, TimeOfDayError, Weekday, WeeklySession};
pub use calendar::{Day, Fit, Schedule, Session, Totals, Week};
pub use catch_up::{Behind, CatchUp, CatchUpKind, CatchUpOption, Obstacle, catch_up, moment};
pub use inputs::{Inputs, OpenTask};
pub use scheduler::schedule;

/// Fewest minutes of a part of a task that is split; a shorter task is one part of its own length.
pub const SHORTEST_PART: u32 = 15;
/// Most days of calendar that are looked through: five years with their leap days.
pub const LONGEST_DAYS: u64 = 1827;

/// A time zone by its IANA name.
///
/// # Errors
/// A sentence for the learner when there is no such zone.
pub fn timezone(name: &str) -> Result<chrono_tz::Tz, &'static str> {
    name.parse().map_err(|_| "must be an IANA time zone, such as Europe/Berlin")
}
