//! Stored plans: list, read, delete.

pub mod editing;
pub mod explanation;
pub mod export;
pub mod feed;
mod parameters;
pub mod progress;
pub mod revisions;

pub use parameters::ListParameters;

use super::page::{Page, decode, encode};
use crate::auth::Person;
use crate::error::ApiError;
use crate::etag;
use crate::input::{IdempotencyKey, PlanPath, Query, mark};
use crate::openapi::enums::{learning_style, origin, plan_status, progress_status, resource_type, skill_level};
use crate::state::AppState;
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use waymark_domain::plans::GenerationStatus;
use waymark_services::plans::{PlanCursor, PlanFilter, PlanSummary, PlanTag};

/// Plans on a page unless told otherwise.
const PAGE: u32 = 20;
/// Most plans on a page.
const LARGEST_PAGE: u32 = 100;

/// A plan in the list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanItem {
    /// The plan.
    pub id: Uuid,
    /// What to learn.
    pub topic: String,
    /// The learner's level.
    #[schema(schema_with = skill_level)]
    pub skill_level: String,
    /// The learner's style.
    #[schema(schema_with = learning_style)]
    pub learning_style: String,
    /// Hours a week.
    pub weekly_hours: i32,
    /// First day.
    pub start_date: Option<NaiveDate>,
    /// Last day.
    pub deadline_date: Option<NaiveDate>,
    /// Where the plan stands.
    #[schema(schema_with = plan_status)]
    pub status: String,
    /// Modules.
    pub modules_count: u32,
    /// Tasks.
    pub tasks_count: u32,
    /// Tasks done.
    pub tasks_completed: u32,
    /// Tasks done in a hundred, rounded down.
    pub completion_percent: u32,
    /// Minutes of all tasks.
    pub estimated_minutes: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl From<PlanSummary> for PlanItem {
    fn from(plan: PlanSummary) -> Self {
        Self {
            id: plan.id.0,
            topic: plan.topic,
            skill_level: plan.skill_level.to_string(),
            learning_style: plan.learning_style.to_string(),
            weekly_hours: plan.weekly_hours,
            start_date: plan.start_date,
            deadline_date: plan.deadline_date,
            status: plan.status.to_string(),
            modules_count: plan.modules,
            tasks_count: plan.tasks,
            tasks_completed: plan.tasks_completed,
            completion_percent: plan.tasks_completed.saturating_mul(100).checked_div(plan.tasks).unwrap_or(0),
            estimated_minutes: plan.minutes,
            created_at: plan.created_at,
            updated_at: plan.updated_at,
        }
    }
}

/// A plan with everything under it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanDetail {
    /// The plan.
    pub id: Uuid,
    /// What to learn.
    pub topic: String,
    /// What else the learner said.
    pub notes: Option<String>,
    /// The learner's level.
    #[schema(schema_with = skill_level)]
    pub skill_level: String,
    /// The learner's style.
    #[schema(schema_with = learning_style)]
    pub learning_style: String,
    /// Hours a week.
    pub weekly_hours: i32,
    /// First day.
    pub start_date: Option<NaiveDate>,
    /// Last day.
    pub deadline_date: Option<NaiveDate>,
    /// Where the plan stands.
    #[schema(schema_with = plan_status)]
    pub status: String,
    /// Where its content came from.
    #[schema(schema_with = origin)]
    pub origin: String,
    /// Who may see it.
    pub visibility: String,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it became ready.
    pub finalized_at: Option<DateTime<Utc>>,
    /// How far the learner is.
    pub progress: PlanProgress,
    /// The modules, in order.
    pub modules: Vec<Module>,
}

/// How far the learner is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanProgress {
    /// `completed` when every task is, `not_started` when none is begun, else `in_progress`.
    #[schema(schema_with = progress_status)]
    pub status: String,
    /// Tasks.
    pub tasks_total: u32,
    /// Tasks done.
    pub tasks_completed: u32,
    /// Minutes of all tasks.
    pub minutes_total: i64,
    /// Minutes of the tasks done.
    pub minutes_completed: i64,
}

/// A module of a plan.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Module {
    /// The module.
    pub id: Uuid,
    /// Its place, from 1.
    pub order: i32,
    /// Its title.
    pub title: String,
    /// What it is about.
    pub description: Option<String>,
    /// Minutes, 15 to 480.
    pub estimated_minutes: i32,
    /// Tasks.
    pub tasks_total: u32,
    /// Tasks done.
    pub tasks_completed: u32,
    /// `completed` when every task is, `not_started` when none is begun, else `in_progress`.
    #[schema(schema_with = progress_status)]
    pub status: String,
    /// Its tasks, in order.
    pub tasks: Vec<Task>,
}

/// A task of a module.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// The task.
    pub id: Uuid,
    /// Its place, from 1.
    pub order: i32,
    /// Its title.
    pub title: String,
    /// What to do.
    pub description: Option<String>,
    /// Minutes, 5 to 120.
    pub estimated_minutes: i32,
    /// How far the learner is.
    #[schema(schema_with = progress_status)]
    pub status: String,
    /// When it was done.
    pub completed_at: Option<DateTime<Utc>>,
    /// Whether a regeneration leaves it alone.
    pub pinned: bool,
    /// Whether a short explanation is stored.
    pub has_explanation: bool,
    /// Links, in order.
    pub resources: Vec<Resource>,
}

/// A link of a task.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// The resource.
    pub id: Uuid,
    /// What it leads to.
    #[serde(rename = "type")]
    #[schema(schema_with = resource_type)]
    pub kind: String,
    /// Its title.
    pub title: String,
    /// Its address, http or https.
    pub url: String,
    /// The address's host.
    pub domain: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// How long it takes.
    pub duration_minutes: Option<i32>,
    /// Why it is here.
    pub notes: Option<String>,
}

/// List plans
///
/// Newest first, page by page: give `nextCursor` as `cursor` to go on. Plans that are added meanwhile neither shift nor
/// repeat a page.
#[utoipa::path(
    get, path = "/api/v1/plans", tag = "plans", operation_id = "listPlans",
    params(ListParameters),
    responses((status = 200, description = "A page of plans.", body = Page<PlanItem>)),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn list(state: Data<AppState>, person: Person, req: HttpRequest) -> Result<Json<Page<PlanItem>>, ApiError> {
    let mut filter = filter(req.query_string())?;
    let shown = filter.limit;
    // One more than is shown tells whether there is a next page.
    filter.limit += 1;
    let plans = state.services.plans().list(&person.0, &filter).await?;
    Ok(Json(page(plans, shown)))
}

/// Read a plan
///
/// The plan with its modules, tasks, resources and progress. The answer has an `ETag`; `If-None-Match` gets 304 as long
/// as nothing has changed.
#[utoipa::path(
    get, path = "/api/v1/plans/{planId}", tag = "plans", operation_id = "readPlan",
    params(
        ("planId" = Uuid, Path, description = "The plan."),
        ("If-None-Match" = Option<String>, Header, nullable = false, description = "The `ETag` of an earlier answer."),
    ),
    responses(
        (status = 200, description = "The plan.", body = PlanDetail, headers(("ETag" = String, description = "Names this state of the plan."))),
        (status = 304, description = "Nothing has changed."),
    ),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn read(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    req: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let plan = state.services.plans().detail(&person.0, plan.0).await?;
    let tag = etag::of_plan(&PlanTag::of(&plan));
    Ok(etag::tagged(&req, "application/json", "private, no-cache", tag, plan.json))
}

/// Delete a plan
///
/// Stops its generation if one runs, then deletes the plan and everything under it. What it cost stays recorded.
#[utoipa::path(
    delete, path = "/api/v1/plans/{planId}", tag = "plans", operation_id = "deletePlan",
    params(("planId" = Uuid, Path, description = "The plan.")),
    responses((status = 204, description = "The plan is gone.")),
    security(("bearer" = []), ("session" = [])),
)]
pub async fn remove(
    state: Data<AppState>,
    person: Person,
    plan: PlanPath,
    key: IdempotencyKey,
) -> Result<HttpResponse, ApiError> {
    let deleted = state.services.plans().delete(&person.0, plan.0, key.over(b"").as_ref()).await?;
    Ok(mark(HttpResponse::NoContent().finish(), deleted.replayed))
}

fn filter(query: &str) -> Result<PlanFilter, ApiError> {
    let mut query = Query::of(query);
    let limit = query.take("limit", |text| {
        let number = text.parse().ok().filter(|number| (1..=LARGEST_PAGE).contains(number));
        number.ok_or("must be a whole number from 1 to 100")
    });
    let after = query.take("cursor", decode);
    let status = query.take("status", |text| {
        text.parse::<GenerationStatus>().map_err(|_| "must be one of: generating, ready, failed")
    });
    query.finish()?;
    Ok(PlanFilter { status, after, limit: limit.unwrap_or(PAGE) })
}

fn page(mut plans: Vec<PlanSummary>, shown: u32) -> Page<PlanItem> {
    let shown = usize::try_from(shown).unwrap_or(usize::MAX);
    let more = plans.len() > shown;
    plans.truncate(shown);
    let last = plans.last().map(|plan| PlanCursor { created_at: plan.created_at, id: plan.id });
    Page { next_cursor: last.filter(|_| more).map(encode), items: plans.into_iter().map(PlanItem::from).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_parameters_of_the_list_are_named_at_once() {
        let error = filter("limit=101&cursor=%21&status=done&page=2").unwrap_err();
        let problem = error.problem(&crate::error::Place::default());
        let fields: Vec<&str> = problem.errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!((fields, problem.status), (vec!["limit", "cursor", "status", "page"], 400));
        let fine = filter("limit=100&status=failed").unwrap();
        assert_eq!((fine.limit, fine.status), (100, Some(GenerationStatus::Failed)));
        assert_eq!(filter("").unwrap().limit, PAGE);
    }
}
