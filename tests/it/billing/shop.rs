//! A shop to test in: the payment provider's double with our prices, and an application that bills through it.

use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use waymark_testkit::actor::{Actor, Answer};
use waymark_testkit::app::{App, Options};
use waymark_testkit::outside::{PRO, STARTER};
use waymark_testkit::stripe_server::{Recorded, StripeServer};

/// Where a checkout is asked for.
pub(super) const CHECKOUT: &str = "/v1/stripe/create-checkout";
/// Where the portal is asked for.
pub(super) const PORTAL: &str = "/v1/stripe/create-portal";
/// A price that the settings do not name; its product names no tier either.
pub(super) const STRANGE: &str = "price_strange";
/// A price that the settings do not name, of a product whose metadata says `starter`.
pub(super) const BY_PRODUCT: &str = "price_by_product";
/// How many events there are.
pub(super) const EVENTS: &str = "select count(*) from stripe_webhook_events";
/// How many changes of subscriptions the trail tells.
pub(super) const CHANGES: &str = "select count(*) from audit_log where action = 'subscription.changed'";

/// The double and an application.
pub(super) struct Shop {
    pub stripe: StripeServer,
    pub app: App,
    told: AtomicUsize,
}

impl Shop {
    pub async fn open() -> Self {
        Self::with(|options| options).await
    }

    pub async fn with(change: impl FnOnce(Options) -> Options) -> Self {
        let stripe = StripeServer::start().await;
        for (price, product, tier) in [
            (STARTER, "prod_starter", None),
            (PRO, "prod_pro", None),
            (STRANGE, "prod_strange", None),
            (BY_PRODUCT, "prod_by_product", Some("starter")),
        ] {
            stripe.product(product, tier);
            stripe.price(price, product);
        }
        let app = App::with(|options| change(options.stripe(&stripe))).await;
        Self { stripe, app, told: AtomicUsize::new(0) }
    }

    /// Delivers every event that was not delivered by this yet.
    pub async fn tell(&self) {
        let events = self.stripe.events();
        let from = self.told.swap(events.len(), Ordering::Relaxed);
        for event in &events[from..] {
            assert_eq!(self.stripe.deliver(self.app.base(), event).await, 200, "{}", event.kind);
        }
    }

    /// Takes everything that has happened so far for told, without telling it.
    pub fn keep_silent(&self) {
        self.told.store(self.stripe.events().len(), Ordering::Relaxed);
    }

    /// Asks for a checkout and pays; nothing is told of it yet. Returns the subscription's id.
    pub async fn pay(&self, actor: &Actor, price: &str) -> String {
        let answer = actor.post(CHECKOUT, &wish(price)).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
        self.stripe.complete_checkout(&session(&answer))
    }

    /// Asks for a checkout, pays, and all of it is told. Returns the subscription's id.
    pub async fn buy(&self, actor: &Actor, price: &str) -> String {
        let subscription = self.pay(actor, price).await;
        self.tell().await;
        subscription
    }

    /// The customer that the learner is here.
    pub async fn customer(&self, subject: &str) -> Option<String> {
        let sql = format!("select coalesce(stripe_customer_id, '') from users where clerk_user_id = '{subject}'");
        Some(self.text(&sql).await).filter(|customer| !customer.is_empty())
    }

    /// A text that the superuser reads.
    pub async fn text(&self, sql: &str) -> String {
        self.app.db().rows(sql).await[0].try_get_by_index(0).unwrap()
    }

    pub async fn number(&self, sql: &str) -> i64 {
        self.app.db().number(sql).await
    }

    /// What the provider was asked by this method and at this path.
    pub fn asked(&self, method: &str, path: &str) -> Vec<Recorded> {
        self.stripe.requests().into_iter().filter(|asked| asked.method == method && asked.path == path).collect()
    }

    /// The keys of the checkouts that can be paid.
    pub fn open_sessions(&self) -> Vec<String> {
        let sessions = self.stripe.sessions().into_iter();
        sessions.filter(|session| session.status == "open").map(|session| session.id).collect()
    }
}

/// A sound request for a checkout.
pub(super) fn wish(price: &str) -> Value {
    json!({"priceId": price, "successUrl": "/billing/done", "cancelUrl": "/billing"})
}

/// A checkout's key.
pub(super) fn session(answer: &Answer) -> String {
    answer.json()["sessionId"].as_str().unwrap_or_else(|| panic!("no checkout: {}", answer.text)).to_owned()
}

/// What a learner has, as they see it.
pub(super) async fn subscription(actor: &Actor) -> Value {
    let answer = actor.get("/v1/user/subscription").await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    answer.json()
}

/// Tier, what was paid for, status and the provider's status, in a line.
pub(super) async fn standing(actor: &Actor) -> String {
    let has = subscription(actor).await;
    let word = |member: &str| has[member].as_str().unwrap_or("-").to_owned();
    [word("tier"), word("paidTier"), word("status"), word("providerStatus")].join(" ")
}

/// What those have who never bought anything.
pub(super) const NOTHING: &str = "free free - -";
