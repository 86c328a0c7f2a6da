//! `generation_events`, as the row handles read and write it.

use sea_orm::entity::prelude::*;

/// An event of a plan's stream: written first, then sent.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "generation_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub plan_id: Uuid,
    pub user_id: Uuid,
    pub generation_id: Uuid,
    pub seq: i64,
    #[sea_orm(column_name = "type", column_type = "Text")]
    pub kind: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub data: Json,
    pub created_at: DateTimeUtc,
}

/// None: reads name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
