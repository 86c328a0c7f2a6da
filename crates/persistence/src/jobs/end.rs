//! How a claim ends: well, badly, put back for another one, or taken from its worker.

use super::claim::{held, literals, locked};
use super::{CLAIMED, Held, RECORD, ServiceJobs, WorkJob, millis, work_job};
use crate::error::StoreError;
use crate::listen::{FENCED, JOBS};
use crate::rows::{all, execute, first, get, only};
use serde_json::Value as Json;
use std::time::Duration;
use waymark_domain::ids::{JobId, PlanId, UserId};

/// Nobody holds the job.
const LET_GO: &str = "locked_by = null, locked_at = null, lease_expires_at = null, updated_at = now()";

impl ServiceJobs<'_> {
    /// Why a job was last put back; `unknown` when nobody said.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_error(&self, id: JobId) -> Result<String, StoreError> {
        let sql = "select coalesce(error, 'unknown') as error from job_queue where id = $1";
        get(&only(self.0, "a job", sql, [id.0.into()]).await?, "error")
    }

    /// Ends a held job well.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when it is no longer held.
    pub async fn complete(&self, held: Held, result: Json) -> Result<(), StoreError> {
        let sql = format!(
            "update job_queue set status = 'completed', result = $3, completed_at = now(), {LET_GO}
             where id = $1 and fence = $2 and status = 'processing'"
        );
        fenced(execute(self.0, &sql, [held.id.0.into(), held.fence.into(), result.into()]).await?)
    }

    /// Ends held jobs well, without results, in one statement; returns those that were held still.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn complete_all(&self, held: &[Held]) -> Result<Vec<Held>, StoreError> {
        let sql = format!(
            "update job_queue j set status = 'completed', completed_at = now(), {LET_GO}
             where {} returning j.id, j.fence",
            locked()
        );
        let (ids, fences) = literals(held);
        all(self.0, &sql, [ids.into(), fences.into()]).await?.iter().map(self::held).collect()
    }

    /// Ends a held job badly: it is dead, and kept with its history.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when it is no longer held.
    pub async fn fail(&self, held: Held, error: &str) -> Result<(), StoreError> {
        let sql = format!(
            "update job_queue j set status = 'failed', error = $3, history = {RECORD} $3::text), completed_at = now(), {LET_GO}
             where id = $1 and fence = $2 and status = 'processing'"
        );
        fenced(execute(self.0, &sql, [held.id.0.into(), held.fence.into(), error.into()]).await?)
    }

    /// Puts a held job back, to run after `delay`; without delay it goes to the head of its line, for it has had its turn.
    /// A claim that does not count (a worker that stops) is taken back.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when it is no longer held.
    pub async fn put_back(&self, held: Held, delay: Duration, error: &str, counts: bool) -> Result<(), StoreError> {
        let sql = format!(
            "with back as (
               update job_queue j set status = 'pending', scheduled_for = now() + $3 * interval '1 millisecond',
                 turn = case when $3 = 0 then coalesce(
                   (select q.turn - 1 from job_queue q
                     where q.priority = j.priority and q.status = 'pending' and q.turn is not null
                     order by q.turn limit 1), 1) end,
                 error = $4, history = {RECORD} $4::text), attempts = greatest(attempts - $5, 0), {LET_GO}
               where id = $1 and fence = $2 and status = 'processing' returning id)
             select pg_notify($6, '') from back"
        );
        let values = [
            held.id.0.into(),
            held.fence.into(),
            millis(delay).into(),
            error.into(),
            i32::from(!counts).into(),
            JOBS.into(),
        ];
        fenced(execute(self.0, &sql, values).await?)
    }

    /// Takes the plan's live job (if `only` names one, that job and no other) from whoever has it: the fence moves, the job
    /// has failed with `error`, and its worker is hinted at. Returns the job with the moved fence, which is nobody's.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn revoke(
        &self,
        (plan, user): (PlanId, UserId),
        only: Option<JobId>,
        error: &str,
    ) -> Result<Option<WorkJob>, StoreError> {
        let sql = format!(
            "with live as materialized (
               select id from job_queue where plan_id = $1 and user_id = $2 and status in ('pending', 'processing')
                 and id = coalesce($5, id) for update),
             taken as (
               update job_queue j set status = 'failed', error = $3, fence = j.fence + 1, turn = null, completed_at = now(),
                 history = case when j.locked_by is null then j.history else {RECORD} $3::text) end, {LET_GO}
               from live where j.id = live.id returning {CLAIMED})
             select taken.*, pg_notify($4, id::text) from taken"
        );
        let only = only.map(|job| job.0);
        let values = [plan.0.into(), user.0.into(), error.into(), FENCED.into(), only.into()];
        first(self.0, &sql, values).await?.map(|row| work_job(&row)).transpose()
    }
}

fn fenced(touched: u64) -> Result<(), StoreError> {
    if touched == 1 { Ok(()) } else { Err(StoreError::Fenced) }
}
