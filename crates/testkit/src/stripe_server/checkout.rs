//! Checkout sessions.

use super::params::Params;
use super::refusal::Refusal;
use super::shape::with_nulls;
use super::state::{State, now};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a session may be asked for here. Stripe knows more; what the application does not send would be a slip.
const PARAMETERS: [&str; 9] = [
    "mode",
    "customer",
    "client_reference_id",
    "success_url",
    "cancel_url",
    "line_items[0][price]",
    "line_items[0][quantity]",
    "metadata[*]",
    "subscription_data[metadata][*]",
];

/// Members that are always null here.
const NULLS: [&str; 29] = [
    "adaptive_pricing",
    "after_expiration",
    "allow_promotion_codes",
    "billing_address_collection",
    "client_secret",
    "collected_information",
    "consent",
    "consent_collection",
    "currency_conversion",
    "customer_account",
    "customer_creation",
    "customer_details",
    "customer_email",
    "integration_identifier",
    "invoice",
    "invoice_creation",
    "locale",
    "origin_context",
    "payment_intent",
    "payment_link",
    "payment_method_configuration_details",
    "permissions",
    "recovered_from",
    "saved_payment_method_options",
    "setup_intent",
    "shipping_address_collection",
    "shipping_cost",
    "submit_type",
    "wallet_options",
];

/// One visit to the hosted page where a subscription is bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutSession {
    /// Such as `cs_test_...`.
    pub id: String,
    /// Who buys.
    pub customer: String,
    /// What is bought.
    pub price: String,
    /// `open`, `complete` or `expired`.
    pub status: String,
    /// The subscription that came of it.
    pub subscription: Option<String>,
    /// As it was given.
    pub client_reference_id: Option<String>,
    /// As it was given.
    pub success_url: String,
    /// As it was given.
    pub cancel_url: Option<String>,
    /// The session's own.
    pub metadata: BTreeMap<String, String>,
    /// For the subscription.
    pub subscription_metadata: BTreeMap<String, String>,
    /// When it was made.
    pub created: DateTime<Utc>,
}

impl State {
    pub(super) fn create_checkout(&mut self, params: &Params) -> Result<Value, Refusal> {
        params.only(&PARAMETERS)?;
        let mode = params.required("mode")?;
        if mode != "subscription" {
            let message = "Invalid mode: only subscription is sold here";
            return Err(Refusal::parameter("parameter_invalid_enum", "mode", message));
        }
        params.address("success_url")?;
        let success_url = params.required("success_url")?;
        let cancel_url = params.address("cancel_url")?;
        let price = params.required("line_items[0][price]")?;
        params.required("line_items[0][quantity]")?;
        params.number("line_items[0][quantity]", 1, 1)?;
        // Stripe would make a customer; the application has one already.
        params.required("customer")?;
        if !self.prices.contains_key(price) {
            return Err(Refusal::unknown("price", price, "line_items[0][price]"));
        }
        let session = CheckoutSession {
            id: super::id("cs_test_"),
            customer: self.known_customer(params)?,
            price: price.to_owned(),
            status: "open".to_owned(),
            subscription: None,
            client_reference_id: params.get("client_reference_id").map(str::to_owned),
            success_url: success_url.to_owned(),
            cancel_url: cancel_url.map(str::to_owned),
            metadata: params.group("metadata"),
            subscription_metadata: params.group("subscription_data[metadata]"),
            created: now(),
        };
        self.sessions.push(session.clone());
        Ok(session.json())
    }

    pub(super) fn get_checkout(&self, id: &str, params: &Params) -> Result<Value, Refusal> {
        params.only(&[])?;
        let session = self.sessions.iter().find(|session| session.id == id);
        session.map(CheckoutSession::json).ok_or_else(|| Refusal::missing("checkout.session", id))
    }

    pub(super) fn expire_checkout(&mut self, id: &str, params: &Params) -> Result<Value, Refusal> {
        params.only(&[])?;
        let session = self.sessions.iter_mut().find(|session| session.id == id);
        let session = session.ok_or_else(|| Refusal::missing("checkout.session", id))?;
        if session.status != "open" {
            return Err(Refusal::state(format!(
                "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status \
                 of `{}`.",
                session.status
            )));
        }
        "expired".clone_into(&mut session.status);
        let object = session.json();
        self.happened("checkout.session.expired", &object);
        Ok(object)
    }

    /// The customer pays on the hosted page; returns the subscription's id.
    pub(super) fn complete_checkout(&mut self, id: &str) -> String {
        let at = self.sessions.iter().position(|session| session.id == id);
        let at = at.unwrap_or_else(|| panic!("no checkout session {id}"));
        let session = self.sessions[at].clone();
        assert_eq!(session.status, "open", "{id} cannot be paid any more");
        let bought = self.subscribe(&session.customer, &session.price, session.subscription_metadata);
        let session = &mut self.sessions[at];
        "complete".clone_into(&mut session.status);
        session.subscription = Some(bought.id.clone());
        let mut object = session.json();
        object["invoice"] = json!(bought.latest_invoice);
        self.happened("checkout.session.completed", &object);
        bought.id
    }
}

impl CheckoutSession {
    fn json(&self) -> Value {
        let paid = self.status == "complete";
        // Only an open session has a page.
        let url = (self.status == "open").then(|| format!("https://checkout.stripe.com/c/pay/{}", self.id));
        let object = json!({
            "id": self.id,
            "object": "checkout.session",
            "amount_subtotal": 2000,
            "amount_total": 2000,
            "automatic_tax": {"enabled": false, "liability": null, "provider": null, "status": null},
            "cancel_url": self.cancel_url,
            "client_reference_id": self.client_reference_id,
            "created": self.created.timestamp(),
            "currency": "usd",
            "custom_fields": [],
            "custom_text": {
                "after_submit": null,
                "shipping_address": null,
                "submit": null,
                "terms_of_service_acceptance": null,
            },
            "customer": self.customer,
            "discounts": [],
            "expires_at": (self.created + TimeDelta::hours(24)).timestamp(),
            "livemode": false,
            "managed_payments": {"enabled": false},
            "metadata": self.metadata,
            "mode": "subscription",
            "payment_method_collection": "always",
            "payment_method_options": {},
            "payment_method_types": ["card"],
            "payment_status": if paid { "paid" } else { "unpaid" },
            "phone_number_collection": {"enabled": false},
            "shipping_options": [],
            "status": self.status,
            "subscription": self.subscription,
            "success_url": self.success_url,
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "ui_mode": "hosted_page",
            "url": url,
        });
        with_nulls(object, &NULLS)
    }
}
