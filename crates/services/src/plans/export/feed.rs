//! The calendar feed: an address that is a secret, good until it is taken back or changed. Only the SHA-256 of the secret is
//! stored, so nobody can read an address out of the database, and none can be shown a second time.

use super::LaidOut;
use super::calendar::{self, Words};
use crate::plans::once::{After, Done, RequestKey};
use crate::plans::{Plans, PlansError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fmt;
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::{PlanId, TaskId, UserId};
use waymark_persistence::{FeedEntry, FeedSession};

/// How long a session that is gone is still told to be cancelled: programs that ask less often keep it.
const CANCELLED_FOR: TimeDelta = TimeDelta::days(30);
/// A change's date is told when it lies so far back that no other can have the same: clocks differ, and a transaction's
/// changes are dated at its begin.
const SETTLED_AFTER: TimeDelta = TimeDelta::minutes(1);
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
    /// When something in it last changed, in whole seconds. None at first: another change could have the same date, and
    /// would not be seen by who asks for what has changed since.
    pub last_modified: Option<DateTime<Utc>>,
}

/// A plan that was found by its feed's address.
#[derive(Debug, Clone)]
pub struct FoundFeed {
    plan: PlanId,
    owner: UserCtx,
}

impl FoundFeed {
    /// Whose plan it is.
    pub fn owner(&self) -> UserId {
        self.owner.user_id
    }
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

    /// The plan that has a secret address; `request_id` names the request.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn find_feed(&self, secret: &FeedSecret, request_id: &str) -> Result<FoundFeed, PlansError> {
        let hash = secret.hash();
        let found = self.engine.db.service(async |tx| tx.calendar_feed().find(&hash, request_id).await).await?;
        found.map(|(plan, owner)| FoundFeed { plan, owner }).ok_or(PlansError::NotFound)
    }

    /// The calendar at an address that was found. The plan is read as its owner, so the secret opens what the owner may see
    /// of this plan and nothing else.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn feed(&self, found: &FoundFeed) -> Result<Feed, PlansError> {
        self.calendar(&found.owner, found.plan).await.map(|(_, feed)| feed)
    }

    /// The plan's topic and its calendar, and what programs were shown of it written down. As long as nothing has changed,
    /// that is one reading of one moment.
    pub(super) async fn calendar(&self, ctx: &UserCtx, plan: PlanId) -> Result<(String, Feed), PlansError> {
        let read = self.engine.db.authenticated_snapshot(ctx, async |tx| {
            let laid_out = LaidOut::read(tx, ctx, plan).await?;
            Ok::<_, PlansError>((laid_out, tx.calendar_feed().entries(plan, ctx.user_id).await?))
        });
        let (laid_out, entries) = read.await?;
        let (sessions, now) = (calendar::sessions(&laid_out.snapshot, &laid_out.schedule), self.engine.clock.now());
        let feed = if is_shown(&entries, &sessions, now - CANCELLED_FOR) {
            Feed::of(plan, &laid_out, &entries, &sessions, now)
        } else {
            return self.show(ctx, plan).await;
        };
        Ok((laid_out.snapshot.topic, feed))
    }

    /// Reads again under the plan's lock, where edits and other programs wait, and writes down what is shown from now on:
    /// who has read an older state cannot write it over a newer one.
    async fn show(&self, ctx: &UserCtx, plan: PlanId) -> Result<(String, Feed), PlansError> {
        self.engine
            .db
            .service(async |tx| {
                if !tx.calendar_feed().lock(plan, ctx.user_id).await? {
                    return Err(PlansError::NotFound);
                }
                let state = tx.plans().state(plan).await?.ok_or(PlansError::NotFound)?;
                let snapshot = tx.plans().snapshot(plan).await?.ok_or(PlansError::NotFound)?;
                let source = tx.schedules().source(plan, ctx.user_id).await?.ok_or(PlansError::NotFound)?;
                let laid_out = LaidOut::of(snapshot, &source, state.updated_at);
                let sessions = calendar::sessions(&laid_out.snapshot, &laid_out.schedule);
                let shown: Vec<_> = sessions.iter().map(|(session, _)| session.clone()).collect();
                let now = self.engine.clock.now();
                let (at, forget) = (whole_second(now), now - CANCELLED_FOR);
                let entries = tx.calendar_feed().show((plan, ctx.user_id), &shown, at, forget).await?;
                let feed = Feed::of(plan, &laid_out, &entries, &sessions, now);
                Ok((laid_out.snapshot.topic, feed))
            })
            .await
    }
}

impl Feed {
    fn of(
        plan: PlanId,
        laid_out: &LaidOut,
        entries: &[FeedEntry],
        sessions: &[(FeedSession, Words)],
        now: DateTime<Utc>,
    ) -> Self {
        let newest = entries.iter().map(|entry| entry.last_modified).max();
        // The plan's own change renames the calendar. What is forgotten changes no date: it was cancelled long ago, so who
        // still has it has it cancelled.
        let changed = newest.map_or(laid_out.updated_at, |newest| newest.max(laid_out.updated_at));
        Self {
            body: calendar::render(plan, &laid_out.snapshot.topic, entries, sessions),
            last_modified: Some(whole_second(changed)).filter(|changed| *changed + SETTLED_AFTER <= now),
        }
    }
}

/// Whether programs were shown exactly these sessions, and nothing is to be forgotten.
fn is_shown(known: &[FeedEntry], sessions: &[(FeedSession, Words)], forget: DateTime<Utc>) -> bool {
    let shown: HashMap<(TaskId, u32), &str> = known
        .iter()
        .filter(|entry| !entry.cancelled)
        .map(|entry| ((entry.task_id, entry.part), entry.content_hash.as_str()))
        .collect();
    let same = |(session, _): &(FeedSession, Words)| {
        shown.get(&(session.task_id, session.part)) == Some(&session.content_hash.as_str())
    };
    shown.len() == sessions.len()
        && sessions.iter().all(same)
        && !known.iter().any(|entry| entry.cancelled && entry.last_modified < forget)
}

/// The first whole second that is not before an instant: neither calendars nor HTTP know finer ones, and a change that is
/// dated before it happened would hide behind an answer of the same second.
fn whole_second(at: DateTime<Utc>) -> DateTime<Utc> {
    let begun = at.trunc_subsecs(0);
    if begun < at { begun + TimeDelta::seconds(1) } else { begun }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;

    #[test]
    fn a_change_is_dated_in_whole_seconds_and_never_before_it_happened() {
        let at = |millis| Utc.timestamp_millis_opt(millis).unwrap();
        for (millis, second) in [(5_000, 5), (5_001, 6), (5_999, 6), (6_000, 6)] {
            assert_eq!(whole_second(at(millis)), at(second * 1000));
        }
    }

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
