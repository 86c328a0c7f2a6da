//! What a plan was before: listed, compared with what it is, and brought back.

use super::once::{After, Done, RequestKey};
use super::{Plans, PlansError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::PlanId;
use waymark_domain::plans::{Comparison, GenerationStatus, PlanSnapshot, compare, merge, proposal_of_snapshot};
use waymark_persistence::{NewRevision, PlanInputs, RevisionView};

/// A former state of a plan.
#[derive(Debug, Clone)]
pub struct Revision {
    /// As it stands in the list.
    pub view: RevisionView,
    /// The plan then.
    pub snapshot: PlanSnapshot,
}

/// A plan brought back to a former state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RestoredPlan {
    /// The plan.
    pub plan_id: PlanId,
    /// The number under which the state before the restore was put aside.
    pub revision: u32,
}

impl Plans {
    /// A plan's former states, newest first.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn revisions(&self, ctx: &UserCtx, id: PlanId) -> Result<Vec<RevisionView>, PlansError> {
        self.engine
            .db
            .authenticated(ctx, async |tx| {
                tx.plans().state(id).await?.ok_or(PlansError::NotFound)?;
                Ok(tx.revisions().of_plan(id).await?)
            })
            .await
    }

    /// One former state.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn revision(&self, ctx: &UserCtx, id: PlanId, number: u32) -> Result<Revision, PlansError> {
        self.engine
            .db
            .authenticated(ctx, async |tx| {
                let (view, snapshot) = tx.revisions().find(id, number).await?.ok_or(PlansError::NotFound)?;
                Ok(Revision { view, snapshot })
            })
            .await
    }

    /// What changed from revision `number` to revision `with`, or to the plan as it is.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn compare(
        &self,
        ctx: &UserCtx,
        id: PlanId,
        number: u32,
        with: Option<u32>,
    ) -> Result<Comparison, PlansError> {
        self.engine
            .db
            .authenticated(ctx, async |tx| {
                let (_, from) = tx.revisions().find(id, number).await?.ok_or(PlansError::NotFound)?;
                let to = match with {
                    Some(number) => tx.revisions().find(id, number).await?.map(|(_, snapshot)| snapshot),
                    None => tx.plans().snapshot(id).await?,
                };
                Ok(compare(&from, &to.ok_or(PlansError::NotFound)?))
            })
            .await
    }

    /// Brings a plan back to a former state. The present one becomes a revision first, and what the learner has done
    /// since stays. A plan that is being generated anew is not touched.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::NotReady`], [`PlansError::GenerationRunning`], [`PlansError::KeyReused`]
    pub async fn restore(
        &self,
        ctx: &UserCtx,
        id: PlanId,
        number: u32,
        key: Option<&RequestKey>,
    ) -> Result<Done<RestoredPlan>, PlansError> {
        self.once(ctx, key, async |tx| {
            let row = tx.plans().lock(id, ctx.user_id).await?.ok_or(PlansError::NotFound)?;
            match row.status {
                GenerationStatus::Ready => {}
                GenerationStatus::Failed => return Err(PlansError::NotReady),
                GenerationStatus::Generating => return Err(PlansError::GenerationRunning),
            }
            if tx.generations().is_running(id).await? {
                return Err(PlansError::GenerationRunning);
            }
            let (_, former) = tx.revisions().find(id, number).await?.ok_or(PlansError::NotFound)?;
            tx.plans().lock_tree(id).await?;
            let present = tx.plans().snapshot(id).await?.ok_or(PlansError::NotFound)?;
            let put_aside = NewRevision { plan_id: id, user_id: ctx.user_id, snapshot: &present, generation_id: None };
            let revision = tx.revisions().add(&put_aside).await?;
            let merged = merge(&present, proposal_of_snapshot(&former));
            let owner = (id, ctx.user_id);
            tx.plans().apply(owner, &PlanInputs::of(&former), &merged, crate::ids::new::<Uuid>).await?;
            Ok((RestoredPlan { plan_id: id, revision }, After::default()))
        })
        .await
    }
}
