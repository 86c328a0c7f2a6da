//! Probes for whoever runs the process.

use crate::error::ApiError;
use crate::state::AppState;
use actix_web::web::{Data, Json};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;
use waymark_services::StoreError;

/// How long the database may take to answer a probe: less than probes wait, and less than the pool waits to connect.
const PATIENCE: Duration = Duration::from_secs(2);

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
/// 503 while the database does not answer within two seconds, and once the process is stopping.
#[utoipa::path(
    get, path = "/api/health/ready", tag = "health", operation_id = "ready",
    responses((status = 200, description = "It can.", body = Health)),
)]
pub async fn ready(state: Data<AppState>) -> Result<Json<Health>, ApiError> {
    if state.stopping.is_cancelled() {
        return Err(ApiError::unavailable("the process is stopping"));
    }
    within(PATIENCE, state.services.ready()).await?;
    Ok(Json(Health { status: "ready".to_owned() }))
}

async fn within(wait: Duration, answer: impl Future<Output = Result<(), StoreError>>) -> Result<(), ApiError> {
    match tokio::time::timeout(wait, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(ApiError::unavailable("the database did not answer a probe in time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[actix_web::test]
    async fn a_database_that_does_not_answer_is_unavailable_in_time() {
        let silent = within(Duration::from_millis(1), std::future::pending()).await;
        assert_eq!(silent.unwrap_err().code(), ErrorCode::Unavailable);
        assert!(within(PATIENCE, std::future::ready(Ok(()))).await.is_ok());
    }
}
