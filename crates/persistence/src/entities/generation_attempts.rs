//! `generation_attempts`, as the row handles read and write it.

use sea_orm::entity::prelude::*;

/// One attempt of a generation. Outlives its plan (`plan_id` null), because limits count it.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "generation_attempts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub plan_id: Option<Uuid>,
    pub user_id: Uuid,
    pub generation_id: Uuid,
    pub number: i32,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub classification: Option<String>,
    pub duration_ms: Option<i64>,
    pub modules_count: Option<i32>,
    pub tasks_count: Option<i32>,
    pub truncated_topic: bool,
    pub truncated_notes: bool,
    pub normalized_effort: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub prompt_hash: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Json,
    pub finished_at: Option<DateTimeUtc>,
    pub reached_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

/// None: reads name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
