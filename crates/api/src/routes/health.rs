//! Probes for whoever runs the process.

use crate::error::ApiError;
use crate::state::AppState;
use actix_web::web::{Data, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a probe answers when all is well.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `live` or `ready`.
    pub status: String,
}

/// Is the process alive?
#[utoipa::path(
    get, path = "/api/health/live", tag = "health", operation_id = "live",
    responses((status = 200, description = "It is.", body = Health)),
)]
pub async fn live() -> Json<Health> {
    Json(Health { status: "live".to_owned() })
}

/// Can the process serve?
///
/// 503 while the database does not answer, and once the process is stopping.
#[utoipa::path(
    get, path = "/api/health/ready", tag = "health", operation_id = "ready",
    responses((status = 200, description = "It can.", body = Health)),
)]
pub async fn ready(state: Data<AppState>) -> Result<Json<Health>, ApiError> {
    if state.stopping.is_cancelled() {
        return Err(ApiError::unavailable("the process is stopping"));
    }
    state.services.ready().await?;
    Ok(Json(Health { status: "ready".to_owned() }))
}
