//! What operators and probes see of the queue. Nothing here reads more rows than it is asked for.

use super::{RECORD, ServiceJobs, millis};
use crate::error::StoreError;
use crate::listen::FENCED;
use crate::rows::{all, count, execute, first, get, only, parse};
use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;
use waymark_domain::ids::{JobId, PlanId, UserId};
use waymark_domain::jobs::{JobStatus, JobType, LATE_AFTER, QueueHealth, STUCK_AFTER};

/// A claim that ended otherwise than well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClaimRecord {
    /// Which claim of the job.
    pub attempt: i32,
    /// Who had it.
    pub worker: Option<String>,
    /// When it was claimed.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// Why.
    pub error: String,
}

/// A job as an operator sees it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobRow {
    /// Its key.
    pub id: JobId,
    /// The plan it works on.
    pub plan_id: Option<PlanId>,
    /// Whose it is.
    pub user_id: Option<UserId>,
    /// What to do.
    pub job_type: JobType,
    /// Where it stands.
    pub status: JobStatus,
    /// 0 to 100, higher first.
    pub priority: i32,
    /// Its place in the priority's line; none: it is not in line.
    pub turn: Option<i64>,
    /// Claims so far.
    pub attempts: i32,
    /// Claims before it is given up.
    pub max_attempts: i32,
    /// Why it ended badly, or was last put back.
    pub error: Option<String>,
    /// Who has it.
    pub locked_by: Option<String>,
    /// Until when, unless the lease is renewed.
    pub lease_expires_at: Option<DateTime<Utc>>,
    /// When it may run.
    pub scheduled_for: DateTime<Utc>,
    /// When it ended.
    pub completed_at: Option<DateTime<Utc>>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// Claims that ended otherwise than well, oldest first.
    pub history: Vec<ClaimRecord>,
}

const COLUMNS: &str =
    "id, plan_id, user_id, job_type::text, status::text, priority, turn, attempts, max_attempts, error,
    locked_by, lease_expires_at, scheduled_for, completed_at, created_at, history";

fn job_row(row: &QueryResult) -> Result<JobRow, StoreError> {
    let history: Json = get(row, "history")?;
    Ok(JobRow {
        id: JobId(get(row, "id")?),
        plan_id: get::<Option<Uuid>>(row, "plan_id")?.map(PlanId),
        user_id: get::<Option<Uuid>>(row, "user_id")?.map(UserId),
        job_type: parse(row, "job_queue", "job_type")?,
        status: parse(row, "job_queue", "status")?,
        priority: get(row, "priority")?,
        turn: get(row, "turn")?,
        attempts: get(row, "attempts")?,
        max_attempts: get(row, "max_attempts")?,
        error: get(row, "error")?,
        locked_by: get(row, "locked_by")?,
        lease_expires_at: get(row, "lease_expires_at")?,
        scheduled_for: get(row, "scheduled_for")?,
        completed_at: get(row, "completed_at")?,
        created_at: get(row, "created_at")?,
        history: serde_json::from_value(history)
            .map_err(|_| StoreError::Inconsistent { table: "job_queue", column: "history" })?,
    })
}

impl ServiceJobs<'_> {
    /// At most `limit` jobs: of one status (live ones by when they may run, ended ones latest first), or the newest of all.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn list(&self, status: Option<JobStatus>, limit: u32) -> Result<Vec<JobRow>, StoreError> {
        // The status as a literal, so that the partial indexes serve it; its text comes from a closed enum.
        let chosen = match status {
            None => "order by id desc".to_owned(),
            Some(status @ (JobStatus::Pending | JobStatus::Processing)) => {
                format!("where status = '{}' order by scheduled_for, id", status.as_str())
            }
            Some(status @ (JobStatus::Completed | JobStatus::Failed)) => format!(
                "where status in ('completed', 'failed') and status = '{}' order by completed_at desc, id",
                status.as_str()
            ),
        };
        let sql = format!("select {COLUMNS} from job_queue {chosen} limit $1");
        all(self.0, &sql, [i64::from(limit).into()]).await?.iter().map(job_row).collect()
    }

    /// One job.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn find(&self, id: JobId) -> Result<Option<JobRow>, StoreError> {
        let sql = format!("select {COLUMNS} from job_queue where id = $1");
        first(self.0, &sql, [id.0.into()]).await?.map(|row| job_row(&row)).transpose()
    }

    /// Makes the waiting job of the server's own of a kind due now; false when none waits.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn hasten(&self, job_type: JobType) -> Result<bool, StoreError> {
        let sql = "update job_queue set scheduled_for = now(), updated_at = now()
                   where user_id is null and job_type = $1::job_type and status = 'pending'";
        Ok(execute(self.0, sql, [job_type.as_str().into()]).await? > 0)
    }

    /// Brings a dead job of the server's own back, with all its claims before it; false when there is no such dead job.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another one of a kind of which one may live does.
    pub async fn revive(&self, id: JobId) -> Result<bool, StoreError> {
        let sql = "update job_queue set status = 'pending', attempts = 0, scheduled_for = now(), turn = null, completed_at = null,
                     updated_at = now()
                   where id = $1 and status = 'failed' and user_id is null";
        Ok(execute(self.0, sql, [id.0.into()]).await? == 1)
    }

    /// Takes a live job of the server's own from whoever has it; false when there is no such live job.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn give_up(&self, id: JobId, error: &str) -> Result<bool, StoreError> {
        let sql = format!(
            "with taken as (
               update job_queue j set status = 'failed', error = $2, fence = j.fence + 1, turn = null, completed_at = now(),
                 history = case when j.locked_by is null then j.history else {RECORD} $2::text) end,
                 locked_by = null, locked_at = null, lease_expires_at = null, updated_at = now()
               where j.id = $1 and j.user_id is null and j.status in ('pending', 'processing') returning j.id)
             select pg_notify($3, id::text) from taken"
        );
        Ok(first(self.0, &sql, [id.0.into(), error.into(), FENCED.into()]).await?.is_some())
    }

    /// Takes away what a job of the server's own needed to know.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn forget_payload(&self, id: JobId) -> Result<(), StoreError> {
        execute(self.0, "update job_queue set payload = '{}' where id = $1 and user_id is null", [id.0.into()])
            .await
            .map(drop)
    }

    /// Deletes a dead job and its history; false when there is no dead job of this key.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn discard(&self, id: JobId) -> Result<bool, StoreError> {
        let sql = "delete from job_queue where id = $1 and status = 'failed'";
        Ok(execute(self.0, sql, [id.0.into()]).await? == 1)
    }

    /// Counts for a probe; no count goes beyond `limit` + 1, however much there is.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn health(&self, limit: u32) -> Result<QueueHealth, StoreError> {
        let counted = |name: &str, condition: &str| {
            format!("(select count(*) from (select from job_queue where {condition} limit $1) {name}) as {name}")
        };
        let sql = [
            counted("waiting", "status = 'pending'"),
            counted("late", "status = 'pending' and scheduled_for < now() - $2 * interval '1 millisecond'"),
            counted("lost", "status = 'processing' and lease_expires_at < now() - $3 * interval '1 millisecond'"),
            counted("untaken", "status = 'pending' and scheduled_for < now() - $3 * interval '1 millisecond'"),
            counted("running", "status = 'processing'"),
            counted("dead", "status = 'failed'"),
        ]
        .join(",\n");
        let values = [(i64::from(limit) + 1).into(), millis(LATE_AFTER).into(), millis(STUCK_AFTER).into()];
        let row = only(self.0, "the queue's counts", &format!("select {sql}"), values).await?;
        let number = |column| count(&row, "job_queue", column);
        Ok(QueueHealth {
            waiting: number("waiting")?,
            waiting_too_long: number("late")?,
            stuck: number("lost")?.saturating_add(number("untaken")?),
            running: number("running")?,
            dead: number("dead")?,
        })
    }
}
