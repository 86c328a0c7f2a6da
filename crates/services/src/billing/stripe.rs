//! Stripe's API as far as billing needs it: customers, subscriptions, the hosted pages. Called by the billing use cases,
//! never inside a transaction.
//!
//! Requests are made by `async-stripe`'s typed builders and sent by our own HTTP client: each attempt has a time-out,
//! connections are kept, and a call that got no answer is sent again with the same idempotency key. Answers are read
//! leniently, by types that hold only what we use, since an account may speak another API version than the builders.

mod config;
mod error;
mod requests;
mod retry;
mod send;
mod shapes;
#[cfg(test)]
mod tests;

pub use config::StripeConfig;
pub use error::{Outage, StripeError};
pub use requests::CheckoutRequest;
pub use shapes::{CheckoutSession, StripeCustomer, StripePage, StripePrice, StripeSubscription};

use secrecy::ExposeSecret;
use send::Sender;
use shapes::{WireAny, WireCheckout, WireCustomer, WireId, WireList, WirePage, WireProduct, WireStatus};
use std::sync::Arc;
use uuid::Uuid;
use waymark_domain::ids::UserId;

/// One Stripe account. Cheap to clone; clones share connections.
///
/// Every call that changes something is sent with an idempotency key, at most 250 printable ASCII characters: Stripe does such a
/// call once, and for at least a day answers the same key with the same answer.
#[derive(Clone)]
pub struct Stripe {
    sender: Arc<Sender>,
}

impl std::fmt::Debug for Stripe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stripe").field("live", &self.is_live()).finish_non_exhaustive()
    }
}

impl Stripe {
    /// Makes the client; sends nothing yet.
    ///
    /// # Errors
    /// TLS that cannot be set up, a key that cannot stand in a header, a base that is no address of HTTP.
    pub fn new(config: StripeConfig) -> Result<Self, reqwest::Error> {
        Ok(Self { sender: Arc::new(Sender::new(config)?) })
    }

    /// Whether the key moves real money. Events of the other mode are not ours.
    pub fn is_live(&self) -> bool {
        let key = self.sender.config.key.expose_secret();
        ["sk_live_", "rk_live_"].iter().any(|prefix| key.starts_with(prefix))
    }

    /// Makes a customer and returns its id.
    pub async fn create_customer(&self, user: UserId, email: Option<&str>, key: &str) -> Result<String, StripeError> {
        let request = requests::create_customer(user, email);
        let made: WireId = self.sender.change("customer", &request, key).await?;
        Ok(made.id)
    }

    /// The customer with this id, also when deleted; none when there never was one.
    pub async fn customer(&self, id: &str) -> Result<Option<StripeCustomer>, StripeError> {
        match self.existing_customer(id).await {
            Ok(customer) => Ok(Some(customer)),
            Err(StripeError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn existing_customer(&self, id: &str) -> Result<StripeCustomer, StripeError> {
        let wire: WireCustomer = self.sender.get("customer", &requests::customer(id)?).await?;
        Ok(wire.into())
    }

    /// All subscriptions of a customer in any status, newest first.
    ///
    /// # Errors
    /// [`StripeError::NotFound`] when there is no such customer; Stripe refuses the parameter then.
    pub async fn subscriptions(&self, customer: &str) -> Result<Vec<StripeSubscription>, StripeError> {
        let (mut all, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = match self.page(Some(customer), after.as_deref()).await {
                Err(error) if after.is_none() && error.is_missing() => return Err(StripeError::NotFound),
                page => page?,
            };
            if !page.unreadable.is_empty() {
                return Err(StripeError::Malformed("subscription list"));
            }
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// A hundred subscriptions of all customers in any status, newest first, after the one with the id `after`.
    pub async fn subscription_page(&self, after: Option<&str>) -> Result<StripePage<StripeSubscription>, StripeError> {
        self.page(None, after).await
    }

    async fn page(
        &self,
        customer: Option<&str>,
        after: Option<&str>,
    ) -> Result<StripePage<StripeSubscription>, StripeError> {
        let request = requests::subscriptions(customer, after);
        let wire: WireList = self.sender.get("subscription list", &request).await?;
        let page = StripePage::try_from(wire)?;
        // Asking for what follows such a page would never end.
        if page.next.is_some() && page.next.as_deref() == after {
            return Err(StripeError::Malformed("subscription list that does not go on"));
        }
        Ok(page)
    }

    /// A product's `metadata.tier`; none also when there is no such product.
    pub async fn product_tier(&self, product: &str) -> Result<Option<String>, StripeError> {
        let wire: Result<WireProduct, _> = self.sender.get("product", &requests::product(product)?).await;
        match wire {
            Ok(wire) => Ok(wire.metadata.and_then(|metadata| metadata.tier)),
            Err(StripeError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a checkout for one subscription.
    pub async fn create_checkout(
        &self,
        request: &CheckoutRequest<'_>,
        key: &str,
    ) -> Result<CheckoutSession, StripeError> {
        let request = requests::create_checkout(request);
        let wire: WireCheckout = self.sender.change("checkout session", &request, key).await?;
        wire.try_into()
    }

    /// Closes a checkout, so that it can no longer be paid. Fine also when it is not open any more, or was never there.
    pub async fn expire_checkout(&self, id: &str) -> Result<(), StripeError> {
        unless_missing(self.expire(id).await)
    }

    async fn expire(&self, id: &str) -> Result<(), StripeError> {
        // The key is for the attempts of this call. One that followed from the id would keep a first refusal for a day.
        let key = crate::ids::new::<Uuid>().to_string();
        let request = requests::expire_checkout(id)?;
        let Err(error) = self.sender.change::<WireAny>("checkout session", &request, &key).await else { return Ok(()) };
        if !is_bad_request(&error) {
            return Err(error);
        }
        // The refusal has no code of its own; the session's status says what it means.
        let session: WireStatus = self.sender.get("checkout session", &requests::checkout(id)?).await?;
        if session.status == "open" { Err(error) } else { Ok(()) }
    }

    /// Opens the customer portal and returns its address, good for one visit soon.
    pub async fn create_portal(&self, customer: &str, return_url: &str, key: &str) -> Result<String, StripeError> {
        let request = requests::create_portal(customer, return_url);
        let wire: WirePage = self.sender.change("portal session", &request, key).await?;
        Ok(wire.url)
    }

    /// Deletes a customer for good, with what it has. Fine also when it was never there.
    pub async fn delete_customer(&self, id: &str) -> Result<(), StripeError> {
        let request = requests::delete_customer(id)?;
        unless_missing(self.sender.change::<WireAny>("customer", &request, &format!("unmade:{id}")).await.map(drop))
    }

    /// Ends a subscription at once, without paying anything back. Fine also when it has ended, or was never there.
    pub async fn cancel_subscription(&self, id: &str, key: &str) -> Result<(), StripeError> {
        // Stripe says "no such subscription" of those that have ended, too.
        unless_missing(self.cancel(id, key).await)
    }

    async fn cancel(&self, id: &str, key: &str) -> Result<(), StripeError> {
        let request = requests::cancel_subscription(id)?;
        let Err(error) = self.sender.change::<WireAny>("subscription", &request, key).await else { return Ok(()) };
        if !is_bad_request(&error) {
            return Err(error);
        }
        let now: WireStatus = self.sender.get("subscription", &requests::subscription(id)?).await?;
        if matches!(now.status.as_str(), "canceled" | "incomplete_expired") { Ok(()) } else { Err(error) }
    }
}

fn is_bad_request(error: &StripeError) -> bool {
    matches!(error, StripeError::Refused { status: 400, .. })
}

/// For calls that are to make something go away.
fn unless_missing(outcome: Result<(), StripeError>) -> Result<(), StripeError> {
    match outcome {
        Err(StripeError::NotFound) => Ok(()),
        other => other,
    }
}
