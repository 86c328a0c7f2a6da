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
pub(super) const HELD: &str = "unnest($1::text::uuid[], $2::text::bigint[]) as held (id, fence)";

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

    /// Prolongs the leases of `held`; returns those that are held still.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn heartbeat(&self, held: &[Held], lease: Duration) -> Result<Vec<Held>, StoreError> {
        // As text: the index on the status would lead through every job that is being worked on.
        let sql = format!(
            "update job_queue j set lease_expires_at = now() + $3 * interval '1 millisecond', updated_at = now()
             from {HELD} where j.id = held.id and j.fence = held.fence and j.status::text = 'processing'
             returning j.id, j.fence"
        );
        let (ids, fences) = literals(held);
        all(self.0, &sql, [ids.into(), fences.into(), millis(lease).into()]).await?.iter().map(self::held).collect()
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
