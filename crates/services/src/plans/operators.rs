//! What operators do to jobs: try a dead one again, stop a live one.

use super::again::Anew;
use super::stop::stop;
use super::{CreatedPlan, Plans, PlansError};
use waymark_domain::generation::GenerationKind;
use waymark_domain::ids::JobId;
use waymark_domain::jobs::JobStatus;
use waymark_domain::plans::PlanOverrides;

impl Plans {
    /// Another generation in place of one whose job is dead. The learner's limits hold, except the hourly one. A
    /// regeneration is queued from the plan as it stands now.
    ///
    /// # Errors
    /// [`PlansError::NotFound`] when there is no such job, [`PlansError::NotFailed`] when it is not dead or a later
    /// generation has taken its place, and those of [`Plans::create`]
    pub async fn retry_dead(&self, job: JobId) -> Result<CreatedPlan, PlansError> {
        let (created, after) = self
            .engine
            .db
            .service(async |tx| {
                let dead = tx.generations().of_job(job).await?.ok_or(PlansError::NotFound)?;
                if dead.status != JobStatus::Failed || !dead.newest {
                    return Err(PlansError::NotFailed);
                }
                let kind = match dead.kind {
                    GenerationKind::Initial | GenerationKind::Retry => GenerationKind::Retry,
                    GenerationKind::Regeneration => GenerationKind::Regeneration,
                };
                let overrides = PlanOverrides::default();
                let anew = Anew { plan: dead.plan_id, user: dead.user_id, kind, overrides: &overrides, hourly: false };
                self.anew(tx, anew).await
            })
            .await?;
        self.follow(after);
        Ok(created)
    }

    /// Stops a job that waits or runs, as its learner's cancel would; false when it is over already.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn stop_job(&self, job: JobId) -> Result<bool, PlansError> {
        let after = self
            .engine
            .db
            .service(async |tx| {
                let found = tx.generations().of_job(job).await?.ok_or(PlansError::NotFound)?;
                match found.status {
                    JobStatus::Pending | JobStatus::Processing => {
                        // That job: another one may have taken its place since it was looked up.
                        Ok(stop(tx, found.plan_id, found.user_id, Some(job)).await?)
                    }
                    JobStatus::Completed | JobStatus::Failed => Ok::<_, PlansError>(None),
                }
            })
            .await?;
        let stopped = after.is_some();
        self.follow(after.unwrap_or_default());
        Ok(stopped)
    }
}
