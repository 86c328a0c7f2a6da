//! `notion_sync_state`, as the row handles read and write it.

use sea_orm::entity::prelude::*;

/// What of a plan stands in Notion.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "notion_sync_state")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub plan_id: Uuid,
    pub user_id: Uuid,
    #[sea_orm(column_type = "Text", nullable)]
    pub notion_page_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub notion_database_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub sync_hash: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub blocks: Json,
    pub last_synced_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

/// None: reads name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
