//! The job queue: fair turns, claims under a lease, and what operators see of it. Each claim moves the job's fence; every
//! later write of a worker names the fence it was given, so a worker that lost its job changes nothing.
//!
//! A waiting job has a turn, its place in the line of its priority: the head's turn when it enters, or the one after its
//! user's last there, whichever is later. So users alternate, however many jobs one of them has, and a claim takes the first
//! entries of one index. Jobs that must wait for their time have no turn; [`ServiceJobs::line_up`] gives it when they are due.

mod claim;
mod end;
mod enqueue;
mod operate;

pub use operate::{ClaimRecord, JobRow};

use crate::error::StoreError;
use crate::rows::{first, get, parse};
use crate::session::{ServiceTx, UserTx};
use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, QueryResult};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::time::Duration;
use uuid::Uuid;
use waymark_domain::ids::{JobId, PlanId, UserId};
use waymark_domain::jobs::{JobStatus, JobType};

/// A job to be done.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its key.
    pub id: JobId,
    /// The plan it works on, if any; a plan has at most one live job.
    pub plan_id: Option<PlanId>,
    /// Whose it is; none: the server's own, which stays when an account goes.
    pub user_id: Option<UserId>,
    /// What to do.
    pub job_type: JobType,
    /// 0 to 100, higher first.
    pub priority: i16,
    /// Claims before it is given up.
    pub max_attempts: i32,
    /// What the worker needs to know.
    pub payload: Json,
    /// How long it must wait before it may run; to the millisecond.
    pub delay: Duration,
}

/// A claimed job: proof of its lease.
#[derive(Debug, Clone)]
pub struct WorkJob {
    /// Its key.
    pub id: JobId,
    /// The plan it works on.
    pub plan_id: Option<PlanId>,
    /// Whose it is; none: the server's own.
    pub user_id: Option<UserId>,
    /// What to do.
    pub job_type: JobType,
    /// The fence of this claim.
    pub fence: i64,
    /// Claims so far, this one included.
    pub attempts: i32,
    /// Claims before it is given up.
    pub max_attempts: i32,
    /// What the worker needs to know.
    pub payload: Json,
    /// How long it had waited, in milliseconds.
    pub waited_ms: i64,
}

/// A job and the fence under which it is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Held {
    /// The job.
    pub id: JobId,
    /// The fence of the claim.
    pub fence: i64,
}

/// A live job as its learner sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobView {
    /// Its key.
    pub id: JobId,
    /// Where it stands.
    pub status: JobStatus,
    /// Claims so far.
    pub attempts: i32,
    /// When it may run.
    pub scheduled_for: DateTime<Utc>,
}

impl WorkJob {
    /// The job and its fence.
    pub const fn held(&self) -> Held {
        Held { id: self.id, fence: self.fence }
    }
}

/// The columns of a [`WorkJob`].
const CLAIMED: &str = "j.id, j.plan_id, j.user_id, j.job_type::text, j.fence, j.attempts, j.max_attempts, j.payload,
    (extract(epoch from now() - j.scheduled_for) * 1000)::bigint as waited_ms";

/// What `history` is given when a claim ends otherwise than well; the error is the parameter that follows.
const RECORD: &str =
    "j.history || jsonb_build_object('attempt', j.attempts, 'worker', j.locked_by, 'startedAt', j.locked_at,
    'endedAt', now(), 'error', ";

fn work_job(row: &QueryResult) -> Result<WorkJob, StoreError> {
    Ok(WorkJob {
        id: JobId(get(row, "id")?),
        plan_id: get::<Option<Uuid>>(row, "plan_id")?.map(PlanId),
        user_id: get::<Option<Uuid>>(row, "user_id")?.map(UserId),
        job_type: parse(row, "job_queue", "job_type")?,
        fence: get(row, "fence")?,
        attempts: get(row, "attempts")?,
        max_attempts: get(row, "max_attempts")?,
        payload: get(row, "payload")?,
        waited_ms: get(row, "waited_ms")?,
    })
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Jobs, as the learner.
pub struct UserJobs<'t>(&'t UserTx);

impl UserTx {
    /// Jobs, as the learner.
    pub fn jobs(&self) -> UserJobs<'_> {
        UserJobs(self)
    }
}

impl UserJobs<'_> {
    /// The plan's live job, if there is one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn live(&self, plan: PlanId) -> Result<Option<JobView>, StoreError> {
        let sql = "select id, status::text, attempts, scheduled_for from job_queue
                   where plan_id = $1 and status in ('pending', 'processing')";
        first(&self.0.tx, sql, [plan.0.into()])
            .await?
            .map(|row| {
                Ok(JobView {
                    id: JobId(get(&row, "id")?),
                    status: parse(&row, "job_queue", "status")?,
                    attempts: get(&row, "attempts")?,
                    scheduled_for: get(&row, "scheduled_for")?,
                })
            })
            .transpose()
    }
}

/// Jobs, as the server.
pub struct ServiceJobs<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// Jobs, as the server.
    pub fn jobs(&self) -> ServiceJobs<'_> {
        ServiceJobs(&self.tx)
    }
}
