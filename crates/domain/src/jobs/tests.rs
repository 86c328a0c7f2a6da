//! A job's state machine, and when a queue is ill.

use super::JobStatus::{self, Completed, Failed, Pending, Processing};
use super::{MOST_LATE, QueueHealth};

#[test]
fn a_completed_job_stays_completed_and_only_a_claimed_one_completes() {
    for &other in JobStatus::ALL {
        assert!(!Completed.may_become(other), "completed to {other}");
        assert_eq!(other.may_become(Completed), other == Processing, "{other} to completed");
        assert!(!other.may_become(other), "{other} to itself");
    }
    assert!(Processing.may_become(Pending) && Failed.may_become(Pending) && !Failed.may_become(Processing));
}

#[test]
fn a_queue_is_ill_when_a_job_is_stuck_or_too_many_wait_too_long() {
    let busy = QueueHealth { waiting: 1_001, running: 64, dead: 1_001, ..QueueHealth::default() };
    assert!(busy.is_good(), "a long line that moves is no illness");
    assert!(QueueHealth { waiting_too_long: MOST_LATE, ..busy }.is_good());
    assert!(!QueueHealth { waiting_too_long: MOST_LATE + 1, ..busy }.is_good());
    assert!(!QueueHealth { stuck: 1, ..busy }.is_good());
}
