//! Editing a plan by hand: its inputs, its modules, its tasks. Each answer has the plan's new `ETag`, good for the next
//! edit's `If-Match`.

mod bodies;

pub use bodies::{
    EditedModule, EditedTask, ModulePatchBody, MoveModuleBody, MoveTaskBody, NewModuleBody, NewTaskBody, PlanPatchBody,
    TaskPatchBody,
};

use super::PlanDetail;
use crate::auth::Person;
use crate::error::{ApiError, Problem};
use crate::etag::{IfMatch, of_plan};
use crate::input::{IdempotencyKey, JsonBody, ModulePath, PlanPath, TaskPath, mark};
use crate::state::AppState;
use actix_web::http::StatusCode;
use actix_web::http::header::ETAG;
use actix_web::web::Data;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde_json::{Value, json};
use waymark_services::plans::{Done, EditRequest, Edited, PlacedTask};

/// Edit a plan
///
/// Changes what the plan was asked for with; its modules and tasks stay, its schedule follows. Dates that are given obey the
/// rules of a new plan together with those that stay, and the tier's longest plan.
#[utoipa::path(
    patch, path = "/api/v1/plans/{planId}", tag = "plans", operation_id = "editPlan",
    params(("planId" = Uuid, Path, description = "The plan.")),
    request_body = PlanPatchBody,
    responses(
        (status = 200, description = "The plan.", body = PlanDetail, headers(("ETag" = String, description = "Names the plan's new state."))),
        (status = 403, description = "The plan would be longer than the tier allows.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The plan is being generated or has failed.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn change(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    expected: IfMatch,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let patch = bodies::plan_patch(body.members)?;
    let request = EditRequest { expected: &expected.0, key: key.as_ref() };
    let edited = state.services.plans().change(&person.0, plan.0, &patch, request).await?;
    Ok(plan_answer(edited))
}

/// Add a module
///
/// Those at its place and after it move up by one. A plan holds 50.
#[utoipa::path(
    post, path = "/api/v1/plans/{planId}/modules", tag = "plans", operation_id = "addModule",
    params(("planId" = Uuid, Path, description = "The plan.")),
    request_body = NewModuleBody,
    responses(
        (status = 201, description = "The module.", body = EditedModule, headers(("ETag" = String, description = "Names the plan's new state."))),
        (status = 409, description = "The plan is being generated or has failed, or no more fit.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn add_module(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    expected: IfMatch,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let new = bodies::new_module(body.members)?;
    let request = EditRequest { expected: &expected.0, key: key.as_ref() };
    let edited = state.services.plans().add_module(&person.0, plan.0, &new, request).await?;
    Ok(module_answer(StatusCode::CREATED, &edited))
}

/// Edit a module
///
/// Its tasks stay as they are.
#[utoipa::path(
    patch, path = "/api/v1/modules/{moduleId}", tag = "plans", operation_id = "editModule",
    params(("moduleId" = Uuid, Path, description = "The module.")),
    request_body = ModulePatchBody,
    responses(
        (status = 200, description = "The module.", body = EditedModule, headers(("ETag" = String, description = "Names the plan's new state."))),
        (status = 409, description = "The plan is being generated or has failed.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn change_module(
    state: Data<AppState>,
    person: Person,
    module: ModulePath,
    expected: IfMatch,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let patch = bodies::module_patch(body.members)?;
    let request = EditRequest { expected: &expected.0, key: key.as_ref() };
    let edited = state.services.plans().change_module(&person.0, module.0, &patch, request).await?;
    Ok(module_answer(StatusCode::OK, &edited))
}

/// Delete a module
///
/// Its tasks go with it, whatever their progress; those after it move down by one.
#[utoipa::path(
    delete, path = "/api/v1/modules/{moduleId}", tag = "plans", operation_id = "deleteModule",
    params(("moduleId" = Uuid, Path, description = "The module.")),
    responses(
        (status = 204, description = "The module is gone.", headers(("ETag" = String, description = "Names the plan's new state."))),
        (status = 409, description = "The plan is being generated or has failed.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn remove_module(
    state: Data<AppState>,
    person: Person,
    module: ModulePath,
    expected: IfMatch,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(b"");
    let request = EditRequest { expected: &expected.0, key: key.as_ref() };
    let edited = state.services.plans().remove_module(&person.0, module.0, request).await?;
    Ok(gone(&edited))
}

/// Move a module
///
/// Everything between its old place and its new one moves by one.
#[utoipa::path(
    post, path = "/api/v1/modules/{moduleId}/move", tag = "plans", operation_id = "moveModule",
    params(("moduleId" = Uuid, Path, description = "The module.")),
    request_body = MoveModuleBody,
    responses(
        (status = 200, description = "The module.", body = EditedModule, headers(("ETag" = String, description = "Names the plan's new state."))),
        (status = 409, description = "The plan is being generated or has failed.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn move_module(
    state: Data<AppState>,
    person: Person,
    module: ModulePath,
    expected: IfMatch,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let to = bodies::module_place(body.members)?;
    let request = EditRequest { expected: &expected.0, key: key.as_ref() };
    let edited = state.services.plans().move_module(&person.0, module.0, to, request).await?;
    Ok(module_answer(StatusCode::OK, &edited))
}

/// Add a task
///
/// Those at its place and after it move up by one. A module holds 100.
#[utoipa::path(
    post, path = "/api/v1/modules/{moduleId}/tasks", tag = "plans", operation_id = "addTask",
    params(("moduleId" = Uuid, Path, description = "The module.")),
    request_body = NewTaskBody,
    responses(
        (status = 201, description = "The task.", body = EditedTask, headers(("ETag" = String, description = "Names the plan's new state."))),
        (status = 409, description = "The plan is being generated or has failed, or no more fit.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn add_task(
    state: Data<AppState>,
    person: Person,
    module: ModulePath,
    expected: IfMatch,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let new = bodies::new_task(body.members)?;
    let request = EditRequest { expected: &expected.0, key: key.as_ref() };
    let edited = state.services.plans().add_task(&person.0, module.0, &new, request).await?;
    Ok(task_answer(StatusCode::CREATED, &edited))
}

/// Edit a task
///
/// A pinned task survives every regeneration as it is.
#[utoipa::path(
    patch, path = "/api/v1/tasks/{taskId}", tag = "plans", operation_id = "editTask",
    params(("taskId" = Uuid, Path, description = "The task.")),
    request_body = TaskPatchBody,
    responses(
        (status = 200, description = "The task.", body = EditedTask, headers(("ETag" = String, description = "Names the plan's new state."))),
        (status = 409, description = "The plan is being generated or has failed.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn change_task(
    state: Data<AppState>,
    person: Person,
    task: TaskPath,
    expected: IfMatch,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let patch = bodies::task_patch(body.members)?;
    let request = EditRequest { expected: &expected.0, key: key.as_ref() };
    let edited = state.services.plans().change_task(&person.0, task.0, &patch, request).await?;
    Ok(task_answer(StatusCode::OK, &edited))
}

/// Delete a task
///
/// Those after it move down by one.
#[utoipa::path(
    delete, path = "/api/v1/tasks/{taskId}", tag = "plans", operation_id = "deleteTask",
    params(("taskId" = Uuid, Path, description = "The task.")),
    responses(
        (status = 204, description = "The task is gone.", headers(("ETag" = String, description = "Names the plan's new state."))),
        (status = 409, description = "The plan is being generated or has failed.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn remove_task(
    state: Data<AppState>,
    person: Person,
    task: TaskPath,
    expected: IfMatch,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(b"");
    let request = EditRequest { expected: &expected.0, key: key.as_ref() };
    let edited = state.services.plans().remove_task(&person.0, task.0, request).await?;
    Ok(gone(&edited))
}

/// Move a task
///
/// To another place in its module, or into another module of the plan.
#[utoipa::path(
    post, path = "/api/v1/tasks/{taskId}/move", tag = "plans", operation_id = "moveTask",
    params(("taskId" = Uuid, Path, description = "The task.")),
    request_body = MoveTaskBody,
    responses(
        (status = 200, description = "The task.", body = EditedTask, headers(("ETag" = String, description = "Names the plan's new state."))),
        (status = 409, description = "The plan is being generated or has failed, or no more fit.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn move_task(
    state: Data<AppState>,
    person: Person,
    task: TaskPath,
    expected: IfMatch,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let place = bodies::task_place(body.members)?;
    let request = EditRequest { expected: &expected.0, key: key.as_ref() };
    let edited = state.services.plans().move_task(&person.0, task.0, place, request).await?;
    Ok(task_answer(StatusCode::OK, &edited))
}

/// The plan's text as its reader gets it, so that the tag is the one of a read.
fn plan_answer(edited: Done<Edited<String>>) -> HttpResponse {
    let Done { value, replayed } = edited;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((ETAG, of_plan(&value.tag))).content_type("application/json");
    mark(answer.body(value.object), replayed)
}

fn module_answer(status: StatusCode, edited: &Done<Edited<Value>>) -> HttpResponse {
    let Edited { plan_id, tag, object } = &edited.value;
    let body = json!({ "planId": plan_id, "planVersion": tag.version, "module": object });
    mark(tagged(status, &edited.value).json(body), edited.replayed)
}

fn task_answer(status: StatusCode, edited: &Done<Edited<PlacedTask>>) -> HttpResponse {
    let Edited { plan_id, tag, object } = &edited.value;
    let PlacedTask { module_id, task } = object;
    let body = json!({ "planId": plan_id, "planVersion": tag.version, "moduleId": module_id, "task": task });
    mark(tagged(status, &edited.value).json(body), edited.replayed)
}

fn gone(edited: &Done<Edited<()>>) -> HttpResponse {
    mark(tagged(StatusCode::NO_CONTENT, &edited.value).finish(), edited.replayed)
}

fn tagged<T>(status: StatusCode, edited: &Edited<T>) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((ETAG, of_plan(&edited.tag)));
    answer
}
