//! The job queue's states and types, and when it is in good health.

use std::time::Duration;

closed_enum! {
    /// `pending -> processing -> completed | failed`; a lost lease brings `processing` back to `pending`.
    JobStatus { Pending = "pending", Processing = "processing", Completed = "completed", Failed = "failed" }
}

impl JobStatus {
    /// Whether a job may go from this state to `next`: `pending -> processing -> completed | failed`, `processing ->
    /// pending` (a retry, or a lost lease), `pending -> failed` (discarded or canceled) and `failed -> pending` (an
    /// operator's retry).
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Processing | Self::Failed)
                | (Self::Processing, Self::Completed | Self::Failed | Self::Pending)
                | (Self::Failed, Self::Pending)
        )
    }
}

closed_enum! {
    /// What a job does: a learner's plan, or the server's own work.
    JobType {
        PlanGeneration = "plan_generation",
        PlanRegeneration = "plan_regeneration",
        /// What is left to do elsewhere when an account is gone: subscriptions to cancel, access to give back.
        AccountErasure = "account_erasure",
        /// Compares every account with the payment provider, each night.
        BillingReconcile = "billing_reconcile",
    }
}

/// A job that is due waits too long when nobody has taken it for this time.
pub const LATE_AFTER: Duration = Duration::from_mins(1);
/// So many may wait too long before the queue counts as ill.
pub const MOST_LATE: u32 = 100;
/// A job is stuck when its lease ran out, or it was due, this long ago and nobody has taken it since.
pub const STUCK_AFTER: Duration = Duration::from_mins(10);

/// How many jobs are where. Counts stop at some number that whoever counts has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueHealth {
    /// In line, or delayed.
    pub waiting: u32,
    /// Of those, due for more than [`LATE_AFTER`].
    pub waiting_too_long: u32,
    /// Left alone for more than [`STUCK_AFTER`].
    pub stuck: u32,
    /// Being worked on.
    pub running: u32,
    /// Ended badly and kept.
    pub dead: u32,
}

impl QueueHealth {
    /// Whether workers keep up: nothing is stuck, and at most [`MOST_LATE`] jobs wait too long.
    pub const fn is_good(&self) -> bool {
        self.stuck == 0 && self.waiting_too_long <= MOST_LATE
    }
}

#[cfg(test)]
mod tests;
