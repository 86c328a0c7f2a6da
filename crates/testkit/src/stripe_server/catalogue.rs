//! Products and prices.

use super::params::Params;
use super::refusal::Refusal;
use super::state::State;
use serde_json::{Value, json};

/// When everything in the catalogue was made.
const CREATED: i64 = 1_767_225_600;

/// What is sold.
#[derive(Debug, Clone)]
pub(super) struct Product {
    id: String,
    tier: Option<String>,
}

/// What it costs.
#[derive(Debug, Clone)]
pub(super) struct Price {
    id: String,
    pub(super) product: String,
}

impl State {
    pub(super) fn put_product(&mut self, id: &str, tier: Option<&str>) {
        self.products.insert(id.to_owned(), Product { id: id.to_owned(), tier: tier.map(str::to_owned) });
    }

    pub(super) fn put_price(&mut self, id: &str, product: &str) {
        assert!(self.products.contains_key(product), "no product {product}");
        self.prices.insert(id.to_owned(), Price { id: id.to_owned(), product: product.to_owned() });
    }

    pub(super) fn get_product(&self, id: &str, params: &Params) -> Result<Value, Refusal> {
        params.only(&[])?;
        self.products.get(id).map(Product::json).ok_or_else(|| Refusal::missing("product", id))
    }

    pub(super) fn get_price(&self, id: &str, params: &Params) -> Result<Value, Refusal> {
        params.only(&[])?;
        self.prices.get(id).map(Price::json).ok_or_else(|| Refusal::missing("price", id))
    }
}

impl Product {
    fn json(&self) -> Value {
        let metadata = self.tier.as_ref().map_or_else(|| json!({}), |tier| json!({"tier": tier}));
        json!({
            "id": self.id,
            "object": "product",
            "active": true,
            "created": CREATED,
            "default_price": null,
            "description": null,
            "images": [],
            "livemode": false,
            "marketing_features": [],
            "metadata": metadata,
            "name": self.id,
            "package_dimensions": null,
            "shippable": null,
            "statement_descriptor": null,
            "tax_code": null,
            "type": "service",
            "unit_label": null,
            "updated": CREATED,
            "url": null,
        })
    }
}

impl Price {
    pub(super) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "price",
            "active": true,
            "billing_scheme": "per_unit",
            "created": CREATED,
            "currency": "usd",
            "custom_unit_amount": null,
            "livemode": false,
            "lookup_key": null,
            "metadata": {},
            "nickname": null,
            "product": self.product,
            "recurring": {
                "interval": "month",
                "interval_count": 1,
                "meter": null,
                "trial_period_days": null,
                "usage_type": "licensed",
            },
            "tax_behavior": "unspecified",
            "tiers_mode": null,
            "transform_quantity": null,
            "type": "recurring",
            "unit_amount": 2000,
            "unit_amount_decimal": "2000",
        })
    }

    /// The older form of a price, which subscription items still carry.
    pub(super) fn plan_json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "plan",
            "active": true,
            "amount": 2000,
            "amount_decimal": "2000",
            "billing_scheme": "per_unit",
            "created": CREATED,
            "currency": "usd",
            "interval": "month",
            "interval_count": 1,
            "livemode": false,
            "metadata": {},
            "meter": null,
            "nickname": null,
            "product": self.product,
            "tiers_mode": null,
            "transform_usage": null,
            "trial_period_days": null,
            "usage_type": "licensed",
        })
    }
}
