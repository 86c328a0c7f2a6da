//! Doing a learner's request once, however often it is sent: its key and its answer are stored in the transaction of its
//! effect.

use super::{Plans, PlansError};
use chrono::Duration;
use serde::Serialize;
use serde::de::DeserializeOwned;
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::JobId;
use waymark_persistence::{Claim, LoggedEvent, ServiceTx};

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

/// What follows when the transaction has committed.
#[derive(Default)]
pub(super) struct After {
    /// A job that this process may have a place for.
    pub accepted: Option<JobId>,
    /// A job that was taken from its worker.
    pub revoked: Option<JobId>,
    /// Events for the streams in this process.
    pub events: Vec<LoggedEvent>,
}

impl Plans {
    /// Runs `effect` in one transaction of the server's, or finds the answer it gave before.
    pub(super) async fn once<T: Serialize + DeserializeOwned>(
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
                if let Some(key) = key {
                    let keys = tx.idempotency();
                    match keys.claim(ctx.user_id, &key.route, &key.key, &key.hash, (now, now + KEPT)).await? {
                        Claim::New => {}
                        Claim::Reused => return Err(PlansError::KeyReused),
                        Claim::Replay(answer) => {
                            // An answer of an older program that this one cannot read is as good as none.
                            let value = serde_json::from_value(answer).map_err(|_| PlansError::KeyReused)?;
                            return Ok((Done { value, replayed: true }, After::default()));
                        }
                    }
                }
                let (value, after) = effect(tx).await?;
                if let Some(key) = key {
                    let answer = serde_json::to_value(&value).map_err(|_| PlansError::KeyReused)?;
                    tx.idempotency().store(ctx.user_id, &key.route, &key.key, answer).await?;
                }
                crate::crash::point("accept.before_commit");
                Ok((Done { value, replayed: false }, after))
            })
            .await?;
        crate::crash::point("accept.after_commit");
        self.follow(after);
        Ok(done)
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
