//! `plan_revisions`, as the row handles read and write it.

use sea_orm::entity::prelude::*;

/// What an earlier generation made, to be shown or restored.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "plan_revisions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub plan_id: Uuid,
    pub user_id: Uuid,
    pub number: i32,
    #[sea_orm(column_type = "JsonBinary")]
    pub snapshot: Json,
    pub generation_id: Option<Uuid>,
    pub created_at: DateTimeUtc,
}

/// None: reads name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
