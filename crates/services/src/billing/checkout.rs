//! Hosted pages: where a learner subscribes, and where they look after it.

use super::addresses::resolve;
use super::customers::Look;
use super::stripe::CheckoutRequest;
use super::{Billing, BillingError};
use crate::plans::{Done, KeyReused, RequestKey, earlier, keep};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use waymark_domain::accounts::UserCtx;
use waymark_domain::billing::ProviderStatus;
use waymark_persistence::{CheckoutSlot, Customer, ServiceTx, StoreError};

/// What a learner wants to buy, and where they come back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCheckout {
    /// One of the prices on sale.
    pub price_id: String,
    /// Where they come back to when they have paid.
    pub success_url: String,
    /// Where they come back to when they have not.
    pub cancel_url: String,
}

/// The page on which a learner pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckoutPage {
    /// The payment provider's key.
    pub session_id: String,
    /// Its address.
    pub url: String,
}

/// The page on which a learner looks after their subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalPage {
    /// Its address, good for a few minutes and one visit.
    pub url: String,
}

impl Billing {
    /// Opens a page on which a learner pays; the one opened before is closed, so that one person never pays on two.
    ///
    /// # Errors
    /// [`BillingError`]
    pub async fn checkout(
        &self,
        ctx: &UserCtx,
        wanted: &NewCheckout,
        key: Option<&RequestKey>,
    ) -> Result<Done<CheckoutPage>, BillingError> {
        if self.till.prices.tier(&wanted.price_id).is_none() {
            return Err(BillingError::UnknownPrice);
        }
        let success_url = resolve(self.till.app_url.as_ref(), &wanted.success_url, "successUrl")?;
        let cancel_url = resolve(self.till.app_url.as_ref(), &wanted.cancel_url, "cancelUrl")?;
        if let Some(value) = self.given_before(ctx, key).await? {
            return Ok(Done { value, replayed: true });
        }
        // Before anything is looked at or made: whatever happens from here on, nobody has two pages, and whoever has paid on
        // the old one by now is seen.
        let closed = self.account(ctx.user_id).await?.checkout_session;
        if let Some(before) = &closed {
            // It may be this very request's, which was sent twice at once.
            if let Some(value) = self.given_before(ctx, key).await? {
                return Ok(Done { value, replayed: true });
            }
            self.till.stripe.expire_checkout(before).await?;
        }
        let Look { account, bought } = self.looked_up(ctx, "create-checkout").await?;
        if account.subscription.is_live() {
            return Err(BillingError::AlreadySubscribed);
        }
        // A first payment that hangs could still be made, beside the one that begins now.
        for it in bought.iter().filter(|it| it.status == ProviderStatus::Incomplete) {
            self.till.stripe.cancel_subscription(&it.id, &format!("superseded:{}", it.id)).await?;
        }
        let customer = self.customer(&account).await?;
        let request = CheckoutRequest {
            customer: &customer,
            price: &wanted.price_id,
            user: ctx.user_id,
            success_url: &success_url,
            cancel_url: &cancel_url,
        };
        let made = self.till.stripe.create_checkout(&request, &making("checkout", &account, key)).await?;
        crate::crash::point("checkout.made");
        self.open(ctx, key, CheckoutPage { session_id: made.id, url: made.url }, closed).await
    }

    /// Notes a page as the one that is open, in place of `closed`. One that another request has opened meanwhile is closed
    /// first: an answer is given only when there is no other page.
    async fn open(
        &self,
        ctx: &UserCtx,
        key: Option<&RequestKey>,
        page: CheckoutPage,
        mut closed: Option<String>,
    ) -> Result<Done<CheckoutPage>, BillingError> {
        loop {
            let noted = self
                .remember(ctx, key, page.clone(), async |tx, page| {
                    match tx.billing().open_checkout(ctx.user_id, &page.session_id, closed.as_deref()).await? {
                        None => Err(BillingError::AccountGone.into()),
                        Some(CheckoutSlot::Taken(other)) => Err(NotNoted::Overtaken(other)),
                        Some(CheckoutSlot::Opened) => Ok(()),
                    }
                })
                .await;
            match noted {
                Ok(done) => return Ok(done),
                Err(NotNoted::Overtaken(other)) => {
                    self.till.stripe.expire_checkout(&other).await?;
                    // Whoever is quick has paid there by now.
                    if self.looked_up(ctx, "create-checkout").await?.account.subscription.is_live() {
                        return Err(BillingError::AlreadySubscribed);
                    }
                    closed = Some(other);
                }
                Err(NotNoted::Other(error)) if error.is_account_gone() => {
                    // Erased while the page was made: nobody would look after what is bought on it.
                    if let Err(error) = self.till.stripe.expire_checkout(&page.session_id).await {
                        let session = page.session_id;
                        tracing::error!(
                            session,
                            error = &error as &dyn std::error::Error,
                            "a checkout of nobody stays open"
                        );
                    }
                    return Err(BillingError::AccountGone);
                }
                Err(NotNoted::Other(error)) => return Err(error),
            }
        }
    }

    /// Opens the page on which a learner changes or ends what they have bought.
    ///
    /// # Errors
    /// [`BillingError`]
    pub async fn portal(
        &self,
        ctx: &UserCtx,
        return_url: &str,
        key: Option<&RequestKey>,
    ) -> Result<Done<PortalPage>, BillingError> {
        let return_url = resolve(self.till.app_url.as_ref(), return_url, "returnUrl")?;
        if let Some(value) = self.given_before(ctx, key).await? {
            return Ok(Done { value, replayed: true });
        }
        let account = self.account(ctx.user_id).await?;
        let customer = account.customer_id.as_deref().ok_or(BillingError::NoCustomer)?;
        let made = self.till.stripe.create_portal(customer, &return_url, &making("portal", &account, key)).await;
        let url = match made {
            Ok(url) => url,
            // Deleted at the provider, and no event has told yet.
            Err(error) if error.is_missing() => {
                let account = self.looked_up(ctx, "create-portal").await?.account;
                return Err(if account.customer_id.is_none() { BillingError::NoCustomer } else { error.into() });
            }
            Err(error) => return Err(error.into()),
        };
        let noted = self.remember(ctx, key, PortalPage { url }, async |_, _| Ok(())).await;
        noted.map_err(|error| match error {
            NotNoted::Other(error) => error,
            NotNoted::Overtaken(_) => BillingError::Malformed("a portal has no successor"),
        })
    }

    /// The answer that was given under this key, without claiming a new one: the effect is elsewhere, and its own key makes it
    /// happen once.
    async fn given_before<T: DeserializeOwned>(
        &self,
        ctx: &UserCtx,
        key: Option<&RequestKey>,
    ) -> Result<Option<T>, BillingError> {
        if key.is_none() {
            return Ok(None);
        }
        let now = self.engine.clock.now();
        let found = self
            .engine
            .db
            .service(async |tx| earlier::<T, Peek>(&tx.idempotency(), ctx.user_id, key, now).await?.ok_or(Peek::New))
            .await;
        match found {
            Ok(value) => Ok(Some(value)),
            Err(Peek::New) => Ok(None),
            Err(Peek::Other(error)) => Err(error),
        }
    }

    /// Stores the answer with what follows from it, or gives the answer that a request with the same key has stored first.
    async fn remember<T: Serialize + DeserializeOwned>(
        &self,
        ctx: &UserCtx,
        key: Option<&RequestKey>,
        value: T,
        effect: impl AsyncFnOnce(&ServiceTx, &T) -> Result<(), NotNoted>,
    ) -> Result<Done<T>, NotNoted> {
        let now = self.engine.clock.now();
        self.engine
            .db
            .service(async |tx| {
                if let Some(value) = earlier::<T, NotNoted>(&tx.idempotency(), ctx.user_id, key, now).await? {
                    return Ok(Done { value, replayed: true });
                }
                effect(tx, &value).await?;
                keep::<T, NotNoted>(&tx.idempotency(), ctx.user_id, key, &value).await?;
                Ok(Done { value, replayed: false })
            })
            .await
    }
}

/// The key under which a page is made: the learner's, so that a request that is sent again finds the page of the first; else
/// one of this request alone.
fn making(what: &str, account: &Customer, key: Option<&RequestKey>) -> String {
    let own = key.map_or_else(
        || crate::ids::new::<Uuid>().simple().to_string(),
        |key| {
            use sha2::{Digest, Sha256};
            hex::encode(Sha256::digest(format!("{}\n{}\n{}", key.route, key.key, key.hash)))
        },
    );
    format!("{what}:{}:{own}", account.user_id)
}

/// Why a page was not noted.
enum NotNoted {
    /// Another one is open by now.
    Overtaken(String),
    Other(BillingError),
}

impl<E: Into<BillingError>> From<E> for NotNoted {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// Why a look at a key ended.
enum Peek {
    /// It is new; the claim is rolled back.
    New,
    Other(BillingError),
}

impl From<StoreError> for Peek {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

impl From<KeyReused> for Peek {
    fn from(reused: KeyReused) -> Self {
        Self::Other(reused.into())
    }
}
