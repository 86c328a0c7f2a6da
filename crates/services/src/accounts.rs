//! Accounts: from a session token to a context. The first token of a person makes their account.

pub mod jwks;
pub mod local_issuer;
pub mod tokens;

pub use waymark_persistence::Account;

use crate::clock::SharedClock;
use moka::future::Cache;
use std::sync::Arc;
use std::time::Duration;
use tokens::{TokenError, TokenVerifier, VerifiedToken};
use waymark_domain::accounts::UserCtx;
use waymark_domain::billing::SubscriptionTier;
use waymark_domain::ids::UserId;
use waymark_persistence::{Db, StoreError};

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
    db: Db,
    clock: SharedClock,
    verifier: TokenVerifier,
    known: Cache<String, Known>,
}

impl Accounts {
    /// Accounts in `db`, for tokens that `verifier` accepts.
    pub fn new(db: Db, clock: SharedClock, verifier: TokenVerifier) -> Self {
        let known = Cache::builder().max_capacity(REMEMBERED).time_to_live(BELIEVED).build();
        Self { db, clock, verifier, known }
    }

    /// Turns a session token into a context; a person seen for the first time gets an account.
    ///
    /// # Errors
    /// [`AuthError`]
    pub async fn authenticate(&self, token: &str, request_id: &str) -> Result<UserCtx, AuthError> {
        let verified = self.verifier.verify(token, self.clock.now()).await?;
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
        self.db.authenticated(ctx, async |tx| tx.accounts().own().await).await
    }

    async fn find_or_make(&self, verified: &VerifiedToken) -> Result<Known, AuthError> {
        let (subject, name) = (verified.subject.as_str(), verified.name.as_deref());
        let email = verified.email.as_deref().map(str::to_lowercase);
        let account = self
            .db
            .service(async |tx| {
                if let Some(account) = tx.accounts().by_subject(subject).await? {
                    return Ok(Some(account));
                }
                if tx.accounts().is_erased(subject).await? {
                    return Ok(None);
                }
                tx.accounts().provision(crate::ids::new(), subject, email.as_deref(), name).await.map(Some)
            })
            .await
            .map_err(|error: StoreError| AuthError::Store(Arc::new(error)))?
            .ok_or(AuthError::Erased)?;
        Ok(Known { id: account.id, tier: account.tier })
    }
}
