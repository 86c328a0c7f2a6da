//! How a worker gets jobs and keeps them.

use super::{CLAIMED, Held, RECORD, ServiceJobs, WorkJob, millis, work_job};
use crate::error::StoreError;
use crate::rows::{all, first, get};
use sea_orm::QueryResult;
use std::fmt::Write;
use std::time::Duration;
use waymark_domain::ids::JobId;

/// What a claim does to a job. The joined rows are locked and were judged under that lock, so the status is not asked again:
/// with old statistics the planner would rather read every waiting job than look the chosen ones up by their keys.
const CLAIM: &str =
    "update job_queue j set status = 'processing', attempts = j.attempts + 1, fence = j.fence + 1, turn = null,
    locked_by = $1, locked_at = now(), lease_expires_at = now() + $2 * interval '1 millisecond',
    started_at = coalesce(j.started_at, now()), updated_at = now()";

/// Holders' pairs, to be joined as `held (id, fence)`: `$1` and `$2` are array literals.
const HELD: &str = "unnest($1::text::uuid[], $2::text::bigint[]) as held (id, fence)";

/// Whether one of [`HELD`] holds its job still. The status as text: its index would lead through every job that is being
/// worked on.
const SAME: &str = "j.id = held.id and j.fence = held.fence and j.status::text = 'processing'";

/// Picks the jobs that are held still, locked as `lock` says in the order of their ids, in which events lock them too, or
/// the two could wait for each other. The array makes the update look them up by their keys.
fn picked(lock: &str) -> String {
    format!("j.id = any(array(select j.id from job_queue j, {HELD} where {SAME} order by j.id for {lock}))")
}

/// Picks the jobs that are held still; waits for those that somebody else has locked.
pub(super) fn locked() -> String {
    picked("update of j")
}

/// As [`locked`], without those that somebody else has locked.
fn unlocked() -> String {
    picked("no key update of j skip locked")
}

/// The literals for [`HELD`].
pub(super) fn literals(held: &[Held]) -> (String, String) {
    let (mut ids, mut fences) = (String::from("{"), String::from("{"));
    for (place, held) in held.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(ids, "{comma}{}", held.id.0);
        let _ = write!(fences, "{comma}{}", held.fence);
    }
    ids.push('}');
    fences.push('}');
    (ids, fences)
}

pub(super) fn held(row: &QueryResult) -> Result<Held, StoreError> {
    Ok(Held { id: JobId(get(row, "id")?), fence: get(row, "fence")? })
}

impl ServiceJobs<'_> {
    /// Claims the jobs whose turn it is, at most `limit`, in the order of the line: by priority, then turn.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn claim(&self, worker: &str, lease: Duration, limit: u32) -> Result<Vec<WorkJob>, StoreError> {
        // The array keeps the planner from locking more rows than the limit says; the literal keeps the partial index.
        let sql = format!(
            "{CLAIM} from unnest(array(
               select id from job_queue where status = 'pending' and turn is not null
               order by priority desc, turn, id limit $3 for update skip locked)) with ordinality as line (id, place)
             where j.id = line.id
             returning {CLAIMED}, line.place"
        );
        let values = [worker.into(), millis(lease).into(), i64::from(limit).into()];
        let rows = all(self.0, &sql, values).await?;
        let mut placed = rows
            .iter()
            .map(|row| Ok((get::<i64>(row, "place")?, work_job(row)?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        placed.sort_unstable_by_key(|(place, _)| *place);
        Ok(placed.into_iter().map(|(_, job)| job).collect())
    }

    /// Claims jobs whose worker let its lease run out, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn claim_expired(&self, worker: &str, lease: Duration, limit: u32) -> Result<Vec<WorkJob>, StoreError> {
        let sql = format!(
            "{CLAIM}, history = {RECORD} 'worker_lost') where j.id = any(array(
               select id from job_queue where status = 'processing' and lease_expires_at < now()
               order by lease_expires_at limit $3 for update skip locked))
             returning {CLAIMED}"
        );
        let values = [worker.into(), millis(lease).into(), i64::from(limit).into()];
        all(self.0, &sql, values).await?.iter().map(work_job).collect()
    }

    /// Prolongs the leases of `held`; returns those it prolonged. One that is missing may be held still and be locked by
    /// somebody: it is not waited for, lest the others run out meanwhile. [`Self::still_held`] tells.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn heartbeat(&self, held: &[Held], lease: Duration) -> Result<Vec<Held>, StoreError> {
        let sql = format!(
            "update job_queue j set lease_expires_at = now() + $3 * interval '1 millisecond', updated_at = now()
             where {} returning j.id, j.fence",
            unlocked()
        );
        let (ids, fences) = literals(held);
        all(self.0, &sql, [ids.into(), fences.into(), millis(lease).into()]).await?.iter().map(self::held).collect()
    }

    /// Those of `held` that are held still. Waits for nobody: what a transaction under way does to them is not seen.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn still_held(&self, held: &[Held]) -> Result<Vec<Held>, StoreError> {
        let sql = format!("select j.id, j.fence from job_queue j, {HELD} where {SAME}");
        let (ids, fences) = literals(held);
        all(self.0, &sql, [ids.into(), fences.into()]).await?.iter().map(self::held).collect()
    }

    /// Locks a job for the rest of the transaction if this fence still holds it: every write of a worker starts here.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when another claim or a cancel has moved the fence.
    pub async fn assert_held(&self, held: Held) -> Result<(), StoreError> {
        let sql = "select id from job_queue where id = $1 and fence = $2 and status = 'processing' for update";
        first(self.0, sql, [held.id.0.into(), held.fence.into()]).await?.map(|_| ()).ok_or(StoreError::Fenced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn holders_are_written_as_two_arrays_of_one_length() {
        assert_eq!(literals(&[]), ("{}".to_owned(), "{}".to_owned()));
        let held = |number: u128, fence| Held { id: JobId(Uuid::from_u128(number)), fence };
        let (ids, fences) = literals(&[held(1, 7), held(2, 8)]);
        assert_eq!(ids, "{00000000-0000-0000-0000-000000000001,00000000-0000-0000-0000-000000000002}");
        assert_eq!(fences, "{7,8}");
    }
}
