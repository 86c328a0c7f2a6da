//! A plan laid into weeks, days and sessions, as clients see it and as it is stored.

use crate::ids::TaskId;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

/// The result of [`super::schedule`]. The same inputs give the same bytes of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// IANA name of the zone of the local times.
    pub timezone: String,
    /// The plan's first day; weeks count from here.
    pub start: NaiveDate,
    /// The day of the last session; none when nothing is placed.
    pub end: Option<NaiveDate>,
    /// Weeks with sessions, in order.
    pub weeks: Vec<Week>,
    /// Sums.
    pub totals: Totals,
    /// Whether everything found a place.
    pub fit: Fit,
}

/// Seven days from the plan's first day, or from a multiple of seven days after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Week {
    /// From 1: the week of the first day.
    pub number: u32,
    /// Its first day.
    pub start: NaiveDate,
    /// Its last day.
    pub end: NaiveDate,
    /// Minutes placed.
    pub minutes: u32,
    /// Days with sessions, in order.
    pub days: Vec<Day>,
}

/// A day with sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Day {
    /// The local date.
    pub date: NaiveDate,
    /// Minutes placed.
    pub minutes: u32,
    /// Its sessions, in order.
    pub sessions: Vec<Session>,
}

/// Time for a task, or for a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The task.
    pub task_id: TaskId,
    /// Which part of the task, from 1.
    pub part: u32,
    /// How many parts have a place.
    pub parts: u32,
    /// When it begins on the learner's clock.
    pub start_local: NaiveDateTime,
    /// When it ends on the learner's clock.
    pub end_local: NaiveDateTime,
    /// When it begins.
    pub start: DateTime<Utc>,
    /// When it ends: `minutes` after the start, whatever the clock did between.
    pub end: DateTime<Utc>,
    /// How long it lasts.
    pub minutes: u32,
}

/// Sums of a schedule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fit {
    /// Whether every minute has a place.
    pub fits: bool,
    /// Minutes without one.
    pub minutes_short: u64,
    /// The first task, in the order they are placed, that lacks minutes.
    pub first_missing: Option<TaskId>,
    /// The fewest whole weekly hours, up to 80, with which everything would have a place. None when it has one, and when
    /// the availability leaves too little time whatever the hours.
    pub weekly_hours_needed: Option<u32>,
}

impl Schedule {
    /// Every session, in order.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.weeks.iter().flat_map(|week| &week.days).flat_map(|day| &day.sessions)
    }
}
