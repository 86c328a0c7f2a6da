//! What the identity provider tells of people: by its webhooks, in any order and more than once, and when it is asked.

mod api;
mod person;

pub use api::{ClerkApi, ClerkApiConfig};

use super::{Accounts, erasure};
use crate::billing::Cause;
use crate::webhooks::SignatureError;
use crate::webhooks::svix::{self, SvixHeaders};
use chrono::{DateTime, TimeDelta, Utc};
use person::Person;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value as Json;
use waymark_persistence::{ServiceTx, StoreError};

/// Tries of an event that met somebody who was just writing.
const TRIES: u32 = 5;

/// How this installation hears from the identity provider.
#[derive(Debug, Clone, Default)]
pub struct ClerkSettings {
    /// Sign its webhooks; any of them will do. Empty: webhooks are off.
    pub webhook_secrets: Vec<SecretString>,
    /// Its API; none: it is not asked.
    pub api: Option<ClerkApiConfig>,
}

/// What hearing from the identity provider takes.
#[derive(Default)]
pub(crate) struct Clerk {
    pub webhook_secrets: Vec<SecretString>,
    pub api: Option<ClerkApi>,
}

impl Clerk {
    pub fn new(settings: ClerkSettings) -> Result<Self, reqwest::Error> {
        let api = settings.api.map(ClerkApi::new).transpose()?;
        Ok(Self { webhook_secrets: settings.webhook_secrets, api })
    }
}

/// Why an event was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum ClerkEventError {
    /// Webhooks are off.
    #[error("the identity provider's webhooks are not configured")]
    NotConfigured,
    /// The event was not signed by the identity provider.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The event is signed, and cannot be read.
    #[error("the event cannot be read: {0}")]
    Malformed(&'static str),
    /// The store did not do it; it must be delivered again.
    #[error("the store did not do it")]
    Store(#[from] StoreError),
}

/// An event, as far as it matters.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    /// Milliseconds; when the event was made.
    #[serde(default)]
    timestamp: Option<i64>,
    #[serde(default)]
    data: Json,
}

/// What an event asks for.
enum Told {
    /// A person is, or is no longer, as it says.
    Person(Person, DateTime<Utc>),
    /// A person is gone.
    Gone(String),
    /// Nothing that concerns us.
    Nothing,
}

impl Event {
    fn read(self, now: DateTime<Utc>) -> Result<Told, ClerkEventError> {
        match self.kind.as_str() {
            "user.created" | "user.updated" => {
                let person = Person::parse(self.data).ok_or(ClerkEventError::Malformed("not a user"))?;
                let at = dated(person.updated_at.or(self.timestamp), now);
                Ok(Told::Person(person, at))
            }
            "user.deleted" => match self.data.get("id") {
                Some(Json::String(subject)) if person::is_subject(subject) => Ok(Told::Gone(subject.clone())),
                // The provider's type allows it; there is nobody to erase.
                None | Some(Json::Null) => Ok(Told::Nothing),
                Some(_) => Err(ClerkEventError::Malformed("not a user's key")),
            },
            _ => Ok(Told::Nothing),
        }
    }
}

/// How far clocks may be apart.
const APART: TimeDelta = TimeDelta::minutes(5);

/// When something was true, from milliseconds. A clock that is ahead must not keep every later word out.
pub(super) fn dated(millis: Option<i64>, now: DateTime<Utc>) -> DateTime<Utc> {
    millis.and_then(DateTime::from_timestamp_millis).unwrap_or(now).min(now + APART)
}

impl Accounts {
    /// Takes an event in, together with its name, so that it has its effect once. Late news of a person change nothing that is
    /// newer, and nothing brings an erased person back.
    ///
    /// # Errors
    /// [`ClerkEventError`]
    pub async fn clerk_event(&self, payload: &[u8], headers: &SvixHeaders<'_>) -> Result<(), ClerkEventError> {
        let clerk = &self.engine.clerk;
        if clerk.webhook_secrets.is_empty() {
            return Err(ClerkEventError::NotConfigured);
        }
        let now = self.engine.clock.now();
        svix::verify(payload, headers, &clerk.webhook_secrets, now)?;
        let id = headers.id.filter(|id| (1..=255).contains(&id.len())).ok_or(ClerkEventError::Malformed("no key"))?;
        let event: Event = serde_json::from_slice(payload).map_err(|_| ClerkEventError::Malformed("not an event"))?;
        if event.kind.is_empty() || event.kind.len() > 255 || event.kind.contains('\0') {
            return Err(ClerkEventError::Malformed("no event has such a type"));
        }
        let kind = event.kind.clone();
        let told = event.read(now)?;
        let cause = Cause { actor: "clerk", subject: id, kind: Some(&kind) };
        let mut tries = 1;
        let news = loop {
            match self.take_in(&told, cause).await {
                // Somebody's first token brought the same address meanwhile; now it is seen who has it.
                Err(error) if (error.is_transient() || error.violates("users_email_key")) && tries < TRIES => {
                    tries += 1;
                }
                other => break other?,
            }
        };
        tracing::info!(event = id, kind, ?news, "the identity provider has told");
        if let Told::Gone(subject) = &told {
            // Other processes believe in a person for a minute more; the database gives them nothing.
            self.known.invalidate(subject.as_str()).await;
            self.engine.wake.notify_one();
        }
        Ok(())
    }

    async fn take_in(&self, told: &Told, cause: Cause<'_>) -> Result<News, StoreError> {
        self.engine
            .db
            .service(async |tx| {
                let kind = cause.kind.unwrap_or_default();
                if !tx.webhook_events().claim_clerk(crate::ids::new(), cause.subject, kind).await? {
                    return Ok(News::Repeated);
                }
                let news = match told {
                    Told::Person(person, at) => note(tx, person, *at).await?,
                    Told::Gone(subject) => erasure::erase(tx, subject, cause).await?,
                    Told::Nothing => News::Ignored,
                };
                crate::crash::point("clerk.before_commit");
                Ok(news)
            })
            .await
    }
}

/// What an event came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// It was taken in before.
    Repeated,
    /// It concerns nothing here.
    Ignored,
    /// Something newer is known.
    Older,
    /// The person is gone for ever.
    Buried,
    /// It is noted.
    Noted,
    /// The account is erased.
    Erased,
}

/// Notes what is known of a person at `at`, by the identity provider's clock. An address belongs to whom it was told of last:
/// two people who exchange theirs end right whichever is told first.
pub(crate) async fn note(tx: &ServiceTx, person: &Person, at: DateTime<Utc>) -> Result<News, StoreError> {
    let accounts = tx.accounts();
    let subject = person.subject.as_str();
    accounts.alone(subject).await?;
    if accounts.is_erased(subject).await? {
        return Ok(News::Buried);
    }
    let email = person.email.as_deref();
    if let Some(email) = email {
        // Nor is anybody else told of with this address: it may have no row yet that could be locked.
        accounts.alone(email).await?;
    }
    let mut known = accounts.lock_identities(subject, email).await?;
    if !known.iter().any(|it| it.subject == subject) {
        accounts.provision(crate::ids::new(), subject, None, None).await?;
        known = accounts.lock_identities(subject, email).await?;
    }
    let Some(own) = known.iter().find(|it| it.subject == subject) else { return Ok(News::Buried) };
    if own.current_at.is_some_and(|current| at < current) {
        return Ok(News::Older);
    }
    let holder = known.iter().find(|it| it.subject != subject);
    let email = match holder {
        Some(holder) if holder.current_at.is_some_and(|current| at < current) => {
            tracing::warn!(user = %own.id, "the address is another account's, of whom something newer is known");
            None
        }
        Some(holder) => {
            accounts.drop_email(holder.id).await?;
            email
        }
        None => email,
    };
    accounts.identify(own.id, email, person.name.as_deref(), at).await?;
    Ok(News::Noted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(event: Json) -> Result<Told, ClerkEventError> {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        serde_json::from_value::<Event>(event).unwrap().read(now)
    }

    #[test]
    fn a_person_is_dated_by_their_own_clock_and_never_far_ahead() {
        for (event, at) in [
            (json!({"type": "user.updated", "timestamp": 5_000, "data": {"id": "user_1", "updated_at": 4_000}}), 4),
            (json!({"type": "user.updated", "timestamp": 5_000, "data": {"id": "user_1"}}), 5),
            (json!({"type": "user.created", "data": {"id": "user_1"}}), 1_800_000_000),
            (
                json!({"type": "user.created", "data": {"id": "user_1", "updated_at": 9_800_000_000_000_i64}}),
                1_800_000_300,
            ),
        ] {
            let Ok(Told::Person(person, told_at)) = told(event) else { panic!("a person") };
            assert_eq!((person.subject.as_str(), told_at.timestamp()), ("user_1", at));
        }
    }

    #[test]
    fn deletions_name_a_person_or_nobody() {
        let gone =
            |id: Json| told(json!({"type": "user.deleted", "data": {"id": id, "object": "user", "deleted": true}}));
        assert!(matches!(gone(json!("user_1")), Ok(Told::Gone(subject)) if subject == "user_1"));
        assert!(matches!(gone(Json::Null), Ok(Told::Nothing)));
        assert!(matches!(gone(json!(7)), Err(ClerkEventError::Malformed(_))));
        assert!(matches!(gone(json!("")), Err(ClerkEventError::Malformed(_))));
    }

    #[test]
    fn other_events_concern_nobody_and_a_user_without_key_is_malformed() {
        assert!(matches!(told(json!({"type": "session.created", "data": {"id": 3}})), Ok(Told::Nothing)));
        assert!(matches!(told(json!({"type": "user.created", "data": {}})), Err(ClerkEventError::Malformed(_))));
    }
}
