//! What can go wrong around plans, in business words.

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
    /// The account was erased meanwhile.
    #[error("the account is gone")]
    AccountGone,
    /// The store did not do it.
    #[error("the plan could not be stored or read")]
    Store(#[from] StoreError),
}
