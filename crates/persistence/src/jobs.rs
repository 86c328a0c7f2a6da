//! The job queue: enqueue, claim under a lease, heartbeat, complete. Each claim moves the job's fence; every later write
//! of a worker names the fence it was given, so a worker that lost its job changes nothing.

use crate::error::StoreError;
use crate::listen::{FENCED, JOBS};
use crate::rows::{all, execute, execute_one, first, get, parse};
use crate::session::{ServiceTx, UserTx};
use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, QueryResult};
use serde_json::{Value as Json, json};
use std::time::Duration;
use uuid::Uuid;
use waymark_domain::ids::{JobId, PlanId, UserId};
use waymark_domain::jobs::{JobStatus, JobType};

/// A job to be done.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its key.
    pub id: JobId,
    /// The plan it works on.
    pub plan_id: PlanId,
    /// Whose it is.
    pub user_id: UserId,
    /// What to do.
    pub job_type: JobType,
    /// 0 to 100, higher first.
    pub priority: i16,
    /// Claims before it is given up.
    pub max_attempts: i32,
    /// What the worker needs to know.
    pub payload: Json,
}

/// A claimed job: proof of its lease.
#[derive(Debug, Clone)]
pub struct WorkJob {
    /// Its key.
    pub id: JobId,
    /// The plan it works on.
    pub plan_id: Option<PlanId>,
    /// Whose it is.
    pub user_id: UserId,
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
#[derive(Debug, Clone)]
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

const CLAIMED: &str = "j.id, j.plan_id, j.user_id, j.job_type::text, j.fence, j.attempts, j.max_attempts, j.payload,
    (extract(epoch from now() - j.scheduled_for) * 1000)::bigint as waited_ms";

const CLAIM: &str = "update job_queue j set status = 'processing', attempts = j.attempts + 1, fence = j.fence + 1,
    locked_by = $1, locked_at = now(), lease_expires_at = now() + $2 * interval '1 millisecond',
    started_at = coalesce(j.started_at, now()), updated_at = now()";

fn work_job(row: &QueryResult) -> Result<WorkJob, StoreError> {
    Ok(WorkJob {
        id: JobId(get(row, "id")?),
        plan_id: get::<Option<Uuid>>(row, "plan_id")?.map(PlanId),
        user_id: UserId(get(row, "user_id")?),
        job_type: parse(row, "job_queue", "job_type")?,
        fence: get(row, "fence")?,
        attempts: get(row, "attempts")?,
        max_attempts: get(row, "max_attempts")?,
        payload: get(row, "payload")?,
        waited_ms: get(row, "waited_ms")?,
    })
}

fn millis(lease: Duration) -> i64 {
    i64::try_from(lease.as_millis()).unwrap_or(i64::MAX)
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

impl ServiceJobs<'_> {
    /// Adds a job and hints at it when the transaction commits.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the plan has a live job already.
    pub async fn enqueue(&self, job: &NewJob) -> Result<(), StoreError> {
        let sql = "with added as (
                     insert into job_queue (id, plan_id, user_id, job_type, status, priority, max_attempts, payload)
                     values ($1, $2, $3, $4::job_type, 'pending', $5, $6, $7) returning id)
                   select pg_notify($8, id::text) from added";
        let values = [
            job.id.0.into(),
            job.plan_id.0.into(),
            job.user_id.0.into(),
            job.job_type.as_str().into(),
            i32::from(job.priority).into(),
            job.max_attempts.into(),
            job.payload.clone().into(),
            JOBS.into(),
        ];
        execute_one(self.0, "a new job", sql, values).await
    }

    /// Claims the jobs that should run next, at most `limit`: by priority, then time.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn claim(&self, worker: &str, lease: Duration, limit: u32) -> Result<Vec<WorkJob>, StoreError> {
        // The array keeps the planner from locking more rows than the limit says; the literal keeps the partial index.
        let sql = format!(
            "{CLAIM} where j.status = 'pending' and j.id = any(array(
               select id from job_queue where status = 'pending' and scheduled_for <= now()
               order by priority desc, scheduled_for, id limit $3 for update skip locked))
             returning {CLAIMED}"
        );
        let values = [worker.into(), millis(lease).into(), i64::from(limit).into()];
        all(self.0, &sql, values).await?.iter().map(work_job).collect()
    }

    /// Claims one certain job if it still waits.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn claim_one(&self, worker: &str, lease: Duration, id: JobId) -> Result<Option<WorkJob>, StoreError> {
        let sql = format!(
            "{CLAIM} where j.id = any(array(select id from job_queue where id = $3 and status = 'pending'
               and scheduled_for <= now() for update skip locked)) returning {CLAIMED}"
        );
        let values = [worker.into(), millis(lease).into(), id.0.into()];
        first(self.0, &sql, values).await?.map(|row| work_job(&row)).transpose()
    }

    /// Claims jobs whose worker let its lease run out, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn claim_expired(&self, worker: &str, lease: Duration, limit: u32) -> Result<Vec<WorkJob>, StoreError> {
        let sql = format!(
            "{CLAIM} where j.status = 'processing' and j.id = any(array(
               select id from job_queue where status = 'processing' and lease_expires_at < now()
               order by lease_expires_at limit $3 for update skip locked))
             returning {CLAIMED}"
        );
        let values = [worker.into(), millis(lease).into(), i64::from(limit).into()];
        all(self.0, &sql, values).await?.iter().map(work_job).collect()
    }

    /// Prolongs the leases of `held`; returns those that are held still.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn heartbeat(&self, held: &[Held], lease: Duration) -> Result<Vec<Held>, StoreError> {
        let sql = "update job_queue j set lease_expires_at = now() + $2 * interval '1 millisecond', updated_at = now()
                   from jsonb_to_recordset($1) as held(id uuid, fence bigint)
                   where j.id = held.id and j.fence = held.fence and j.status = 'processing'
                   returning j.id, j.fence";
        let held: Vec<Json> = held.iter().map(|held| json!({"id": held.id, "fence": held.fence})).collect();
        all(self.0, sql, [Json::from(held).into(), millis(lease).into()])
            .await?
            .iter()
            .map(|row| Ok(Held { id: JobId(get(row, "id")?), fence: get(row, "fence")? }))
            .collect()
    }

    /// Locks a job for the rest of the transaction if this fence still holds it: every write of a worker starts here.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when another claim or a cancel has moved the fence.
    pub async fn assert_held(&self, held: Held) -> Result<(), StoreError> {
        let sql = "select id from job_queue where id = $1 and fence = $2 and status = 'processing' for update";
        first(self.0, sql, [held.id.0.into(), held.fence.into()]).await?.map(|_| ()).ok_or(StoreError::Fenced)
    }

    /// Why a job was last put back; `unknown` when nobody said.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_error(&self, id: JobId) -> Result<String, StoreError> {
        let sql = "select coalesce(error, 'unknown') as error from job_queue where id = $1";
        get(&crate::rows::only(self.0, "a job", sql, [id.0.into()]).await?, "error")
    }

    /// Ends a held job well.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when it is no longer held.
    pub async fn complete(&self, held: Held, result: Json) -> Result<(), StoreError> {
        let sql = "update job_queue set status = 'completed', result = $3, completed_at = now(), updated_at = now(),
                     locked_by = null, locked_at = null, lease_expires_at = null
                   where id = $1 and fence = $2 and status = 'processing'";
        fenced(execute(self.0, sql, [held.id.0.into(), held.fence.into(), result.into()]).await?)
    }

    /// Ends a held job badly.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when it is no longer held.
    pub async fn fail(&self, held: Held, error: &str) -> Result<(), StoreError> {
        let sql = "update job_queue set status = 'failed', error = $3, completed_at = now(), updated_at = now(),
                     locked_by = null, locked_at = null, lease_expires_at = null
                   where id = $1 and fence = $2 and status = 'processing'";
        fenced(execute(self.0, sql, [held.id.0.into(), held.fence.into(), error.into()]).await?)
    }

    /// Puts a held job back, to run after `delay`. A claim that does not count (a worker that stops) is taken back.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when it is no longer held.
    pub async fn put_back(&self, held: Held, delay: Duration, error: &str, counts: bool) -> Result<(), StoreError> {
        let sql = "with back as (
                     update job_queue set status = 'pending', scheduled_for = now() + $3 * interval '1 millisecond',
                       error = $4, attempts = greatest(attempts - $5, 0), locked_by = null, locked_at = null,
                       lease_expires_at = null, updated_at = now()
                     where id = $1 and fence = $2 and status = 'processing' returning id)
                   select pg_notify($6, id::text) from back";
        let values = [
            held.id.0.into(),
            held.fence.into(),
            millis(delay).into(),
            error.into(),
            i32::from(!counts).into(),
            JOBS.into(),
        ];
        fenced(execute(self.0, sql, values).await?)
    }

    /// Takes the plan's live job from whoever has it: the fence moves, the job has failed with `error`, and its worker is
    /// hinted at. Returns the job as it was.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn revoke(&self, plan: PlanId, user: UserId, error: &str) -> Result<Option<WorkJob>, StoreError> {
        let sql = format!(
            "with live as materialized (
               select id from job_queue where plan_id = $1 and user_id = $2 and status in ('pending', 'processing') for update),
             taken as (
               update job_queue j set status = 'failed', error = $3, fence = j.fence + 1, completed_at = now(),
                 updated_at = now(), locked_by = null, locked_at = null, lease_expires_at = null
               from live where j.id = live.id returning {CLAIMED})
             select taken.*, pg_notify($4, id::text) from taken"
        );
        let values = [plan.0.into(), user.0.into(), error.into(), FENCED.into()];
        first(self.0, &sql, values).await?.map(|row| work_job(&row)).transpose()
    }
}

fn fenced(touched: u64) -> Result<(), StoreError> {
    if touched == 1 { Ok(()) } else { Err(StoreError::Fenced) }
}
