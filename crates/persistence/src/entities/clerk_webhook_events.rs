//! `clerk_webhook_events`, as the row handles read and write it.

use sea_orm::entity::prelude::*;

/// An event of the identity provider that took effect.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "clerk_webhook_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub event_id: String,
    #[sea_orm(column_name = "type", column_type = "Text")]
    pub kind: String,
    pub created_at: DateTimeUtc,
}

/// None: reads name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
