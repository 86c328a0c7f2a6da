//! A plan's first day and deadline.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::Serialize;

/// A plan without a deadline lasts two weeks.
pub const DEFAULT_PLAN_DAYS: i64 = 14;
/// A deadline lies within a year (a leap year's days) of today.
pub const LONGEST_AHEAD_DAYS: i64 = 366;

/// First day and deadline, both inclusive, `start <= deadline`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PlanDates {
    start: NaiveDate,
    deadline: NaiveDate,
}

/// Why dates were refused; each names its member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DateRuleError {
    /// The first day is over everywhere on Earth.
    #[error("must not be in the past (today is {today})")]
    StartInPast {
        /// The earliest date that still is today somewhere.
        today: NaiveDate,
    },
    /// The deadline is over everywhere on Earth.
    #[error("must not be in the past (today is {today})")]
    DeadlineInPast {
        /// The earliest date that still is today somewhere.
        today: NaiveDate,
    },
    /// The deadline lies before the first day.
    #[error("must not be before the start date {start}")]
    DeadlineBeforeStart {
        /// The first day.
        start: NaiveDate,
    },
    /// The deadline lies more than a year ahead.
    #[error("must be within a year, at the latest {latest}")]
    DeadlineTooFar {
        /// The last day allowed.
        latest: NaiveDate,
    },
}

impl DateRuleError {
    /// The request member at fault.
    pub const fn field(self) -> &'static str {
        match self {
            Self::StartInPast { .. } => "startDate",
            Self::DeadlineInPast { .. } | Self::DeadlineBeforeStart { .. } | Self::DeadlineTooFar { .. } => {
                "deadlineDate"
            }
        }
    }
}

impl PlanDates {
    /// Checks dates against now and fills in what is missing: the start is today (UTC), the deadline two weeks later.
    ///
    /// A date is in the past when it is over in every time zone, so a learner west of Greenwich may start today;
    /// a year ahead counts from where the date is furthest, so one east of it may plan a whole year.
    ///
    /// # Errors
    /// Every rule broken, at once.
    pub fn parse(
        start: Option<NaiveDate>,
        deadline: Option<NaiveDate>,
        now: DateTime<Utc>,
    ) -> Result<Self, Vec<DateRuleError>> {
        let mut broken = Vec::new();
        let (today, latest) = (earliest_today(now), latest_deadline(now));
        let first = start.unwrap_or_else(|| now.date_naive());
        if first < today {
            broken.push(DateRuleError::StartInPast { today });
        }
        let last = deadline.unwrap_or_else(|| default_deadline(first));
        if last < first {
            broken.push(DateRuleError::DeadlineBeforeStart { start: first });
        }
        if last > latest {
            broken.push(DateRuleError::DeadlineTooFar { latest });
        }
        if broken.is_empty() { Ok(Self { start: first, deadline: last }) } else { Err(broken) }
    }

    /// The dates of a stored plan with `start` or `deadline` put in their place, for a new generation of it.
    ///
    /// Time passes over a stored plan, so its dates stay legal as long as nobody touches them. What is given anew obeys
    /// the rules of [`PlanDates::parse`], and then the pair does too: in order, and the deadline within a year. A date
    /// that was never stored is filled in as for a new plan.
    ///
    /// # Errors
    /// The first rule broken.
    pub fn overridden(
        start: Option<NaiveDate>,
        deadline: Option<NaiveDate>,
        stored_start: Option<NaiveDate>,
        stored_deadline: Option<NaiveDate>,
        now: DateTime<Utc>,
    ) -> Result<Self, DateRuleError> {
        let (today, latest) = (earliest_today(now), latest_deadline(now));
        let first = start.or(stored_start).unwrap_or_else(|| now.date_naive());
        let last = deadline.or(stored_deadline).unwrap_or_else(|| default_deadline(first));
        if start.is_some_and(|start| start < today) {
            return Err(DateRuleError::StartInPast { today });
        }
        if deadline.is_some_and(|deadline| deadline < today) {
            return Err(DateRuleError::DeadlineInPast { today });
        }
        if (start.is_some() || deadline.is_some()) && last > latest {
            return Err(DateRuleError::DeadlineTooFar { latest });
        }
        Self::stored(first, last).ok_or(DateRuleError::DeadlineBeforeStart { start: first })
    }

    /// Dates as they were stored, however long ago; none when they are out of order.
    pub fn stored(start: NaiveDate, deadline: NaiveDate) -> Option<Self> {
        (start <= deadline).then_some(Self { start, deadline })
    }

    /// The first day.
    pub const fn start(&self) -> NaiveDate {
        self.start
    }

    /// The last day.
    pub const fn deadline(&self) -> NaiveDate {
        self.deadline
    }

    /// Days between first day and deadline (at least one: a plan for today has today).
    pub fn days(&self) -> u32 {
        u32::try_from((self.deadline - self.start).num_days()).unwrap_or(0).max(1)
    }

    /// Whole weeks the plan reaches into, as the tier's longest plan counts them.
    pub fn weeks(&self) -> u32 {
        self.days().div_ceil(7)
    }
}

/// The earliest date that still is today somewhere.
fn earliest_today(now: DateTime<Utc>) -> NaiveDate {
    now.checked_sub_signed(Duration::hours(12)).unwrap_or(DateTime::<Utc>::MIN_UTC).date_naive()
}

/// The last deadline allowed: a year after the latest date that already is today somewhere.
fn latest_deadline(now: DateTime<Utc>) -> NaiveDate {
    let furthest = now.checked_add_signed(Duration::hours(14)).unwrap_or(DateTime::<Utc>::MAX_UTC).date_naive();
    furthest.checked_add_signed(Duration::days(LONGEST_AHEAD_DAYS)).unwrap_or(NaiveDate::MAX)
}

fn default_deadline(start: NaiveDate) -> NaiveDate {
    start.checked_add_signed(Duration::days(DEFAULT_PLAN_DAYS)).unwrap_or(NaiveDate::MAX)
}

#[cfg(test)]
mod tests;
