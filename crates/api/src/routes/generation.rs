//! Asking for a plan and watching it come: create, stream, attach, poll, cancel; and asking again.

mod bodies;
pub(crate) mod new_plan;
pub mod regeneration;

pub use bodies::{Attempt, CreatedPlan, Generation, Job, PlanStatus, QueuedGeneration};
pub use new_plan::NewPlanBody;

use super::page::Page;
use crate::auth::Person;
use crate::error::ApiError;
use crate::input::{IdempotencyKey, JsonBody, PlanPath, Query, mark};
use crate::sse;
use crate::state::AppState;
use actix_web::http::header::{HeaderMap, LOCATION};
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse};
use waymark_services::plans::{self, Attached, Done};

/// Create a plan and stream its generation
///
/// Answers with server-sent events: `plan_start`, then a `module_summary` for every module as soon as the model has
/// finished it, `progress` in between, `attempt_restart` when a new attempt begins (forget the modules so far), and at
/// the end `complete`, `error` or `canceled`. Every event has an id. The generation does not depend on this connection:
/// attach again at `/api/v1/plans/{planId}/events` with the last id.
#[utoipa::path(
    post, path = "/api/v1/plans/stream", tag = "generation", operation_id = "createPlanAndStream",
    params(("model" = Option<String>, Query, min_length = 1, max_length = 120, description = "A model of the catalogue; else the preferred or the default one.")),
    request_body = NewPlanBody,
    responses(
        (status = 200, description = "The events.", body = String, content_type = "text/event-stream"),
        (status = 403, description = "The tier does not allow it.", body = crate::error::Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn create_and_stream(
    state: Data<AppState>,
    person: Person,
    key: IdempotencyKey,
    body: JsonBody,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let new = new_plan::parse(body.members, req.query_string(), state.clock.now())?;
    let created = state.services.plans().create(&person.0, &new, key.as_ref()).await?;
    watch(&state, &person, created).await
}

/// Create a plan
///
/// As the stream, without the stream: the generation runs in the background. Poll `/status`, or attach at `/events`.
#[utoipa::path(
    post, path = "/api/v1/plans", tag = "generation", operation_id = "createPlan",
    params(("model" = Option<String>, Query, min_length = 1, max_length = 120, description = "A model of the catalogue; else the preferred or the default one.")),
    request_body = NewPlanBody,
    responses(
        (status = 201, description = "The plan is being generated.", body = CreatedPlan, headers(("Location" = String, description = "The plan's address."))),
        (status = 403, description = "The tier does not allow it.", body = crate::error::Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn create(
    state: Data<AppState>,
    person: Person,
    key: IdempotencyKey,
    body: JsonBody,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(&body.bytes);
    let new = new_plan::parse(body.members, req.query_string(), state.clock.now())?;
    let created = state.services.plans().create(&person.0, &new, key.as_ref()).await?;
    let location = format!("/api/v1/plans/{}", created.value.plan_id);
    let answer = HttpResponse::Created().insert_header((LOCATION, location)).json(CreatedPlan::from(created.value));
    Ok(mark(answer, created.replayed))
}

/// Attach to a plan's generation
///
/// The events after `Last-Event-ID` (or `after`), then whatever comes, until the last one; from any server process.
/// 204 when the client has the last event already, which stops an `EventSource`.
#[utoipa::path(
    get, path = "/api/v1/plans/{planId}/events", tag = "generation", operation_id = "attachToPlan",
    params(
        ("planId" = Uuid, Path, description = "The plan."),
        ("Last-Event-ID" = Option<i64>, Header, minimum = 0, nullable = false, description = "The last id the client has. Wins over `after`."),
        ("after" = Option<i64>, Query, minimum = 0, description = "The last id the client has."),
    ),
    responses(
        (status = 200, description = "The events.", body = String, content_type = "text/event-stream"),
        (status = 204, description = "The client has everything."),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn events(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let after = after(req.headers(), req.query_string())?;
    Ok(stream(state.services.plans().attach(&person.0, plan.0, after).await?))
}

/// Where a plan and its generation stand
#[utoipa::path(
    get, path = "/api/v1/plans/{planId}/status", tag = "generation", operation_id = "readPlanStatus",
    params(("planId" = Uuid, Path, description = "The plan.")),
    responses((status = 200, description = "The plan's state, its live job and its attempts.", body = PlanStatus)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn status(state: Data<AppState>, person: Person, plan: PlanPath) -> Result<Json<PlanStatus>, ApiError> {
    Ok(Json(state.services.plans().status(&person.0, plan.0).await?.into()))
}

/// List a plan's attempts
///
/// Oldest first. A generation has at most three.
#[utoipa::path(
    get, path = "/api/v1/plans/{planId}/attempts", tag = "generation", operation_id = "listAttempts",
    params(("planId" = Uuid, Path, description = "The plan.")),
    responses((status = 200, description = "The attempts.", body = Page<Attempt>)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn attempts(state: Data<AppState>, person: Person, plan: PlanPath) -> Result<Json<Page<Attempt>>, ApiError> {
    let attempts = state.services.plans().attempts(&person.0, plan.0).await?;
    Ok(Json(Page::whole(attempts.into_iter().map(Attempt::from))))
}

/// Stop a generation
///
/// The plan becomes `failed`, its streams end with `canceled`, and what it cost so far is recorded; a plan that was being
/// regenerated stays `ready`, as it was. 409 when nothing is being generated.
#[utoipa::path(
    post, path = "/api/v1/plans/{planId}/cancel", tag = "generation", operation_id = "cancelPlan",
    params(("planId" = Uuid, Path, description = "The plan.")),
    responses(
        (status = 200, description = "It is stopped.", body = PlanStatus),
        (status = 409, description = "Nothing is being generated.", body = crate::error::Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn cancel(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    let canceled = state.services.plans().cancel(&person.0, plan.0, key.over(b"").as_ref()).await?;
    Ok(mark(HttpResponse::Ok().json(PlanStatus::from(canceled.value)), canceled.replayed))
}

/// The stream of a generation that was accepted, now or by an earlier request with the same key.
async fn watch(
    state: &AppState,
    person: &Person,
    accepted: Done<plans::CreatedPlan>,
) -> Result<HttpResponse, ApiError> {
    let attached = state.services.plans().watch(&person.0, accepted.value).await?;
    Ok(mark(stream(attached), accepted.replayed))
}

fn stream(attached: Attached) -> HttpResponse {
    match attached {
        Attached::Stream(events) => sse::answer(events),
        Attached::Over => HttpResponse::NoContent().finish(),
    }
}

/// The last id the client has. The header wins: an `EventSource` that comes back repeats the address it was made with.
fn after(headers: &HeaderMap, query: &str) -> Result<Option<i64>, ApiError> {
    let mut query = Query::of(query);
    let parameter = query.take("after", event_id);
    let header = headers.get("last-event-id").filter(|value| !value.is_empty());
    let header =
        header.and_then(|value| query.errors.take("Last-Event-ID", value.to_str().map_err(|_| ID).and_then(event_id)));
    query.finish()?;
    Ok(header.or(parameter))
}

const ID: &str = "must be the id of an event, a whole number from 0";

fn event_id(text: &str) -> Result<i64, &'static str> {
    text.parse().ok().filter(|id| *id >= 0).ok_or(ID)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn last_event_id(value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("last-event-id"), HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn the_document_takes_ids_from_zero_and_no_null() {
        let document: serde_json::Value = serde_json::from_str(crate::openapi::json()).unwrap();
        let parameters = &document["paths"]["/api/v1/plans/{planId}/events"]["get"]["parameters"];
        for name in ["Last-Event-ID", "after"] {
            let parameter = parameters.as_array().unwrap().iter().find(|parameter| parameter["name"] == name).unwrap();
            assert_eq!(parameter["required"], false);
            assert_eq!(parameter["schema"], serde_json::json!({ "type": "integer", "format": "int64", "minimum": 0 }));
        }
    }

    #[test]
    fn the_header_wins_over_the_parameter() {
        assert_eq!(after(&last_event_id("7"), "after=3").unwrap(), Some(7));
        assert_eq!(after(&HeaderMap::new(), "after=3").unwrap(), Some(3));
        assert_eq!(after(&last_event_id(""), "").unwrap(), None);
    }

    #[test]
    fn an_id_that_is_no_number_is_refused_wherever_it_stands() {
        for (headers, query) in [(last_event_id("x"), "after=-1"), (last_event_id("1.5"), "after=")] {
            let problem = after(&headers, query).unwrap_err().problem(&Place::default());
            let fields: Vec<&str> = problem.errors.iter().map(|error| error.field.as_str()).collect();
            assert_eq!(fields, ["after", "Last-Event-ID"]);
        }
    }
}
