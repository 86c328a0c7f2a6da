//! Doing a learner's request once, however often it is sent: its key and its answer are stored in the transaction of its
//! effect.

use super::{Plans, PlansError};
use crate::generation::engine::Engine;
use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::{JobId, UserId};
use waymark_persistence::{Claim, Idempotency, LoggedEvent, ServiceTx, StoreError, UserTx};

/// How long a key is remembered.
const KEPT: Duration = Duration::hours(24);

/// A request's idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// What the client chose.
    pub key: String,
    /// Method and route, for keys are told apart by them.
    pub route: String,
    /// SHA-256, hex, of method, path, query and body.
    pub hash: String,
}

/// An answer, and whether it was given before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done<T> {
    /// The answer.
    pub value: T,
    /// It is the answer of an earlier request with the same key; nothing was done now.
    pub replayed: bool,
}

/// The idempotency key was used for another request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyReused;

impl From<KeyReused> for PlansError {
    fn from(_: KeyReused) -> Self {
        Self::KeyReused
    }
}

/// What follows when the transaction has committed.
#[derive(Default)]
pub(crate) struct After {
    /// A job that this process may have a place for.
    pub accepted: Option<JobId>,
    /// A job that was taken from its worker.
    pub revoked: Option<JobId>,
    /// Events for the streams in this process.
    pub events: Vec<LoggedEvent>,
}

impl Plans {
    /// Runs `effect` in one transaction of the server's, or finds the answer it gave before.
    pub(crate) async fn once<T: Serialize + DeserializeOwned>(
        &self,
        ctx: &UserCtx,
        key: Option<&RequestKey>,
        effect: impl AsyncFnOnce(&ServiceTx) -> Result<(T, After), PlansError>,
    ) -> Result<Done<T>, PlansError> {
        let now = self.engine.clock.now();
        let (done, after) = self
            .engine
            .db
            .service(async |tx| {
                if let Some(value) = earlier::<T, PlansError>(&tx.idempotency(), ctx.user_id, key, now).await? {
                    return Ok::<_, PlansError>((Done { value, replayed: true }, After::default()));
                }
                let (value, after) = effect(tx).await?;
                keep::<T, PlansError>(&tx.idempotency(), ctx.user_id, key, &value).await?;
                crate::crash::point("accept.before_commit");
                Ok((Done { value, replayed: false }, after))
            })
            .await?;
        crate::crash::point("accept.after_commit");
        self.follow(after);
        Ok(done)
    }

    /// Runs `effect` in one transaction of the learner's own, or finds the answer it gave before.
    pub(crate) async fn once_as<T: Serialize + DeserializeOwned>(
        &self,
        ctx: &UserCtx,
        key: Option<&RequestKey>,
        effect: impl AsyncFnOnce(&UserTx) -> Result<T, PlansError>,
    ) -> Result<Done<T>, PlansError> {
        once_as(&self.engine, ctx, key, effect).await
    }

    /// Does what follows a commit.
    pub(super) fn follow(&self, after: After) {
        if let Some(job) = after.revoked {
            self.engine.fence(job.0);
        }
        self.engine.hub.publish(after.events);
        if after.accepted.is_some() {
            // Not waited for, and not claimed past the line: the worker's loop takes whoever's turn it is.
            self.engine.wake.notify_one();
        }
    }
}

/// As [`Plans::once_as`], for other use cases of a learner.
pub(crate) async fn once_as<T, E>(
    engine: &Engine,
    ctx: &UserCtx,
    key: Option<&RequestKey>,
    effect: impl AsyncFnOnce(&UserTx) -> Result<T, E>,
) -> Result<Done<T>, E>
where
    T: Serialize + DeserializeOwned,
    E: From<StoreError> + From<KeyReused>,
{
    let now = engine.clock.now();
    engine
        .db
        .authenticated(ctx, async |tx| {
            if let Some(value) = earlier::<T, E>(&tx.idempotency(), ctx.user_id, key, now).await? {
                return Ok(Done { value, replayed: true });
            }
            let value = effect(tx).await?;
            keep::<T, E>(&tx.idempotency(), ctx.user_id, key, &value).await?;
            Ok(Done { value, replayed: false })
        })
        .await
}

/// The answer that was given under this key; none when there is no key or it is new, and then it is claimed.
pub(crate) async fn earlier<T, E>(
    keys: &Idempotency<'_>,
    user: UserId,
    key: Option<&RequestKey>,
    now: DateTime<Utc>,
) -> Result<Option<T>, E>
where
    T: DeserializeOwned,
    E: From<StoreError> + From<KeyReused>,
{
    let Some(key) = key else { return Ok(None) };
    match keys.claim(user, &key.route, &key.key, &key.hash, (now, now + KEPT)).await? {
        Claim::New => Ok(None),
        Claim::Reused => Err(KeyReused.into()),
        // An answer of an older program that this one cannot read is as good as none.
        Claim::Replay(answer) => serde_json::from_value(answer).map(Some).map_err(|_| KeyReused.into()),
    }
}

/// Stores the answer under the key claimed before.
pub(crate) async fn keep<T, E>(
    keys: &Idempotency<'_>,
    user: UserId,
    key: Option<&RequestKey>,
    value: &T,
) -> Result<(), E>
where
    T: Serialize,
    E: From<StoreError> + From<KeyReused>,
{
    let Some(key) = key else { return Ok(()) };
    let answer = serde_json::to_value(value).map_err(|_| KeyReused)?;
    Ok(keys.store(user, &key.route, &key.key, answer).await?)
}
