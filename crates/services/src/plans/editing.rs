//! Editing a plan by hand, as its learner. Every edit is one transaction: its key is claimed, the plan locked, what the
//! client expects compared with the plan's version, the edit made and counted, and the answer read back with its tag.

mod modules;
mod tasks;

pub use tasks::PlacedTask;

use super::once::{Done, RequestKey};
use super::{PlanTag, Plans, PlansError, Precondition};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::{ModuleId, PlanId, TaskId};
use waymark_domain::plans::{GenerationStatus, Order, PlanDates, PlanPatch, move_to};
use waymark_persistence::{LockedPlan, PlanText, UserTx};

/// How an edit is asked for.
#[derive(Debug, Clone, Copy)]
pub struct EditRequest<'a> {
    /// What the plan has to be.
    pub expected: &'a Precondition,
    /// The request's key.
    pub key: Option<&'a RequestKey>,
}

/// An edit that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited<T> {
    /// The plan.
    pub plan_id: PlanId,
    /// Its state after the edit.
    pub tag: PlanTag,
    /// What was edited, as it is now.
    pub object: T,
}

/// What is edited, by which its plan is found.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    Plan(PlanId),
    Module(ModuleId),
    Task(TaskId),
}

impl Plans {
    /// Changes a plan's inputs. Its tasks stay as they are; the schedule follows. Gives the plan as its reader gets it.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::GenerationRunning`], [`PlansError::NotReady`], [`PlansError::Changed`],
    /// [`PlansError::Dates`], [`PlansError::Quota`], [`PlansError::KeyReused`]
    pub async fn change(
        &self,
        ctx: &UserCtx,
        id: PlanId,
        patch: &PlanPatch,
        request: EditRequest<'_>,
    ) -> Result<Done<Edited<String>>, PlansError> {
        let effect = async |tx: &UserTx, plan: &LockedPlan| {
            if patch.start_date.is_some() || patch.deadline_date.is_some() {
                self.admit_dates(tx, plan, patch).await?;
            }
            Ok(tx.plans().change(id, patch).await?)
        };
        self.edit(ctx, Target::Plan(id), request, effect, |text, ()| Some(text.json.clone())).await
    }

    /// Checks changed dates together with the stored ones, by the rules of a regeneration and of the tier.
    async fn admit_dates(&self, tx: &UserTx, plan: &LockedPlan, patch: &PlanPatch) -> Result<(), PlansError> {
        let now = self.engine.clock.now();
        let stored = (plan.start_date, plan.deadline_date);
        let dates = PlanDates::overridden(patch.start_date, patch.deadline_date, stored.0, stored.1, now)
            .map_err(PlansError::Dates)?;
        let account = tx.accounts().own().await?.ok_or(PlansError::AccountGone)?;
        Ok(self.engine.settings.limits.of(account.tier).admit_duration(&dates)?)
    }

    /// Runs `effect` as the learner, under the plan's lock and as one edit of it; `pick` finds what was edited in the plan
    /// as it is then.
    pub(crate) async fn edit<K, T: Serialize + DeserializeOwned>(
        &self,
        ctx: &UserCtx,
        target: Target,
        request: EditRequest<'_>,
        effect: impl AsyncFnOnce(&UserTx, &LockedPlan) -> Result<K, PlansError>,
        pick: impl FnOnce(&PlanText, K) -> Option<T>,
    ) -> Result<Done<Edited<T>>, PlansError> {
        self.once_as(ctx, request.key, async |tx| {
            let plan = editable(tx, target, request.expected).await?;
            let key = effect(tx, &plan).await?;
            tx.plans().grow(plan.id).await?;
            let text = tx.plans().detail(plan.id).await?.ok_or(PlansError::NotFound)?;
            let object = pick(&text, key).ok_or(PlansError::NotFound)?;
            Ok(Edited { plan_id: plan.id, tag: PlanTag::of(&text), object })
        })
        .await
    }
}

/// Finds and locks the plan, and checks that it may be edited.
pub(crate) async fn editable(tx: &UserTx, target: Target, expected: &Precondition) -> Result<LockedPlan, PlansError> {
    let id = match target {
        Target::Plan(id) => Some(id),
        Target::Module(id) => tx.plans().of_module(id).await?,
        Target::Task(id) => tx.plans().of_task(id).await?,
    };
    let id = id.ok_or(PlansError::NotFound)?;
    let plan = tx.plans().lock(id).await?.ok_or(PlansError::NotFound)?;
    match plan.status {
        GenerationStatus::Generating => return Err(PlansError::GenerationRunning),
        GenerationStatus::Failed => return Err(PlansError::NotReady),
        GenerationStatus::Ready => {}
    }
    if !expected.holds(plan.version) {
        let text = tx.plans().detail(id).await?.ok_or(PlansError::NotFound)?;
        return Err(PlansError::Changed(PlanTag::of(&text)));
    }
    Ok(plan)
}

/// Moves `id` to its place; none: it stays where it is, at the end.
fn placed<T: Copy + PartialEq>(mut list: Vec<T>, id: T, position: Option<Order>) -> Result<Vec<T>, PlansError> {
    match position {
        Some(position) if !move_to(&mut list, id, position) => Err(PlansError::NotFound),
        _ => Ok(list),
    }
}

/// The modules of a plan's text.
fn modules_of(text: &PlanText) -> Vec<Json> {
    match serde_json::from_str::<Json>(&text.json).ok().as_mut().and_then(|plan| plan.get_mut("modules")) {
        Some(Json::Array(modules)) => std::mem::take(modules),
        _ => Vec::new(),
    }
}

/// The element with this id.
fn with_id(list: Vec<Json>, id: &impl ToString) -> Option<Json> {
    let id = id.to_string();
    list.into_iter().find(|one| one.get("id").and_then(Json::as_str) == Some(&id))
}
