//! Pages of subscriptions: <https://docs.stripe.com/api/subscriptions/list>.

use super::super::params::Params;
use super::super::refusal::Refusal;
use super::super::state::State;
use super::{STATUSES, Subscription};
use serde_json::{Value, json};

impl State {
    /// Newest first; without a status, those that are canceled are left out.
    pub(in crate::stripe_server) fn list_subscriptions(&self, params: &Params) -> Result<Value, Refusal> {
        params.only(&["customer", "price", "status", "limit", "starting_after"])?;
        let limit = params.number("limit", 1, 100)?.unwrap_or(10);
        let wanted = Wanted::read(params)?;
        if let Some(customer) = wanted.customer.filter(|id| !self.customers.iter().any(|known| known.id == *id)) {
            return Err(Refusal::unknown("customer", customer, "customer"));
        }
        let mut rest: Vec<_> = self.subscriptions.iter().rev().collect();
        if let Some(last) = params.get("starting_after") {
            let at = rest.iter().position(|known| known.id == last);
            let at = at.ok_or_else(|| Refusal::unknown("subscription", last, "starting_after"))?;
            rest.drain(..=at);
        }
        rest.retain(|known| wanted.takes(known));
        let limit = usize::try_from(limit).expect("at most 100");
        let page: Vec<_> = rest.iter().take(limit).map(|known| self.show(known)).collect();
        Ok(json!({"object": "list", "data": page, "has_more": rest.len() > limit, "url": "/v1/subscriptions"}))
    }
}

/// What a list is asked for.
struct Wanted<'a> {
    customer: Option<&'a str>,
    price: Option<&'a str>,
    status: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn read(params: &'a Params) -> Result<Self, Refusal> {
        let status = params.get("status");
        if let Some(status) = status.filter(|status| !matches!(*status, "all" | "ended") && !STATUSES.contains(status))
        {
            return Err(Refusal::parameter("parameter_invalid_enum", "status", format!("Invalid status: {status}")));
        }
        Ok(Self { customer: params.get("customer"), price: params.get("price"), status })
    }

    fn takes(&self, subscription: &Subscription) -> bool {
        self.customer.is_none_or(|customer| customer == subscription.customer)
            && self.price.is_none_or(|price| price == subscription.price)
            && match self.status {
                None => subscription.status != "canceled",
                Some("all") => true,
                Some("ended") => subscription.is_over(),
                Some(status) => status == subscription.status,
            }
    }
}
