//! Which request does what.

use super::params::Params;
use super::refusal::Refusal;
use super::state::State;
use serde_json::Value;

impl State {
    /// Does what a sound request asks for.
    pub(super) fn perform(&mut self, method: &str, path: &str, params: &Params) -> Result<Value, Refusal> {
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        if segments.contains(&"") {
            return Err(Refusal::no_route(method, path));
        }
        match (method, segments.as_slice()) {
            ("POST", ["v1", "customers"]) => self.create_customer(params),
            ("GET", ["v1", "customers", id]) => self.get_customer(id, params),
            ("DELETE", ["v1", "customers", id]) => self.delete_customer(id, params),
            ("GET", ["v1", "subscriptions"]) => self.list_subscriptions(params),
            ("GET", ["v1", "subscriptions", id]) => self.get_subscription(id, params),
            ("DELETE", ["v1", "subscriptions", id]) => self.delete_subscription(id, params),
            ("GET", ["v1", "products", id]) => self.get_product(id, params),
            ("GET", ["v1", "prices", id]) => self.get_price(id, params),
            ("POST", ["v1", "checkout", "sessions"]) => self.create_checkout(params),
            ("GET", ["v1", "checkout", "sessions", id]) => self.get_checkout(id, params),
            ("POST", ["v1", "checkout", "sessions", id, "expire"]) => self.expire_checkout(id, params),
            ("POST", ["v1", "billing_portal", "sessions"]) => self.create_portal(params),
            _ => Err(Refusal::no_route(method, path)),
        }
    }
}
