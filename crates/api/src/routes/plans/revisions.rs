//! What a plan was before: list its revisions, read one, compare, restore.

mod bodies;

pub use bodies::{Comparison, RestoredPlan, Revision, RevisionItem};

use crate::auth::Person;
use crate::error::ApiError;
use crate::input::{IdempotencyKey, PlanPath, Query, RevisionPath, mark, revision};
use crate::routes::page::Page;
use crate::state::AppState;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse};

/// List a plan's revisions
///
/// Newest first. A revision is the state that a regeneration, a restore or a `reschedule` with `drop` has replaced.
#[utoipa::path(
    get, path = "/api/v1/plans/{planId}/revisions", tag = "plans", operation_id = "listRevisions",
    params(("planId" = Uuid, Path, description = "The plan.")),
    responses((status = 200, description = "The revisions.", body = Page<RevisionItem>)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn list(state: Data<AppState>, person: Person, plan: PlanPath) -> Result<Json<Page<RevisionItem>>, ApiError> {
    let revisions = state.services.plans().revisions(&person.0, plan.0).await?;
    Ok(Json(Page::whole(revisions.into_iter().map(RevisionItem::from))))
}

/// Read a revision
///
/// What the plan was, with modules, tasks, links and progress.
#[utoipa::path(
    get, path = "/api/v1/plans/{planId}/revisions/{number}", tag = "plans", operation_id = "readRevision",
    params(
        ("planId" = Uuid, Path, description = "The plan."),
        ("number" = u32, Path, minimum = 1, description = "The revision."),
    ),
    responses((status = 200, description = "The revision.", body = Revision)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn read(state: Data<AppState>, person: Person, path: RevisionPath) -> Result<Json<Revision>, ApiError> {
    Ok(Json(state.services.plans().revision(&person.0, path.plan, path.number).await?.into()))
}

/// Compare a revision
///
/// Which tasks were added, kept and removed between this revision and another one, or the plan as it is now.
#[utoipa::path(
    get, path = "/api/v1/plans/{planId}/revisions/{number}/compare", tag = "plans", operation_id = "compareRevision",
    params(
        ("planId" = Uuid, Path, description = "The plan."),
        ("number" = u32, Path, minimum = 1, description = "The revision to compare from."),
        ("with" = Option<u32>, Query, minimum = 1, description = "The revision to compare to; the present plan unless given."),
    ),
    responses((status = 200, description = "The differences.", body = Comparison)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn compare(
    state: Data<AppState>,
    person: Person,
    path: RevisionPath,
    req: HttpRequest,
) -> Result<Json<Comparison>, ApiError> {
    let with = with(req.query_string())?;
    Ok(Json(state.services.plans().compare(&person.0, path.plan, path.number, with).await?.into()))
}

/// Restore a revision
///
/// Makes the plan what it was; its present state becomes a revision first. Tasks of the revision come back with their ids,
/// and with the progress they had unless the learner has gone on since. 409 `NOT_READY` when the plan has failed,
/// `GENERATION_RUNNING` while it is generated or regenerated.
#[utoipa::path(
    post, path = "/api/v1/plans/{planId}/revisions/{number}/restore", tag = "plans", operation_id = "restoreRevision",
    params(
        ("planId" = Uuid, Path, description = "The plan."),
        ("number" = u32, Path, minimum = 1, description = "The revision."),
    ),
    responses(
        (status = 200, description = "It is restored.", body = RestoredPlan),
        (status = 409, description = "The plan is not ready, or is being regenerated.", body = crate::error::Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn restore(
    state: Data<AppState>,
    person: Person,
    path: RevisionPath,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    let key = key.over(b"");
    let restored = state.services.plans().restore(&person.0, path.plan, path.number, key.as_ref()).await?;
    Ok(mark(HttpResponse::Ok().json(RestoredPlan::from(restored.value)), restored.replayed))
}

fn with(query: &str) -> Result<Option<u32>, ApiError> {
    let mut query = Query::of(query);
    let with =
        query.take("with", |text| revision(text).ok_or("must be the number of a revision, a whole number from 1"));
    query.finish()?;
    Ok(with)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;

    #[test]
    fn a_comparison_is_with_a_revision_or_with_the_plan() {
        assert_eq!(with("").unwrap(), None);
        assert_eq!(with("with=7").unwrap(), Some(7));
        for wrong in ["with=0", "with=", "with=present", "with=-1"] {
            let problem = with(wrong).unwrap_err().problem(&Place::default());
            assert_eq!((problem.errors[0].field.as_str(), problem.status), ("with", 400), "{wrong}");
        }
    }
}
