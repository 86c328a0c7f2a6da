//! The calendar feed: an address that is a secret, good until it is taken back or changed. Only the SHA-256 of the secret is
//! stored, so nobody can read an address out of the database, and none can be shown a second time.

use super::{LaidOut, calendar};
use crate::plans::once::{After, Done, RequestKey};
use crate::plans::{Plans, PlansError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use std::fmt;
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::PlanId;

/// How long a session that is gone is still told to be cancelled: programs that ask less often keep it.
const CANCELLED_FOR: TimeDelta = TimeDelta::days(30);
/// Random bytes in an address.
const SECRET_BYTES: usize = 32;

/// The secret part of a feed's address.
#[derive(Clone, PartialEq, Eq)]
pub struct FeedSecret(String);

impl FeedSecret {
    fn new() -> Result<Self, PlansError> {
        let mut bytes = [0; SECRET_BYTES];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| PlansError::NoRandomness)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// Reads what stands in an address; none when it can be no secret of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        (bytes.len() == SECRET_BYTES).then(|| Self(text.to_owned()))
    }

    /// For the address, and nowhere else.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.0.as_bytes()))
    }
}

impl fmt::Debug for FeedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FeedSecret(..)")
    }
}

/// A plan's calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The iCalendar object.
    pub body: String,
    /// When something in it last changed, in whole seconds.
    pub last_modified: DateTime<Utc>,
}

impl Plans {
    /// Gives a plan's feed a new address; a former one is good no longer.
    ///
    /// A repetition with the same key cannot be given the first address again, which nobody knows any more: it gets an
    /// address of its own, and that is the one that is good.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::KeyReused`]
    pub async fn open_feed(
        &self,
        ctx: &UserCtx,
        plan: PlanId,
        key: Option<&RequestKey>,
    ) -> Result<FeedSecret, PlansError> {
        let secret = FeedSecret::new()?;
        let hash = secret.hash();
        if self.set_feed(ctx, plan, Some(&hash), key).await?.replayed {
            self.set_feed(ctx, plan, Some(&hash), None).await?;
        }
        Ok(secret)
    }

    /// Takes a feed's address back. It is fine if there is none.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::KeyReused`]
    pub async fn close_feed(
        &self,
        ctx: &UserCtx,
        plan: PlanId,
        key: Option<&RequestKey>,
    ) -> Result<Done<()>, PlansError> {
        self.set_feed(ctx, plan, None, key).await
    }

    async fn set_feed(
        &self,
        ctx: &UserCtx,
        plan: PlanId,
        hash: Option<&str>,
        key: Option<&RequestKey>,
    ) -> Result<Done<()>, PlansError> {
        self.once(ctx, key, async |tx| {
            let found = tx.calendar_feed().set(plan, ctx.user_id, hash).await?;
            if found { Ok(((), After::default())) } else { Err(PlansError::NotFound) }
        })
        .await
    }

    /// The calendar at a secret address; `request_id` names the request. The plan is read as its owner, so the secret opens
    /// what the owner may see of this plan and nothing else.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn feed(&self, secret: &FeedSecret, request_id: &str) -> Result<Feed, PlansError> {
        let hash = secret.hash();
        let found = self.engine.db.service(async |tx| tx.calendar_feed().find(&hash, request_id).await).await?;
        let (plan, owner) = found.ok_or(PlansError::NotFound)?;
        let laid_out = self.laid_out(&owner, plan).await?;
        self.calendar(&owner, plan, &laid_out).await
    }

    /// The calendar, and what programs were shown of it written down.
    pub(super) async fn calendar(
        &self,
        ctx: &UserCtx,
        plan: PlanId,
        LaidOut { snapshot, schedule, updated_at }: &LaidOut,
    ) -> Result<Feed, PlansError> {
        let sessions = calendar::sessions(snapshot, schedule);
        let shown: Vec<_> = sessions.iter().map(|(session, _)| session.clone()).collect();
        let now = self.engine.clock.now().trunc_subsecs(0);
        let (owned, forget) = ((plan, ctx.user_id), now - CANCELLED_FOR);
        let entries =
            self.engine.db.service(async |tx| tx.calendar_feed().show(owned, &shown, now, forget).await).await?;
        let newest = entries.iter().map(|entry| entry.last_modified).max();
        // The plan's own change renames the calendar.
        let last_modified = newest.map_or(*updated_at, |newest| newest.max(*updated_at)).trunc_subsecs(0);
        Ok(Feed { body: calendar::render(plan, &snapshot.topic, &entries, &sessions), last_modified })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_43_characters_of_an_address_and_is_never_shown() {
        let (one, other) = (FeedSecret::new().unwrap(), FeedSecret::new().unwrap());
        assert_ne!(one, other);
        assert_eq!((one.as_str().len(), one.hash().len()), (43, 64));
        assert_eq!(FeedSecret::parse(one.as_str()), Some(one.clone()));
        assert_eq!(format!("{one:?}"), "FeedSecret(..)");
        for wrong in ["", "short", "{token}", &format!("{}=", one.as_str()), &format!("{}A", one.as_str())] {
            assert_eq!(FeedSecret::parse(wrong), None, "{wrong}");
        }
    }
}
