//! The person who asks: their profile.

pub mod preferences;

use crate::auth::Person;
use crate::error::{ApiError, account_erased};
use crate::openapi::enums::tier;
use crate::state::AppState;
use actix_web::web::{Data, Json};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use waymark_services::accounts::Account;

/// A person's own account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Waymark's key for the person.
    pub id: Uuid,
    /// Lower-case; unknown until the identity provider tells.
    pub email: Option<String>,
    /// Display name.
    pub name: Option<String>,
    /// What they pay for.
    #[schema(schema_with = tier)]
    pub tier: String,
    /// IANA name of the time zone.
    pub timezone: String,
    /// The model used when a request names none.
    pub preferred_model: Option<String>,
    /// When they were first seen.
    pub created_at: DateTime<Utc>,
}

impl From<Account> for Profile {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.0,
            email: account.email,
            name: account.name,
            tier: account.tier.to_string(),
            timezone: account.timezone,
            preferred_model: account.preferred_model,
            created_at: account.created_at,
        }
    }
}

/// Read the profile
///
/// The account of the person who asks. It is made the first time a person is seen.
#[utoipa::path(
    get, path = "/api/v1/user/profile", tag = "accounts", operation_id = "readProfile",
    responses((status = 200, description = "The profile.", body = Profile)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn profile(state: Data<AppState>, person: Person) -> Result<Json<Profile>, ApiError> {
    let account = state.services.accounts().profile(&person.0).await?;
    account.map(|account| Json(account.into())).ok_or_else(account_erased)
}
