//! The payment provider's events. Only the envelope is read, leniently, for objects change their shape with the provider's
//! versions; an event says which customer to look at, never what is true of them.

use super::sync::{Cause, Written, write};
use super::{Billing, BillingError};
use crate::webhooks;
use serde::Deserialize;
use serde_json::Value as Json;

/// An event, as far as it matters.
#[derive(Debug, Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    livemode: Option<bool>,
    data: Option<Data>,
}

#[derive(Debug, Default, Deserialize)]
struct Data {
    #[serde(default)]
    object: Json,
}

impl Event {
    fn parse(payload: &[u8]) -> Result<Self, BillingError> {
        let event: Self = serde_json::from_slice(payload).map_err(|_| BillingError::Malformed("not an event"))?;
        let sized = |text: &str| !text.is_empty() && text.len() <= 255 && !text.contains('\0');
        if sized(&event.id) && sized(&event.kind) {
            Ok(event)
        } else {
            Err(BillingError::Malformed("no event has such a key or type"))
        }
    }

    /// Whom to look at; none for types that say nothing about subscriptions.
    fn customer(&self) -> Option<&str> {
        let object = &self.data.as_ref()?.object;
        let kind = self.kind.as_str();
        let customer = if kind == "customer.deleted" {
            object.get("id")
        } else if concerns_subscriptions(kind) {
            object.get("customer").map(|customer| customer.get("id").unwrap_or(customer))
        } else {
            None
        };
        customer.and_then(Json::as_str).filter(|id| !id.is_empty() && id.len() <= 255)
    }
}

/// Types whose objects name a customer whose subscriptions may have changed.
fn concerns_subscriptions(kind: &str) -> bool {
    kind.starts_with("customer.subscription.")
        || matches!(
            kind,
            "checkout.session.completed"
                | "checkout.session.async_payment_succeeded"
                | "checkout.session.async_payment_failed"
                | "invoice.paid"
                | "invoice.payment_failed"
        )
}

impl Billing {
    /// Takes an event in: looks at its customer anew and writes what is found together with the event's name, so that it has
    /// its effect once. An event that was seen before or concerns nobody here is taken in without effect; one of the other mode
    /// (test, live) is answered and dropped, and its name is not kept.
    ///
    /// # Errors
    /// [`BillingError::Signature`], [`BillingError::Malformed`]: refused for good. [`BillingError::Provider`],
    /// [`BillingError::Store`]: nothing has happened, it must be delivered again.
    pub async fn webhook(&self, payload: &[u8], signature: Option<&str>) -> Result<(), BillingError> {
        webhooks::stripe::verify(payload, signature, &self.till.webhook_secrets, self.engine.clock.now())?;
        let event = Event::parse(payload)?;
        let livemode = event.livemode.unwrap_or(false);
        if livemode != self.till.stripe.is_live() {
            tracing::warn!(event = event.id, kind = event.kind, livemode, "an event of the other mode is dropped");
            return Ok(());
        }
        let db = &self.engine.db;
        if db.service(async |tx| tx.webhook_events().has_stripe(&event.id).await).await? {
            return Ok(());
        }
        let read = match event.customer() {
            Some(customer) => Some((customer, self.reading(customer).await?)),
            None => None,
        };
        let cause = Cause { actor: "stripe", subject: &event.id, kind: Some(&event.kind) };
        let written = db
            .service(async |tx| {
                let id = crate::ids::new();
                if !tx.webhook_events().claim_stripe(id, &event.id, &event.kind, livemode).await? {
                    return Ok(None);
                }
                let written = match &read {
                    Some((customer, numbered)) => Some(write(&self.engine, tx, customer, numbered, cause).await?),
                    None => None,
                };
                crate::crash::point("billing.before_commit");
                Ok::<_, BillingError>(written)
            })
            .await?;
        crate::crash::point("billing.after_commit");
        tell(&event, written.as_ref());
        Ok(())
    }
}

fn tell(event: &Event, written: Option<&Written>) {
    let (event, kind) = (event.id.as_str(), event.kind.as_str());
    match written {
        Some(Written::Current(change)) if !change.is_none() => {
            let (from, to) = (change.before.tier, change.after.tier);
            tracing::info!(event, kind, user = %change.user, %from, %to, "a subscription has changed");
        }
        Some(Written::Nobody) => tracing::warn!(event, kind, "no account is this customer"),
        _ => tracing::debug!(event, kind, "an event without effect"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(kind: &str, object: &Json) -> Event {
        let payload = json!({"id": "evt_1", "type": kind, "livemode": false, "data": {"object": object}, "new": [1]});
        Event::parse(payload.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_customer_is_found_in_every_shape() {
        for kind in [
            "customer.subscription.updated",
            "customer.subscription.paused",
            "invoice.paid",
            "checkout.session.completed",
        ] {
            assert_eq!(event(kind, &json!({"id": "x", "customer": "cus_1"})).customer(), Some("cus_1"), "{kind}");
            assert_eq!(event(kind, &json!({"customer": {"id": "cus_2"}})).customer(), Some("cus_2"), "{kind}");
            assert_eq!(event(kind, &json!({"customer": null})).customer(), None, "{kind}");
        }
        assert_eq!(event("customer.deleted", &json!({"id": "cus_3", "object": "customer"})).customer(), Some("cus_3"));
    }

    #[test]
    fn types_that_say_nothing_about_subscriptions_name_nobody() {
        for kind in ["customer.created", "payment_intent.created", "invoice.upcoming", "v2.core.event"] {
            assert_eq!(event(kind, &json!({"id": "cus_1", "customer": "cus_1"})).customer(), None, "{kind}");
        }
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for payload in
            [&b""[..], b"{}", b"[]", b"null", b"{\"id\":1,\"type\":\"x\"}", b"{\"id\":\"\",\"type\":\"x\"}", b"\xff"]
        {
            assert!(matches!(Event::parse(payload), Err(BillingError::Malformed(_))), "{payload:?}");
        }
        for bare in [
            &b"{\"id\":\"evt_1\",\"type\":\"customer.deleted\"}"[..],
            b"{\"id\":\"evt_1\",\"type\":\"customer.deleted\",\"livemode\":null,\"data\":null}",
            b"{\"id\":\"evt_1\",\"type\":\"customer.deleted\",\"data\":{}}",
        ] {
            assert_eq!(Event::parse(bare).unwrap().customer(), None);
        }
    }
}
