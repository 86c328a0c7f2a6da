//! What happens to subscriptions without a request: payments, failures, the dashboard, the clock.

use super::super::state::{State, now};
use super::{STATUSES, Subscription};
use chrono::{DateTime, Months, SubsecRound, Utc};
use std::collections::BTreeMap;

impl State {
    /// Begins an active subscription with a paid first period.
    pub(in crate::stripe_server) fn subscribe(
        &mut self,
        customer: &str,
        price: &str,
        metadata: BTreeMap<String, String>,
    ) -> Subscription {
        assert!(self.has_customer(customer), "no customer {customer}");
        let created = now();
        let subscription = Subscription {
            id: super::super::id("sub_1"),
            item: super::super::id("si_"),
            customer: customer.to_owned(),
            price: price.to_owned(),
            status: "active".to_owned(),
            created,
            period_start: created,
            period_end: created + Months::new(1),
            cancel_at_period_end: false,
            cancel_at: None,
            canceled_at: None,
            ended_at: None,
            reason: None,
            metadata,
            latest_invoice: super::super::id("in_1"),
        };
        let object = self.show(&subscription);
        self.subscriptions.push(subscription.clone());
        self.happened("customer.subscription.created", &object);
        self.bill(&subscription, "subscription_create", true);
        subscription
    }

    /// Another status, with the invoice that goes with it.
    pub(in crate::stripe_server) fn set_status(&mut self, id: &str, status: &str) {
        assert!(STATUSES.contains(&status), "no status {status}");
        if status == "canceled" {
            return self.cancel(id, "payment_failed");
        }
        let was = self.subscription(id).status.clone();
        self.change(id, |subscription| {
            status.clone_into(&mut subscription.status);
            subscription.ended_at = (status == "incomplete_expired").then(now);
        });
        let owed = matches!(was.as_str(), "incomplete" | "trialing" | "past_due" | "unpaid");
        match status {
            "past_due" if was != status => self.bill_again(id, false),
            "active" if owed => self.bill_again(id, true),
            _ => {}
        }
    }

    /// Changes a subscription and says so, unless nothing changed.
    pub(in crate::stripe_server) fn change(&mut self, id: &str, change: impl FnOnce(&mut Subscription)) {
        let before = self.show(self.subscription(id));
        let subscription = self.subscription_mut(id);
        assert!(!subscription.is_over(), "{id} is {}: nothing changes it any more", subscription.status);
        change(subscription);
        let after = self.show(self.subscription(id));
        self.changed("customer.subscription.updated", &before, &after);
    }

    /// Cancels at once; nothing happens when it is canceled already.
    pub(in crate::stripe_server) fn cancel(&mut self, id: &str, reason: &str) {
        let subscription = self.subscription_mut(id);
        if subscription.is_over() {
            return;
        }
        "canceled".clone_into(&mut subscription.status);
        subscription.canceled_at.get_or_insert_with(now);
        subscription.ended_at = Some(now());
        subscription.reason = Some(reason.to_owned());
        let object = self.show(self.subscription(id));
        self.happened("customer.subscription.deleted", &object);
    }

    /// A new invoice for the period, paid or not.
    fn bill_again(&mut self, id: &str, paid: bool) {
        let subscription = self.subscription_mut(id);
        subscription.latest_invoice = super::super::id("in_1");
        let subscription = subscription.clone();
        self.bill(&subscription, "subscription_cycle", paid);
    }

    fn subscription(&self, id: &str) -> &Subscription {
        self.subscriptions.iter().find(|known| known.id == id).unwrap_or_else(|| panic!("no subscription {id}"))
    }

    fn subscription_mut(&mut self, id: &str) -> &mut Subscription {
        self.subscriptions.iter_mut().find(|known| known.id == id).unwrap_or_else(|| panic!("no subscription {id}"))
    }
}

impl Subscription {
    pub(in crate::stripe_server) fn end_period_at(&mut self, end: DateTime<Utc>) {
        self.period_end = end.trunc_subsecs(0);
        if self.cancel_at_period_end {
            self.cancel_at = Some(self.period_end);
        }
    }

    /// The older form, which sets both members.
    pub(in crate::stripe_server) fn end_with_period(&mut self, ends: bool) {
        let end = ends.then_some(self.period_end);
        self.end_at(end);
        self.cancel_at_period_end = ends;
    }

    /// The form of flexible billing, which leaves `cancel_at_period_end` false.
    pub(in crate::stripe_server) fn end_at(&mut self, end: Option<DateTime<Utc>>) {
        self.cancel_at = end.map(|end| end.trunc_subsecs(0));
        self.cancel_at_period_end = false;
        self.canceled_at = end.map(|_| now());
        self.reason = end.map(|_| "cancellation_requested".to_owned());
    }
}
