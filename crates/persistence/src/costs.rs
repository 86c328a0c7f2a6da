//! Costs that are found out late: what the provider charged for an estimated call, and what an attempt cost whose worker
//! died before it could say. Called by `services::costs`.

use crate::attempts::UsageRecord;
use crate::error::StoreError;
use crate::rows::{all, execute, get};
use crate::session::ServiceTx;
use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use serde_json::Value as Json;
use uuid::Uuid;
use waymark_domain::generation::{ModelPrice, TokenUsage};
use waymark_domain::ids::{AttemptId, GenerationId, PlanId, UserId};

/// Characters of a token, roughly: what an estimate divides by.
const CHARS_A_TOKEN: u64 = 4;

/// An estimated call whose provider can be asked.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The row of `ai_usage_events`.
    pub id: Uuid,
    /// The plan, if it is still there.
    pub plan_id: Option<PlanId>,
    /// Whose it is.
    pub user_id: UserId,
    /// The generation.
    pub generation_id: GenerationId,
    /// The attempt's number.
    pub attempt: u32,
    /// Who was paid.
    pub provider: String,
    /// The model that answered.
    pub model: String,
    /// The provider's name for the call.
    pub request_id: String,
    /// The catalogue's price then.
    pub price: ModelPrice,
    /// When it was spent.
    pub spent_at: DateTime<Utc>,
}

/// Costs found out late.
pub struct ServiceCosts<'t>(&'t ServiceTx);

impl ServiceTx {
    /// Costs found out late.
    pub fn costs(&self) -> ServiceCosts<'_> {
        ServiceCosts(self)
    }
}

/// What an attempt's cost is estimated from: its own metadata, and the modules that were told while it ran. Learners are
/// told what arrived, so that is what was paid for at least.
const LOST: &str = "
    select a.plan_id, a.user_id, a.generation_id, a.number, a.metadata, coalesce(a.finished_at, now()) as spent_at,
      (select coalesce(sum(octet_length(e.data::text)), 0)::bigint from generation_events e
       where e.plan_id = a.plan_id and e.generation_id = a.generation_id and e.type = 'module_summary'
         and e.created_at between a.created_at and coalesce(a.finished_at, now())) as told
    from generation_attempts a
    where a.reached_at is not null and not exists (
      select from ai_usage_events u where u.generation_id = a.generation_id and u.attempt = a.number)";

impl ServiceCosts<'_> {
    /// Takes calls whose provider is to be asked now. Each is pushed ahead, by more the older it is, so that whoever dies
    /// while asking only delays it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn take_lookups(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<Lookup>, StoreError> {
        let sql = "with due as materialized (
                     select id from ai_usage_events where lookup_at <= $1 and generation_id is not null
                       and request_id is not null order by lookup_at limit $2 for update skip locked)
                   update ai_usage_events u set lookup_at = $1 + case
                     when $1 - u.created_at < interval '5 s' then interval '5 s'
                     when $1 - u.created_at < interval '20 s' then interval '15 s'
                     when $1 - u.created_at < interval '80 s' then interval '1 min'
                     else interval '5 min' end
                   from due where u.id = due.id
                   returning u.id, u.plan_id, u.user_id, u.generation_id, u.attempt, u.provider, u.model, u.request_id,
                     u.price, u.created_at";
        let rows = all(&self.0.tx, sql, [now.into(), i64::from(limit).into()]).await?;
        rows.iter().map(lookup).collect()
    }

    /// Puts what the provider says in the place of an estimate, and moves the month's spend by the difference. Nothing
    /// happens when the row is an estimate no longer.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn correct(&self, lookup: &Lookup, usage: TokenUsage) -> Result<bool, StoreError> {
        let record = UsageRecord {
            plan_id: lookup.plan_id,
            user_id: lookup.user_id,
            generation_id: lookup.generation_id,
            attempt: lookup.attempt,
            provider: &lookup.provider,
            model: &lookup.model,
            usage,
            price: lookup.price,
            cost_microusd: lookup.price.cost_microusd(&usage),
            estimated: false,
            request_id: Some(&lookup.request_id),
            at: lookup.spent_at,
        };
        self.0.attempts().record_usage(&record).await
    }

    /// Leaves a call at its estimate: its provider will not tell.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn give_up(&self, id: Uuid) -> Result<(), StoreError> {
        let sql = "update ai_usage_events set lookup_at = null where id = $1 and estimated";
        execute(&self.0.tx, sql, [id.into()]).await.map(drop)
    }

    /// Estimates attempts that reached a provider, ended between two instants and have no cost yet: their workers died.
    /// At most `limit`, the oldest first; returns how many there were.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn estimate_lost(
        &self,
        after: DateTime<Utc>,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u32, StoreError> {
        let sql = format!(
            "{LOST} and a.status <> 'in_progress' and a.finished_at > $1 and a.finished_at <= $2
             order by a.finished_at limit $3"
        );
        let rows = all(&self.0.tx, &sql, [after.into(), before.into(), i64::from(limit).into()]).await?;
        for row in &rows {
            self.estimate(row).await?;
        }
        Ok(u32::try_from(rows.len()).unwrap_or(u32::MAX))
    }

    /// Estimates one attempt that reached a provider and has no cost yet; false when there is nothing to estimate.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn estimate_attempt(&self, id: AttemptId) -> Result<bool, StoreError> {
        let rows = all(&self.0.tx, &format!("{LOST} and a.id = $1"), [id.0.into()]).await?;
        match rows.first() {
            Some(row) => self.estimate(row).await,
            None => Ok(false),
        }
    }

    async fn estimate(&self, row: &QueryResult) -> Result<bool, StoreError> {
        let metadata: Json = get(row, "metadata")?;
        let number = |key: &str| metadata.get(key).and_then(Json::as_u64).unwrap_or_default();
        let text = |key: &str| metadata.get(key).and_then(Json::as_str);
        let told = u64::try_from(get::<i64>(row, "told")?).unwrap_or_default();
        let usage = TokenUsage {
            input_tokens: tokens(number("promptChars")),
            output_tokens: tokens(told.max(number("bytes"))),
            provider_cost_microusd: None,
        };
        let price = price(metadata.get("price"));
        let record = UsageRecord {
            plan_id: get::<Option<Uuid>>(row, "plan_id")?.map(PlanId),
            user_id: UserId(get(row, "user_id")?),
            generation_id: GenerationId(get(row, "generation_id")?),
            attempt: u32::try_from(get::<i32>(row, "number")?).unwrap_or_default(),
            provider: text("provider").unwrap_or("unknown"),
            model: text("model").unwrap_or("unknown"),
            usage,
            price,
            cost_microusd: price.cost_microusd(&usage),
            estimated: true,
            request_id: text("requestId"),
            at: get(row, "spent_at")?,
        };
        self.0.attempts().record_usage(&record).await
    }
}

fn tokens(chars: u64) -> u32 {
    u32::try_from(chars.div_ceil(CHARS_A_TOKEN)).unwrap_or(u32::MAX)
}

/// The price as it was recorded; free when there is none.
fn price(recorded: Option<&Json>) -> ModelPrice {
    recorded.and_then(|price| serde_json::from_value(price.clone()).ok()).unwrap_or_default()
}

fn lookup(row: &QueryResult) -> Result<Lookup, StoreError> {
    Ok(Lookup {
        id: get(row, "id")?,
        plan_id: get::<Option<Uuid>>(row, "plan_id")?.map(PlanId),
        user_id: UserId(get(row, "user_id")?),
        generation_id: GenerationId(get(row, "generation_id")?),
        attempt: u32::try_from(get::<i32>(row, "attempt")?)
            .map_err(|_| StoreError::Inconsistent { table: "ai_usage_events", column: "attempt" })?,
        provider: get(row, "provider")?,
        model: get(row, "model")?,
        request_id: get(row, "request_id")?,
        price: price(Some(&get::<Json>(row, "price")?)),
        spent_at: get(row, "created_at")?,
    })
}
