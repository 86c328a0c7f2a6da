//! Money over HTTP: hosted pages to pay and to look after a subscription, and what the person has bought.

pub mod webhooks;

use crate::auth::Person;
use crate::error::{ApiError, Problem, account_erased, not_configured};
use crate::input::{IdempotencyKey, JsonBody, mark, text};
use crate::openapi::enums::tier;
use crate::rate_limits::{RateClass, exact};
use crate::state::AppState;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use waymark_services::billing::{Billing, NewCheckout, SubscriptionView};

/// What the person has bought.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Whose limits hold now.
    #[schema(schema_with = tier)]
    pub tier: String,
    /// What was paid for; more than `tier` when a renewal is owed and its period is over.
    #[schema(schema_with = tier)]
    pub paid_tier: String,
    /// Where it stands: `active`, `trialing`, `past_due` or `canceled`; null: none that has begun.
    pub status: Option<String>,
    /// The same in the payment provider's words, such as `unpaid` or `paused`.
    pub provider_status: Option<String>,
    /// When what is paid for ends, or is renewed.
    pub period_end: Option<DateTime<Utc>>,
    /// It ends by then instead of being renewed.
    pub cancel_at_period_end: bool,
    /// Whether there is a portal: the payment provider knows the person, since a checkout was begun.
    pub has_portal: bool,
}

impl From<SubscriptionView> for Subscription {
    fn from(view: SubscriptionView) -> Self {
        Self {
            tier: view.tier.to_string(),
            paid_tier: view.paid_tier.to_string(),
            status: view.status.map(|status| status.to_string()),
            provider_status: view.provider_status.map(|status| status.to_string()),
            period_end: view.period_end,
            cancel_at_period_end: view.cancel_at_period_end,
            has_portal: view.has_customer,
        }
    }
}

/// What to buy.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckoutWish {
    /// One of the prices on sale.
    pub price_id: String,
    /// Where the person comes back to when they have paid: relative, or of the web application's own origin. The payment
    /// provider puts its session's key in the place of `{CHECKOUT_SESSION_ID}`.
    #[schema(max_length = 2000)]
    pub success_url: String,
    /// Where they come back to when they have not.
    #[schema(max_length = 2000)]
    pub cancel_url: String,
}

/// Where to pay.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Checkout {
    /// The payment provider's key of it.
    pub session_id: String,
    /// The page's address.
    pub url: String,
}

/// Where to come back to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PortalWish {
    /// Where the person comes back to: relative, or of the web application's own origin.
    #[schema(max_length = 2000)]
    pub return_url: String,
}

/// Where to look after a subscription.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Portal {
    /// The page's address, good for a few minutes and one visit.
    pub url: String,
}

/// Read the subscription
///
/// What the person has bought and whose limits hold now. It follows what the payment provider says, some seconds behind.
#[utoipa::path(
    get, path = "/api/v1/user/subscription", tag = "billing", operation_id = "readSubscription",
    responses((status = 200, description = "The subscription.", body = Subscription)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn subscription(state: Data<AppState>, person: Person) -> Result<Json<Subscription>, ApiError> {
    let view = state.services.accounts().subscription(&person.0).await?;
    view.map(|view| Json(view.into())).ok_or_else(account_erased)
}

/// Begin to pay
///
/// Answers with the address of a page of the payment provider. The page that was opened before is closed: nobody pays on two.
/// While a subscription lives it is changed in the portal instead, and this answers 409.
#[utoipa::path(
    post, path = "/api/v1/stripe/create-checkout", tag = "billing", operation_id = "createCheckout",
    request_body = CheckoutWish,
    responses(
        (status = 200, description = "Where to pay.", body = Checkout),
        (status = 409, description = "There is a subscription already.", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "The payment provider refused.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn checkout(
    state: Data<AppState>,
    person: Person,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let billing = configured(&state)?;
    let JsonBody { mut members, bytes } = body;
    let price_id = members.required("priceId", string);
    let success_url = members.required("successUrl", string);
    let cancel_url = members.required("cancelUrl", string);
    members.refuse_unknown();
    let wanted = price_id.zip(success_url).zip(cancel_url);
    let wanted = wanted.map(|((price_id, success_url), cancel_url)| NewCheckout { price_id, success_url, cancel_url });
    let wanted = members.finish(wanted)?;
    exact(&state, RateClass::Billing, person.0.user_id).await?;
    let done = billing.checkout(&person.0, &wanted, key.over(&bytes).as_ref()).await?;
    let checkout = Checkout { session_id: done.value.session_id, url: done.value.url };
    Ok(mark(HttpResponse::Ok().json(checkout), done.replayed))
}

/// Open the portal
///
/// Answers with the address of the page on which the person changes, pays or ends their subscription. It is good for one visit,
/// so ask for it when they click.
#[utoipa::path(
    post, path = "/api/v1/stripe/create-portal", tag = "billing", operation_id = "createPortal",
    request_body = PortalWish,
    responses(
        (status = 200, description = "Where to look after the subscription.", body = Portal),
        (status = 409, description = "Nothing was bought yet.", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "The payment provider refused.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn portal(
    state: Data<AppState>,
    person: Person,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let billing = configured(&state)?;
    let JsonBody { mut members, bytes } = body;
    let return_url = members.required("returnUrl", string);
    members.refuse_unknown();
    let return_url = members.finish(return_url)?;
    exact(&state, RateClass::Billing, person.0.user_id).await?;
    let done = billing.portal(&person.0, &return_url, key.over(&bytes).as_ref()).await?;
    Ok(mark(HttpResponse::Ok().json(Portal { url: done.value.url }), done.replayed))
}

/// Billing, where it is configured.
fn configured(state: &AppState) -> Result<Billing, ApiError> {
    state.services.billing().ok_or_else(|| {
        not_configured("Billing needs STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS, which this server does not have.")
    })
}

fn string(value: &Value) -> Result<String, String> {
    text(
        |text: &str| {
            if text.is_empty() || text.contains('\0') { Err("must not be empty") } else { Ok(text.to_owned()) }
        },
    )(value)
}
