//! Adding, changing, moving and deleting a plan's modules.

use super::{EditRequest, Edited, Target, modules_of, placed, with_id};
use crate::plans::{Done, Plans, PlansError};
use serde_json::Value as Json;
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::{ModuleId, PlanId};
use waymark_domain::plans::{MOST_MODULES, ModulePatch, NewModule, Order};
use waymark_persistence::{LockedPlan, NewModuleRow, PlanText, UserTx};

/// A module as the plan's reader gets it.
fn module(text: &PlanText, id: ModuleId) -> Option<Json> {
    with_id(modules_of(text), &id)
}

impl Plans {
    /// Adds a module to a plan.
    ///
    /// # Errors
    /// As [`Plans::change`], and [`PlansError::LimitReached`].
    pub async fn add_module(
        &self,
        ctx: &UserCtx,
        plan: PlanId,
        new: &NewModule,
        request: EditRequest<'_>,
    ) -> Result<Done<Edited<Json>>, PlansError> {
        let id: ModuleId = crate::ids::new();
        let effect = async |tx: &UserTx, plan: &LockedPlan| {
            let mut order = tx.modules().in_order(plan.id).await?;
            if order.len() >= MOST_MODULES {
                return Err(PlansError::LimitReached { what: "modules", limit: MOST_MODULES });
            }
            tx.modules().insert(&NewModuleRow { id, plan: plan.id, user: ctx.user_id, words: new }).await?;
            order.push(id);
            tx.modules().arrange(plan.id, &placed(order, id, new.position)?).await?;
            Ok(id)
        };
        self.edit(ctx, Target::Plan(plan), request, effect, module).await
    }

    /// Changes a module.
    ///
    /// # Errors
    /// As [`Plans::change`].
    pub async fn change_module(
        &self,
        ctx: &UserCtx,
        id: ModuleId,
        patch: &ModulePatch,
        request: EditRequest<'_>,
    ) -> Result<Done<Edited<Json>>, PlansError> {
        let effect = async |tx: &UserTx, _: &LockedPlan| {
            let changed = tx.modules().change(id, patch).await?;
            changed.then_some(id).ok_or(PlansError::NotFound)
        };
        self.edit(ctx, Target::Module(id), request, effect, module).await
    }

    /// Moves a module to another place in its plan.
    ///
    /// # Errors
    /// As [`Plans::change`].
    pub async fn move_module(
        &self,
        ctx: &UserCtx,
        id: ModuleId,
        to: Order,
        request: EditRequest<'_>,
    ) -> Result<Done<Edited<Json>>, PlansError> {
        let effect = async |tx: &UserTx, plan: &LockedPlan| {
            let order = tx.modules().in_order(plan.id).await?;
            tx.modules().arrange(plan.id, &placed(order, id, Some(to))?).await?;
            Ok(id)
        };
        self.edit(ctx, Target::Module(id), request, effect, module).await
    }

    /// Deletes a module with its tasks.
    ///
    /// # Errors
    /// As [`Plans::change`].
    pub async fn remove_module(
        &self,
        ctx: &UserCtx,
        id: ModuleId,
        request: EditRequest<'_>,
    ) -> Result<Done<Edited<()>>, PlansError> {
        let effect = async |tx: &UserTx, plan: &LockedPlan| {
            if !tx.modules().delete(id).await? {
                return Err(PlansError::NotFound);
            }
            let order = tx.modules().in_order(plan.id).await?;
            Ok(tx.modules().arrange(plan.id, &order).await?)
        };
        self.edit(ctx, Target::Module(id), request, effect, |_, ()| Some(())).await
    }
}
