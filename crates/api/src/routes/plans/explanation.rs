//! A task explained, with an exercise.

use crate::auth::Person;
use crate::error::ApiError;
use crate::input::{IdempotencyKey, Query, TaskPath, mark};
use crate::state::AppState;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use waymark_services::plans::Wanted;

/// A task explained.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// What the task is about: paragraphs of plain text.
    #[schema(min_length = 1, max_length = 4000)]
    pub explanation: String,
    /// Something to practise it with: paragraphs of plain text.
    #[schema(min_length = 1, max_length = 4000)]
    pub exercise: String,
}

impl From<waymark_domain::generation::Explanation> for Explanation {
    fn from(made: waymark_domain::generation::Explanation) -> Self {
        Self { explanation: made.explanation, exercise: made.exercise }
    }
}

/// Explain a task
///
/// A short explanation and an exercise, written by the plan's model and stored with the task: the second request gets the
/// stored one at once, and costs nothing. A new one counts as a generation within the hour, and its cost counts for the
/// month. There is no body.
#[utoipa::path(
    post, path = "/api/v1/tasks/{taskId}/explanation", tag = "plans", operation_id = "explainTask",
    params(
        ("taskId" = Uuid, Path, description = "The task."),
        ("again" = Option<bool>, Query, nullable = false, description = "Asks anew, and replaces the stored one."),
    ),
    responses(
        (status = 200, description = "The explanation.", body = Explanation),
        (status = 403, description = "The month's AI budget is used up.", body = crate::error::Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is being written already.", body = crate::error::Problem, content_type = "application/problem+json"),
        (status = 502, description = "The model gave no usable answer.", body = crate::error::Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn explain(
    state: Data<AppState>,
    person: Person,
    task: TaskPath,
    key: IdempotencyKey,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let wanted = wanted(req.query_string())?;
    let explained = state.services.plans().explain(&person.0, task.0, wanted, key.over(b"").as_ref()).await?;
    Ok(mark(HttpResponse::Ok().json(Explanation::from(explained.value)), explained.replayed))
}

fn wanted(query: &str) -> Result<Wanted, ApiError> {
    let mut query = Query::of(query);
    let wanted = query.take("again", |text| match text {
        "true" => Ok(Wanted::New),
        "false" => Ok(Wanted::Any),
        _ => Err("must be true or false"),
    });
    query.finish()?;
    Ok(wanted.unwrap_or(Wanted::Any))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_true_asks_anew() {
        assert_eq!((wanted("").unwrap(), wanted("again=false").unwrap()), (Wanted::Any, Wanted::Any));
        assert_eq!(wanted("again=true").unwrap(), Wanted::New);
        assert!(wanted("again=1").is_err() && wanted("anew=true").is_err());
    }
}
