//! When, after what pause and under which key a call is sent again. Used by the sender.

use super::config::StripeConfig;
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::time::Duration;

/// A provider that asks for a longer wait than this is not asked again within the call.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How many keys one call may use up. Each is a stored failure that had already been answered once.
const MAX_KEYS: u32 = 10;

/// What an answer says about sending again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Advice {
    /// HTTP status; none without an answer.
    pub(super) status: Option<u16>,
    /// `Stripe-Should-Retry`.
    pub(super) should_retry: Option<bool>,
    /// `Retry-After`.
    pub(super) retry_after: Option<Duration>,
    /// `Idempotent-Replayed`: the answer of an earlier call with the same key.
    pub(super) replayed: bool,
}

impl Advice {
    /// Whether this is the stored answer of a call that failed inside Stripe: under the same key it would come for ever.
    pub(super) fn is_stored_failure(self) -> bool {
        self.replayed && self.status.is_some_and(|status| status >= 500)
    }

    /// By Stripe's word where there is one, else by status; without an answer always.
    fn may_resend(self) -> bool {
        if self.is_stored_failure() {
            return false;
        }
        let by_status = self.status.is_none_or(|status| matches!(status, 409 | 424 | 429 | 500..=504));
        self.should_retry.unwrap_or(by_status)
    }
}

/// What is left of a call's budget of resends.
pub(super) struct Pauses(ExponentialBackoff);

impl Pauses {
    pub(super) fn new(config: &StripeConfig) -> Self {
        let resends = usize::try_from(config.attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        Self(ExponentialBuilder::new().with_min_delay(config.first_pause).with_max_times(resends).with_jitter().build())
    }

    /// How long to wait before sending again; none to give up. Takes one resend from the budget.
    pub(super) fn after(&mut self, advice: Advice) -> Option<Duration> {
        let asked = advice.retry_after.unwrap_or_default();
        if !advice.may_resend() || asked > LONGEST_PAUSE {
            return None;
        }
        self.0.next().map(|own| own.max(asked))
    }
}

/// The idempotency keys of one call: the caller's, then `-2`, `-3` and so on.
pub(super) struct Keys<'a> {
    first: &'a str,
    number: u32,
}

impl<'a> Keys<'a> {
    pub(super) fn new(first: &'a str) -> Self {
        Self { first, number: 1 }
    }

    pub(super) fn current(&self) -> String {
        match self.number {
            1 => self.first.to_owned(),
            number => format!("{}-{number}", self.first),
        }
    }

    /// Goes on to the next key; false when there is none left.
    pub(super) fn advance(&mut self) -> bool {
        self.number += 1;
        self.number <= MAX_KEYS
    }
}

/// `Retry-After` in seconds. Stripe sends no dates.
pub(super) fn retry_after(header: &str) -> Option<Duration> {
    header.trim().parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses() -> Pauses {
        Pauses::new(&StripeConfig::new("sk_test_1".into(), "https://api.stripe.com".parse().unwrap()))
    }

    fn status(status: u16) -> Advice {
        Advice { status: Some(status), ..Advice::default() }
    }

    #[test]
    fn a_call_is_sent_three_times_at_most_with_growing_pauses() {
        let mut pauses = pauses();
        let (first, second) = (pauses.after(status(503)).unwrap(), pauses.after(status(503)).unwrap());
        assert!((500..=1000).contains(&first.as_millis()), "{first:?}");
        assert!((1000..=2000).contains(&second.as_millis()), "{second:?}");
        assert_eq!(pauses.after(status(503)), None);
    }

    #[test]
    fn statuses_that_may_pass_are_sent_again_and_others_are_not() {
        for again in [409, 424, 429, 500, 501, 502, 503, 504] {
            assert!(pauses().after(status(again)).is_some(), "{again}");
        }
        for never in [301, 400, 401, 402, 403, 404, 505, 520] {
            assert_eq!(pauses().after(status(never)), None, "{never}");
        }
        assert!(pauses().after(Advice::default()).is_some(), "no answer at all");
    }

    #[test]
    fn stripes_own_word_counts_more_than_the_status() {
        assert_eq!(pauses().after(Advice { should_retry: Some(false), ..status(503) }), None);
        assert!(pauses().after(Advice { should_retry: Some(true), ..status(400) }).is_some());
    }

    #[test]
    fn stripes_wait_is_kept_up_to_five_seconds() {
        let asked = |seconds| Advice { retry_after: Some(Duration::from_secs(seconds)), ..status(429) };
        assert_eq!(pauses().after(asked(5)), Some(Duration::from_secs(5)));
        assert!(pauses().after(asked(0)).unwrap() >= Duration::from_millis(500), "our own pause is the least");
        assert_eq!(pauses().after(asked(6)), None);
    }

    #[test]
    fn a_stored_failure_needs_another_key_and_there_are_ten() {
        let stored = Advice { replayed: true, should_retry: Some(true), ..status(500) };
        assert!(stored.is_stored_failure());
        assert_eq!(pauses().after(stored), None);
        assert!(!Advice { replayed: true, ..status(402) }.is_stored_failure());
        let mut keys = Keys::new("key");
        let mut seen = vec![keys.current()];
        while keys.advance() {
            seen.push(keys.current());
        }
        assert_eq!((seen.len(), seen[1].as_str(), seen[9].as_str()), (10, "key-2", "key-10"));
    }

    #[test]
    fn retry_after_is_in_seconds() {
        assert_eq!(retry_after(" 3 "), Some(Duration::from_secs(3)));
        for nonsense in ["soon", "-1", "inf", "NaN", ""] {
            assert_eq!(retry_after(nonsense), None, "{nonsense}");
        }
    }
}
