//! What can go wrong around plans, in business words.

use waymark_domain::plans::DateRuleError;
use waymark_domain::quota::QuotaRefusal;
use waymark_persistence::StoreError;

/// Why a use case around plans did not work.
#[derive(Debug, thiserror::Error)]
pub enum PlansError {
    /// No such plan of this learner.
    #[error("no such plan")]
    NotFound,
    /// The tier does not allow it.
    #[error(transparent)]
    Quota(#[from] QuotaRefusal),
    /// The catalogue has no such model.
    #[error("the catalogue has no such model")]
    ModelInvalid,
    /// The tier may not use this model.
    #[error("this tier may not use that model")]
    ModelNotAllowed,
    /// Too many generations within an hour.
    #[error("at most {limit} generations an hour")]
    RateLimited {
        /// Generations an hour.
        limit: u32,
        /// When the next one fits.
        retry_after: std::time::Duration,
    },
    /// The plan is not being generated.
    #[error("the plan is not being generated")]
    NotGenerating,
    /// The plan has not failed, so there is nothing to try again.
    #[error("the plan has not failed")]
    NotFailed,
    /// The plan is not ready.
    #[error("the plan is not ready")]
    NotReady,
    /// The plan is being generated, or generated anew.
    #[error("the plan is being generated")]
    GenerationRunning,
    /// The idempotency key was used for another request.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// The new dates break a rule.
    #[error(transparent)]
    Dates(DateRuleError),
    /// The account was erased meanwhile.
    #[error("the account is gone")]
    AccountGone,
    /// The store did not do it.
    #[error("the plan could not be stored or read")]
    Store(#[from] StoreError),
}
