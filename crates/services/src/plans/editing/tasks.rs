//! Adding, changing, moving and deleting a module's tasks.

use super::{EditRequest, Edited, Target, modules_of, placed, with_id};
use crate::plans::{Done, Plans, PlansError};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::{ModuleId, TaskId};
use waymark_domain::plans::{MOST_TASKS, NewTask, TaskPatch, TaskPlace};
use waymark_persistence::{LockedPlan, NewTaskRow, PlanText, UserTx};

/// A task and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacedTask {
    /// Its module.
    pub module_id: ModuleId,
    /// The task as the plan's reader gets it.
    pub task: Json,
}

fn task(text: &PlanText, (module_id, id): (ModuleId, TaskId)) -> Option<PlacedTask> {
    let mut module = with_id(modules_of(text), &module_id)?;
    let tasks = module.get_mut("tasks").and_then(Json::as_array_mut).map(std::mem::take)?;
    with_id(tasks, &id).map(|task| PlacedTask { module_id, task })
}

impl Plans {
    /// Adds a task to a module.
    ///
    /// # Errors
    /// As [`Plans::change`], and [`PlansError::LimitReached`].
    pub async fn add_task(
        &self,
        ctx: &UserCtx,
        module: ModuleId,
        new: &NewTask,
        request: EditRequest<'_>,
    ) -> Result<Done<Edited<PlacedTask>>, PlansError> {
        let id: TaskId = crate::ids::new();
        let effect = async |tx: &UserTx, plan: &LockedPlan| {
            // It may have gone while the lock was waited for.
            tx.plans().of_module(module).await?.filter(|of| *of == plan.id).ok_or(PlansError::NotFound)?;
            let mut order = with_room(tx, module).await?;
            tx.tasks().insert(&NewTaskRow { id, module, user: ctx.user_id, words: new }).await?;
            order.push(id);
            tx.tasks().arrange(module, &placed(order, id, new.position)?).await?;
            Ok((module, id))
        };
        self.edit(ctx, Target::Module(module), request, effect, task).await
    }

    /// Changes a task.
    ///
    /// # Errors
    /// As [`Plans::change`].
    pub async fn change_task(
        &self,
        ctx: &UserCtx,
        id: TaskId,
        patch: &TaskPatch,
        request: EditRequest<'_>,
    ) -> Result<Done<Edited<PlacedTask>>, PlansError> {
        let effect = async |tx: &UserTx, _: &LockedPlan| {
            let module = tx.tasks().module_of(id).await?.ok_or(PlansError::NotFound)?;
            let changed = tx.tasks().change(id, patch).await?;
            changed.then_some((module, id)).ok_or(PlansError::NotFound)
        };
        self.edit(ctx, Target::Task(id), request, effect, task).await
    }

    /// Moves a task to another place in its module, or into another module of the plan.
    ///
    /// # Errors
    /// As [`Plans::change`], and [`PlansError::LimitReached`].
    pub async fn move_task(
        &self,
        ctx: &UserCtx,
        id: TaskId,
        place: TaskPlace,
        request: EditRequest<'_>,
    ) -> Result<Done<Edited<PlacedTask>>, PlansError> {
        let effect = async |tx: &UserTx, plan: &LockedPlan| {
            let from = tx.tasks().module_of(id).await?.ok_or(PlansError::NotFound)?;
            let to = place.module.unwrap_or(from);
            if to != from {
                with_room(tx, to).await?;
                if !tx.tasks().hand_over(plan.id, id, to).await? {
                    return Err(PlansError::NotFound);
                }
                tx.tasks().arrange(from, &tx.tasks().in_order(from).await?).await?;
            }
            let order = tx.tasks().in_order(to).await?;
            tx.tasks().arrange(to, &placed(order, id, Some(place.position))?).await?;
            Ok((to, id))
        };
        self.edit(ctx, Target::Task(id), request, effect, task).await
    }

    /// Deletes a task.
    ///
    /// # Errors
    /// As [`Plans::change`].
    pub async fn remove_task(
        &self,
        ctx: &UserCtx,
        id: TaskId,
        request: EditRequest<'_>,
    ) -> Result<Done<Edited<()>>, PlansError> {
        let effect = async |tx: &UserTx, _: &LockedPlan| delete_task(tx, id).await;
        self.edit(ctx, Target::Task(id), request, effect, |_, ()| Some(())).await
    }
}

/// Deletes a task and closes the gap. The caller holds the plan's lock and counts the edit.
pub(crate) async fn delete_task(tx: &UserTx, id: TaskId) -> Result<(), PlansError> {
    let module = tx.tasks().module_of(id).await?.ok_or(PlansError::NotFound)?;
    if !tx.tasks().delete(id).await? {
        return Err(PlansError::NotFound);
    }
    let order = tx.tasks().in_order(module).await?;
    Ok(tx.tasks().arrange(module, &order).await?)
}

/// A module's tasks in order, when another one fits.
async fn with_room(tx: &UserTx, module: ModuleId) -> Result<Vec<TaskId>, PlansError> {
    let order = tx.tasks().in_order(module).await?;
    if order.len() >= MOST_TASKS {
        return Err(PlansError::LimitReached { what: "tasks in this module", limit: MOST_TASKS });
    }
    Ok(order)
}
