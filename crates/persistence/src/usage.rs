//! What a learner has used, as they see it: the counters, what is reserved beside them, and what models cost. Called by
//! `services::quota`.

use crate::accounts::{SUBSCRIPTION, tier};
use crate::error::StoreError;
use crate::rows::{all, count, first, get};
use crate::session::UserTx;
use chrono::{DateTime, Utc};
use waymark_domain::billing::SubscriptionTier;

/// A month's use. Money is in micro-USD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageNumbers {
    /// What the learner pays for now.
    pub tier: SubscriptionTier,
    /// Plans that are ready and counted, whatever the month.
    pub ready_plans: u32,
    /// Plans being generated.
    pub generating_plans: u32,
    /// Regenerations done.
    pub regenerations: u32,
    /// Regenerations under way.
    pub regenerations_reserved: u32,
    /// Exports done.
    pub exports: u32,
    /// Exports under way.
    pub exports_reserved: u32,
    /// Spent on models.
    pub spend: i64,
    /// What generations under way may still cost, whatever the month.
    pub spend_reserved: i64,
    /// Generations and explanations started within the last hour.
    pub started: u32,
}

/// What one model did and cost within a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelUse {
    /// Who was paid.
    pub provider: String,
    /// The model that answered.
    pub model: String,
    /// Calls.
    pub calls: u32,
    /// Tokens of the prompts.
    pub input_tokens: i64,
    /// Tokens of the answers.
    pub output_tokens: i64,
    /// Micro-USD.
    pub cost_microusd: i64,
    /// Calls whose tokens are counted from the text, because the provider has not told.
    pub estimated_calls: u32,
}

/// A learner's own use.
pub struct UserUsage<'t>(&'t UserTx);

impl UserTx {
    /// The learner's own use.
    pub fn usage(&self) -> UserUsage<'_> {
        UserUsage(self)
    }
}

/// One statement, so that all numbers are of one moment: what is settled is no longer reserved. What was
/// started is looked for as in `ServiceQuota::started_since`.
const NUMBERS: &str = "p.ready, p.generating, r.regenerations_reserved, r.exports_reserved,
      r.spend_reserved, s.started, coalesce(m.regenerations_used, 0)::bigint as regenerations,
      coalesce(m.exports_used, 0)::bigint as exports, coalesce(m.ai_cost_microusd, 0) as spend
    from users u
    left join usage_metrics m on m.user_id = u.id and m.month = $1
    cross join lateral (
      select count(*) filter (where is_quota_eligible) as ready,
        count(*) filter (where generation_status = 'generating' and not is_quota_eligible) as generating
      from learning_plans where user_id = u.id) p
    cross join lateral (
      select count(*) filter (where kind = 'regeneration' and month = $1) as regenerations_reserved,
        count(*) filter (where kind = 'export' and month = $1) as exports_reserved,
        coalesce(sum(amount_microusd) filter (where kind = 'ai_spend'), 0)::bigint as spend_reserved
      from usage_reservations where user_id = u.id and state = 'reserved') r
    cross join lateral (
      select count(*) as started from usage_reservations
      where user_id = u.id and kind in ('plan', 'regeneration', 'explanation') and created_at > $2
        and month >= to_char($2::timestamptz at time zone 'UTC' - interval '1 day', 'YYYY-MM')) s";

impl UserUsage<'_> {
    /// The numbers of `month`, with the generations started after `since`; none once the account is erased.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn numbers(&self, month: &str, since: DateTime<Utc>) -> Result<Option<UsageNumbers>, StoreError> {
        let Some(row) =
            first(&self.0.tx, &format!("select {SUBSCRIPTION}, {NUMBERS}"), [month.into(), since.into()]).await?
        else {
            return Ok(None);
        };
        Ok(Some(UsageNumbers {
            tier: tier(&row)?,
            ready_plans: count(&row, "learning_plans", "ready")?,
            generating_plans: count(&row, "learning_plans", "generating")?,
            regenerations: count(&row, "usage_metrics", "regenerations")?,
            regenerations_reserved: count(&row, "usage_reservations", "regenerations_reserved")?,
            exports: count(&row, "usage_metrics", "exports")?,
            exports_reserved: count(&row, "usage_reservations", "exports_reserved")?,
            spend: get(&row, "spend")?,
            spend_reserved: get(&row, "spend_reserved")?,
            started: count(&row, "usage_reservations", "started")?,
        }))
    }

    /// What each model did within `month`, the dearest first. A call that was estimated and turned out never to have been
    /// made is none.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn models(&self, month: &str) -> Result<Vec<ModelUse>, StoreError> {
        let sql = "select provider, model, count(*) as calls, sum(input_tokens)::bigint as input_tokens,
                     sum(output_tokens)::bigint as output_tokens, sum(cost_microusd)::bigint as cost_microusd,
                     count(*) filter (where estimated) as estimated_calls
                   from ai_usage_events
                   where created_at >= ($1 || '-01')::timestamp at time zone 'UTC'
                     and created_at < (($1 || '-01')::timestamp + interval '1 month') at time zone 'UTC'
                     and price ->> 'source' is distinct from 'unreached'
                   group by provider, model order by cost_microusd desc, calls desc, provider, model";
        let rows = all(&self.0.tx, sql, [month.into()]).await?;
        rows.iter()
            .map(|row| {
                Ok(ModelUse {
                    provider: get(row, "provider")?,
                    model: get(row, "model")?,
                    calls: count(row, "ai_usage_events", "calls")?,
                    input_tokens: get(row, "input_tokens")?,
                    output_tokens: get(row, "output_tokens")?,
                    cost_microusd: get(row, "cost_microusd")?,
                    estimated_calls: count(row, "ai_usage_events", "estimated_calls")?,
                })
            })
            .collect()
    }
}
