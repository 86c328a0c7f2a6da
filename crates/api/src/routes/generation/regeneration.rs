//! Asking again: retry a plan that failed, regenerate one that is ready, and what generations a plan has had.

mod overrides;

pub use overrides::RegenerateBody;

use super::bodies::{Generation, QueuedGeneration};
use super::watch;
use crate::auth::Person;
use crate::error::ApiError;
use crate::input::{IdempotencyKey, JsonBody, OptionalJsonBody, PlanPath, mark};
use crate::routes::page::Page;
use crate::state::AppState;
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse};

/// Retry a failed plan
///
/// Generates the plan again from what was asked first, and streams it as the creation does. 409 `NOT_FAILED` when the plan is
/// ready, `GENERATION_RUNNING` while it is generated. There is no body; `{}` will do.
#[utoipa::path(
    post, path = "/api/v1/plans/{planId}/retry", tag = "generation", operation_id = "retryPlan",
    params(
        ("planId" = Uuid, Path, description = "The plan."),
        ("model" = Option<String>, Query, min_length = 1, max_length = 120, description = "A model of the catalogue; else the last one, the preferred or the default one."),
    ),
    responses(
        (status = 200, description = "The events.", body = String, content_type = "text/event-stream"),
        (status = 403, description = "The tier does not allow it.", body = crate::error::Problem, content_type = "application/problem+json"),
        (status = 409, description = "The plan has not failed, or is being generated.", body = crate::error::Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn retry(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    key: IdempotencyKey,
    body: OptionalJsonBody,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let model = overrides::no_members(body.0.members, req.query_string())?;
    // Nothing and `{}` are one request.
    let key = key.over(b"");
    let accepted = state.services.plans().retry(&person.0, plan.0, model.as_ref(), key.as_ref()).await?;
    watch(&state, &person, accepted).await
}

/// Regenerate a plan
///
/// Queues a new generation of a ready plan, with other wishes if some are given; the plan stays as it is until the new one
/// is complete. Tasks that are done, begun or pinned stay, tasks that come again keep their ids, and the former state
/// becomes a revision. Follow it at `Location`. 409 `NOT_READY` when the plan has failed, `GENERATION_RUNNING`
/// while it is generated or regenerated.
#[utoipa::path(
    post, path = "/api/v1/plans/{planId}/regenerate", tag = "generation", operation_id = "regeneratePlan",
    params(
        ("planId" = Uuid, Path, description = "The plan."),
        ("model" = Option<String>, Query, min_length = 1, max_length = 120, description = "A model of the catalogue; else the last one, the preferred or the default one."),
    ),
    request_body = RegenerateBody,
    responses(
        (status = 202, description = "The regeneration is queued.", body = QueuedGeneration, headers(("Location" = String, description = "The address of its events."))),
        (status = 403, description = "The tier does not allow it.", body = crate::error::Problem, content_type = "application/problem+json"),
        (status = 409, description = "The plan is not ready, or is being regenerated already.", body = crate::error::Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn regenerate(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    key: IdempotencyKey,
    body: JsonBody,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let overrides = overrides::parse(body.members, req.query_string())?;
    let queued = state.services.plans().regenerate(&person.0, plan.0, &overrides, key.as_ref()).await?;
    let location = format!("/api/v1/plans/{}/events", queued.value.plan_id);
    let answer =
        HttpResponse::Accepted().insert_header((LOCATION, location)).json(QueuedGeneration::from(queued.value));
    Ok(mark(answer, queued.replayed))
}

/// List a plan's generations
///
/// Oldest first: the first one, retries and regenerations. `/attempts` tells how each went.
#[utoipa::path(
    get, path = "/api/v1/plans/{planId}/generations", tag = "generation", operation_id = "listGenerations",
    params(("planId" = Uuid, Path, description = "The plan.")),
    responses((status = 200, description = "The generations.", body = Page<Generation>)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn generations(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
) -> Result<Json<Page<Generation>>, ApiError> {
    let generations = state.services.plans().generations(&person.0, plan.0).await?;
    Ok(Json(Page::whole(generations.into_iter().map(Generation::from))))
}
