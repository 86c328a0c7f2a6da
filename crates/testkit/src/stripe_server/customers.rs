//! Customers.

use super::params::Params;
use super::refusal::Refusal;
use super::state::{State, now};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Somebody who may pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Such as `cus_...`.
    pub id: String,
    /// As it was given.
    pub email: Option<String>,
    /// As it was given.
    pub name: Option<String>,
    /// As it was given.
    pub description: Option<String>,
    /// As it was given, such as `user_id`.
    pub metadata: BTreeMap<String, String>,
    /// Whether it was deleted.
    pub deleted: bool,
    /// When it was made.
    pub created: DateTime<Utc>,
}

impl State {
    pub(super) fn create_customer(&mut self, params: &Params) -> Result<Value, Refusal> {
        params.only(&["email", "name", "description", "metadata[*]"])?;
        let email = params.get("email");
        if let Some(email) = email.filter(|email| !email.contains('@')) {
            return Err(Refusal::parameter("email_invalid", "email", format!("Invalid email address: {email}")));
        }
        let text = |name| params.get(name).map(str::to_owned);
        let (name, description) = (text("name"), text("description"));
        Ok(self.add_customer(email.map(str::to_owned), name, description, params.group("metadata")).json())
    }

    pub(super) fn add_customer(
        &mut self,
        email: Option<String>,
        name: Option<String>,
        description: Option<String>,
        metadata: BTreeMap<String, String>,
    ) -> Customer {
        let id = super::id("cus_");
        let customer = Customer { id, email, name, description, metadata, deleted: false, created: now() };
        self.customers.push(customer.clone());
        self.happened("customer.created", &customer.json());
        customer
    }

    pub(super) fn get_customer(&self, id: &str, params: &Params) -> Result<Value, Refusal> {
        params.only(&[])?;
        let customer = self.customers.iter().find(|customer| customer.id == id);
        let customer = customer.ok_or_else(|| Refusal::missing("customer", id))?;
        Ok(if customer.deleted { deleted(id) } else { customer.json() })
    }

    pub(super) fn delete_customer(&mut self, id: &str, params: &Params) -> Result<Value, Refusal> {
        params.only(&[])?;
        if !self.has_customer(id) {
            return Err(Refusal::missing("customer", id));
        }
        self.remove_customer(id);
        Ok(deleted(id))
    }

    /// Deletes a customer; its subscriptions are canceled at once.
    pub(super) fn remove_customer(&mut self, id: &str) {
        let theirs = self.subscriptions.iter().filter(|known| known.customer == id && known.status != "canceled");
        for subscription in theirs.map(|known| known.id.clone()).collect::<Vec<_>>() {
            self.cancel(&subscription, "cancellation_requested");
        }
        let customer = self.customers.iter_mut().find(|customer| customer.id == id && !customer.deleted);
        let customer = customer.unwrap_or_else(|| panic!("no customer {id}"));
        // The event shows the whole object, not the stub that a later GET shows.
        let object = customer.json();
        customer.deleted = true;
        self.happened("customer.deleted", &object);
    }

    /// Whether the customer exists and is not deleted.
    pub(super) fn has_customer(&self, id: &str) -> bool {
        self.customers.iter().any(|customer| customer.id == id && !customer.deleted)
    }

    /// The customer that the parameter names.
    pub(super) fn known_customer(&self, params: &Params) -> Result<String, Refusal> {
        let id = params.required("customer")?;
        if self.has_customer(id) { Ok(id.to_owned()) } else { Err(Refusal::unknown("customer", id, "customer")) }
    }
}

/// What is left of a deleted customer.
fn deleted(id: &str) -> Value {
    json!({"id": id, "object": "customer", "deleted": true})
}

impl Customer {
    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "customer",
            "address": null,
            "balance": 0,
            "created": self.created.timestamp(),
            "currency": null,
            "default_source": null,
            "delinquent": false,
            "description": self.description,
            "discount": null,
            "email": self.email,
            "invoice_prefix": "7FE1103",
            "invoice_settings": {
                "custom_fields": null,
                "default_payment_method": null,
                "footer": null,
                "rendering_options": null,
            },
            "livemode": false,
            "metadata": self.metadata,
            "name": self.name,
            "next_invoice_sequence": 1,
            "phone": null,
            "preferred_locales": [],
            "shipping": null,
            "tax_exempt": "none",
            "test_clock": null,
        })
    }
}
