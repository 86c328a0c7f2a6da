//! What operators do to the queue: look, try a dead job again, stop or forget one; and its health. Called by the command
//! line and the probe.

pub(crate) mod chores;

pub(crate) use chores::ChoreError;

use crate::billing::nightly;
use crate::generation::engine::Engine;
use crate::plans::{CreatedPlan, Plans, PlansError};
use std::sync::Arc;
use waymark_domain::ids::JobId;
use waymark_domain::jobs::{JobStatus, JobType};
use waymark_persistence::StoreError;

pub use waymark_domain::jobs::QueueHealth;
pub use waymark_persistence::{ClaimRecord, JobRow};

/// Where a probe stops counting.
const COUNTED: u32 = 1_000;

/// The use cases around jobs.
#[derive(Clone)]
pub struct Jobs {
    pub(crate) engine: Arc<Engine>,
}

/// What became of a dead job that was tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retried {
    /// Another generation of its plan is queued.
    Plan(CreatedPlan),
    /// It is queued again.
    Again,
}

/// What became of a discarded job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discarded {
    /// It was live: it is stopped as its learner's cancel would stop it, and kept as a dead job.
    Stopped,
    /// It was live and the server's own: it is kept as a dead job.
    GivenUp,
    /// It was dead: it is gone, with its history.
    Deleted,
}

/// Why an operator's wish was not done.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// No job has this key.
    #[error("there is no job {0}")]
    NotFound(JobId),
    /// Only a dead job is tried again.
    #[error("job {job} is {status}; only a failed one can be tried again")]
    NotDead {
        /// Which job.
        job: JobId,
        /// Where it stands.
        status: JobStatus,
    },
    /// Something later has taken its place.
    #[error("job {0} cannot be tried again: something newer has taken its place, or what it worked on is gone")]
    Superseded(JobId),
    /// What has ended well is swept in time.
    #[error("job {0} has completed; there is nothing to discard")]
    Completed(JobId),
    /// The plan's own rules refuse it.
    #[error(transparent)]
    Plans(PlansError),
    /// The store did not do it.
    #[error("the queue could not be read or changed")]
    Store(#[from] StoreError),
}

impl Jobs {
    /// At most `limit` jobs: of one status (live ones by when they may run, ended ones latest first), or the newest of all.
    ///
    /// # Errors
    /// [`JobsError::Store`]
    pub async fn list(&self, status: Option<JobStatus>, limit: u32) -> Result<Vec<JobRow>, JobsError> {
        Ok(self.engine.db.service(async |tx| tx.jobs().list(status, limit).await).await?)
    }

    /// Another generation in place of a dead job's, for which the learner's limits hold, except the hourly one; a dead job of
    /// the server's own is begun again.
    ///
    /// # Errors
    /// [`JobsError::NotFound`], [`JobsError::NotDead`], [`JobsError::Superseded`], and what the plan's rules refuse
    pub async fn retry(&self, job: JobId) -> Result<Retried, JobsError> {
        let JobRow { status, user_id, job_type, .. } = self.find(job).await?;
        if status != JobStatus::Failed {
            return Err(JobsError::NotDead { job, status });
        }
        if user_id.is_none() {
            return self.begin_again(job, job_type).await;
        }
        self.plans().retry_dead(job).await.map(Retried::Plan).map_err(|error| match error {
            PlansError::NotFailed | PlansError::NotFound => JobsError::Superseded(job),
            other => JobsError::Plans(other),
        })
    }

    /// Stops a live job, or forgets a dead one.
    ///
    /// # Errors
    /// [`JobsError::NotFound`], [`JobsError::Completed`]
    pub async fn discard(&self, job: JobId) -> Result<Discarded, JobsError> {
        let JobRow { status, user_id, job_type, .. } = self.find(job).await?;
        match status {
            JobStatus::Pending | JobStatus::Processing if user_id.is_none() => {
                let next = (job_type == JobType::BillingReconcile).then(|| nightly(self.engine.clock.now()));
                let stopped = self
                    .engine
                    .db
                    .service(async |tx| {
                        let stopped = tx.jobs().give_up(job, "discarded").await?;
                        match &next {
                            Some(next) if stopped => tx.jobs().enqueue(next).await?,
                            _ => {}
                        }
                        Ok::<_, StoreError>(stopped)
                    })
                    .await?;
                if stopped { Ok(Discarded::GivenUp) } else { Err(JobsError::Completed(job)) }
            }
            JobStatus::Pending | JobStatus::Processing => {
                let stopped = self.plans().stop_job(job).await.map_err(JobsError::Plans)?;
                // It ended while it was being looked at.
                if stopped { Ok(Discarded::Stopped) } else { Err(JobsError::Completed(job)) }
            }
            JobStatus::Failed => {
                let deleted = self.engine.db.service(async |tx| tx.jobs().discard(job).await).await?;
                if deleted { Ok(Discarded::Deleted) } else { Err(JobsError::NotFound(job)) }
            }
            JobStatus::Completed => Err(JobsError::Completed(job)),
        }
    }

    /// How many jobs are where, counted up to a thousand and one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn health(&self) -> Result<QueueHealth, StoreError> {
        self.engine.db.service(async |tx| tx.jobs().health(COUNTED).await).await
    }

    /// A reconciliation that died has a successor waiting for its night, which then need not wait.
    async fn begin_again(&self, job: JobId, job_type: JobType) -> Result<Retried, JobsError> {
        let again = self
            .engine
            .db
            .service(async |tx| match job_type {
                JobType::BillingReconcile => tx.jobs().hasten(job_type).await,
                _ => tx.jobs().revive(job).await,
            })
            .await?;
        self.engine.wake.notify_one();
        if again { Ok(Retried::Again) } else { Err(JobsError::Superseded(job)) }
    }

    async fn find(&self, job: JobId) -> Result<JobRow, JobsError> {
        let found = self.engine.db.service(async |tx| tx.jobs().find(job).await).await?;
        found.ok_or(JobsError::NotFound(job))
    }

    fn plans(&self) -> Plans {
        Plans { engine: Arc::clone(&self.engine) }
    }
}
