//! `users`, as the row handles read and write it.

use super::enums::{SubscriptionStatus, SubscriptionTier};
use sea_orm::entity::prelude::*;

/// A person. `email` is null until the identity provider told it; `id` is the key of every tenant row.
#[expect(clippy::struct_field_names, reason = "columns keep their names")]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    #[sea_orm(column_type = "Text")]
    pub clerk_user_id: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub email: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub name: Option<String>,
    pub subscription_tier: SubscriptionTier,
    pub subscription_status: Option<SubscriptionStatus>,
    #[sea_orm(column_type = "Text", nullable)]
    pub stripe_customer_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub stripe_subscription_id: Option<String>,
    pub subscription_period_end: Option<DateTimeUtc>,
    pub cancel_at_period_end: bool,
    pub subscription_synced_at: Option<DateTimeUtc>,
    pub monthly_export_count: i32,
    #[sea_orm(column_type = "Text", nullable)]
    pub preferred_model: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub timezone: String,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub availability: Option<Json>,
    #[sea_orm(column_type = "JsonBinary")]
    pub notification_prefs: Json,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(column_type = "Text", nullable)]
    pub stripe_subscription_status: Option<String>,
    pub subscription_snapshot: i64,
    #[sea_orm(column_type = "Text", nullable)]
    pub stripe_checkout_session_id: Option<String>,
    pub clerk_updated_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text", nullable)]
    pub clerk_name: Option<String>,
}

/// None: reads name what they join.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
