//! What can go wrong around plans, in business words.

use super::PlanTag;
use waymark_domain::generation::FailureClass;
use waymark_domain::plans::DateRuleError;
use waymark_domain::quota::QuotaRefusal;
use waymark_domain::schedules::Obstacle;
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
    /// The plan has changed since the version that an edit was made of; its present tag.
    #[error("the plan has changed")]
    Changed(PlanTag),
    /// As many modules or tasks as fit.
    #[error("there are {limit} {what} already")]
    LimitReached {
        /// Modules of a plan, or tasks of a module.
        what: &'static str,
        /// How many fit.
        limit: usize,
    },
    /// This way of catching up is not open.
    #[error("the plan cannot be rescheduled so: {0}")]
    CannotReschedule(Obstacle),
    /// An explanation of the task is being written.
    #[error("the task is being explained")]
    ExplanationRunning,
    /// The model did not explain the task.
    #[error("the model did not explain the task: {class}")]
    NotExplained {
        /// What kind of failure it was.
        class: FailureClass,
        /// What the provider asked us to wait.
        retry_after: Option<std::time::Duration>,
    },
    /// The machine gave no random bytes.
    #[error("the machine gave no random bytes")]
    NoRandomness,
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
