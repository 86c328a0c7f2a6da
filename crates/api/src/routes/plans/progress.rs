//! How far a learner is: one task, or many of a plan at once.

use super::PlanProgress;
use crate::auth::Person;
use crate::error::ApiError;
use crate::input::{IdempotencyKey, JsonBody, Members, PlanPath, TaskPath, id, mark, one_of};
use crate::openapi::enums::progress_status;
use crate::state::AppState;
use actix_web::HttpResponse;
use actix_web::web::Data;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use utoipa::ToSchema;
use uuid::Uuid;
use waymark_domain::ids::TaskId;
use waymark_domain::plans::ProgressStatus;

/// Most tasks of one request.
const MOST: usize = 300;

const STATUSES: &[&str] = &["not_started", "in_progress", "completed"];

/// How far the learner is with a task.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgressBody {
    /// How far.
    #[schema(schema_with = progress_status)]
    pub status: String,
}

/// How far the learner is with several tasks.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgressListBody {
    /// 1 to 300 tasks of the plan, none of them twice.
    #[schema(min_items = 1, max_items = 300)]
    pub items: Vec<ProgressItem>,
}

/// A task and how far the learner is with it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProgressItem {
    /// The task.
    pub task_id: Uuid,
    /// How far.
    #[schema(schema_with = progress_status)]
    pub status: String,
}

/// What is recorded now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordedProgress {
    /// The plan.
    pub plan_id: Uuid,
    /// The tasks, in the order of the request.
    pub items: Vec<TaskProgress>,
    /// The plan as a whole.
    pub progress: PlanProgress,
}

/// How far the learner is with a task.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskProgress {
    /// The task.
    pub task_id: Uuid,
    /// How far.
    #[schema(schema_with = progress_status)]
    pub status: String,
    /// When it was done; kept when that is said again.
    pub completed_at: Option<DateTime<Utc>>,
}

/// Record progress with a task
///
/// Saying the same again changes nothing, and `completedAt` stays. The plan's version stays too: this is no edit.
#[utoipa::path(
    put, path = "/api/v1/tasks/{taskId}/progress", tag = "plans", operation_id = "recordProgress",
    params(("taskId" = Uuid, Path, description = "The task.")),
    request_body = ProgressBody,
    responses((status = 200, description = "The task's state, and the plan's.", body = RecordedProgress)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn one(
    state: Data<AppState>,
    person: Person,
    task: TaskPath,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let status = parse_one(body.members)?;
    let recorded = state.services.plans().record(&person.0, task.0, status, key.as_ref()).await?;
    Ok(mark(HttpResponse::Ok().json(recorded.value), recorded.replayed))
}

/// Record progress with many tasks
///
/// All of them or none: 404 when one is no task of the plan.
#[utoipa::path(
    put, path = "/api/v1/plans/{planId}/progress", tag = "plans", operation_id = "recordProgressOfMany",
    params(("planId" = Uuid, Path, description = "The plan.")),
    request_body = ProgressListBody,
    responses((status = 200, description = "The tasks' states, and the plan's.", body = RecordedProgress)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn many(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let items = parse_many(body.members)?;
    let recorded = state.services.plans().record_many(&person.0, plan.0, &items, key.as_ref()).await?;
    Ok(mark(HttpResponse::Ok().json(recorded.value), recorded.replayed))
}

fn parse_one(mut body: Members) -> Result<ProgressStatus, ApiError> {
    let status = body.required("status", one_of(STATUSES));
    body.refuse_unknown();
    body.finish(status)
}

fn parse_many(mut body: Members) -> Result<Vec<(TaskId, ProgressStatus)>, ApiError> {
    let mut seen = HashSet::new();
    let items = body.each("items", (1, MOST), |item| {
        let task = item.required("taskId", id::<TaskId>);
        let status = item.required("status", one_of(STATUSES));
        if task.is_some_and(|task| !seen.insert(task)) {
            item.errors.push("taskId", "is named twice");
        }
        task.zip(status)
    });
    body.refuse_unknown();
    body.finish(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;
    use serde_json::{Value, json};

    fn refused(body: &Value) -> Vec<String> {
        let error = parse_many(Members::new(body.as_object().unwrap().clone())).unwrap_err();
        error.problem(&Place::default()).errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn every_offence_of_every_item_is_named_at_once() {
        let task = "0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e0f";
        let body = json!({ "items": [
            { "taskId": task, "status": "completed" }, { "taskId": task, "status": "done" }, { "taskId": "x", "extra": 1 }
        ], "force": true });
        let expected =
            ["items[1].status", "items[1].taskId", "items[2].taskId", "items[2].status", "items[2].extra", "force"];
        assert_eq!(refused(&body), expected);
        assert_eq!(refused(&json!({ "items": [] })), ["items"]);
        assert_eq!(refused(&json!({})), ["items"]);
    }
}
