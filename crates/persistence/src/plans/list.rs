//! Summaries of a learner's plans, newest first, page by page (keyset: no page is skipped or seen twice while others are
//! added).

use super::UserPlans;
use crate::error::StoreError;
use crate::rows::{all, count, get, parse};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::QueryResult;
use waymark_domain::ids::PlanId;
use waymark_domain::plans::{GenerationStatus, LearningStyle, SkillLevel};

/// Where the next page begins: after this plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanCursor {
    /// The last plan's time.
    pub created_at: DateTime<Utc>,
    /// The last plan.
    pub id: PlanId,
}

/// Which plans, and how many.
#[derive(Debug, Clone, Copy)]
pub struct PlanFilter {
    /// Only plans in this state.
    pub status: Option<GenerationStatus>,
    /// After this plan.
    pub after: Option<PlanCursor>,
    /// Most plans.
    pub limit: u32,
}

/// A plan in a list.
#[derive(Debug, Clone)]
pub struct PlanSummary {
    /// Its key.
    pub id: PlanId,
    /// What to learn.
    pub topic: String,
    /// Level.
    pub skill_level: SkillLevel,
    /// Style.
    pub learning_style: LearningStyle,
    /// Hours a week.
    pub weekly_hours: i32,
    /// First day.
    pub start_date: Option<NaiveDate>,
    /// Last day.
    pub deadline_date: Option<NaiveDate>,
    /// Its state.
    pub status: GenerationStatus,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Modules.
    pub modules: u32,
    /// Tasks.
    pub tasks: u32,
    /// Tasks done.
    pub tasks_completed: u32,
    /// Minutes of all tasks.
    pub minutes: i64,
}

const LIST: &str = include_str!("list.sql");

fn summary(row: &QueryResult) -> Result<PlanSummary, StoreError> {
    const TABLE: &str = "learning_plans";
    Ok(PlanSummary {
        id: PlanId(get(row, "id")?),
        topic: get(row, "topic")?,
        skill_level: parse(row, TABLE, "skill_level")?,
        learning_style: parse(row, TABLE, "learning_style")?,
        weekly_hours: get(row, "weekly_hours")?,
        start_date: get(row, "start_date")?,
        deadline_date: get(row, "deadline_date")?,
        status: parse(row, TABLE, "generation_status")?,
        created_at: get(row, "created_at")?,
        updated_at: get(row, "updated_at")?,
        modules: count(row, "modules", "modules")?,
        tasks: count(row, "tasks", "tasks")?,
        tasks_completed: count(row, "task_progress", "completed")?,
        minutes: get(row, "minutes")?,
    })
}

impl UserPlans<'_> {
    /// A page of the learner's plans.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn list(&self, filter: &PlanFilter) -> Result<Vec<PlanSummary>, StoreError> {
        let values = [
            filter.status.map(|status| status.as_str().to_owned()).into(),
            filter.after.map(|after| after.created_at).into(),
            filter.after.map(|after| after.id.0).into(),
            i64::from(filter.limit).into(),
        ];
        all(&self.0.tx, LIST, values).await?.iter().map(summary).collect()
    }
}
