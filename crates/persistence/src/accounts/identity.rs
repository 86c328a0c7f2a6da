//! What the identity provider tells of a person, written by the server.

use super::ServiceAccounts;
use crate::error::StoreError;
use crate::rows::{all, execute, execute_one, get};
use chrono::{DateTime, Utc};
use waymark_domain::ids::UserId;

/// A person's row, as far as the identity provider has a say in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownIdentity {
    /// Our key.
    pub id: UserId,
    /// The identity provider's key.
    pub subject: String,
    /// Lower-case.
    pub email: Option<String>,
    /// How current this is, by the identity provider's clock; none: only a token was seen.
    pub current_at: Option<DateTime<Utc>>,
}

impl ServiceAccounts<'_> {
    /// Locks the row of a subject and the row that holds an e-mail address, whichever of them are there: at most two, in the
    /// order of their keys, so that two who exchange addresses do not wait for each other.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lock_identities(&self, subject: &str, email: Option<&str>) -> Result<Vec<KnownIdentity>, StoreError> {
        // The strongest lock from the start, as unique columns will be written: a weaker one would have to be raised.
        let sql = "select id, clerk_user_id, email, clerk_updated_at from users
                   where clerk_user_id = $1 or email = lower($2) order by id for update";
        let rows = all(self.0, sql, [subject.into(), email.into()]).await?;
        rows.iter()
            .map(|row| {
                Ok(KnownIdentity {
                    id: UserId(get(row, "id")?),
                    subject: get(row, "clerk_user_id")?,
                    email: get(row, "email")?,
                    current_at: get(row, "clerk_updated_at")?,
                })
            })
            .collect()
    }

    /// Takes an e-mail address from an account, for somebody else has it by now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn drop_email(&self, id: UserId) -> Result<(), StoreError> {
        execute(self.0, "update users set email = null, updated_at = now() where id = $1", [id.0.into()])
            .await
            .map(drop)
    }

    /// Writes what the identity provider told. A name that the person chose here stays, also none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another account has taken the address meanwhile.
    pub async fn identify(
        &self,
        id: UserId,
        email: Option<&str>,
        name: Option<&str>,
        current_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "update users set email = lower($2), clerk_name = $3, clerk_updated_at = $4, updated_at = now(),
                     name = case when name is not distinct from clerk_name then $3 else name end
                   where id = $1";
        execute_one(self.0, "an account", sql, [id.0.into(), email.into(), name.into(), current_at.into()]).await
    }
}
