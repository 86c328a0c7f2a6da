//! `ai_usage_events`, as the row handles read and write it.

use sea_orm::entity::prelude::*;

/// What one call of a model cost. Outlives its plan.
#[expect(clippy::struct_field_names, reason = "columns keep their names")]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "ai_usage_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub plan_id: Option<Uuid>,
    pub generation_id: Option<Uuid>,
    pub attempt: i32,
    #[sea_orm(column_type = "Text")]
    pub provider: String,
    #[sea_orm(column_type = "Text")]
    pub model: String,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub cost_cents: i64,
    pub cost_microusd: i64,
    pub estimated: bool,
    #[sea_orm(column_type = "JsonBinary")]
    pub price: Json,
    #[sea_orm(column_type = "Text", nullable)]
    pub request_id: Option<String>,
    pub lookup_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
}

/// None: reads name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
