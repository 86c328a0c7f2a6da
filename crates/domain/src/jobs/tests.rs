//! A job's state machine.

use super::JobStatus::{self, Completed, Failed, Pending, Processing};

#[test]
fn a_completed_job_stays_completed_and_only_a_claimed_one_completes() {
    for &other in JobStatus::ALL {
        assert!(!Completed.may_become(other), "completed to {other}");
        assert_eq!(other.may_become(Completed), other == Processing, "{other} to completed");
        assert!(!other.may_become(other), "{other} to itself");
    }
    assert!(Processing.may_become(Pending) && Failed.may_become(Pending) && !Failed.may_become(Processing));
}
