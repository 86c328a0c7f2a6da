//! Plans: the learner reads and deletes their own; the server creates, settles and fails them.

mod detail;
mod list;
mod settle;

pub use list::{PlanCursor, PlanFilter, PlanSummary};
pub use settle::SettledPlan;

use crate::error::StoreError;
use crate::rows::{execute, execute_one, first, get, parse};
use crate::session::{ServiceTx, UserTx};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::DatabaseTransaction;
use waymark_domain::ids::{PlanId, UserId};
use waymark_domain::plans::{GenerationStatus, LearningStyle, SkillLevel};

/// A plan that is accepted and about to be generated.
#[derive(Debug, Clone)]
pub struct NewPlanRow<'a> {
    /// Its key.
    pub id: PlanId,
    /// Whose it is.
    pub user_id: UserId,
    /// What to learn.
    pub topic: &'a str,
    /// What else was said.
    pub notes: Option<&'a str>,
    /// Level.
    pub skill_level: SkillLevel,
    /// Style.
    pub learning_style: LearningStyle,
    /// Hours a week.
    pub weekly_hours: u8,
    /// First day.
    pub start_date: NaiveDate,
    /// Last day.
    pub deadline_date: NaiveDate,
}

/// Where a plan stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanState {
    /// The plan.
    pub id: PlanId,
    /// Its state.
    pub status: GenerationStatus,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it became ready.
    pub finalized_at: Option<DateTime<Utc>>,
}

/// Plans, as the learner.
pub struct UserPlans<'t>(pub(super) &'t UserTx);

impl UserTx {
    /// Plans, as the learner.
    pub fn plans(&self) -> UserPlans<'_> {
        UserPlans(self)
    }
}

impl UserPlans<'_> {
    /// Where a plan stands; none when there is no such plan of this learner.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn state(&self, id: PlanId) -> Result<Option<PlanState>, StoreError> {
        let sql = "select id, generation_status::text, created_at, updated_at, finalized_at from learning_plans where id = $1";
        first(&self.0.tx, sql, [id.0.into()])
            .await?
            .map(|row| {
                Ok(PlanState {
                    id: PlanId(get(&row, "id")?),
                    status: parse(&row, "learning_plans", "generation_status")?,
                    created_at: get(&row, "created_at")?,
                    updated_at: get(&row, "updated_at")?,
                    finalized_at: get(&row, "finalized_at")?,
                })
            })
            .transpose()
    }

    /// Deletes a plan and all that hangs under it; false when there is no such plan of this learner.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn delete(&self, id: PlanId) -> Result<bool, StoreError> {
        Ok(execute(&self.0.tx, "delete from learning_plans where id = $1", [id.0.into()]).await? > 0)
    }
}

/// Plans, as the server.
pub struct ServicePlans<'t>(pub(super) &'t DatabaseTransaction);

impl ServiceTx {
    /// Plans, as the server.
    pub fn plans(&self) -> ServicePlans<'_> {
        ServicePlans(&self.tx)
    }
}

impl ServicePlans<'_> {
    /// Stores an accepted plan; it is `generating`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn insert(&self, plan: &NewPlanRow<'_>) -> Result<(), StoreError> {
        let sql = "insert into learning_plans (id, user_id, topic, notes, skill_level, learning_style, weekly_hours,
                     start_date, deadline_date, origin, generation_status)
                   values ($1, $2, $3, $4, $5::skill_level, $6::learning_style, $7, $8, $9, 'ai', 'generating')";
        let values = [
            plan.id.0.into(),
            plan.user_id.0.into(),
            plan.topic.into(),
            plan.notes.into(),
            plan.skill_level.as_str().into(),
            plan.learning_style.as_str().into(),
            i32::from(plan.weekly_hours).into(),
            plan.start_date.into(),
            plan.deadline_date.into(),
        ];
        execute_one(self.0, "a new plan", sql, values).await
    }

    /// Marks a plan that is being generated as failed; it no longer counts as active.
    ///
    /// # Errors
    /// [`StoreError::WrongCount`] when it is not being generated.
    pub async fn mark_failed(&self, id: PlanId) -> Result<(), StoreError> {
        let sql =
            "update learning_plans set generation_status = 'failed', is_quota_eligible = false, updated_at = now()
                   where id = $1 and generation_status = 'generating'";
        execute_one(self.0, "a failed plan", sql, [id.0.into()]).await
    }
}
