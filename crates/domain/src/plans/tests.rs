//! A plan's state machine.

use super::GenerationStatus::{self, Failed, Generating, Ready};

#[test]
fn a_plan_is_generated_until_it_is_ready_or_failed_and_only_a_failed_one_again() {
    for &from in GenerationStatus::ALL {
        for &to in GenerationStatus::ALL {
            let allowed = matches!((from, to), (Generating, Ready | Failed) | (Failed, Generating));
            assert_eq!(from.may_become(to), allowed, "{from} to {to}");
        }
    }
}

#[test]
fn every_value_has_one_spelling() {
    for &status in GenerationStatus::ALL {
        assert_eq!(status.as_str().parse(), Ok(status));
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
    assert!("READY".parse::<GenerationStatus>().is_err());
}
