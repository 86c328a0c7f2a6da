//! Stopping a generation, and deleting a plan.

use super::accept::reservation;
use super::once::{After, Done, RequestKey};
use super::{PlanStatus, Plans, PlansError, generation_of};
use crate::generation::emitter::EventOwner;
use waymark_domain::accounts::UserCtx;
use waymark_domain::generation::{Canceled, GenerationKind, PlanEvent};
use waymark_domain::ids::{JobId, PlanId, UserId};
use waymark_persistence::{ReservationKind, ServiceTx, StoreError};

impl Plans {
    /// Stops the plan's generation: its fence moves, so its worker writes nothing more; a plan that never was ready has
    /// failed, any other stays as it is; streams are told. What it cost is recorded by the worker that was stopped, or
    /// estimated when that is lost.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::NotGenerating`], [`PlansError::KeyReused`]
    pub async fn cancel(
        &self,
        ctx: &UserCtx,
        id: PlanId,
        key: Option<&RequestKey>,
    ) -> Result<Done<PlanStatus>, PlansError> {
        self.once(ctx, key, async |tx| {
            let stopped = stop(tx, id, ctx.user_id, None).await?;
            let Some(after) = stopped else {
                let known = tx.plans().is_owned(id, ctx.user_id).await?;
                return Err(if known { PlansError::NotGenerating } else { PlansError::NotFound });
            };
            let state = tx.plans().state(id).await?.ok_or(PlansError::NotFound)?;
            let attempts = tx.attempts().of_plan(id).await?;
            Ok((PlanStatus { state, job: None, attempts }, after))
        })
        .await
    }

    /// Stops the plan's generation if one runs, and deletes the plan and all that hangs under it.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::AccountGone`], [`PlansError::KeyReused`]
    pub async fn delete(&self, ctx: &UserCtx, id: PlanId, key: Option<&RequestKey>) -> Result<Done<()>, PlansError> {
        let done = self
            .once(ctx, key, async |tx| {
                // Whoever accepts a generation holds this too: one accepted between the look for a job and the deletion
                // would vanish with the plan, and leave what it reserved behind.
                tx.accounts().lock(ctx.user_id).await?.ok_or(PlansError::AccountGone)?;
                let after = stop(tx, id, ctx.user_id, None).await?.unwrap_or_default();
                if !tx.plans().delete(id, ctx.user_id).await? {
                    return Err(PlansError::NotFound);
                }
                Ok(((), after))
            })
            .await?;
        self.engine.hub.hint(id);
        Ok(done)
    }
}

/// Takes the plan's live job away (if `only` names one, that job and no other) and settles everything that hangs on it;
/// none when there is no such live job.
pub(super) async fn stop(
    tx: &ServiceTx,
    plan_id: PlanId,
    user_id: UserId,
    only: Option<JobId>,
) -> Result<Option<After>, StoreError> {
    let Some(job) = tx.jobs().revoke((plan_id, user_id), only, "canceled").await? else { return Ok(None) };
    let after = After { accepted: None, revoked: Some(job.id), events: Vec::new() };
    let Some(generation_id) = generation_of(&job.payload) else { return Ok(Some(after)) };
    let material = tx.generations().material(generation_id).await?;
    let kind = material.map_or(GenerationKind::Initial, |material| material.kind);
    tx.attempts().cancel(generation_id).await?;
    if kind != GenerationKind::Regeneration {
        tx.plans().mark_failed(plan_id).await?;
    }
    let (reserved, subject) = reservation(kind, plan_id, generation_id);
    tx.quota().release(reserved, subject).await?;
    tx.quota().release(ReservationKind::AiSpend, generation_id.0).await?;
    let owner = EventOwner { plan_id, user_id, generation_id };
    let seq = tx.events().last_seq(plan_id).await? + 1;
    let event = tx.events().append(&owner.row(seq, &PlanEvent::Canceled(Canceled { plan_id }))).await?;
    Ok(Some(After { events: vec![event], ..after }))
}
