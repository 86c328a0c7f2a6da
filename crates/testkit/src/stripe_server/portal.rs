//! Sessions of the customer portal.

use super::params::Params;
use super::refusal::Refusal;
use super::state::{State, now};
use serde_json::{Value, json};

/// One visit to the portal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalSession {
    /// Such as `bps_...`.
    pub id: String,
    /// Whose it is.
    pub customer: String,
    /// Where the way back leads.
    pub return_url: Option<String>,
    /// The hosted page.
    pub url: String,
}

impl State {
    pub(super) fn create_portal(&mut self, params: &Params) -> Result<Value, Refusal> {
        params.only(&["customer", "return_url"])?;
        let return_url = params.address("return_url")?.map(str::to_owned);
        let customer = self.known_customer(params)?;
        let id = super::id("bps_1");
        let url = format!("https://billing.stripe.com/p/session/{id}");
        let portal = PortalSession { id, customer, return_url, url };
        self.portals.push(portal.clone());
        Ok(json!({
            "id": portal.id,
            "object": "billing_portal.session",
            "configuration": "bpc_1",
            "created": now().timestamp(),
            "customer": portal.customer,
            "customer_account": null,
            "flow": null,
            "livemode": false,
            "locale": null,
            "on_behalf_of": null,
            "return_url": portal.return_url,
            "url": portal.url,
        }))
    }
}
