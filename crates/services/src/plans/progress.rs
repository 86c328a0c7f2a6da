//! Recording how far a learner is with their tasks, as the learner. It locks the tasks, not the plan: two devices may
//! record at once, and a regeneration that settles meanwhile keeps what was recorded, or finds the task gone.

use super::once::{Done, RequestKey};
use super::{Plans, PlansError};
use serde::{Deserialize, Serialize};
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::{PlanId, TaskId};
use waymark_domain::plans::ProgressStatus;
use waymark_persistence::{PlanProgress, TaskProgress, UserTx};

/// What was recorded, and how far the plan is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// The plan.
    pub plan_id: PlanId,
    /// The tasks, as they were named.
    pub items: Vec<TaskProgress>,
    /// The plan as a whole.
    pub progress: PlanProgress,
}

impl Plans {
    /// Records how far the learner is with a task.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::KeyReused`]
    pub async fn record(
        &self,
        ctx: &UserCtx,
        task: TaskId,
        status: ProgressStatus,
        key: Option<&RequestKey>,
    ) -> Result<Done<Recorded>, PlansError> {
        self.once_as(ctx, key, async |tx| {
            let plan = tx.plans().of_task(task).await?.ok_or(PlansError::NotFound)?;
            self.write(tx, ctx, plan, &[(task, status)]).await
        })
        .await
    }

    /// Records how far the learner is with several tasks of a plan, all or none; no task is named twice.
    ///
    /// # Errors
    /// [`PlansError::NotFound`] also when one of them is no task of the plan; [`PlansError::KeyReused`]
    pub async fn record_many(
        &self,
        ctx: &UserCtx,
        plan: PlanId,
        progress: &[(TaskId, ProgressStatus)],
        key: Option<&RequestKey>,
    ) -> Result<Done<Recorded>, PlansError> {
        self.once_as(ctx, key, async |tx| self.write(tx, ctx, plan, progress).await).await
    }

    async fn write(
        &self,
        tx: &UserTx,
        ctx: &UserCtx,
        plan: PlanId,
        progress: &[(TaskId, ProgressStatus)],
    ) -> Result<Recorded, PlansError> {
        let tasks: Vec<TaskId> = progress.iter().map(|(task, _)| *task).collect();
        if !tx.plans().hold(plan).await? || tx.progress().hold(plan, &tasks).await? != tasks.len() {
            return Err(PlansError::NotFound);
        }
        tx.progress().record(ctx.user_id, progress, self.engine.clock.now()).await?;
        let items = tx.progress().of_tasks(&tasks).await?;
        Ok(Recorded { plan_id: plan, items, progress: tx.progress().of_plan(plan).await? })
    }
}
