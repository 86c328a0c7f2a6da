//! How often to sweep, and what is kept how long. The setting `RETENTION` sets single times anew:
//! `events=14,failedJobs=90`, in days.

use std::time::Duration;
use waymark_persistence::Expirable;

/// The longest time that may be asked for, in days.
const LONGEST: u32 = 3_650;

/// How often to sweep, and how long to keep what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweeperSettings {
    /// Between two rounds.
    pub every: Duration,
    /// Between two rounds of the cost clerk, which also is how soon a process's first sweep comes.
    pub clerk_every: Duration,
    /// Rows of a transaction.
    pub batch: u32,
    /// Transactions a round may take for one kind of rows.
    pub batches: u32,
    /// How much longer a reservation lasts whose job still lives.
    pub prolong: Duration,
    /// Events of a generation, after its terminal event.
    pub events: Duration,
    /// Jobs that ended well.
    pub completed_jobs: Duration,
    /// Jobs that ended badly, with their history.
    pub failed_jobs: Duration,
    /// Names of webhook events, by which repetitions are known. The senders repeat for days.
    pub webhook_events: Duration,
    /// Rate-limit buckets, after they were empty.
    pub rate_limit_buckets: Duration,
}

const DAY: Duration = Duration::from_hours(24);

impl Default for SweeperSettings {
    fn default() -> Self {
        Self {
            every: Duration::from_mins(1),
            clerk_every: Duration::from_secs(5),
            batch: 500,
            batches: 50,
            prolong: DAY,
            events: DAY * 7,
            completed_jobs: DAY * 7,
            failed_jobs: DAY * 30,
            webhook_events: DAY * 30,
            rate_limit_buckets: DAY,
        }
    }
}

/// Why a text of retention times was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RetentionError {
    /// An entry without `=`.
    #[error("{0:?} is not written name=days")]
    Shape(String),
    /// Nothing of this name is kept for a time.
    #[error("there is no {0:?}; expected events, completedJobs, failedJobs, webhookEvents or rateLimitBuckets")]
    Unknown(String),
    /// Not a number of days.
    #[error("{0} cannot be {1:?}; expected whole days from 1 to {LONGEST}")]
    Days(String, String),
}

impl SweeperSettings {
    /// These settings with the times that `text` names set anew, in days; of a name given twice the last counts.
    ///
    /// # Errors
    /// The first entry that names nothing or gives it an impossible time.
    pub fn with_retention(mut self, text: &str) -> Result<Self, RetentionError> {
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (name, days) = entry.split_once('=').ok_or_else(|| RetentionError::Shape(entry.to_owned()))?;
            let (name, days) = (name.trim(), days.trim());
            let number = days.parse().ok().filter(|days| (1..=LONGEST).contains(days));
            let kept = DAY * number.ok_or_else(|| RetentionError::Days(name.to_owned(), days.to_owned()))?;
            match name {
                "events" => self.events = kept,
                "completedJobs" => self.completed_jobs = kept,
                "failedJobs" => self.failed_jobs = kept,
                "webhookEvents" => self.webhook_events = kept,
                "rateLimitBuckets" => self.rate_limit_buckets = kept,
                _ => return Err(RetentionError::Unknown(name.to_owned())),
            }
        }
        Ok(self)
    }

    /// How long past the instant in their column rows are kept.
    pub(super) const fn kept(&self, what: Expirable) -> Duration {
        match what {
            Expirable::OauthStates | Expirable::IdempotencyKeys => Duration::ZERO,
            Expirable::CompletedJobs => self.completed_jobs,
            Expirable::FailedJobs => self.failed_jobs,
            Expirable::StripeEvents | Expirable::ClerkEvents => self.webhook_events,
            Expirable::RateLimitBuckets => self.rate_limit_buckets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_times_are_set_anew_and_the_others_stay() {
        let settings = SweeperSettings::default().with_retention(" events = 14 , failedJobs=90,").unwrap();
        assert_eq!((settings.events, settings.failed_jobs), (DAY * 14, DAY * 90));
        assert_eq!(settings.completed_jobs, DAY * 7);
        assert_eq!(SweeperSettings::default().with_retention(" ").unwrap(), SweeperSettings::default());
    }

    #[test]
    fn a_bad_entry_is_refused_in_words_that_help() {
        for (text, words) in [
            ("events", "not written name=days"),
            ("attempts=3", "there is no \"attempts\"; expected events"),
            ("events=0", "events cannot be \"0\"; expected whole days from 1 to 3650"),
            ("events=soon", "whole days"),
            ("events=3651", "whole days"),
        ] {
            let error = SweeperSettings::default().with_retention(text).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
