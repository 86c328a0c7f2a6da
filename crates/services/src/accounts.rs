//! Accounts: from a session token to a context. The first token of a person makes their account.

pub mod clerk;
pub(crate) mod erasure;
pub mod jwks;
pub mod local_issuer;
mod preferences;
pub mod tokens;

pub use preferences::AccountsError;
pub use waymark_persistence::{Account, Preferences};

use crate::generation::engine::Engine;
use moka::future::Cache;
use std::sync::Arc;
use std::time::Duration;
use tokens::{TokenError, TokenVerifier, VerifiedToken};
use waymark_domain::accounts::UserCtx;
use waymark_domain::billing::SubscriptionTier;
use waymark_domain::ids::UserId;
use waymark_persistence::StoreError;

/// How long a subject's key and tier are believed. Decisions that cost money read the tier again under a lock.
const BELIEVED: Duration = Duration::from_mins(1);
/// Subjects remembered at most.
const REMEMBERED: u64 = 50_000;

/// Why a token did not become a context.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuthError {
    /// The token is refused.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The person was erased.
    #[error("the account was erased")]
    Erased,
    /// The account could not be read or made.
    #[error("the account could not be read")]
    Store(#[source] Arc<StoreError>),
}

#[derive(Debug, Clone, Copy)]
struct Known {
    id: UserId,
    tier: SubscriptionTier,
}

/// The use cases around accounts.
#[derive(Clone)]
pub struct Accounts {
    engine: Arc<Engine>,
    verifier: TokenVerifier,
    known: Cache<String, Known>,
}

impl Accounts {
    /// Accounts for tokens that `verifier` accepts.
    pub(crate) fn new(engine: Arc<Engine>, verifier: TokenVerifier) -> Self {
        let known = Cache::builder().max_capacity(REMEMBERED).time_to_live(BELIEVED).build();
        Self { engine, verifier, known }
    }

    pub(crate) const fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Turns a session token into a context; a person seen for the first time gets an account.
    ///
    /// # Errors
    /// [`AuthError`]
    pub async fn authenticate(&self, token: &str, request_id: &str) -> Result<UserCtx, AuthError> {
        let verified = self.verifier.verify(token, self.engine.clock.now()).await?;
        // Many first requests at once provision once.
        let known = self
            .known
            .try_get_with_by_ref(verified.subject.as_str(), self.find_or_make(&verified))
            .await
            .map_err(|error| AuthError::clone(&error))?;
        Ok(UserCtx {
            subject: verified.subject,
            user_id: known.id,
            tier: known.tier,
            request_id: request_id.to_owned(),
        })
    }

    /// The learner's own account; none once it is erased.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn profile(&self, ctx: &UserCtx) -> Result<Option<Account>, StoreError> {
        self.engine.db.authenticated(ctx, async |tx| tx.accounts().own().await).await
    }

    async fn find_or_make(&self, verified: &VerifiedToken) -> Result<Known, AuthError> {
        let subject = verified.subject.as_str();
        let (email, name) = (verified.email.as_deref().and_then(email), verified.name.as_deref().and_then(name));
        let account = self
            .engine
            .db
            .service(async |tx| {
                if let Some(account) = tx.accounts().by_subject(subject).await? {
                    return Ok(Some(account));
                }
                // Not between the look at the tombstones and a burial.
                tx.accounts().alone(subject).await?;
                if tx.accounts().is_erased(subject).await? {
                    return Ok(None);
                }
                tx.accounts().provision(crate::ids::new(), subject, email, name.as_deref()).await.map(Some)
            })
            .await
            .map_err(|error: StoreError| AuthError::Store(Arc::new(error)))?
            .ok_or(AuthError::Erased)?;
        if account.email.is_none() {
            self.ask_for_email(subject).await;
        }
        Ok(Known { id: account.id, tier: account.tier })
    }

    /// Asks the identity provider for an address that neither the token nor an event has brought. Nothing depends on it: what
    /// goes wrong is in the log, and the next look, at most once a minute, tries again.
    async fn ask_for_email(&self, subject: &str) {
        let Some(api) = &self.engine.clerk.api else { return };
        let Some(person) = api.person(subject).await.filter(|person| person.email.is_some()) else { return };
        let at = clerk::dated(person.updated_at, self.engine.clock.now());
        if let Err(error) = self.engine.db.service(async |tx| clerk::note(tx, &person, at).await).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a person's address could not be noted");
        }
    }
}

/// An e-mail address the column takes; a token's claims are the identity provider's, but their form is anybody's.
fn email(claim: &str) -> Option<&str> {
    let fits = (3..=320).contains(&claim.chars().count()) && claim.contains('@');
    (fits && !claim.chars().any(|c| c.is_control() || c.is_whitespace())).then_some(claim)
}

/// A name the column takes: without control characters, at most 200 characters.
fn name(claim: &str) -> Option<String> {
    let name: String = claim.trim().chars().filter(|c| !c.is_control()).take(200).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::{email, name};

    #[test]
    fn claims_that_do_not_fit_their_columns_are_left_out_or_cut() {
        assert_eq!(email("Ada@Example.com"), Some("Ada@Example.com"));
        for bad in ["", "@", "ada", "a b@c", "a@b\0", &format!("{}@b", "x".repeat(320))] {
            assert_eq!(email(bad), None, "{bad:?}");
        }
        assert_eq!(name("  Ada\0 \u{1F980} "), Some("Ada \u{1F980}".to_owned()));
        assert_eq!(name(" \n"), None);
        assert_eq!(name(&"ü".repeat(300)).map(|name| name.chars().count()), Some(200));
    }
}
