//! The quota ledger: what is reserved, settled and released, each once per subject, and the counters beside it.

use crate::error::StoreError;
use crate::rows::{count, execute, execute_one, get, only};
use crate::session::ServiceTx;
use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use serde::Serialize;
use uuid::Uuid;
use waymark_domain::ids::{GenerationId, UserId};

/// What a reservation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationKind {
    /// A plan's place among the active ones.
    Plan,
    /// One regeneration of the month.
    Regeneration,
    /// One export of the month.
    Export,
    /// What a generation may still cost.
    AiSpend,
}

impl ReservationKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Regeneration => "regeneration",
            Self::Export => "export",
            Self::AiSpend => "ai_spend",
        }
    }

    /// The column of `usage_metrics` that counts what was settled. Spend is added up call by call instead.
    const fn counter(self) -> Option<&'static str> {
        match self {
            Self::Plan => Some("plans_generated"),
            Self::Regeneration => Some("regenerations_used"),
            Self::Export => Some("exports_used"),
            Self::AiSpend => None,
        }
    }
}

/// The ledger, as the server.
pub struct ServiceQuota<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// The quota ledger.
    pub fn quota(&self) -> ServiceQuota<'_> {
        ServiceQuota(&self.tx)
    }
}

impl ServiceQuota<'_> {
    /// Active plans: ready and counted, or being generated. Exact only while the account's row is locked.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn active_plans(&self, user: UserId) -> Result<u32, StoreError> {
        let sql = "select count(*) as active from learning_plans
                   where user_id = $1 and (is_quota_eligible or generation_status = 'generating')";
        count(&only(self.0, "a count of plans", sql, [user.0.into()]).await?, "learning_plans", "active")
    }

    /// The month's AI spend in micro-USD.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn ai_spend(&self, user: UserId, month: &str) -> Result<i64, StoreError> {
        let sql = "select coalesce(sum(ai_cost_microusd), 0)::bigint as spent from usage_metrics
                   where user_id = $1 and month = $2";
        get(&only(self.0, "the month's spend", sql, [user.0.into(), month.into()]).await?, "spent")
    }

    /// What generations under way may still cost, in micro-USD, whatever the month.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn reserved_spend(&self, user: UserId) -> Result<i64, StoreError> {
        let sql = "select coalesce(sum(amount_microusd), 0)::bigint as reserved from usage_reservations
                   where user_id = $1 and kind = 'ai_spend' and state = 'reserved'";
        get(&only(self.0, "the reserved spend", sql, [user.0.into()]).await?, "reserved")
    }

    /// Regenerations of the month, done or under way. Exact only while the account's row is locked.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn regenerations(&self, user: UserId, month: &str) -> Result<u32, StoreError> {
        let sql =
            "select (select coalesce(sum(regenerations_used), 0) from usage_metrics where user_id = $1 and month = $2)
                     + (select count(*) from usage_reservations
                        where user_id = $1 and month = $2 and kind = 'regeneration' and state = 'reserved') as used";
        count(
            &only(self.0, "a count of regenerations", sql, [user.0.into(), month.into()]).await?,
            "usage_metrics",
            "used",
        )
    }

    /// Generations and explanations started since an instant, and the oldest of them. Exact only while the account's row is
    /// locked.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn started_since(
        &self,
        user: UserId,
        since: DateTime<Utc>,
    ) -> Result<(u32, Option<DateTime<Utc>>), StoreError> {
        // The month is what the index leads by: without it the account's whole life is read. Months are named by the servers'
        // clocks and rows dated by the database's, which are never a day apart.
        let sql = "select count(*) as started, min(created_at) as oldest from usage_reservations
                   where user_id = $1 and kind in ('plan', 'regeneration', 'explanation') and created_at > $2
                     and month >= to_char($2::timestamptz at time zone 'UTC' - interval '1 day', 'YYYY-MM')";
        let row = only(self.0, "a count of generations", sql, [user.0.into(), since.into()]).await?;
        Ok((count(&row, "usage_reservations", "started")?, get(&row, "oldest")?))
    }

    /// Reserves one unit for a subject.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the subject has a reservation already.
    pub async fn reserve(
        &self,
        kind: ReservationKind,
        user: UserId,
        subject: Uuid,
        month: &str,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "insert into usage_reservations (user_id, month, kind, subject_id, state, expires_at)
                   values ($1, $2, $3, $4, 'reserved', $5)";
        let values = [user.0.into(), month.into(), kind.as_str().into(), subject.into(), expires_at.into()];
        execute_one(self.0, "a reservation", sql, values).await
    }

    /// Reserves what a generation may cost, in micro-USD; released when it ends.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the generation has a reservation already.
    pub async fn reserve_spend(
        &self,
        user: UserId,
        generation: GenerationId,
        month: &str,
        amount_microusd: i64,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql =
            "insert into usage_reservations (user_id, month, kind, subject_id, state, expires_at, amount_microusd)
                   values ($1, $2, 'ai_spend', $3, 'reserved', $4, $5)";
        let values = [user.0.into(), month.into(), generation.0.into(), expires_at.into(), amount_microusd.into()];
        execute_one(self.0, "a reservation", sql, values).await
    }

    /// Settles a subject's reservation and counts it, once; later calls change nothing.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn settle(&self, kind: ReservationKind, subject: Uuid) -> Result<bool, StoreError> {
        let values = [kind.as_str().into(), subject.into()];
        let settled = "update usage_reservations set state = 'settled', updated_at = now()
                       where kind = $1 and subject_id = $2 and state = 'reserved'";
        let Some(counter) = kind.counter() else { return Ok(execute(self.0, settled, values).await? > 0) };
        let sql = format!(
            "with settled as ({settled} returning user_id, month)
             insert into usage_metrics (user_id, month, {counter}) select user_id, month, 1 from settled
             on conflict (user_id, month) do update
               set {counter} = usage_metrics.{counter} + 1, updated_at = now()"
        );
        Ok(execute(self.0, &sql, values).await? > 0)
    }

    /// Releases a subject's reservation, once; later calls change nothing.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn release(&self, kind: ReservationKind, subject: Uuid) -> Result<bool, StoreError> {
        let sql = "update usage_reservations set state = 'released', updated_at = now()
                   where kind = $1 and subject_id = $2 and state = 'reserved'";
        Ok(execute(self.0, sql, [kind.as_str().into(), subject.into()]).await? > 0)
    }
}
