//! Invoices: only their events, nobody asks for the objects.

use super::shape::{with_empty_lists, with_nulls};
use super::state::{State, now};
use super::subscriptions::Subscription;
use serde_json::{Value, json};

/// What a period costs, in cents.
const AMOUNT: i64 = 2000;

/// Members that are always null here.
const NULLS: [&str; 30] = [
    "account_name",
    "account_tax_ids",
    "application",
    "automatically_finalizes_at",
    "custom_fields",
    "customer_account",
    "customer_address",
    "customer_name",
    "customer_phone",
    "customer_shipping",
    "default_payment_method",
    "default_source",
    "description",
    "due_date",
    "footer",
    "from_invoice",
    "hosted_invoice_url",
    "invoice_pdf",
    "last_finalization_error",
    "latest_revision",
    "number",
    "on_behalf_of",
    "receipt_number",
    "rendering",
    "shipping_cost",
    "shipping_details",
    "statement_descriptor",
    "subscription",
    "test_clock",
    "webhooks_delivered_at",
];

/// Members that are always empty here.
const LISTS: [&str; 6] = [
    "customer_tax_ids",
    "default_tax_rates",
    "discounts",
    "total_discount_amounts",
    "total_pretax_credit_amounts",
    "total_taxes",
];

impl State {
    /// Says that an invoice for a subscription's period was paid, or that its payment failed.
    pub(super) fn bill(&mut self, subscription: &Subscription, why: &str, paid: bool) {
        let kind = if paid { "invoice.paid" } else { "invoice.payment_failed" };
        let customer = self.customers.iter().find(|customer| customer.id == subscription.customer);
        let email = customer.and_then(|customer| customer.email.clone());
        self.happened(kind, &invoice(subscription, email.as_deref(), why, paid));
    }
}

/// Since version basil the subscription stands under `parent`; the old member is there and null.
fn invoice(subscription: &Subscription, email: Option<&str>, why: &str, paid: bool) -> Value {
    let (amount_paid, remaining, status) = if paid { (AMOUNT, 0, "paid") } else { (0, AMOUNT, "open") };
    let at = now().timestamp();
    let object = json!({
        "id": subscription.latest_invoice,
        "object": "invoice",
        "account_country": "US",
        "amount_due": AMOUNT,
        "amount_overpaid": 0,
        "amount_paid": amount_paid,
        "amount_remaining": remaining,
        "amount_shipping": 0,
        "attempt_count": 1,
        "attempted": true,
        "auto_advance": !paid,
        "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null, "provider": null, "status": null},
        "billing_reason": why,
        "collection_method": "charge_automatically",
        "created": at,
        "currency": "usd",
        "customer": subscription.customer,
        "customer_email": email,
        "customer_tax_exempt": "none",
        "effective_at": at,
        "ending_balance": 0,
        "issuer": {"type": "self"},
        "lines": lines(subscription),
        "livemode": false,
        "metadata": {},
        "next_payment_attempt": (!paid).then_some(at + 3 * 24 * 60 * 60),
        "parent": {
            "quote_details": null,
            "subscription_details": {"metadata": subscription.metadata, "subscription": subscription.id},
            "type": "subscription_details",
        },
        "payment_settings": {"default_mandate": null, "payment_method_options": null, "payment_method_types": null},
        "period_end": at,
        "period_start": at,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status": status,
        "status_transitions": {
            "finalized_at": at,
            "marked_uncollectible_at": null,
            "paid_at": paid.then_some(at),
            "voided_at": null,
        },
        "subtotal": AMOUNT,
        "subtotal_excluding_tax": AMOUNT,
        "total": AMOUNT,
        "total_excluding_tax": AMOUNT,
    });
    with_empty_lists(with_nulls(object, &NULLS), &LISTS)
}

fn lines(subscription: &Subscription) -> Value {
    let line = json!({
        "id": super::id("il_1"),
        "object": "line_item",
        "amount": AMOUNT,
        "currency": "usd",
        "description": null,
        "discount_amounts": [],
        "discountable": true,
        "discounts": [],
        "invoice": subscription.latest_invoice,
        "livemode": false,
        "metadata": {},
        "parent": {
            "invoice_item_details": null,
            "subscription_item_details": {
                "invoice_item": null,
                "proration": false,
                "proration_details": null,
                "subscription": subscription.id,
                "subscription_item": subscription.item,
            },
            "type": "subscription_item_details",
        },
        "period": {"end": subscription.period_end.timestamp(), "start": subscription.period_start.timestamp()},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": subscription.price},
            "type": "price_details",
            "unit_amount_decimal": AMOUNT.to_string(),
        },
        "quantity": 1,
        "quantity_decimal": "1",
        "subscription": null,
        "subtotal": AMOUNT,
        "taxes": [],
    });
    let url = format!("/v1/invoices/{}/lines", subscription.latest_invoice);
    json!({"object": "list", "data": [line], "has_more": false, "total_count": 1, "url": url})
}
