//! Attempts at a generation and what each one cost. Both outlive their plan: what limits and costs count must not be
//! erased by deleting it.

use crate::error::StoreError;
use crate::rows::{all, execute, execute_one, get, parse, parse_option};
use crate::session::{ServiceTx, UserTx};
use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use waymark_domain::generation::{AttemptStatus, FailureClass, ModelPrice, TokenUsage};
use waymark_domain::ids::{AttemptId, GenerationId, PlanId, UserId};

/// An attempt that begins.
#[derive(Debug, Clone)]
pub struct NewAttempt {
    /// Its key.
    pub id: AttemptId,
    /// The plan.
    pub plan_id: PlanId,
    /// Whose it is.
    pub user_id: UserId,
    /// The generation.
    pub generation_id: GenerationId,
    /// From 1, per generation.
    pub number: u32,
    /// SHA-256 of the prompt, hex.
    pub prompt_hash: String,
    /// What a cost can be estimated from when its worker is lost: provider, model, price, size of the prompt.
    pub metadata: Json,
}

/// How an attempt ended.
#[derive(Debug, Clone, Default)]
pub struct AttemptEnd {
    /// Set exactly when it failed.
    pub classification: Option<FailureClass>,
    /// Milliseconds it took.
    pub duration_ms: i64,
    /// Modules that arrived.
    pub modules_count: i32,
    /// Tasks that arrived.
    pub tasks_count: i32,
    /// Whether minutes were clamped.
    pub normalized_effort: bool,
    /// For operators; learners cannot read it.
    pub metadata: Json,
}

/// An attempt as its learner sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AttemptView {
    /// Its key.
    pub id: AttemptId,
    /// The generation.
    pub generation_id: Option<GenerationId>,
    /// From 1, per generation.
    pub number: i32,
    /// Where it stands.
    pub status: AttemptStatus,
    /// Why it failed.
    pub classification: Option<FailureClass>,
    /// Milliseconds it took.
    pub duration_ms: Option<i64>,
    /// Modules that arrived.
    pub modules_count: Option<i32>,
    /// Tasks that arrived.
    pub tasks_count: Option<i32>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// What an attempt cost.
#[derive(Debug, Clone)]
pub struct UsageRecord<'a> {
    /// The plan, if it is still there.
    pub plan_id: Option<PlanId>,
    /// Whose it is.
    pub user_id: UserId,
    /// The generation.
    pub generation_id: GenerationId,
    /// The attempt's number.
    pub attempt: u32,
    /// Who was paid.
    pub provider: &'a str,
    /// The model that answered.
    pub model: &'a str,
    /// Tokens.
    pub usage: TokenUsage,
    /// The catalogue's price then.
    pub price: ModelPrice,
    /// Cost in micro-USD.
    pub cost_microusd: i64,
    /// Whether the tokens are an estimate.
    pub estimated: bool,
    /// The provider's name for the call.
    pub request_id: Option<&'a str>,
    /// When it was spent; its month is the usage month.
    pub at: DateTime<Utc>,
}

async fn of_plan(tx: &DatabaseTransaction, plan: PlanId) -> Result<Vec<AttemptView>, StoreError> {
    let sql =
        "select id, generation_id, number, status::text, classification::text, duration_ms::bigint, modules_count,
                          tasks_count, created_at, finished_at
                   from generation_attempts where plan_id = $1 order by created_at, number, id";
    all(tx, sql, [plan.0.into()])
        .await?
        .iter()
        .map(|row| {
            Ok(AttemptView {
                id: AttemptId(get(row, "id")?),
                generation_id: get::<Option<uuid::Uuid>>(row, "generation_id")?.map(GenerationId),
                number: get(row, "number")?,
                status: parse(row, "generation_attempts", "status")?,
                classification: parse_option(row, "generation_attempts", "classification")?,
                duration_ms: get(row, "duration_ms")?,
                modules_count: get(row, "modules_count")?,
                tasks_count: get(row, "tasks_count")?,
                created_at: get(row, "created_at")?,
                finished_at: get(row, "finished_at")?,
            })
        })
        .collect()
}

/// Attempts, as the learner.
pub struct UserAttempts<'t>(&'t UserTx);

impl UserTx {
    /// Attempts, as the learner.
    pub fn attempts(&self) -> UserAttempts<'_> {
        UserAttempts(self)
    }
}

impl UserAttempts<'_> {
    /// A plan's attempts, oldest first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of_plan(&self, plan: PlanId) -> Result<Vec<AttemptView>, StoreError> {
        of_plan(&self.0.tx, plan).await
    }
}

/// Attempts, as the server.
pub struct ServiceAttempts<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// Attempts, as the server.
    pub fn attempts(&self) -> ServiceAttempts<'_> {
        ServiceAttempts(&self.tx)
    }
}

impl ServiceAttempts<'_> {
    /// A plan's attempts, oldest first. The caller has checked whose plan it is.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of_plan(&self, plan: PlanId) -> Result<Vec<AttemptView>, StoreError> {
        of_plan(self.0, plan).await
    }

    /// Records that an attempt begins. It counts as having reached its provider until its worker says otherwise: should that
    /// die, the cost is estimated.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn begin(&self, attempt: &NewAttempt) -> Result<(), StoreError> {
        let sql = "insert into generation_attempts (id, plan_id, user_id, generation_id, number, status, prompt_hash, metadata,
                     reached_at)
                   values ($1, $2, $3, $4, $5, 'in_progress', $6, $7, now())";
        let number = i32::try_from(attempt.number).unwrap_or(i32::MAX);
        execute_one(
            self.0,
            "a new attempt",
            sql,
            [
                attempt.id.0.into(),
                attempt.plan_id.0.into(),
                attempt.user_id.0.into(),
                attempt.generation_id.0.into(),
                number.into(),
                attempt.prompt_hash.as_str().into(),
                attempt.metadata.clone().into(),
            ],
        )
        .await
    }

    /// Records the provider's name for the call. An attempt that has ended meanwhile takes it too, for its cost may still
    /// be to be found.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn name_call(&self, id: AttemptId, request_id: &str) -> Result<(), StoreError> {
        let sql = "update generation_attempts set metadata = metadata || jsonb_build_object('requestId', $2::text)
                   where id = $1";
        execute(self.0, sql, [id.0.into(), request_id.into()]).await.map(drop)
    }

    /// Records that the provider never accepted the call, as its own worker knows: it has cost nothing. Whoever held the
    /// worker for dead may have charged an estimate meanwhile, which is taken back; the row stays, at no cost.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn unreached(&self, id: AttemptId) -> Result<(), StoreError> {
        // A statement of its own: whoever estimates holds this row, and the next one sees what they have charged.
        let unreached = "update generation_attempts set reached_at = null where id = $1";
        execute(self.0, unreached, [id.0.into()]).await?;
        // The estimate is locked and read before it is replaced: a statement does not see what it has changed itself.
        let taken_back = "with old as materialized (
                            select e.id, e.cost_microusd from generation_attempts a
                              join ai_usage_events e on e.generation_id = a.generation_id and e.attempt = a.number
                            where a.id = $1 and e.estimated for update of e),
                          freed as (
                            update ai_usage_events e set input_tokens = 0, output_tokens = 0, cost_cents = 0, cost_microusd = 0,
                              estimated = false, lookup_at = null, price = e.price || '{\"source\": \"unreached\"}'
                            from old where e.id = old.id
                            returning e.user_id, to_char(e.created_at at time zone 'UTC', 'YYYY-MM') as month,
                              old.cost_microusd as less)
                          update usage_metrics m set updated_at = now(), ai_cost_microusd = m.ai_cost_microusd - freed.less
                          from freed where m.user_id = freed.user_id and m.month = freed.month";
        execute(self.0, taken_back, [id.0.into()]).await.map(drop)
    }

    /// The highest number of a generation's attempts, 0 when there is none.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_number(&self, generation: GenerationId) -> Result<u32, StoreError> {
        let sql = "select coalesce(max(number), 0)::bigint as number from generation_attempts where generation_id = $1";
        let row = crate::rows::only(self.0, "attempts", sql, [generation.0.into()]).await?;
        crate::rows::count(&row, "generation_attempts", "number")
    }

    /// Ends an attempt that is in progress.
    ///
    /// # Errors
    /// [`StoreError::WrongCount`] when it is not in progress.
    pub async fn end(&self, id: AttemptId, status: AttemptStatus, end: &AttemptEnd) -> Result<(), StoreError> {
        let sql =
            "update generation_attempts set status = $2, classification = $3, duration_ms = $4, modules_count = $5,
                     tasks_count = $6, normalized_effort = $7, metadata = metadata || $8, finished_at = now()
                   where id = $1 and status = 'in_progress'";
        execute_one(
            self.0,
            "an attempt's end",
            sql,
            [
                id.0.into(),
                status.as_str().into(),
                end.classification.map(|class| class.as_str().to_owned()).into(),
                end.duration_ms.into(),
                end.modules_count.into(),
                end.tasks_count.into(),
                end.normalized_effort.into(),
                end.metadata.clone().into(),
            ],
        )
        .await
    }

    /// Ends whatever a dead worker left in progress; returns those attempts.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn abandon(
        &self,
        generation: GenerationId,
        class: FailureClass,
        reason: &str,
    ) -> Result<Vec<AttemptId>, StoreError> {
        // The clock's time: an attempt may have begun while this transaction waited for its job.
        let sql =
            "update generation_attempts set status = 'failure', classification = $2, finished_at = clock_timestamp(),
                     duration_ms = greatest(0, (extract(epoch from clock_timestamp() - created_at) * 1000)::bigint),
                     metadata = coalesce(metadata, '{}'::jsonb) || jsonb_build_object('reason', $3::text)
                   where generation_id = $1 and status = 'in_progress' returning id";
        all(self.0, sql, [generation.0.into(), class.as_str().into(), reason.into()])
            .await?
            .iter()
            .map(|row| Ok(AttemptId(get(row, "id")?)))
            .collect()
    }

    /// Marks whatever is in progress as canceled; returns how many.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn cancel(&self, generation: GenerationId) -> Result<u64, StoreError> {
        // The clock's time, as in `abandon`.
        let sql = "update generation_attempts set status = 'canceled', finished_at = clock_timestamp(),
                     duration_ms = greatest(0, (extract(epoch from clock_timestamp() - created_at) * 1000)::bigint)
                   where generation_id = $1 and status = 'in_progress'";
        execute(self.0, sql, [generation.0.into()]).await
    }

    /// Records what an attempt cost and adds it to the month's spend, once: a later record replaces an estimate (the
    /// month's spend moves by the difference) and changes nothing else. Returns whether anything changed.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn record_usage(&self, record: &UsageRecord<'_>) -> Result<bool, StoreError> {
        let added = "with spent as (
                       insert into ai_usage_events (user_id, plan_id, generation_id, attempt, provider, model, input_tokens,
                         output_tokens, cost_cents, cost_microusd, price, request_id, estimated, created_at, lookup_at)
                       values ($1, (select id from learning_plans where id = $2), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
                         $13, $14, case when $13 and $12::text is not null then $14 end)
                       on conflict (generation_id, attempt) do nothing
                       returning user_id, to_char(created_at at time zone 'UTC', 'YYYY-MM') as month, cost_microusd)
                     insert into usage_metrics (user_id, month, ai_cost_microusd) select user_id, month, cost_microusd from spent
                     on conflict (user_id, month) do update set updated_at = now(),
                       ai_cost_microusd = usage_metrics.ai_cost_microusd + excluded.ai_cost_microusd";
        // The estimate is locked and read before it is replaced: a statement does not see what it has changed itself.
        let replaced = "with old as materialized (
                          select id, cost_microusd from ai_usage_events
                          where user_id = $1 and generation_id = $3 and attempt = $4 and estimated for update),
                        spent as (
                          update ai_usage_events e set provider = $5, model = $6, input_tokens = $7, output_tokens = $8,
                            cost_cents = $9, cost_microusd = $10, price = $11, request_id = coalesce($12, e.request_id),
                            estimated = $13, lookup_at = case when $13 and $12::text is not null then $14::timestamptz end
                          from old where e.id = old.id
                          returning e.user_id, to_char(e.created_at at time zone 'UTC', 'YYYY-MM') as month,
                            e.cost_microusd - old.cost_microusd as more)
                        update usage_metrics m set updated_at = now(), ai_cost_microusd = m.ai_cost_microusd + spent.more
                        from spent where m.user_id = spent.user_id and m.month = spent.month";
        let price = serde_json::json!({
            "inputPerMillion": record.price.input_per_million, "outputPerMillion": record.price.output_per_million,
            "source": if record.usage.provider_cost_microusd.is_some() { "provider" } else { "catalogue" },
        });
        let values: [Value; 14] = [
            record.user_id.0.into(),
            record.plan_id.map(|plan| plan.0).into(),
            record.generation_id.0.into(),
            i32::try_from(record.attempt).unwrap_or(i32::MAX).into(),
            record.provider.into(),
            record.model.into(),
            i64::from(record.usage.input_tokens).into(),
            i64::from(record.usage.output_tokens).into(),
            waymark_domain::generation::cents_rounded_up(record.cost_microusd).into(),
            record.cost_microusd.into(),
            price.into(),
            record.request_id.into(),
            record.estimated.into(),
            record.at.into(),
        ];
        let changed = execute(self.0, added, values.clone()).await? > 0;
        Ok(changed || execute(self.0, replaced, values).await? > 0)
    }
}
