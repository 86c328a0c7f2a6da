//! The API's own description.

use crate::etag;
use crate::openapi;
use actix_web::{HttpRequest, HttpResponse};

/// What every error code means, as Markdown: problems point here.
const ERRORS: &str = include_str!("../../../../docs/ERRORS.md");

/// The OpenAPI document
///
/// OpenAPI 3.1, made from the code that serves.
#[utoipa::path(
    get, path = "/api/docs/openapi.json", tag = "docs", operation_id = "openapi",
    responses((status = 200, description = "The document.", body = serde_json::Value)),
)]
pub async fn openapi(req: HttpRequest) -> HttpResponse {
    etag::answer(&req, "application/json", "public, max-age=300", openapi::json())
}

/// The error codes
///
/// What each `code` of a problem means and what to do about it.
#[utoipa::path(
    get, path = "/api/docs/errors", tag = "docs", operation_id = "errors",
    responses((status = 200, description = "The codes.", body = String, content_type = "text/markdown")),
)]
pub async fn errors(req: HttpRequest) -> HttpResponse {
    etag::answer(&req, "text/markdown; charset=utf-8", "public, max-age=300", ERRORS)
}
