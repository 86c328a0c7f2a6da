//! Events, as Stripe posts them to a webhook endpoint, and their signature.

use super::API_VERSION;
use crate::hooks::mac;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeEvent {
    /// Such as `evt_...`.
    pub id: String,
    /// Such as `customer.subscription.updated`.
    pub kind: String,
    /// The body that is posted, with the object as it was then.
    pub payload: String,
}

impl StripeEvent {
    pub(super) fn new(kind: &str, object: &Value, before: Option<&Value>, at: DateTime<Utc>) -> Self {
        let id = super::id("evt_1");
        let mut data = json!({"object": object});
        if let Some(before) = before {
            data["previous_attributes"] = changed(before, object);
        }
        let event = json!({
            "id": id,
            "object": "event",
            "api_version": API_VERSION,
            "created": at.timestamp(),
            "data": data,
            "livemode": false,
            "pending_webhooks": 1,
            "request": {"id": null, "idempotency_key": null},
            "type": kind,
        });
        // Stripe sends indented JSON: whoever verifies a signature must not parse and print it first.
        Self { id, kind: kind.to_owned(), payload: format!("{event:#}") }
    }
}

/// The `Stripe-Signature` header: <https://docs.stripe.com/webhooks#verify-manually>. In test mode a `v0` comes with it
/// that proves nothing.
pub(super) fn signature(payload: &str, secret: &str, at: DateTime<Utc>) -> String {
    let at = at.timestamp();
    let signed = mac(secret.as_bytes(), format!("{at}.{payload}").as_bytes());
    let worthless = mac(b"v0", payload.as_bytes());
    format!("t={at},v1={},v0={}", hex::encode(signed), hex::encode(worthless))
}

/// The members of `before` that have another value in `after`.
fn changed(before: &Value, after: &Value) -> Value {
    let members = before.as_object().into_iter().flatten();
    let members = members.filter(|(name, value)| after.get(name.as_str()) != Some(value));
    Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}
