//! `oauth_state_tokens`, as the row handles read and write it.

use super::enums::IntegrationProvider;
use sea_orm::entity::prelude::*;

/// An OAuth flow under way; lives for ten minutes at most.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_state_tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub state_token_hash: String,
    #[sea_orm(column_type = "Text")]
    pub clerk_user_id: String,
    pub provider: IntegrationProvider,
    #[sea_orm(column_type = "VarBinary(StringLen::None)", nullable)]
    pub pkce_verifier: Option<Vec<u8>>,
    #[sea_orm(column_type = "Text", nullable)]
    pub redirect_after: Option<String>,
    pub expires_at: DateTimeUtc,
    pub created_at: DateTimeUtc,
}

/// None: reads name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
