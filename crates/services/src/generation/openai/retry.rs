//! When and after what wait a call is sent again. Used by the session, which owns one budget for all of its sends.

use super::config::RetryPolicy;
use crate::generation::provider::ProviderError;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::time::Duration;

/// What is left of a call's budget of resends.
pub(super) struct Retries {
    waits: ExponentialBackoff,
    longest: Duration,
}

impl Retries {
    pub(super) fn new(policy: &RetryPolicy) -> Self {
        let waits = ExponentialBuilder::new()
            .with_min_delay(policy.first_wait)
            .with_max_delay(policy.longest_wait)
            .with_max_times(policy.resends)
            .with_jitter()
            .build();
        Self { waits, longest: policy.longest_wait }
    }

    /// How long to wait before sending again after `error`; none to give up. Takes one resend from the budget.
    pub(super) fn wait_after(&mut self, error: &ProviderError) -> Option<Duration> {
        let asked = error.retry_after.unwrap_or_default();
        if !error.resend || asked > self.longest {
            return None;
        }
        self.waits.next().map(|own| own.max(asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waymark_domain::generation::FailureClass;

    fn busy(retry_after: Option<Duration>) -> ProviderError {
        ProviderError {
            class: FailureClass::RateLimit,
            detail: String::new(),
            status: Some(429),
            retry_after,
            resend: true,
        }
    }

    #[test]
    fn a_call_is_sent_again_at_most_twice_with_growing_waits() {
        let mut retries = Retries::new(&RetryPolicy::default());
        let first = retries.wait_after(&busy(None)).unwrap();
        let second = retries.wait_after(&busy(None)).unwrap();
        assert!((500..=1000).contains(&first.as_millis()), "{first:?}");
        assert!((1000..=2000).contains(&second.as_millis()), "{second:?}");
        assert_eq!(retries.wait_after(&busy(None)), None);
    }

    #[test]
    fn the_providers_wait_is_kept_up_to_the_longest() {
        let mut retries = Retries::new(&RetryPolicy::default());
        assert_eq!(retries.wait_after(&busy(Some(Duration::from_secs(7)))), Some(Duration::from_secs(7)));
        assert_eq!(retries.wait_after(&busy(Some(Duration::from_secs(11)))), None);
    }

    #[test]
    fn what_cannot_be_mended_is_not_sent_again() {
        let mut retries = Retries::new(&RetryPolicy::default());
        assert_eq!(retries.wait_after(&ProviderError { resend: false, ..busy(None) }), None);
    }
}
