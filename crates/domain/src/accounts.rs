//! People: the identity provider's subject and the context every request carries.

mod preferences;

pub use preferences::{DisplayName, Notifications, NotificationsPatch, PreferencesPatch};

use crate::billing::SubscriptionTier;
use crate::ids::UserId;

/// Who is asking: made once a request from a verified token, given first to every call below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserCtx {
    /// The identity provider's subject (`sub` of the session token).
    pub subject: String,
    /// Our own key for the person.
    pub user_id: UserId,
    /// The tier as last read; decisions that cost money read it again under a lock.
    pub tier: SubscriptionTier,
    /// The request's id, for logs and answers.
    pub request_id: String,
}
