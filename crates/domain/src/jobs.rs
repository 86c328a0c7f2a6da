//! The job queue's states and types.

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
    /// What a job does.
    JobType { PlanGeneration = "plan_generation", PlanRegeneration = "plan_regeneration" }
}

#[cfg(test)]
mod tests;
