//! The usage month: a calendar month in UTC, written `YYYY-MM`.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};

/// A calendar month in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsageMonth {
    year: i32,
    month: u32,
}

/// A text that is not `YYYY-MM`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a usage month is written YYYY-MM, not {0:?}")]
pub struct UsageMonthError(String);

impl UsageMonth {
    /// The month of an instant.
    pub fn of(instant: DateTime<Utc>) -> Self {
        Self { year: instant.year(), month: instant.month() }
    }

    /// When the next month begins and counters start from zero.
    pub fn resets_at(self) -> DateTime<Utc> {
        let (year, month) = if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(NaiveDate::MAX).and_time(NaiveTime::MIN).and_utc()
    }
}

impl std::fmt::Display for UsageMonth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl std::str::FromStr for UsageMonth {
    type Err = UsageMonthError;

    fn from_str(text: &str) -> Result<Self, UsageMonthError> {
        let wrong = || UsageMonthError(text.to_owned());
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        if year.len() != 4 || month.len() != 2 || !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            return Err(wrong());
        }
        let (year, month) = (year.parse().map_err(|_| wrong())?, month.parse().map_err(|_| wrong())?);
        if !(1..=12).contains(&month) {
            return Err(wrong());
        }
        Ok(Self { year, month })
    }
}

#[cfg(test)]
mod tests;
