//! What the person has used of their limits, and what models cost.

use crate::auth::Person;
use crate::error::{ApiError, account_erased};
use crate::openapi::enums::tier;
use crate::state::AppState;
use actix_web::web::{Data, Json};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waymark_services::quota::ModelUse;

/// A person's use in the present month, beside their limits.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// The usage month, a calendar month in UTC: `YYYY-MM`.
    pub month: String,
    /// When the month's counters start from zero.
    pub resets_at: DateTime<Utc>,
    /// What they pay for.
    #[schema(schema_with = tier)]
    pub tier: String,
    /// Plans, whatever the month: those that are ready, and those that are being generated.
    pub active_plans: Count,
    /// Regenerations of the month.
    pub regenerations: Count,
    /// Exports of the month.
    pub exports: Count,
    /// What models cost in the month.
    pub ai_spend: Spend,
    /// Generations and explanations started within the last hour.
    pub generations_this_hour: Rate,
    /// What each model did in the month, the dearest first.
    pub models: Vec<UsedModel>,
}

/// Use of something that is counted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Count {
    /// Done.
    pub used: u32,
    /// Under way.
    pub reserved: u32,
    /// The most of both together; null: unlimited.
    pub limit: Option<u32>,
}

/// Use of money, in micro-USD (a millionth of a US dollar).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Spend {
    /// Spent.
    pub used_microusd: i64,
    /// What generations under way may still cost, at most.
    pub reserved_microusd: i64,
    /// The most of both together; null: unlimited.
    pub limit_microusd: Option<i64>,
}

/// Use of something that is limited by the hour.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Rate {
    /// Within the last hour.
    pub used: u32,
    /// Most within an hour; null: unlimited.
    pub limit: Option<u32>,
}

/// What one model did in the month.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsedModel {
    /// Who served it.
    pub provider: String,
    /// The model that answered.
    pub model: String,
    /// Calls.
    pub calls: u32,
    /// Tokens of the prompts.
    pub input_tokens: i64,
    /// Tokens of the answers.
    pub output_tokens: i64,
    /// Cost in micro-USD.
    pub cost_microusd: i64,
    /// Calls whose tokens and cost are estimates, because the provider has not told.
    pub estimated_calls: u32,
}

impl From<ModelUse> for UsedModel {
    fn from(used: ModelUse) -> Self {
        Self {
            provider: used.provider,
            model: used.model,
            calls: used.calls,
            input_tokens: used.input_tokens,
            output_tokens: used.output_tokens,
            cost_microusd: used.cost_microusd,
            estimated_calls: used.estimated_calls,
        }
    }
}

impl From<waymark_services::quota::Usage> for Usage {
    fn from(usage: waymark_services::quota::Usage) -> Self {
        let (numbers, limits) = (usage.numbers, usage.limits);
        let count = |used, reserved, limit| Count { used, reserved, limit };
        Self {
            month: usage.month.to_string(),
            resets_at: usage.month.resets_at(),
            tier: numbers.tier.to_string(),
            active_plans: count(numbers.ready_plans, numbers.generating_plans, limits.active_plans),
            regenerations: count(numbers.regenerations, numbers.regenerations_reserved, limits.regenerations),
            exports: count(numbers.exports, numbers.exports_reserved, limits.exports),
            ai_spend: Spend {
                used_microusd: numbers.spend,
                reserved_microusd: numbers.spend_reserved,
                limit_microusd: Some(limits.ai_spend_microusd),
            },
            generations_this_hour: Rate { used: numbers.started, limit: usage.hourly_generations },
            models: usage.models.into_iter().map(UsedModel::from).collect(),
        }
    }
}

/// Read the usage
///
/// What the person has used of their tier's limits, what is reserved for work under way, and what models cost this month.
#[utoipa::path(
    get, path = "/api/v1/user/usage", tag = "accounts", operation_id = "readUsage",
    responses((status = 200, description = "The usage.", body = Usage)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn read(state: Data<AppState>, person: Person) -> Result<Json<Usage>, ApiError> {
    let usage = state.services.quota().usage(&person.0).await?;
    usage.map(|usage| Json(usage.into())).ok_or_else(account_erased)
}
