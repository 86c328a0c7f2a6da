//! Why something around money was not done.

use super::stripe::StripeError;
use crate::plans::KeyReused;
use crate::webhooks::SignatureError;
use waymark_persistence::StoreError;

/// Why something around money was not done.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// The price is not on sale here.
    #[error("the price is not on sale")]
    UnknownPrice,
    /// An address to come back to leads elsewhere.
    #[error("{0} leads to another site")]
    ForeignAddress(&'static str),
    /// There is no address to come back to.
    #[error("the web application's address is not set")]
    NoAppUrl,
    /// Another checkout would be paid beside the subscription there is.
    #[error("there is a subscription already")]
    AlreadySubscribed,
    /// The payment provider has something of the account that nobody here understands.
    #[error("the payment provider's state of the account is not understood")]
    Unclear,
    /// Who never bought anything has no portal.
    #[error("the payment provider does not know the account")]
    NoCustomer,
    /// The account was erased.
    #[error("the account is gone")]
    AccountGone,
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The event was not signed by the payment provider.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The event is signed, and cannot be read.
    #[error("the event cannot be read: {0}")]
    Malformed(&'static str),
    /// The payment provider did not do it.
    #[error("the payment provider did not do it")]
    Provider(#[from] StripeError),
    /// The store did not do it.
    #[error("the store did not do it")]
    Store(#[from] StoreError),
}

impl BillingError {
    /// Whether there is nobody any more to whom it could be done.
    pub(crate) fn is_account_gone(&self) -> bool {
        match self {
            Self::AccountGone => true,
            Self::Store(error) => error.is_ownerless(),
            _ => false,
        }
    }
}

impl From<KeyReused> for BillingError {
    fn from(_: KeyReused) -> Self {
        Self::KeyReused
    }
}
