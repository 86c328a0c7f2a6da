//! Taking a person's account and everything that belongs to it away, for good.

use super::ServiceAccounts;
use crate::error::StoreError;
use crate::listen::{EVENTS, FENCED};
use crate::rows::{all, execute, first, get, only, parse};
use uuid::Uuid;
use waymark_domain::ids::UserId;
use waymark_domain::integrations::IntegrationProvider;

/// Access to another service, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedToken {
    /// Which service.
    pub provider: IntegrationProvider,
    /// Which of our keys opens it.
    pub key_id: String,
    /// The access token's envelope.
    pub access: Vec<u8>,
    /// The refresh token's envelope, if there is one.
    pub refresh: Option<Vec<u8>>,
}

impl ServiceAccounts<'_> {
    /// Notes that a subject is gone for ever; true the first time.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn bury(&self, id: Uuid, subject: &str) -> Result<bool, StoreError> {
        let sql =
            "insert into deleted_users (id, clerk_user_id) values ($1, $2) on conflict (clerk_user_id) do nothing";
        Ok(execute(self.0, sql, [id.into(), subject.into()]).await? == 1)
    }

    /// Locks a subject's account until it is taken away. Returns its key and its key at the payment provider.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lock_for_erasure(&self, subject: &str) -> Result<Option<(UserId, Option<String>)>, StoreError> {
        let sql = "select id, stripe_customer_id from users where clerk_user_id = $1 for update";
        first(self.0, sql, [subject.into()])
            .await?
            .map(|row| Ok((UserId(get(&row, "id")?), get(&row, "stripe_customer_id")?)))
            .transpose()
    }

    /// Access that was given to other services in this account's name.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn sealed_tokens(&self, id: UserId) -> Result<Vec<SealedToken>, StoreError> {
        let sql = "select provider::text, key_id, encrypted_access_token, encrypted_refresh_token
                   from integration_tokens where user_id = $1 order by provider";
        let rows = all(self.0, sql, [id.0.into()]).await?;
        rows.iter()
            .map(|row| {
                Ok(SealedToken {
                    provider: parse(row, "integration_tokens", "provider")?,
                    key_id: get(row, "key_id")?,
                    access: get(row, "encrypted_access_token")?,
                    refresh: get(row, "encrypted_refresh_token")?,
                })
            })
            .collect()
    }

    /// Deletes an account with everything that belongs to it; workers of its jobs and streams of its plans are told.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when a worker that was just writing came first: once again.
    pub async fn erase(&self, id: UserId) -> Result<(), StoreError> {
        let sql = "select count(pg_notify($2, id::text)), count(pg_notify($3, plan_id::text)) from job_queue
                   where user_id = $1 and status in ('pending', 'processing')";
        only(self.0, "hints", sql, [id.0.into(), FENCED.into(), EVENTS.into()]).await?;
        execute(self.0, "delete from users where id = $1", [id.0.into()]).await.map(drop)
    }
}
