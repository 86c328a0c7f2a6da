//! What ends an attempt, and what follows.

use super::{AttemptStatus, FIRST_PAUSE, FailureClass, MAX_ATTEMPTS, NextStep, after_failure};
use proptest::prelude::*;
use std::time::Duration;

#[test]
fn an_attempt_ends_once() {
    for &from in AttemptStatus::ALL {
        for &to in AttemptStatus::ALL {
            let allowed = from == AttemptStatus::InProgress && to != AttemptStatus::InProgress;
            assert_eq!(from.may_become(to), allowed, "{from} to {to}");
        }
    }
}

#[test]
fn waits_grow_and_the_third_failure_is_the_last() {
    let next = |attempt| after_failure(FailureClass::Timeout, attempt, MAX_ATTEMPTS, None, FIRST_PAUSE);
    assert_eq!(next(1), NextStep::RetryAfter(Duration::from_secs(1)));
    assert_eq!(next(2), NextStep::RetryAfter(Duration::from_secs(4)));
    assert_eq!(next(3), NextStep::GiveUp);
}

#[test]
fn a_providers_wish_to_wait_is_granted_within_a_minute() {
    let next = |asked| after_failure(FailureClass::RateLimit, 1, 3, Some(Duration::from_secs(asked)), FIRST_PAUSE);
    assert_eq!(next(0), NextStep::RetryAfter(Duration::from_secs(1)));
    assert_eq!(next(20), NextStep::RetryAfter(Duration::from_secs(20)));
    assert_eq!(next(3600), NextStep::RetryAfter(Duration::from_mins(1)));
}

proptest! {
    #[test]
    fn only_retryable_classes_with_attempts_left_are_tried_again(
        class in prop::sample::select(FailureClass::ALL), attempt: u32, max: u32, asked: Option<u64>,
    ) {
        match after_failure(class, attempt, max, asked.map(Duration::from_secs), FIRST_PAUSE) {
            NextStep::GiveUp => prop_assert!(!class.is_retryable() || attempt >= max),
            NextStep::RetryAfter(wait) => {
                prop_assert!(class.is_retryable() && attempt < max);
                prop_assert!((1..=60).contains(&wait.as_secs()));
            }
        }
    }
}
