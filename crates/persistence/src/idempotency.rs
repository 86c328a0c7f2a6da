//! Idempotency keys: the first answer to a learner's request, stored in the transaction of its effect and given again to
//! its repetition.

use crate::error::StoreError;
use crate::rows::{execute, execute_one, first, get};
use crate::session::{ServiceTx, UserTx};
use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;
use serde_json::Value as Json;
use waymark_domain::ids::UserId;

/// What became of a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// Nobody has used it: do the work and [`Idempotency::store`] the answer in the same transaction.
    New,
    /// The same request was done before; this was its answer.
    Replay(Json),
    /// Another request was done with it.
    Reused,
}

/// Idempotency keys, in a transaction of the server's or of the learner's own.
pub struct Idempotency<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// Idempotency keys, as the server.
    pub fn idempotency(&self) -> Idempotency<'_> {
        Idempotency(&self.tx)
    }
}

impl UserTx {
    /// Idempotency keys, as the learner, who has those of their own only.
    pub fn idempotency(&self) -> Idempotency<'_> {
        Idempotency(&self.tx)
    }
}

impl Idempotency<'_> {
    /// Claims a key for the rest of the transaction. Waits while another transaction that claimed it is open: it either
    /// commits, and its answer is found here, or rolls back and leaves nothing behind. A key that has expired is new.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn claim(
        &self,
        user: UserId,
        route: &str,
        key: &str,
        request_hash: &str,
        (now, expires_at): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Claim, StoreError> {
        let claim = "insert into idempotency_keys (user_id, route, key, request_hash, expires_at)
                     values ($1, $2, $3, $4, $6)
                     on conflict (user_id, route, key) do update
                       set request_hash = excluded.request_hash, expires_at = excluded.expires_at, response = null
                     where idempotency_keys.expires_at <= $5";
        let values = [user.0.into(), route.into(), key.into(), request_hash.into(), now.into(), expires_at.into()];
        if execute(self.0, claim, values).await? > 0 {
            return Ok(Claim::New);
        }
        let sql = "select request_hash, response from idempotency_keys where user_id = $1 and route = $2 and key = $3";
        let row = first(self.0, sql, [user.0.into(), route.into(), key.into()]).await?;
        let row = row.ok_or(StoreError::WrongCount { what: "an idempotency key", expected: 1, actual: 0 })?;
        match get::<Option<Json>>(&row, "response")? {
            Some(response) if get::<String>(&row, "request_hash")? == request_hash => Ok(Claim::Replay(response)),
            _ => Ok(Claim::Reused),
        }
    }

    /// Stores the answer under a key claimed in this transaction.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn store(&self, user: UserId, route: &str, key: &str, response: Json) -> Result<(), StoreError> {
        let sql = "update idempotency_keys set response = $4 where user_id = $1 and route = $2 and key = $3";
        execute_one(self.0, "an idempotency key", sql, [user.0.into(), route.into(), key.into(), response.into()]).await
    }
}
