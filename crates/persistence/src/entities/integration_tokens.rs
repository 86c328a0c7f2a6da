//! `integration_tokens`, as the row handles read and write it.

use super::enums::IntegrationProvider;
use sea_orm::entity::prelude::*;

/// A connection to an outside service; both tokens are sealed.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "integration_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub user_id: Uuid,
    pub provider: IntegrationProvider,
    #[sea_orm(column_type = "VarBinary(StringLen::None)")]
    pub encrypted_access_token: Vec<u8>,
    #[sea_orm(column_type = "VarBinary(StringLen::None)", nullable)]
    pub encrypted_refresh_token: Option<Vec<u8>>,
    #[sea_orm(column_type = "Text")]
    pub key_id: String,
    #[sea_orm(column_type = "Text")]
    pub scope: String,
    pub expires_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text")]
    pub status: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub workspace_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub workspace_name: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub bot_id: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub settings: Json,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

/// None: reads name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
