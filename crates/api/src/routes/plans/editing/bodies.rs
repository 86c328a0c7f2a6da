//! What an edit's request may hold and what its answer holds; and from a body to a checked edit, or every offence in it.

use crate::error::ApiError;
use crate::input::{Members, date, flag, id, one_of, place, text, whole};
use crate::openapi::enums::learning_style;
use crate::routes::generation::new_plan::STYLES;
use crate::routes::plans::{Module, Task};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use waymark_domain::plans::{
    Description, ModuleMinutes, ModulePatch, NewModule, NewTask, Notes, Order, PlanPatch, TaskMinutes, TaskPatch,
    TaskPlace, Title, Topic, WeeklyHours,
};

/// What to change of a plan; whatever is left out stays.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanPatchBody {
    /// What to learn: 3 to 200 characters after trimming, one line.
    #[schema(nullable = false, min_length = 3, max_length = 200)]
    pub topic: Option<String>,
    /// What else was said; null forgets it.
    #[schema(max_length = 2000)]
    pub notes: Option<String>,
    /// Hours a week.
    #[schema(nullable = false, minimum = 1, maximum = 80)]
    pub weekly_hours: Option<u8>,
    /// The learner's style.
    #[schema(schema_with = learning_style, required = false)]
    pub learning_style: Option<String>,
    /// First day, not in the past.
    #[schema(nullable = false)]
    pub start_date: Option<NaiveDate>,
    /// Last day, at most a year ahead.
    #[schema(nullable = false)]
    pub deadline_date: Option<NaiveDate>,
}

/// A module to add.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewModuleBody {
    /// 1 to 200 characters after trimming, one line.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// What it is about.
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    /// What it takes; 0 unless given. The schedule counts its tasks.
    #[schema(nullable = false, minimum = 0, maximum = 10_000)]
    pub estimated_minutes: Option<u16>,
    /// Its place, from 1; unless given, or when there are fewer modules, the end.
    #[schema(nullable = false, minimum = 1)]
    pub position: Option<u32>,
}

/// What to change of a module; whatever is left out stays.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModulePatchBody {
    /// 1 to 200 characters after trimming, one line.
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    pub title: Option<String>,
    /// What it is about; null takes it away.
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    /// What it takes.
    #[schema(nullable = false, minimum = 0, maximum = 10_000)]
    pub estimated_minutes: Option<u16>,
}

/// Where a module goes.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MoveModuleBody {
    /// Its new place, from 1; when there are fewer modules, the end.
    #[schema(minimum = 1)]
    pub position: u32,
}

/// A task to add.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewTaskBody {
    /// 1 to 200 characters after trimming, one line.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// What to do.
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    /// What it takes.
    #[schema(minimum = 1, maximum = 1440)]
    pub estimated_minutes: u16,
    /// Its place, from 1; unless given, or when there are fewer tasks, the end.
    #[schema(nullable = false, minimum = 1)]
    pub position: Option<u32>,
    /// Whether a regeneration leaves it alone; it does not unless given.
    #[schema(nullable = false)]
    pub pinned: Option<bool>,
}

/// What to change of a task; whatever is left out stays.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskPatchBody {
    /// 1 to 200 characters after trimming, one line.
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    pub title: Option<String>,
    /// What to do; null takes it away.
    #[schema(max_length = 2000)]
    pub description: Option<String>,
    /// What it takes.
    #[schema(nullable = false, minimum = 1, maximum = 1440)]
    pub estimated_minutes: Option<u16>,
    /// Whether a regeneration leaves it alone.
    #[schema(nullable = false)]
    pub pinned: Option<bool>,
}

/// Where a task goes.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MoveTaskBody {
    /// Another module of the plan; the one it is in unless given.
    #[schema(nullable = false)]
    pub module_id: Option<Uuid>,
    /// Its new place there, from 1; when there are fewer tasks, the end.
    #[schema(minimum = 1)]
    pub position: u32,
}

/// A module after an edit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditedModule {
    /// The plan.
    pub plan_id: Uuid,
    /// The plan's version now.
    pub plan_version: i32,
    /// The module.
    pub module: Module,
}

/// A task after an edit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditedTask {
    /// The plan.
    pub plan_id: Uuid,
    /// The plan's version now.
    pub plan_version: i32,
    /// The module it is in.
    pub module_id: Uuid,
    /// The task.
    pub task: Task,
}

pub fn plan_patch(mut body: Members) -> Result<PlanPatch, ApiError> {
    let patch = PlanPatch {
        topic: body.optional("topic", text(Topic::parse)),
        notes: body.nullable("notes", text(Notes::parse)).map(Option::flatten),
        weekly_hours: body.optional("weeklyHours", whole(WeeklyHours::parse)),
        learning_style: body.optional("learningStyle", one_of(STYLES)),
        start_date: body.optional("startDate", date),
        deadline_date: body.optional("deadlineDate", date),
    };
    body.optional("skillLevel", |_| Err::<(), _>("cannot be changed by hand; regenerate the plan".to_owned()));
    finish(body, patch)
}

pub fn new_module(mut body: Members) -> Result<NewModule, ApiError> {
    let title = body.required("title", text(Title::parse));
    let description = body.optional("description", text(Description::parse)).flatten();
    let minutes = body.optional("estimatedMinutes", whole(ModuleMinutes::parse));
    let position = body.optional("position", place);
    body.refuse_unknown();
    body.finish(title.map(|title| NewModule { title, description, minutes, position }))
}

pub fn module_patch(mut body: Members) -> Result<ModulePatch, ApiError> {
    let patch = ModulePatch {
        title: body.optional("title", text(Title::parse)),
        description: body.nullable("description", text(Description::parse)).map(Option::flatten),
        minutes: body.optional("estimatedMinutes", whole(ModuleMinutes::parse)),
    };
    finish(body, patch)
}

pub fn module_place(mut body: Members) -> Result<Order, ApiError> {
    let position = body.required("position", place);
    body.refuse_unknown();
    body.finish(position)
}

pub fn new_task(mut body: Members) -> Result<NewTask, ApiError> {
    let title = body.required("title", text(Title::parse));
    let description = body.optional("description", text(Description::parse)).flatten();
    let minutes = body.required("estimatedMinutes", whole(TaskMinutes::parse));
    let position = body.optional("position", place);
    let pinned = body.optional("pinned", flag).unwrap_or(false);
    body.refuse_unknown();
    let task = title.zip(minutes);
    body.finish(task.map(|(title, minutes)| NewTask { title, description, minutes, position, pinned }))
}

pub fn task_patch(mut body: Members) -> Result<TaskPatch, ApiError> {
    let patch = TaskPatch {
        title: body.optional("title", text(Title::parse)),
        description: body.nullable("description", text(Description::parse)).map(Option::flatten),
        minutes: body.optional("estimatedMinutes", whole(TaskMinutes::parse)),
        pinned: body.optional("pinned", flag),
    };
    finish(body, patch)
}

pub fn task_place(mut body: Members) -> Result<TaskPlace, ApiError> {
    let module = body.optional("moduleId", id);
    let position = body.required("position", place);
    body.refuse_unknown();
    body.finish(position.map(|position| TaskPlace { module, position }))
}

fn finish<T: Default + PartialEq>(mut body: Members, patch: T) -> Result<T, ApiError> {
    body.refuse_unknown();
    body.refuse_empty(&patch);
    body.finish(Some(patch))
}

#[cfg(test)]
mod tests;
