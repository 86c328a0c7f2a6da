//! Editing a plan as its learner: under the lock of the plan's row, which also orders it with the settlement of a
//! generation. Places stay dense from 1: what is added or moved stands at the end for a moment, and one statement then
//! numbers the whole list, whose deferrable key is checked when the statement ends.

mod modules;
mod tasks;

pub use modules::{NewModuleRow, UserModules};
pub use tasks::{NewTaskRow, UserTasks};

use super::UserPlans;
use crate::error::StoreError;
use crate::rows::{all, execute_one, first, get, parse};
use crate::session::UserTx;
use chrono::NaiveDate;
use sea_orm::Value;
use serde_json::json;
use uuid::Uuid;
use waymark_domain::ids::{ModuleId, PlanId, TaskId};
use waymark_domain::plans::{GenerationStatus, LearningStyle, Notes, PlanPatch, Topic};

/// A plan that is locked for editing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPlan {
    /// The plan.
    pub id: PlanId,
    /// Where it stands.
    pub status: GenerationStatus,
    /// Grows with every edit.
    pub version: i32,
    /// First day.
    pub start_date: Option<NaiveDate>,
    /// Last day.
    pub deadline_date: Option<NaiveDate>,
}

impl UserPlans<'_> {
    /// Locks the learner's plan for the rest of the transaction: edits of one plan come one after the other.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lock(&self, id: PlanId) -> Result<Option<LockedPlan>, StoreError> {
        let sql = "select generation_status::text, version, start_date, deadline_date from learning_plans where id = $1
                   for no key update";
        first(&self.0.tx, sql, [id.0.into()])
            .await?
            .map(|row| {
                Ok(LockedPlan {
                    id,
                    status: parse(&row, "learning_plans", "generation_status")?,
                    version: get(&row, "version")?,
                    start_date: get(&row, "start_date")?,
                    deadline_date: get(&row, "deadline_date")?,
                })
            })
            .transpose()
    }

    /// The plan that a module belongs to.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of_module(&self, id: ModuleId) -> Result<Option<PlanId>, StoreError> {
        self.plan_of("select plan_id from modules where id = $1", id.0).await
    }

    /// The plan that a task belongs to.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn of_task(&self, id: TaskId) -> Result<Option<PlanId>, StoreError> {
        self.plan_of("select m.plan_id from tasks t join modules m on m.id = t.module_id where t.id = $1", id.0).await
    }

    async fn plan_of(&self, sql: &str, id: Uuid) -> Result<Option<PlanId>, StoreError> {
        first(&self.0.tx, sql, [id.into()]).await?.map(|row| get(&row, "plan_id").map(PlanId)).transpose()
    }

    /// Counts an edit: the version grows by one. The caller holds the plan's lock.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn grow(&self, id: PlanId) -> Result<(), StoreError> {
        let sql = "update learning_plans set version = version + 1, updated_at = now() where id = $1";
        execute_one(&self.0.tx, "an edited plan", sql, [id.0.into()]).await
    }

    /// Changes a plan's inputs. The caller holds its lock and counts the edit.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn change(&self, id: PlanId, patch: &PlanPatch) -> Result<(), StoreError> {
        let sql = "update learning_plans set topic = coalesce($2, topic), notes = case when $3 then $4 else notes end,
                     weekly_hours = coalesce($5, weekly_hours),
                     learning_style = coalesce($6::learning_style, learning_style),
                     start_date = coalesce($7, start_date), deadline_date = coalesce($8, deadline_date),
                     updated_at = now()
                   where id = $1";
        let notes = patch.notes.as_ref().and_then(Option::as_ref).map(Notes::as_str);
        let values = [
            id.0.into(),
            patch.topic.as_ref().map(Topic::as_str).into(),
            patch.notes.is_some().into(),
            notes.into(),
            patch.weekly_hours.map(|hours| i32::from(hours.get())).into(),
            patch.learning_style.map(LearningStyle::as_str).into(),
            patch.start_date.into(),
            patch.deadline_date.into(),
        ];
        execute_one(&self.0.tx, "a plan's inputs", sql, values).await
    }
}

/// Keys in order of their places.
async fn keys(tx: &UserTx, sql: &str, parent: Uuid) -> Result<Vec<Uuid>, StoreError> {
    all(&tx.tx, sql, [parent.into()]).await?.iter().map(|row| get(row, "id")).collect()
}

/// Keys as a list for `jsonb_array_elements_text`.
fn list(keys: impl Iterator<Item = Uuid>) -> Value {
    json!(keys.collect::<Vec<_>>()).into()
}
