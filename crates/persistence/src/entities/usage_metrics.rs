//! `usage_metrics`, as the row handles read and write it.

use sea_orm::entity::prelude::*;

/// A learner's counters in a month (`YYYY-MM`, UTC).
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "usage_metrics")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub month: String,
    pub plans_generated: i32,
    pub regenerations_used: i32,
    pub exports_used: i32,
    pub ai_cost_microusd: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

/// None: reads name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
