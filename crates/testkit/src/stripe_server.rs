//! A double of Stripe's API with a memory: customers, products, prices, subscriptions, checkout and portal sessions over
//! real HTTP, with idempotency keys, events and signatures, made from Stripe's documentation. It refuses what it does not
//! know, so that a misspelt parameter shows. Used by the tests of billing.
//!
//! ```no_run
//! # async fn example(application: &str) {
//! use waymark_testkit::stripe_server::StripeServer;
//!
//! let stripe = StripeServer::start().await;
//! stripe.product("prod_pro", Some("pro"));
//! stripe.price("price_pro", "prod_pro");
//! let customer = stripe.customer(Some("ada@example.com"), None);
//! let subscription = stripe.subscribe(&customer, "price_pro");
//! stripe.set_status(&subscription, "past_due");
//! for event in stripe.events() {
//!     assert_eq!(stripe.deliver(application, &event).await, 200);
//! }
//! # }
//! ```

mod catalogue;
mod checkout;
mod customers;
mod events;
mod invoices;
mod keys;
mod params;
mod portal;
mod refusal;
mod routes;
mod service;
mod shape;
mod state;
mod subscriptions;
#[cfg(test)]
mod tests;

pub use crate::plain_http::Hold;
pub use checkout::CheckoutSession;
pub use customers::Customer;
pub use events::StripeEvent;
pub use portal::PortalSession;
pub use service::Recorded;
pub use subscriptions::Subscription;

use crate::hooks;
use crate::plain_http::{Listening, lock};
use chrono::{DateTime, Utc};
use reqwest::Url;
use service::Shared;
use state::State;
use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard};
use uuid::Uuid;

/// The version whose shapes it speaks; no other is accepted.
const API_VERSION: &str = "2026-09-30.endive";
/// The one API key.
const KEY: &str = "sk_test_double";
/// The one secret of the webhook endpoint.
const WEBHOOK_SECRET: &str = "whsec_double";

/// A running double; dropping it closes every connection.
#[derive(Debug)]
pub struct StripeServer {
    shared: Arc<Shared>,
    listening: Listening,
}

/// A fresh id with this prefix.
fn id(prefix: &str) -> String {
    format!("{prefix}{}", Uuid::now_v7().simple())
}

impl StripeServer {
    /// Starts on a free port of the loopback address, with nothing in it.
    ///
    /// # Panics
    /// When no port can be bound.
    pub async fn start() -> Self {
        let shared = Arc::<Shared>::default();
        Self { listening: Listening::start(Arc::clone(&shared)).await, shared }
    }

    /// Its base address, for `STRIPE_API_BASE`.
    pub fn url(&self) -> Url {
        self.listening.origin().parse().expect("an address")
    }

    /// The API key that it accepts.
    pub const fn key(&self) -> &str {
        KEY
    }

    /// The secret that its webhooks are signed with.
    pub const fn webhook_secret(&self) -> &str {
        WEBHOOK_SECRET
    }

    /// Makes a product, or gives it another `metadata.tier`.
    pub fn product(&self, id: &str, tier: Option<&str>) {
        self.state().put_product(id, tier);
    }

    /// Makes a monthly price of a product.
    pub fn price(&self, id: &str, product: &str) {
        self.state().put_price(id, product);
    }

    /// Makes a customer as the dashboard would; `user_id` becomes its metadata. Returns the id.
    pub fn customer(&self, email: Option<&str>, user_id: Option<&str>) -> String {
        let metadata = user_id.map(|id| ("user_id".to_owned(), id.to_owned())).into_iter().collect();
        self.state().add_customer(email.map(str::to_owned), None, None, metadata).id
    }

    /// Begins an active subscription with a paid month, without metadata. Returns its id.
    pub fn subscribe(&self, customer: &str, price: &str) -> String {
        self.state().subscribe(customer, price, BTreeMap::new()).id
    }

    /// Another status, with the invoice that goes with it; `canceled` is [`Self::cancel`].
    ///
    /// # Panics
    /// When the subscription is canceled or expired: nothing changes those any more. So do the other changes.
    pub fn set_status(&self, subscription: &str, status: &str) {
        self.state().set_status(subscription, status);
    }

    /// A status that no version known here has, as a later one may.
    pub fn invent_status(&self, subscription: &str, status: &str) {
        self.state().change(subscription, |subscription| status.clone_into(&mut subscription.status));
    }

    /// Another price.
    pub fn set_price(&self, subscription: &str, price: &str) {
        let mut state = self.state();
        assert!(state.prices.contains_key(price), "no price {price}");
        state.change(subscription, |subscription| price.clone_into(&mut subscription.price));
    }

    /// Another end of the period, to the second.
    pub fn set_period_end(&self, subscription: &str, end: DateTime<Utc>) {
        self.state().change(subscription, |subscription| subscription.end_period_at(end));
    }

    /// Whether it ends with its period, in the older form, which sets `cancel_at` too.
    pub fn cancel_at_period_end(&self, subscription: &str, ends: bool) {
        self.state().change(subscription, |subscription| subscription.end_with_period(ends));
    }

    /// When it ends, in the form of flexible billing: `cancel_at_period_end` stays false.
    pub fn cancel_at(&self, subscription: &str, end: Option<DateTime<Utc>>) {
        self.state().change(subscription, |subscription| subscription.end_at(end));
    }

    /// Cancels at once; nothing happens when it is over already.
    pub fn cancel(&self, subscription: &str) {
        self.state().cancel(subscription, "cancellation_requested");
    }

    /// Deletes a customer as the dashboard would; its subscriptions are canceled.
    pub fn delete_customer(&self, id: &str) {
        self.state().remove_customer(id);
    }

    /// Pays on the hosted page of an open session; returns the new subscription's id.
    pub fn complete_checkout(&self, session: &str) -> String {
        self.state().complete_checkout(session)
    }

    /// Every customer, oldest first, with the deleted.
    pub fn customers(&self) -> Vec<Customer> {
        self.state().customers.clone()
    }

    /// Every subscription, oldest first, with those that are over.
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.state().subscriptions.clone()
    }

    /// Every checkout session, oldest first.
    pub fn sessions(&self) -> Vec<CheckoutSession> {
        self.state().sessions.clone()
    }

    /// Every portal session, oldest first.
    pub fn portals(&self) -> Vec<PortalSession> {
        self.state().portals.clone()
    }

    /// Everything that happened, oldest first. A change that changes nothing is no event.
    pub fn events(&self) -> Vec<StripeEvent> {
        self.state().events.clone()
    }

    /// Every request, in the order they came, refused ones too.
    pub fn requests(&self) -> Vec<Recorded> {
        lock(&self.shared.journal).clone()
    }

    /// Posts an event, signed now, to the application at this base address. Returns the status.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn deliver(&self, base_url: &str, event: &StripeEvent) -> u16 {
        self.try_deliver(base_url, event).await.expect("an answer to the webhook")
    }

    /// Posts an event as [`Self::deliver`] does; None when there was no answer, as from a process that died.
    pub async fn try_deliver(&self, base_url: &str, event: &StripeEvent) -> Option<u16> {
        let signature = self.signed(event, WEBHOOK_SECRET, Utc::now());
        hooks::post(base_url, "/api/v1/stripe/webhook", &[("stripe-signature", signature)], &event.payload).await
    }

    /// The `Stripe-Signature` header of an event that is sent at `at` to an endpoint with this secret.
    pub fn signed(&self, event: &StripeEvent, secret: &str, at: DateTime<Utc>) -> String {
        events::signature(&event.payload, secret, at)
    }

    /// Fails the next `count` requests whose path begins so; a method may stand before it, as in `GET /v1/customers`.
    /// 402 and 500 fail in execution: the idempotency key keeps that answer. The others turn the request away.
    pub fn fail_next(&self, path_prefix: &str, count: usize, status: u16) {
        self.shared.faults.fail(path_prefix, count, status);
    }

    /// Performs the next `count` such requests, and cuts the connection instead of answering.
    pub fn drop_next(&self, path_prefix: &str, count: usize) {
        self.shared.faults.drop_answers(path_prefix, count);
    }

    /// Computes the answer to the next such request when it comes, and sends it when released. Until then its idempotency
    /// key is in use.
    pub fn hold(&self, path_prefix: &str) -> Hold {
        self.shared.faults.hold(path_prefix)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
    }
}
