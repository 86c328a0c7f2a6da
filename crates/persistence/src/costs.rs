//! Costs that are found out late: what the provider charged for an estimated call, and what an attempt cost whose worker
//! died before it could say. Called by `services::costs`.

use crate::attempts::UsageRecord;
use crate::error::StoreError;
use crate::rows::{all, execute, get};
use crate::session::ServiceTx;
use chrono::{DateTime, Utc};
use sea_orm::QueryResult;
use serde_json::{Value as Json, json};
use uuid::Uuid;
use waymark_domain::generation::{ModelPrice, TokenUsage, cents_rounded_up, estimated_tokens};
use waymark_domain::ids::{AttemptId, GenerationId, PlanId, UserId};

/// An estimated call whose provider can be asked: a generation's attempt or an explanation.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The row of `ai_usage_events`.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: UserId,
    /// Who was paid.
    pub provider: String,
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
    /// Takes calls that are to be asked about now, of the named providers; others are left to processes that have them. Each
    /// is pushed ahead, by more the older it is, so that whoever dies while asking only delays it.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn take_lookups(
        &self,
        now: DateTime<Utc>,
        providers: &[&str],
        limit: u32,
    ) -> Result<Vec<Lookup>, StoreError> {
        let sql = "with due as materialized (
                     select id from ai_usage_events where lookup_at <= $1 and request_id is not null
                         and provider in (select jsonb_array_elements_text($3))
                       order by lookup_at limit $2 for update skip locked)
                   update ai_usage_events u set lookup_at = $1 + case
                     when $1 - u.created_at < interval '5 s' then interval '5 s'
                     when $1 - u.created_at < interval '20 s' then interval '15 s'
                     when $1 - u.created_at < interval '80 s' then interval '1 min'
                     else interval '5 min' end
                   from due where u.id = due.id
                   returning u.id, u.user_id, u.provider, u.request_id, u.price, u.created_at";
        let values = [now.into(), i64::from(limit).into(), json!(providers).into()];
        all(&self.0.tx, sql, values).await?.iter().map(lookup).collect()
    }

    /// Puts what the provider says in the place of an estimate, and moves the month's spend by the difference. Nothing
    /// happens when the row is an estimate no longer.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn correct(&self, lookup: &Lookup, usage: TokenUsage) -> Result<bool, StoreError> {
        // The estimate is locked and read before it is replaced: a statement does not see what it has changed itself.
        let sql = "with old as materialized (
                     select id, cost_microusd from ai_usage_events where id = $1 and user_id = $2 and estimated for update),
                   spent as (
                     update ai_usage_events e set input_tokens = $3, output_tokens = $4, cost_cents = $5, cost_microusd = $6,
                       price = e.price || jsonb_build_object('source', $7::text), estimated = false, lookup_at = null
                     from old where e.id = old.id
                     returning e.user_id, to_char(e.created_at at time zone 'UTC', 'YYYY-MM') as month,
                       e.cost_microusd - old.cost_microusd as more)
                   update usage_metrics m set updated_at = now(), ai_cost_microusd = m.ai_cost_microusd + spent.more
                   from spent where m.user_id = spent.user_id and m.month = spent.month";
        let cost_microusd = lookup.price.cost_microusd(&usage);
        let source = if usage.provider_cost_microusd.is_some() { "provider" } else { "catalogue" };
        let values = [
            lookup.id.into(),
            lookup.user_id.0.into(),
            i64::from(usage.input_tokens).into(),
            i64::from(usage.output_tokens).into(),
            cents_rounded_up(cost_microusd).into(),
            cost_microusd.into(),
            source.into(),
        ];
        Ok(execute(&self.0.tx, sql, values).await? > 0)
    }

    /// Leaves a call at its estimate: its provider will not tell.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn give_up(&self, id: Uuid) -> Result<(), StoreError> {
        let sql = "update ai_usage_events set lookup_at = null where id = $1 and estimated";
        execute(&self.0.tx, sql, [id.into()]).await.map(drop)
    }

    /// Leaves calls from before an instant at their estimates, whoever made them: nobody has had their provider since. Those
    /// of the named providers can still be asked about, and are left to that.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn give_up_before(&self, before: DateTime<Utc>, providers: &[&str]) -> Result<u64, StoreError> {
        let sql = "update ai_usage_events set lookup_at = null where id = any(array(
                     select id from ai_usage_events where lookup_at is not null and created_at < $1
                       and provider <> all(array(select jsonb_array_elements_text($2))) for update skip locked))";
        execute(&self.0.tx, sql, [before.into(), json!(providers).into()]).await
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
        // Locked, so that a worker that wakes up to say that it reached nobody comes before or after. By learner and month, so
        // that clerks at work on different attempts take the counters in one order.
        let sql = format!(
            "with lost as materialized (
               {LOST} and a.status <> 'in_progress' and a.finished_at > $1 and a.finished_at <= $2
               order by a.finished_at limit $3 for no key update of a skip locked)
             select * from lost order by user_id, spent_at"
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
            input_tokens: estimated_tokens(number("promptChars")),
            output_tokens: estimated_tokens(told.max(number("bytes"))),
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

/// The price as it was recorded; free when there is none.
fn price(recorded: Option<&Json>) -> ModelPrice {
    recorded.and_then(|price| serde_json::from_value(price.clone()).ok()).unwrap_or_default()
}

fn lookup(row: &QueryResult) -> Result<Lookup, StoreError> {
    Ok(Lookup {
        id: get(row, "id")?,
        user_id: UserId(get(row, "user_id")?),
        provider: get(row, "provider")?,
        request_id: get(row, "request_id")?,
        price: price(Some(&get::<Json>(row, "price")?)),
        spent_at: get(row, "created_at")?,
    })
}
