//! The scheduler: a layout told in weeks and days, and whether it fits.

use super::layout::{Layout, Placed, lay_out};
use super::slots::{Pattern, days};
use super::{Day, Fit, Inputs, Schedule, Session, Totals, Week, clock};
use crate::plans::WeeklyHours;
use chrono::{Days, NaiveDate};

/// Lays the open tasks into the learner's weeks.
///
/// In order, begun ones first; cut where a session ends, no part shorter than [`super::SHORTEST_PART`]; never before the
/// start, on a blackout date, outside the availability or past midnight; never more than the weekly hours in seven days
/// from the start. What finds no place is reported. The cost is linear in tasks and sessions.
pub fn schedule(inputs: &Inputs) -> Schedule {
    let layout = lay_out(inputs, inputs.weekly_hours);
    let fit = Fit {
        fits: layout.fits(),
        minutes_short: layout.short,
        first_missing: layout.first_missing,
        weekly_hours_needed: if layout.fits() { None } else { hours_needed(inputs) },
    };
    told(inputs, &layout, fit)
}

/// The fewest whole hours above the inputs' own with which everything has a place.
pub fn hours_needed(inputs: &Inputs) -> Option<u32> {
    let most = u32::from(WeeklyHours::MAX);
    // More hours than the sessions of a week have change nothing.
    let useful = Pattern::of(&inputs.availability, inputs.start, most).week().div_ceil(60).min(most);
    let least = u64::from(inputs.weekly_hours.saturating_add(1)).max(hours_at_least(inputs));
    let least = u32::try_from(least).unwrap_or(u32::MAX);
    (least..=useful).find(|hours| lay_out(inputs, *hours).fits())
}

/// Hours with less than which the minutes cannot fit, whatever the sessions.
fn hours_at_least(inputs: &Inputs) -> u64 {
    let (first, last) = days(inputs);
    let weeks = u64::try_from((last - first).num_days()).unwrap_or(0) / 7 + 2;
    let minutes: u64 = inputs.tasks.iter().map(|task| u64::from(task.minutes)).sum();
    minutes.div_ceil(60 * weeks)
}

fn told(inputs: &Inputs, layout: &Layout, fit: Fit) -> Schedule {
    let mut weeks: Vec<Week> = Vec::new();
    let parts = layout.placed.chunk_by(|one, other| one.task == other.task);
    for (placed, parts) in parts.flat_map(|parts| parts.iter().map(move |placed| (placed, parts.len()))) {
        if weeks.last().is_none_or(|week| week.number != placed.week + 1) {
            weeks.push(week(inputs.start, placed.week));
        }
        let Some(week) = weeks.last_mut() else { continue };
        if week.days.last().is_none_or(|day| day.date != placed.date) {
            week.days.push(Day { date: placed.date, minutes: 0, sessions: Vec::new() });
        }
        let Some(day) = week.days.last_mut() else { continue };
        day.sessions.push(session(inputs, placed, count(parts)));
        day.minutes += placed.minutes;
        week.minutes += placed.minutes;
    }
    let timezone = inputs.timezone.name().to_owned();
    Schedule { timezone, start: inputs.start, end: layout.end(), weeks, totals: totals(inputs, layout), fit }
}

fn week(first_day: NaiveDate, number: u32) -> Week {
    let start = first_day.checked_add_days(Days::new(u64::from(number) * 7)).unwrap_or(NaiveDate::MAX);
    let end = start.checked_add_days(Days::new(6)).unwrap_or(NaiveDate::MAX);
    Week { number: number + 1, start, end, minutes: 0, days: Vec::new() }
}

fn session(inputs: &Inputs, placed: &Placed, parts: u32) -> Session {
    let (start, end) = (placed.start, placed.end());
    Session {
        task_id: placed.task,
        part: placed.part,
        parts,
        start_local: clock::local(inputs.timezone, start),
        end_local: clock::local(inputs.timezone, end),
        start,
        end,
        minutes: placed.minutes,
    }
}

fn totals(inputs: &Inputs, layout: &Layout) -> Totals {
    let minutes: u64 = inputs.tasks.iter().map(|task| u64::from(task.minutes)).sum();
    Totals {
        tasks: count(inputs.tasks.len()),
        minutes,
        minutes_placed: minutes - layout.short,
        sessions: count(layout.placed.len()),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
