//! Probes for whoever runs the process.

use crate::error::ApiError;
use crate::state::AppState;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Json};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;
use waymark_services::StoreError;
use waymark_services::jobs::QueueHealth;

/// How long the database may take to answer a probe: less than probes wait, and less than the pool waits to connect.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a probe answers when all is well.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `live` or `ready`.
    pub status: String,
}

/// How the queue is. Counts stop at 1,001.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkerHealth {
    /// `working`, or `stuck` when the answer is 503.
    pub status: String,
    /// Jobs in line, or delayed.
    pub waiting: u32,
    /// Of those, due for more than a minute.
    pub waiting_too_long: u32,
    /// Jobs that nobody has taken for ten minutes though they were due, or their worker was lost.
    pub stuck: u32,
    /// Jobs being worked on.
    pub running: u32,
    /// Jobs that ended badly and are kept.
    pub dead: u32,
}

impl From<QueueHealth> for WorkerHealth {
    fn from(health: QueueHealth) -> Self {
        Self {
            status: if health.is_good() { "working" } else { "stuck" }.to_owned(),
            waiting: health.waiting,
            waiting_too_long: health.waiting_too_long,
            stuck: health.stuck,
            running: health.running,
            dead: health.dead,
        }
    }
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

/// Do workers keep up with the queue?
///
/// 503 when a job is stuck for more than ten minutes or more than a hundred are due for more than a minute, whichever
/// process asks; and, as a problem, while the database does not answer within two seconds.
#[utoipa::path(
    get, path = "/api/health/worker", tag = "health", operation_id = "worker",
    responses(
        (status = 200, description = "They do.", body = WorkerHealth),
        (status = 503, description = "They do not; or, as a problem, the database does not answer.", body = WorkerHealth),
    ),
)]
pub async fn worker(state: Data<AppState>) -> Result<HttpResponse, ApiError> {
    let health = within(PATIENCE, state.services.jobs().health()).await?;
    let status = if health.is_good() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok(HttpResponse::build(status).json(WorkerHealth::from(health)))
}

async fn within<T>(wait: Duration, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, ApiError> {
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
        let silent = within::<()>(Duration::from_millis(1), std::future::pending()).await;
        assert_eq!(silent.unwrap_err().code(), ErrorCode::Unavailable);
        assert!(within(PATIENCE, std::future::ready(Ok(()))).await.is_ok());
    }
}
