//! `plan_schedules`, as the row handles read and write it.

use sea_orm::entity::prelude::*;

/// A computed schedule, keyed by the hash of its inputs; the newest is current.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "plan_schedules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub plan_id: Uuid,
    pub user_id: Uuid,
    #[sea_orm(column_type = "JsonBinary")]
    pub schedule_json: Json,
    #[sea_orm(column_type = "Text")]
    pub inputs_hash: String,
    pub generated_at: DateTimeUtc,
    #[sea_orm(column_type = "Text")]
    pub timezone: String,
    pub weekly_hours: i32,
    pub start_date: Date,
    pub deadline: Option<Date>,
    pub created_at: DateTimeUtc,
}

/// None: reads name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
