//! A plan as one value: what a regeneration is merged with, and what a revision keeps.

use super::{ServicePlans, UserPlans};
use crate::error::StoreError;
use crate::rows::{execute, first, get};
use sea_orm::DatabaseTransaction;
use serde_json::Value as Json;
use waymark_domain::ids::PlanId;
use waymark_domain::plans::PlanSnapshot;

const SNAPSHOT: &str = include_str!("snapshot.sql");

async fn snapshot(tx: &DatabaseTransaction, id: PlanId) -> Result<Option<PlanSnapshot>, StoreError> {
    first(tx, SNAPSHOT, [id.0.into()])
        .await?
        .map(|row| {
            serde_json::from_value(get::<Json>(&row, "snapshot")?)
                .map_err(|_| StoreError::Inconsistent { table: "learning_plans", column: "snapshot" })
        })
        .transpose()
}

impl UserPlans<'_> {
    /// The plan as one value; none when there is no such plan of this learner.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn snapshot(&self, id: PlanId) -> Result<Option<PlanSnapshot>, StoreError> {
        snapshot(&self.0.tx, id).await
    }
}

impl ServicePlans<'_> {
    /// The plan as one value.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn snapshot(&self, id: PlanId) -> Result<Option<PlanSnapshot>, StoreError> {
        snapshot(self.0, id).await
    }

    /// Locks a plan's tasks and their progress for the rest of the transaction, so that nothing the learner does can slip
    /// in between reading the plan and replacing it: their write waits, and finds its task as it was, or gone.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn lock_tree(&self, id: PlanId) -> Result<(), StoreError> {
        for sql in [
            "select m.id from modules m where m.plan_id = $1 order by m.id for update",
            "select t.id from tasks t join modules m on m.id = t.module_id where m.plan_id = $1 order by t.id for update of t",
            "select g.id from task_progress g join tasks t on t.id = g.task_id join modules m on m.id = t.module_id
             where m.plan_id = $1 order by g.id for update of g",
        ] {
            execute(self.0, sql, [id.0.into()]).await?;
        }
        Ok(())
    }
}
