//! How an attempt ends and what follows.

use std::time::Duration;

/// Attempts for one generation (the first one, or one regeneration), not for a plan's life.
pub const MAX_ATTEMPTS: u32 = 3;

closed_enum! {
    /// What a generation is to its plan: its first one, another try at a plan that has failed, or a new version of a
    /// plan that is ready.
    GenerationKind { Initial = "initial", Retry = "retry", Regeneration = "regeneration" }
}

closed_enum! {
    /// An attempt's state.
    AttemptStatus { InProgress = "in_progress", Success = "success", Failure = "failure", Canceled = "canceled" }
}

impl AttemptStatus {
    /// Whether an attempt may go from this state to `next`: from `in_progress` to any end, and nowhere from an end.
    pub const fn may_become(self, next: Self) -> bool {
        matches!((self, next), (Self::InProgress, Self::Success | Self::Failure | Self::Canceled))
    }
}

closed_enum! {
    /// Why an attempt failed. The numbers are the product's.
    FailureClass {
        /// The model answered, but not with a usable plan.
        Validation = "validation",
        /// The provider refused, broke or vanished.
        ProviderError = "provider_error",
        /// The provider asked us to slow down.
        RateLimit = "rate_limit",
        /// Too long without a module, without a byte, or in all; or the worker's lease ran out.
        Timeout = "timeout",
        /// A limit of the account or of the output was reached.
        Capped = "capped",
        /// Somebody stopped it.
        Canceled = "canceled",
    }
}

impl FailureClass {
    /// Whether another attempt could end otherwise.
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::ProviderError | Self::RateLimit | Self::Timeout => true,
            Self::Validation | Self::Capped | Self::Canceled => false,
        }
    }

    /// What a learner is told; never the provider's own words.
    pub const fn learner_message(self) -> &'static str {
        match self {
            Self::Validation => "The model did not return a usable plan.",
            Self::ProviderError => "The model provider could not complete the plan.",
            Self::RateLimit => "The model provider is busy. Try again in a little while.",
            Self::Timeout => "The plan took too long to generate.",
            Self::Capped => "A limit was reached before the plan was complete.",
            Self::Canceled => "The generation was canceled.",
        }
    }
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// The job waits this long, then a new attempt begins.
    RetryAfter(Duration),
    /// The generation has failed.
    GiveUp,
}

/// The pause before the second attempt; each later one is four times as long.
pub const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Decides what follows the failure of attempt number `attempt` (from 1) out of `max`: a retryable class is tried again
/// after `first_pause`, then four times that, and so on (at least what the provider asked for, at most 60 s); anything
/// else ends the generation.
pub fn after_failure(
    class: FailureClass,
    attempt: u32,
    max: u32,
    asked: Option<Duration>,
    first_pause: Duration,
) -> NextStep {
    if !class.is_retryable() || attempt >= max {
        return NextStep::GiveUp;
    }
    let own = first_pause.saturating_mul(4_u32.saturating_pow(attempt.saturating_sub(1)));
    NextStep::RetryAfter(own.max(asked.unwrap_or_default()).min(Duration::from_mins(1)))
}

#[cfg(test)]
mod tests;
