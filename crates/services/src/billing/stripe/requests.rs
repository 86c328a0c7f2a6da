//! The requests we send, made with the typed builders of the API version they were written for. Used by the client.

use std::collections::HashMap;
use stripe_billing::billing_portal_session::CreateBillingPortalSession;
use stripe_billing::subscription::{
    CancelSubscription, ListSubscription, ListSubscriptionStatus, RetrieveSubscription,
};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, CreateCheckoutSessionSubscriptionData,
    ExpireCheckoutSession, RetrieveCheckoutSession,
};
use stripe_client_core::{RequestBuilder, StripeRequest};
use stripe_core::customer::{CreateCustomer, DeleteCustomer, RetrieveCustomer};
use stripe_product::product::RetrieveProduct;
use stripe_shared::CheckoutSessionMode;
use waymark_domain::ids::UserId;

use super::error::StripeError;

/// The most that Stripe puts on a page.
const PAGE: i64 = 100;

/// What a checkout is for.
#[derive(Debug, Clone, Copy)]
pub struct CheckoutRequest<'a> {
    /// Who pays: `cus_...`
    pub customer: &'a str,
    /// What is bought: `price_...`
    pub price: &'a str,
    /// For whom; stands in the session and in the subscription, so that events of either name the user.
    pub user: UserId,
    /// Where the learner goes after paying.
    pub success_url: &'a str,
    /// Where the learner goes without paying.
    pub cancel_url: &'a str,
}

pub(super) fn create_customer(user: UserId, email: Option<&str>) -> RequestBuilder {
    let customer = CreateCustomer::new().metadata(metadata(user));
    match email {
        Some(email) => customer.email(email).build(),
        None => customer.build(),
    }
}

pub(super) fn customer(id: &str) -> Result<RequestBuilder, StripeError> {
    Ok(RetrieveCustomer::new(path_segment(id)?).build())
}

pub(super) fn delete_customer(id: &str) -> Result<RequestBuilder, StripeError> {
    Ok(DeleteCustomer::new(path_segment(id)?).build())
}

/// Subscriptions in any status, of one customer or of all, after one of them or from the newest on.
pub(super) fn subscriptions(customer: Option<&str>, after: Option<&str>) -> RequestBuilder {
    let mut list = ListSubscription::new().status(ListSubscriptionStatus::All).limit(PAGE);
    if let Some(customer) = customer {
        list = list.customer(customer);
    }
    if let Some(after) = after {
        list = list.starting_after(after);
    }
    list.build()
}

pub(super) fn subscription(id: &str) -> Result<RequestBuilder, StripeError> {
    Ok(RetrieveSubscription::new(path_segment(id)?).build())
}

pub(super) fn cancel_subscription(id: &str) -> Result<RequestBuilder, StripeError> {
    Ok(CancelSubscription::new(path_segment(id)?).build())
}

pub(super) fn product(id: &str) -> Result<RequestBuilder, StripeError> {
    Ok(RetrieveProduct::new(path_segment(id)?).build())
}

pub(super) fn create_checkout(request: &CheckoutRequest<'_>) -> RequestBuilder {
    let mut item = CreateCheckoutSessionLineItems::new();
    item.price = Some(request.price.to_owned());
    item.quantity = Some(1);
    let mut subscription = CreateCheckoutSessionSubscriptionData::new();
    subscription.metadata = Some(metadata(request.user));
    CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Subscription)
        .customer(request.customer)
        .line_items(vec![item])
        .client_reference_id(request.user.to_string())
        .metadata(metadata(request.user))
        .subscription_data(subscription)
        .success_url(request.success_url)
        .cancel_url(request.cancel_url)
        .build()
}

pub(super) fn checkout(id: &str) -> Result<RequestBuilder, StripeError> {
    Ok(RetrieveCheckoutSession::new(path_segment(id)?).build())
}

pub(super) fn expire_checkout(id: &str) -> Result<RequestBuilder, StripeError> {
    Ok(ExpireCheckoutSession::new(path_segment(id)?).build())
}

pub(super) fn create_portal(customer: &str, return_url: &str) -> RequestBuilder {
    // The builder requires neither, Stripe the customer.
    CreateBillingPortalSession::new().customer(customer).return_url(return_url).build()
}

fn metadata(user: UserId) -> HashMap<String, String> {
    HashMap::from([("user_id".to_owned(), user.to_string())])
}

/// The builders put ids into the path as they are: one that would lead to another address names no object.
fn path_segment(id: &str) -> Result<&str, StripeError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | ':' | '+' | '@' | '=');
    let dots = id.chars().all(|c| c == '.');
    if dots || !id.chars().all(plain) { Err(StripeError::NotFound) } else { Ok(id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_leads_elsewhere_names_no_object() {
        for id in ["", ".", "..", "a/b", "a?b", "a#b", "a%2fb", "a b", "a\\b", "é"] {
            assert!(matches!(customer(id), Err(StripeError::NotFound)), "{id}");
        }
        assert_eq!(product("gold-plan_2.1").unwrap().path, "/products/gold-plan_2.1");
    }
}
