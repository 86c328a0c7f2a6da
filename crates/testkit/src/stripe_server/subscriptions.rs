//! Subscriptions: the object and its requests.

mod changes;
mod list;

use super::catalogue::Price;
use super::params::Params;
use super::refusal::Refusal;
use super::shape::with_nulls;
use super::state::State;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Every status: <https://docs.stripe.com/api/subscriptions/object#subscription_object-status>.
const STATUSES: [&str; 8] =
    ["incomplete", "incomplete_expired", "trialing", "active", "past_due", "canceled", "unpaid", "paused"];

/// Members that are always null here.
const NULLS: [&str; 18] = [
    "application",
    "application_fee_percent",
    "billing_cycle_anchor_config",
    "billing_thresholds",
    "customer_account",
    "days_until_due",
    "default_payment_method",
    "default_source",
    "description",
    "next_pending_invoice_item_invoice",
    "on_behalf_of",
    "pause_collection",
    "pending_invoice_item_interval",
    "pending_setup_intent",
    "pending_update",
    "schedule",
    "test_clock",
    "transfer_data",
];

/// A customer's subscription to one price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Such as `sub_...`.
    pub id: String,
    /// Of its only item, such as `si_...`.
    pub item: String,
    /// Whose it is.
    pub customer: String,
    /// Of its only item.
    pub price: String,
    /// In Stripe's spelling.
    pub status: String,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When the paid period began.
    pub period_start: DateTime<Utc>,
    /// When the paid period ends.
    pub period_end: DateTime<Utc>,
    /// The older form of a cancellation to come.
    pub cancel_at_period_end: bool,
    /// When it will end.
    pub cancel_at: Option<DateTime<Utc>>,
    /// When its end was asked for.
    pub canceled_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it ended.
    pub reason: Option<String>,
    /// As it was given, such as `user_id`.
    pub metadata: BTreeMap<String, String>,
    /// Such as `in_...`.
    pub latest_invoice: String,
}

impl State {
    pub(super) fn get_subscription(&self, id: &str, params: &Params) -> Result<Value, Refusal> {
        params.only(&[])?;
        let known = self.subscriptions.iter().find(|known| known.id == id);
        known.map(|known| self.show(known)).ok_or_else(|| Refusal::missing("subscription", id))
    }

    /// Cancels at once. A subscription that is canceled already counts as missing, although it can still be read.
    pub(super) fn delete_subscription(&mut self, id: &str, params: &Params) -> Result<Value, Refusal> {
        params.only(&["invoice_now", "prorate"])?;
        if !self.subscriptions.iter().any(|known| known.id == id && !known.is_over()) {
            return Err(Refusal::missing("subscription", id));
        }
        self.cancel(id, "cancellation_requested");
        self.get_subscription(id, &Params::default())
    }

    /// The object as Stripe shows it now.
    pub(super) fn show(&self, subscription: &Subscription) -> Value {
        let price = self.prices.get(&subscription.price);
        subscription.json(price.unwrap_or_else(|| panic!("no price {}", subscription.price)))
    }
}

impl Subscription {
    /// Whether nothing can bring it back.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "canceled" | "incomplete_expired")
    }

    /// Since version basil the period stands in the items only.
    fn json(&self, price: &Price) -> Value {
        let trial = (self.status == "trialing").then_some((self.period_start, self.period_end));
        let object = json!({
            "id": self.id,
            "object": "subscription",
            "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null},
            "billing_cycle_anchor": self.created.timestamp(),
            "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
            "billing_schedules": [],
            "cancel_at": seconds(self.cancel_at),
            "cancel_at_period_end": self.cancel_at_period_end,
            "canceled_at": seconds(self.canceled_at),
            "cancellation_details": {"comment": null, "feedback": null, "reason": self.reason},
            "collection_method": "charge_automatically",
            "created": self.created.timestamp(),
            "currency": "usd",
            "customer": self.customer,
            "default_tax_rates": [],
            "discounts": [],
            "ended_at": seconds(self.ended_at),
            "invoice_settings": {
                "account_tax_ids": null,
                "custom_fields": null,
                "description": null,
                "footer": null,
                "issuer": {"type": "self"},
            },
            "items": {
                "object": "list",
                "data": [self.item_json(price)],
                "has_more": false,
                "total_count": 1,
                "url": format!("/v1/subscription_items?subscription={}", self.id),
            },
            "latest_invoice": self.latest_invoice,
            "livemode": false,
            "managed_payments": {"enabled": false},
            "metadata": self.metadata,
            "payment_settings": {
                "payment_method_options": null,
                "payment_method_types": null,
                "save_default_payment_method": "off",
            },
            "start_date": self.created.timestamp(),
            "status": self.status,
            "trial_end": seconds(trial.map(|(_, end)| end)),
            "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
            "trial_start": seconds(trial.map(|(start, _)| start)),
        });
        with_nulls(object, &NULLS)
    }

    fn item_json(&self, price: &Price) -> Value {
        json!({
            "id": self.item,
            "object": "subscription_item",
            "billing_thresholds": null,
            "created": self.created.timestamp(),
            "current_period_end": self.period_end.timestamp(),
            "current_period_start": self.period_start.timestamp(),
            "discounts": [],
            "metadata": {},
            "plan": price.plan_json(),
            "price": price.json(),
            "quantity": 1,
            "subscription": self.id,
            "tax_rates": [],
        })
    }
}

fn seconds(time: Option<DateTime<Utc>>) -> Option<i64> {
    time.map(|time| time.timestamp())
}
