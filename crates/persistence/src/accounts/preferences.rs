//! What a person chooses for all their plans, read and changed as themselves.

use super::UserAccounts;
use crate::error::StoreError;
use crate::rows::{execute_one, first, get};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use waymark_domain::accounts::{DisplayName, Notifications, PreferencesPatch};
use waymark_domain::generation::ModelId;
use waymark_domain::ids::UserId;
use waymark_domain::schedules::Availability;

/// A person's choices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// IANA name.
    pub timezone: String,
    /// When they have time; none: the default pattern.
    pub availability: Option<Availability>,
    /// The model used when a request names none.
    pub preferred_model: Option<String>,
    /// What they want to be told of.
    pub notifications: Notifications,
}

impl UserAccounts<'_> {
    /// The learner's preferences; none once the account is erased.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn preferences(&self) -> Result<Option<Preferences>, StoreError> {
        let sql = "select timezone, availability, preferred_model, notification_prefs from users";
        first(&self.0.tx, sql, [])
            .await?
            .map(|row| {
                let availability: Option<Json> = get(&row, "availability")?;
                Ok(Preferences {
                    timezone: get(&row, "timezone")?,
                    availability: availability.map(|json| read(json, "availability")).transpose()?,
                    preferred_model: get(&row, "preferred_model")?,
                    notifications: read(get(&row, "notification_prefs")?, "notification_prefs")?,
                })
            })
            .transpose()
    }

    /// Changes the learner's preferences.
    ///
    /// # Errors
    /// [`StoreError::WrongCount`] once the account is erased.
    pub async fn set_preferences(&self, id: UserId, patch: &PreferencesPatch) -> Result<(), StoreError> {
        let sql = "update users set timezone = coalesce($2, timezone),
                     availability = case when $3 then $4 else availability end,
                     preferred_model = case when $5 then $6 else preferred_model end,
                     notification_prefs = notification_prefs || $7, updated_at = now()
                   where id = $1";
        let availability = patch.availability.as_ref().and_then(Option::as_ref).map(|set| json!(set));
        let model = patch.preferred_model.as_ref().and_then(Option::as_ref).map(ModelId::as_str);
        let values = [
            id.0.into(),
            patch.timezone.map(chrono_tz::Tz::name).into(),
            patch.availability.is_some().into(),
            availability.into(),
            patch.preferred_model.is_some().into(),
            model.into(),
            json!(patch.notifications).into(),
        ];
        execute_one(&self.0.tx, "a learner's preferences", sql, values).await
    }

    /// Changes the learner's name; none takes it away.
    ///
    /// # Errors
    /// [`StoreError::WrongCount`] once the account is erased.
    pub async fn rename(&self, id: UserId, name: Option<&DisplayName>) -> Result<(), StoreError> {
        let sql = "update users set name = $2, updated_at = now() where id = $1";
        let name = name.map(DisplayName::as_str);
        execute_one(&self.0.tx, "a learner's name", sql, [id.0.into(), name.into()]).await
    }
}

fn read<T: DeserializeOwned>(json: Json, column: &'static str) -> Result<T, StoreError> {
    serde_json::from_value(json).map_err(|_| StoreError::Inconsistent { table: "users", column })
}
