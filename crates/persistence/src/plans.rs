//! Plans: the learner reads and deletes their own; the server creates, settles and fails them.

mod apply;
mod detail;
mod editing;
mod list;
mod progress;
mod settle;
mod snapshot;

pub use apply::PlanInputs;
pub use detail::PlanText;
pub use editing::{LockedPlan, NewModuleRow, NewTaskRow, UserModules, UserTasks};
pub use list::{PlanCursor, PlanFilter, PlanSummary};
pub use progress::{PlanProgress, TaskProgress, UserProgress};
pub use settle::SettledPlan;

use crate::error::StoreError;
use crate::rows::{execute, execute_one, first, get, parse};
use crate::session::{ServiceTx, UserTx};
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::DatabaseTransaction;
use serde::{Deserialize, Serialize};
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// A plan's own row, as the server needs it to generate anew.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanRow {
    /// Where it stands.
    pub status: GenerationStatus,
    /// What to learn.
    pub topic: String,
    /// What else was said.
    pub notes: Option<String>,
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
}

async fn state(tx: &DatabaseTransaction, id: PlanId) -> Result<Option<PlanState>, StoreError> {
    let sql =
        "select id, generation_status::text, created_at, updated_at, finalized_at from learning_plans where id = $1";
    first(tx, sql, [id.0.into()])
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
        state(&self.0.tx, id).await
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
    /// Where a plan stands. The caller has checked whose it is.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn state(&self, id: PlanId) -> Result<Option<PlanState>, StoreError> {
        state(self.0, id).await
    }

    /// Whether the plan is this learner's.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn is_owned(&self, id: PlanId, user: UserId) -> Result<bool, StoreError> {
        let sql = "select id from learning_plans where id = $1 and user_id = $2";
        Ok(first(self.0, sql, [id.0.into(), user.0.into()]).await?.is_some())
    }

    /// Locks a learner's plan for the rest of the transaction and reads it; none when it is not theirs. Rows that merely
    /// refer to the plan do not wait for it. Whoever also needs the plan's job locks that first.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lock(&self, id: PlanId, user: UserId) -> Result<Option<PlanRow>, StoreError> {
        let sql = "select generation_status::text, topic, notes, skill_level::text, learning_style::text, weekly_hours,
                     start_date, deadline_date
                   from learning_plans where id = $1 and user_id = $2 for no key update";
        first(self.0, sql, [id.0.into(), user.0.into()])
            .await?
            .map(|row| {
                Ok(PlanRow {
                    status: parse(&row, "learning_plans", "generation_status")?,
                    topic: get(&row, "topic")?,
                    notes: get(&row, "notes")?,
                    skill_level: parse(&row, "learning_plans", "skill_level")?,
                    learning_style: parse(&row, "learning_plans", "learning_style")?,
                    weekly_hours: get(&row, "weekly_hours")?,
                    start_date: get(&row, "start_date")?,
                    deadline_date: get(&row, "deadline_date")?,
                })
            })
            .transpose()
    }

    /// Deletes a learner's plan and all that hangs under it; false when there is none.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn delete(&self, id: PlanId, user: UserId) -> Result<bool, StoreError> {
        let sql = "delete from learning_plans where id = $1 and user_id = $2";
        Ok(execute(self.0, sql, [id.0.into(), user.0.into()]).await? > 0)
    }

    /// A plan that has failed is generated anew.
    ///
    /// # Errors
    /// [`StoreError::WrongCount`] when it has not failed.
    pub async fn mark_generating(&self, id: PlanId) -> Result<(), StoreError> {
        let sql = "update learning_plans set generation_status = 'generating', updated_at = now()
                   where id = $1 and generation_status = 'failed'";
        execute_one(self.0, "a plan generated anew", sql, [id.0.into()]).await
    }

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
