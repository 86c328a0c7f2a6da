//! What the payment provider and the identity provider call us for. Nobody is signed in; the signature over the raw body counts.

use super::configured;
use crate::error::{ApiError, Problem};
use crate::input::RawBody;
use crate::state::AppState;
use actix_web::HttpRequest;
use actix_web::web::{Data, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waymark_services::webhooks::svix::SvixHeaders;

/// That an event was taken in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Received {
    /// Always true.
    pub received: bool,
}

const RECEIVED: Json<Received> = Json(Received { received: true });

/// The value of a header that is there once.
fn header<'r>(req: &'r HttpRequest, name: &str) -> Option<&'r str> {
    let mut all = req.headers().get_all(name);
    let first = all.next()?.to_str().ok()?;
    all.next().is_none().then_some(first)
}

/// Take in an event of the payment provider
///
/// For Stripe's webhooks, at most 256 KB. 200: it is taken in, or was before, or concerns nothing here. 400: it is refused for
/// good. 502, 503: it must be delivered again.
#[utoipa::path(
    post, path = "/api/v1/stripe/webhook", tag = "billing", operation_id = "receiveStripeEvent",
    params(("Stripe-Signature" = String, Header, description = "`t=`, `v1=`: over the time and the raw body.")),
    request_body(content = String, content_type = "application/json", description = "An event, byte for byte as it was signed."),
    responses(
        (status = 200, description = "It is taken in.", body = Received),
        (status = 502, description = "The payment provider refused to tell more; to be sent again.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn stripe(state: Data<AppState>, req: HttpRequest, body: RawBody) -> Result<Json<Received>, ApiError> {
    let billing = configured(&state)?;
    billing.webhook(&body.0, header(&req, "stripe-signature")).await?;
    Ok(RECEIVED)
}

/// Take in an event of the identity provider
///
/// For Clerk's webhooks, which Svix signs and delivers, at most 256 KB: `user.created`, `user.updated` and `user.deleted` have an
/// effect. 200: it is taken in, or was before, or concerns nothing here. 400: it is refused for good. 503: it must be delivered again.
#[utoipa::path(
    post, path = "/api/webhooks/clerk", tag = "accounts", operation_id = "receiveClerkEvent",
    params(
        ("svix-id" = String, Header, description = "The event's key, the same each time it is delivered."),
        ("svix-timestamp" = String, Header, description = "When it was signed, in seconds."),
        ("svix-signature" = String, Header, description = "`v1,` and the signature; several with blanks."),
    ),
    request_body(content = String, content_type = "application/json", description = "An event, byte for byte as it was signed."),
    responses((status = 200, description = "It is taken in.", body = Received)),
)]
pub async fn clerk(state: Data<AppState>, req: HttpRequest, body: RawBody) -> Result<Json<Received>, ApiError> {
    let headers = SvixHeaders {
        id: header(&req, "svix-id"),
        timestamp: header(&req, "svix-timestamp"),
        signature: header(&req, "svix-signature"),
    };
    state.services.accounts().clerk_event(&body.0, &headers).await?;
    Ok(RECEIVED)
}
