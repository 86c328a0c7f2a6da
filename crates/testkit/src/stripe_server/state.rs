//! What the double remembers. The objects' own files say how they change.

use super::catalogue::{Price, Product};
use super::checkout::CheckoutSession;
use super::customers::Customer;
use super::events::StripeEvent;
use super::portal::PortalSession;
use super::subscriptions::Subscription;
use chrono::{DateTime, SubsecRound, Utc};
use serde_json::Value;
use std::collections::BTreeMap;

/// Everything, oldest first.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) products: BTreeMap<String, Product>,
    pub(super) prices: BTreeMap<String, Price>,
    pub(super) customers: Vec<Customer>,
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) sessions: Vec<CheckoutSession>,
    pub(super) portals: Vec<PortalSession>,
    pub(super) events: Vec<StripeEvent>,
}

impl State {
    /// Appends an event about an object as it is now.
    pub(super) fn happened(&mut self, kind: &str, object: &Value) {
        self.events.push(StripeEvent::new(kind, object, None, now()));
    }

    /// Appends an event about a change; there is none when nothing changed.
    pub(super) fn changed(&mut self, kind: &str, before: &Value, after: &Value) {
        if before != after {
            self.events.push(StripeEvent::new(kind, after, Some(before), now()));
        }
    }
}

/// The time in Stripe's resolution, a second.
pub(super) fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0)
}
