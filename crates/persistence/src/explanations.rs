//! Explanations of tasks: what is explained, the hold that lets one be made at a time, the text, and what it cost. Server's
//! work, because money hangs on it. Called by `services::plans`.

use crate::error::StoreError;
use crate::rows::{execute, execute_one, first, get, parse};
use crate::session::ServiceTx;
use chrono::{DateTime, Utc};
use sea_orm::{DatabaseTransaction, Value};
use serde_json::Value as Json;
use uuid::Uuid;
use waymark_domain::generation::{Explanation, ModelPrice, TokenUsage, cents_rounded_up};
use waymark_domain::ids::{PlanId, TaskId, UserId};
use waymark_domain::plans::{LearningStyle, SkillLevel};

/// A task, with what an explanation of it needs.
#[derive(Debug, Clone)]
pub struct ExplainableTask {
    /// Its plan.
    pub plan_id: PlanId,
    /// What the plan is about.
    pub topic: String,
    /// Level.
    pub skill_level: SkillLevel,
    /// Style.
    pub learning_style: LearningStyle,
    /// The title of its module.
    pub module: String,
    /// Its title.
    pub title: String,
    /// What to do.
    pub description: Option<String>,
    /// Minutes.
    pub minutes: i32,
    /// The explanation it has already.
    pub explanation: Option<Explanation>,
}

/// That an explanation is being made. While it stands, no other one of the task is.
#[derive(Debug, Clone, Copy)]
pub struct ExplanationHold {
    /// Names this making of it.
    pub id: Uuid,
    /// Whose task it is.
    pub user_id: UserId,
    /// The task.
    pub task_id: TaskId,
    /// When whoever makes it counts as lost.
    pub expires_at: DateTime<Utc>,
}

/// What an explanation cost.
#[derive(Debug, Clone)]
pub struct ExplanationCost<'a> {
    /// Which making of it.
    pub hold: ExplanationHold,
    /// The plan.
    pub plan_id: PlanId,
    /// Who was paid.
    pub provider: &'a str,
    /// The model that answered.
    pub model: &'a str,
    /// Tokens.
    pub usage: TokenUsage,
    /// The catalogue's price then.
    pub price: ModelPrice,
    /// Whether the provider may have accepted the call; one that it never did is no call, and costs nothing.
    pub reached: bool,
    /// Whether the tokens are an estimate.
    pub estimated: bool,
    /// The provider's name for the call.
    pub request_id: Option<&'a str>,
    /// When it was spent; its month is the usage month.
    pub at: DateTime<Utc>,
}

/// Explanations, as the server.
pub struct ServiceExplanations<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// Explanations of tasks.
    pub fn explanations(&self) -> ServiceExplanations<'_> {
        ServiceExplanations(&self.tx)
    }
}

impl ServiceExplanations<'_> {
    /// A learner's task; none when there is no such task of theirs.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn task(&self, id: TaskId, user: UserId) -> Result<Option<ExplainableTask>, StoreError> {
        let sql = "select p.id, p.topic, p.skill_level::text, p.learning_style::text, m.title as module, t.title,
                     t.description, t.estimated_minutes, t.explanation
                   from tasks t join modules m on m.id = t.module_id join learning_plans p on p.id = m.plan_id
                   where t.id = $1 and t.user_id = $2";
        let Some(row) = first(self.0, sql, [id.0.into(), user.0.into()]).await? else { return Ok(None) };
        Ok(Some(ExplainableTask {
            plan_id: PlanId(get(&row, "id")?),
            topic: get(&row, "topic")?,
            skill_level: parse(&row, "learning_plans", "skill_level")?,
            learning_style: parse(&row, "learning_plans", "learning_style")?,
            module: get(&row, "module")?,
            title: get(&row, "title")?,
            description: get(&row, "description")?,
            minutes: get(&row, "estimated_minutes")?,
            // What a learner's own session may have put there in another form counts as none.
            explanation: get::<Option<Json>>(&row, "explanation")?.and_then(|json| serde_json::from_value(json).ok()),
        }))
    }

    /// Takes the hold and reserves what the call may cost, in micro-USD. False when somebody else has the hold. The account
    /// is locked already.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn hold(
        &self,
        hold: &ExplanationHold,
        month: &str,
        amount_microusd: i64,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let reserve = "insert into usage_reservations as r (user_id, month, kind, subject_id, state, expires_at, amount_microusd)
                       values ($1, $2, 'ai_spend', $3, 'reserved', $4, $5)
                       on conflict (subject_id, kind) do update set month = excluded.month, state = 'reserved',
                         expires_at = excluded.expires_at, amount_microusd = excluded.amount_microusd, updated_at = now()
                       where r.user_id = excluded.user_id and (r.state <> 'reserved' or r.expires_at <= $6)";
        let values: [Value; 6] = [
            hold.user_id.0.into(),
            month.into(),
            hold.task_id.0.into(),
            hold.expires_at.into(),
            amount_microusd.into(),
            now.into(),
        ];
        Ok(execute(self.0, reserve, values).await? > 0)
    }

    /// Counts the explanation among what was started within the hour.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn count(&self, hold: &ExplanationHold, month: &str) -> Result<(), StoreError> {
        let sql = "insert into usage_reservations (user_id, month, kind, subject_id, state, expires_at)
                     values ($1, $2, 'explanation', $3, 'settled', $4)";
        let values = [hold.user_id.0.into(), month.into(), hold.id.into(), hold.expires_at.into()];
        execute_one(self.0, "an explanation's count", sql, values).await
    }

    /// Gives the hold up, unless it ran out and somebody else has it by now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn release(&self, hold: &ExplanationHold) -> Result<(), StoreError> {
        let sql = "update usage_reservations set state = 'released', updated_at = now()
                   where kind = 'ai_spend' and subject_id = $1 and user_id = $2 and expires_at = $3 and state = 'reserved'";
        let values = [hold.task_id.0.into(), hold.user_id.0.into(), hold.expires_at.into()];
        execute(self.0, sql, values).await.map(drop)
    }

    /// Puts the explanation on the task; false when the task is gone.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn store(&self, hold: &ExplanationHold, explanation: &Explanation) -> Result<bool, StoreError> {
        let json = serde_json::to_value(explanation).unwrap_or_default();
        let sql = "update tasks set explanation = $3, has_micro_explanation = true, updated_at = now()
                   where id = $1 and user_id = $2";
        Ok(execute(self.0, sql, [hold.task_id.0.into(), hold.user_id.0.into(), json.into()]).await? > 0)
    }

    /// Records the provider's name for the call, as soon as it tells: if whoever makes the explanation is lost, its cost can
    /// still be asked, from when the hold has run out.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn name_call(&self, hold: &ExplanationHold, request_id: &str) -> Result<(), StoreError> {
        let sql = "update ai_usage_events set request_id = $3, lookup_at = $4
                   where id = $1 and user_id = $2 and estimated and request_id is null";
        let values = [hold.id.into(), hold.user_id.0.into(), request_id.into(), hold.expires_at.into()];
        execute(self.0, sql, values).await.map(drop)
    }

    /// Records what it cost and adds that to the month's spend, once: a later record replaces an estimate (the month's
    /// spend moves by the difference) and changes nothing else. An estimate of a call that has a name is looked up at the
    /// provider.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn record(&self, cost: &ExplanationCost<'_>) -> Result<(), StoreError> {
        let added = "with spent as (
                       insert into ai_usage_events (id, user_id, plan_id, provider, model, input_tokens, output_tokens,
                         cost_cents, cost_microusd, price, request_id, estimated, created_at, lookup_at)
                       values ($1, $2, (select id from learning_plans where id = $3), $4, $5, $6, $7, $8, $9, $10, $11, $12,
                         $13, case when $12 and $11::text is not null then $13 end)
                       on conflict (id) do nothing
                       returning user_id, to_char(created_at at time zone 'UTC', 'YYYY-MM') as month, cost_microusd)
                     insert into usage_metrics (user_id, month, ai_cost_microusd) select user_id, month, cost_microusd from spent
                     on conflict (user_id, month) do update set updated_at = now(),
                       ai_cost_microusd = usage_metrics.ai_cost_microusd + excluded.ai_cost_microusd";
        // The estimate is locked and read before it is replaced: a statement does not see what it has changed itself.
        let replaced = "with old as materialized (
                          select id, cost_microusd from ai_usage_events where id = $1 and user_id = $2 and estimated for update),
                        spent as (
                          update ai_usage_events e set provider = $3, model = $4, input_tokens = $5, output_tokens = $6,
                            cost_cents = $7, cost_microusd = $8, price = $9, request_id = coalesce($10, e.request_id),
                            estimated = $11, lookup_at = case when $11 and coalesce($10, e.request_id) is not null
                              then $12::timestamptz end
                          from old where e.id = old.id
                          returning e.user_id, to_char(e.created_at at time zone 'UTC', 'YYYY-MM') as month,
                            e.cost_microusd - old.cost_microusd as more)
                        update usage_metrics m set updated_at = now(), ai_cost_microusd = m.ai_cost_microusd + spent.more
                        from spent where m.user_id = spent.user_id and m.month = spent.month";
        let (id, user): (Value, Value) = (cost.hold.id.into(), cost.hold.user_id.0.into());
        let what = what(cost);
        let insert = [id.clone(), user.clone(), cost.plan_id.0.into()].into_iter().chain(what.clone());
        if execute(self.0, added, insert.chain([cost.at.into()])).await? == 0 {
            execute(self.0, replaced, [id, user].into_iter().chain(what).chain([cost.at.into()])).await?;
        }
        Ok(())
    }
}

/// Provider, model, tokens in and out, cents, micro-USD, price, request, estimated.
fn what(cost: &ExplanationCost<'_>) -> [Value; 9] {
    let microusd = cost.price.cost_microusd(&cost.usage);
    let source = match (cost.reached, cost.usage.provider_cost_microusd) {
        (false, _) => "unreached",
        (true, Some(_)) => "provider",
        (true, None) => "catalogue",
    };
    let price = serde_json::json!({
        "inputPerMillion": cost.price.input_per_million, "outputPerMillion": cost.price.output_per_million,
        "source": source,
    });
    [
        cost.provider.into(),
        cost.model.into(),
        i64::from(cost.usage.input_tokens).into(),
        i64::from(cost.usage.output_tokens).into(),
        cents_rounded_up(microusd).into(),
        microusd.into(),
        price.into(),
        cost.request_id.into(),
        cost.estimated.into(),
    ]
}
