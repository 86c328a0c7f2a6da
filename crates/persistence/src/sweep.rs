//! Taking away what has had its time, in small batches. Called by `services::sweeper` only, one process at a time.

use crate::error::StoreError;
use crate::rows::{all, execute, get, only};
use crate::session::ServiceTx;
use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, QueryResult};
use uuid::Uuid;
use waymark_domain::ids::UserId;

/// Names the sweep among the database's advisory locks ("sweeper" in ASCII).
const LOCK: i64 = 0x73_77_65_65_70_65_72;

/// Rows that go when they are older than an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expirable {
    /// OAuth flows that were never finished, by their expiry.
    OauthStates,
    /// First answers kept for repetitions, by their expiry.
    IdempotencyKeys,
    /// Jobs that ended well, by their end.
    CompletedJobs,
    /// Jobs that ended badly, by their end.
    FailedJobs,
    /// Names of the payment provider's events, by their arrival.
    StripeEvents,
    /// Names of the identity provider's events, by their arrival.
    ClerkEvents,
    /// Rate-limit buckets, by the instant when they were empty.
    RateLimitBuckets,
}

impl Expirable {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::OauthStates,
        Self::IdempotencyKeys,
        Self::CompletedJobs,
        Self::FailedJobs,
        Self::StripeEvents,
        Self::ClerkEvents,
        Self::RateLimitBuckets,
    ];

    /// Deletes at most `$2` rows from before `$1`. Rows that somebody works with are passed over, where the role may lock.
    const fn sql(self) -> &'static str {
        match self {
            Self::OauthStates => {
                "delete from oauth_state_tokens where id = any(array(
                   select id from oauth_state_tokens where expires_at < $1 order by expires_at limit $2 for update skip locked))"
            }
            Self::IdempotencyKeys => {
                "delete from idempotency_keys where id = any(array(
                   select id from idempotency_keys where expires_at < $1 order by expires_at limit $2 for update skip locked))"
            }
            Self::CompletedJobs => {
                "delete from job_queue where id = any(array(
                   select id from job_queue where status in ('completed', 'failed') and status = 'completed'
                     and completed_at < $1 order by completed_at limit $2 for update skip locked))"
            }
            Self::FailedJobs => {
                "delete from job_queue where id = any(array(
                   select id from job_queue where status in ('completed', 'failed') and status = 'failed'
                     and job_type <> 'account_erasure' and completed_at < $1 order by completed_at limit $2 for update skip locked))"
            }
            Self::StripeEvents => {
                "delete from stripe_webhook_events where id = any(array(
                   select id from stripe_webhook_events where created_at < $1 order by created_at limit $2))"
            }
            Self::ClerkEvents => {
                "delete from clerk_webhook_events where id = any(array(
                   select id from clerk_webhook_events where created_at < $1 order by created_at limit $2))"
            }
            Self::RateLimitBuckets => {
                "delete from rate_limit_buckets where bucket = any(array(
                   select bucket from rate_limit_buckets where state < $1 limit $2 for update skip locked))"
            }
        }
    }
}

/// What became of a reservation that had run out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweptReservation {
    /// Whose it is.
    pub user_id: UserId,
    /// `plan`, `regeneration`, `export` or `ai_spend`.
    pub kind: String,
    /// What it was reserved for.
    pub subject: Uuid,
    /// Its job lives, so it was prolonged; else it is released.
    pub prolonged: bool,
    /// It was released although its plan is being generated: nobody will ever settle that plan.
    pub stuck: bool,
}

/// How far the log has been looked through: the terminal event after which to go on. Rows before it have been seen, and
/// the last row of each plan, which stays for good, is not looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogMark {
    /// When the event was logged.
    pub created_at: DateTime<Utc>,
    /// Its key.
    pub id: Uuid,
}

impl Default for LogMark {
    fn default() -> Self {
        Self { created_at: DateTime::UNIX_EPOCH, id: Uuid::nil() }
    }
}

/// What a look at the log came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweptLog {
    /// Events deleted.
    pub deleted: u64,
    /// Where to go on.
    pub mark: LogMark,
    /// Whether nothing older is left.
    pub done: bool,
}

/// The sweeper's verbs.
pub struct ServiceSweep<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// The sweeper's verbs.
    pub fn sweep(&self) -> ServiceSweep<'_> {
        ServiceSweep(&self.tx)
    }
}

impl ServiceSweep<'_> {
    /// Whether nobody else sweeps for the rest of this transaction. The lock ends with the transaction, since a session's
    /// lock would be lost or kept for good behind a pooler.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn is_alone(&self) -> Result<bool, StoreError> {
        let sql = "select pg_try_advisory_xact_lock($1) as alone";
        get(&only(self.0, "the sweeper's lock", sql, [LOCK.into()]).await?, "alone")
    }

    /// Deletes rows from before an instant, at most `limit`; returns how many.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn delete(&self, what: Expirable, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        execute(self.0, what.sql(), [before.into(), i64::from(limit).into()]).await
    }

    /// Looks at reservations that ran out before `now`, at most `limit`: those whose job lives last until `until`, the
    /// others are released. One that is being settled is passed over.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn reservations(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<SweptReservation>, StoreError> {
        let sql = "with due as materialized (
                     select id, user_id, subject_id from usage_reservations where state = 'reserved' and expires_at < $1
                     order by expires_at limit $3 for update skip locked),
                   judged as materialized (
                     select due.id,
                       exists (select from job_queue j where j.user_id = due.user_id and j.status in ('pending', 'processing')
                         and (j.plan_id = due.subject_id or j.payload ->> 'generationId' = due.subject_id::text)) as lives,
                       exists (select from learning_plans p where p.user_id = due.user_id
                         and p.generation_status = 'generating' and (p.id = due.subject_id
                           or p.id = (select g.plan_id from plan_generations g where g.id = due.subject_id))) as generating
                     from due)
                   update usage_reservations r set updated_at = now(),
                     state = case when lives then 'reserved' else 'released' end,
                     expires_at = case when lives then $2 else r.expires_at end
                   from judged where r.id = judged.id
                   returning r.user_id, r.kind, r.subject_id, lives, generating and not lives as stuck";
        let rows = all(self.0, sql, [now.into(), until.into(), i64::from(limit).into()]).await?;
        rows.iter().map(reservation).collect()
    }

    /// Looks at up to `limit` generations that ended before `before`, from `mark` on, and deletes at most `limit` of their
    /// events. The last row of each plan stays: its number must never be given again.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn events(&self, mark: LogMark, before: DateTime<Utc>, limit: u32) -> Result<SweptLog, StoreError> {
        let sql = "with ended as materialized (
                     select id, created_at, plan_id, generation_id from generation_events
                     where type in ('complete', 'error', 'canceled') and created_at < $1 and (created_at, id) > ($2, $3)
                     order by created_at, id limit $4),
                   gone as (
                     delete from generation_events where id = any(array(
                       select e.id from ended
                         join generation_events e on e.plan_id = ended.plan_id and e.generation_id = ended.generation_id
                       where e.seq < (select max(l.seq) from generation_events l where l.plan_id = ended.plan_id)
                       order by ended.created_at, ended.id, e.seq limit $4)) returning 1)
                   select (select count(*) from gone) as deleted, (select count(*) from ended) as seen, last.created_at, last.id
                   from (select 1) one left join (select created_at, id from ended order by created_at desc, id desc limit 1) last
                     on true";
        let values = [before.into(), mark.created_at.into(), mark.id.into(), i64::from(limit).into()];
        let row = only(self.0, "a look at the log", sql, values).await?;
        let (deleted, seen): (i64, i64) = (get(&row, "deleted")?, get(&row, "seen")?);
        let last = match (get(&row, "created_at")?, get(&row, "id")?) {
            (Some(created_at), Some(id)) => LogMark { created_at, id },
            _ => mark,
        };
        let limit = i64::from(limit);
        // A full batch may have left something behind the mark; a generation's terminal event goes last.
        let mark = if deleted == limit { mark } else { last };
        let done = deleted < limit && seen < limit;
        Ok(SweptLog { deleted: u64::try_from(deleted).unwrap_or_default(), mark, done })
    }
}

fn reservation(row: &QueryResult) -> Result<SweptReservation, StoreError> {
    Ok(SweptReservation {
        user_id: UserId(get(row, "user_id")?),
        kind: get(row, "kind")?,
        subject: get(row, "subject_id")?,
        prolonged: get(row, "lives")?,
        stuck: get(row, "stuck")?,
    })
}
