//! Money: checkouts and portals, and subscriptions that follow what the payment provider says. Its word is always asked for
//! anew, outside of any transaction; see [`sync`] for why the order of answers does not matter.

mod addresses;
mod checkout;
mod customers;
mod error;
mod events;
mod reconcile;
pub mod stripe;
mod sync;

pub use checkout::{CheckoutPage, NewCheckout, PortalPage};
pub use error::BillingError;
pub use reconcile::{Difference, Reconciled, State};

use crate::generation::engine::Engine;
use secrecy::SecretString;
use std::sync::Arc;
use stripe::{Stripe, StripeConfig};
use url::Url;
use waymark_domain::accounts::UserCtx;
use waymark_domain::billing::{PriceTiers, ProviderStatus, SubscriptionStatus, SubscriptionTier};
use waymark_persistence::StoreError;

pub(crate) use reconcile::nightly;
pub(crate) use sync::Cause;

/// How this installation bills.
#[derive(Debug, Clone)]
pub struct BillingSettings {
    /// The payment provider.
    pub stripe: StripeConfig,
    /// Sign its events; any of them will do.
    pub webhook_secrets: Vec<SecretString>,
    /// What is on sale.
    pub prices: PriceTiers,
    /// Where learners come back to; without it nobody can be sent away.
    pub app_url: Option<Url>,
}

/// What billing is made of, for every use case.
pub(crate) struct Till {
    pub stripe: Stripe,
    pub webhook_secrets: Vec<SecretString>,
    pub prices: PriceTiers,
    pub app_url: Option<Url>,
}

impl Till {
    pub fn new(settings: BillingSettings) -> Result<Self, reqwest::Error> {
        Ok(Self {
            stripe: Stripe::new(settings.stripe)?,
            webhook_secrets: settings.webhook_secrets,
            prices: settings.prices,
            app_url: settings.app_url,
        })
    }
}

/// The use cases around money.
#[derive(Clone)]
pub struct Billing {
    pub(crate) engine: Arc<Engine>,
    pub(crate) till: Arc<Till>,
}

/// What a learner has bought, as they see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionView {
    /// Whose limits hold now.
    pub tier: SubscriptionTier,
    /// What was paid for; more than `tier` when a renewal is owed beyond its period.
    pub paid_tier: SubscriptionTier,
    /// Its state; none when none has begun.
    pub status: Option<SubscriptionStatus>,
    /// Its state in the payment provider's words.
    pub provider_status: Option<ProviderStatus>,
    /// When what is paid for, or billed, ends.
    pub period_end: Option<chrono::DateTime<chrono::Utc>>,
    /// It ends by then instead of being renewed.
    pub cancel_at_period_end: bool,
    /// The payment provider knows them, so there is a portal.
    pub has_customer: bool,
}

impl crate::accounts::Accounts {
    /// What the learner has bought; none once they are erased.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn subscription(&self, ctx: &UserCtx) -> Result<Option<SubscriptionView>, StoreError> {
        let engine = self.engine();
        let found = engine.db.authenticated(ctx, async |tx| tx.accounts().subscription().await).await?;
        let now = engine.clock.now();
        Ok(found.map(|(has, has_customer)| SubscriptionView {
            tier: has.effective_tier(now),
            paid_tier: has.tier,
            status: has.status,
            provider_status: has.provider_status,
            period_end: has.period_end,
            cancel_at_period_end: has.cancel_at_period_end,
            has_customer,
        }))
    }
}
