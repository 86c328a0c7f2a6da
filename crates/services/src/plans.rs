//! Plans: accept, list, read, watch, cancel, delete. Called by the HTTP layer.

mod create;
mod error;

pub use create::CreatedPlan;
pub use error::PlansError;
pub use waymark_persistence::{
    AttemptView, GenerationView, JobView, LoggedEvent, PlanCursor, PlanFilter, PlanState, PlanSummary,
};

use crate::generation::engine::Engine;
use crate::generation::stream::{EventStream, Reader};
use serde_json::json;
use std::sync::Arc;
use waymark_domain::accounts::UserCtx;
use waymark_domain::generation::{Canceled, PlanEvent};
use waymark_domain::ids::{GenerationId, PlanId};
use waymark_domain::plans::GenerationStatus;
use waymark_persistence::{ReservationKind, StoreError};

/// The use cases around plans.
#[derive(Clone)]
pub struct Plans {
    pub(crate) engine: Arc<Engine>,
}

/// Where a plan and its generation stand.
#[derive(Debug, Clone)]
pub struct PlanStatus {
    /// The plan.
    pub state: PlanState,
    /// Its live job.
    pub job: Option<JobView>,
    /// Its attempts, oldest first.
    pub attempts: Vec<AttemptView>,
}

/// What attaching to a generation gives.
pub enum Attached {
    /// Events, from where the client left off.
    Stream(EventStream),
    /// The client has the terminal event already.
    Over,
}

impl Plans {
    /// A page of the learner's plans, newest first.
    ///
    /// # Errors
    /// [`PlansError`]
    pub async fn list(&self, ctx: &UserCtx, filter: &PlanFilter) -> Result<Vec<PlanSummary>, PlansError> {
        self.engine.db.authenticated(ctx, async |tx| Ok(tx.plans().list(filter).await?)).await
    }

    /// A plan with everything under it, as JSON text with the API's keys.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn detail(&self, ctx: &UserCtx, id: PlanId) -> Result<String, PlansError> {
        self.engine.db.authenticated(ctx, async |tx| tx.plans().detail(id).await?.ok_or(PlansError::NotFound)).await
    }

    /// Where a plan and its generation stand.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn status(&self, ctx: &UserCtx, id: PlanId) -> Result<PlanStatus, PlansError> {
        self.engine
            .db
            .authenticated(ctx, async |tx| {
                let state = tx.plans().state(id).await?.ok_or(PlansError::NotFound)?;
                let job = tx.jobs().live(id).await?;
                let attempts = tx.attempts().of_plan(id).await?;
                Ok(PlanStatus { state, job, attempts })
            })
            .await
    }

    /// A plan's attempts, oldest first.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn attempts(&self, ctx: &UserCtx, id: PlanId) -> Result<Vec<AttemptView>, PlansError> {
        self.engine
            .db
            .authenticated(ctx, async |tx| {
                tx.plans().state(id).await?.ok_or(PlansError::NotFound)?;
                Ok(tx.attempts().of_plan(id).await?)
            })
            .await
    }

    /// Attaches to the plan's newest generation, after the event with id `after`.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn attach(&self, ctx: &UserCtx, id: PlanId, after: Option<i64>) -> Result<Attached, PlansError> {
        // Subscribed first, read second: what is logged in between is told, and what is told twice is dropped.
        let subscription = self.engine.hub.subscribe(id);
        let (state, newest, after, rest) = self
            .engine
            .db
            .authenticated(ctx, async |tx| {
                let state = tx.plans().state(id).await?.ok_or(PlansError::NotFound)?;
                let newest = tx.generations().newest(id).await?;
                // An id from the future would wait for ever.
                let after = after.unwrap_or(0).clamp(0, tx.events().last_seq(id).await?);
                let rest = match newest {
                    Some(generation) => tx.events().after(id, generation, after, 1).await?,
                    None => Vec::new(),
                };
                Ok::<_, PlansError>((state, newest, after, rest))
            })
            .await?;
        let Some(generation) = newest else { return Ok(Attached::Over) };
        if rest.is_empty() && state.status != GenerationStatus::Generating {
            return Ok(Attached::Over);
        }
        let engine = Arc::clone(&self.engine);
        let reader = Reader::new(engine, ctx.clone(), id, generation, subscription, after);
        Ok(Attached::Stream(reader.stream()))
    }

    /// Stops the plan's generation: its fence moves, so its worker writes nothing more; the plan has failed; streams are
    /// told. What it cost is recorded by the worker that was stopped.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::NotGenerating`]
    pub async fn cancel(&self, ctx: &UserCtx, id: PlanId) -> Result<(), PlansError> {
        self.own(ctx, id).await?;
        if self.stop(ctx, id).await? { Ok(()) } else { Err(PlansError::NotGenerating) }
    }

    /// Stops the plan's generation if one runs, then deletes the plan and all that hangs under it.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn delete(&self, ctx: &UserCtx, id: PlanId) -> Result<(), PlansError> {
        self.own(ctx, id).await?;
        self.stop(ctx, id).await?;
        let deleted =
            self.engine.db.authenticated(ctx, async |tx| Ok::<_, StoreError>(tx.plans().delete(id).await?)).await?;
        self.engine.hub.hint(id);
        if deleted { Ok(()) } else { Err(PlansError::NotFound) }
    }

    /// A plan of the learner, as row level security sees it, before the server acts in its own right.
    async fn own(&self, ctx: &UserCtx, id: PlanId) -> Result<PlanState, PlansError> {
        self.engine.db.authenticated(ctx, async |tx| tx.plans().state(id).await?.ok_or(PlansError::NotFound)).await
    }

    async fn stop(&self, ctx: &UserCtx, id: PlanId) -> Result<bool, PlansError> {
        let stopped = self
            .engine
            .db
            .service(async |tx| {
                let Some(job) = tx.jobs().revoke(id, ctx.user_id, "canceled").await? else { return Ok(None) };
                let Some(generation) = generation_of(&job.payload) else { return Ok(None) };
                tx.attempts().cancel(generation).await?;
                tx.plans().mark_failed(id).await?;
                tx.quota().release(ReservationKind::Plan, id.0).await?;
                let owner = crate::generation::emitter::EventOwner {
                    plan_id: id,
                    user_id: ctx.user_id,
                    generation_id: generation,
                };
                let seq = tx.events().last_seq(id).await? + 1;
                let event = tx.events().append(&owner.row(seq, &PlanEvent::Canceled(Canceled { plan_id: id }))).await?;
                Ok::<_, StoreError>(Some((job.id, event)))
            })
            .await?;
        let Some((job, event)) = stopped else { return Ok(false) };
        self.engine.fence(job.0);
        self.engine.hub.publish(vec![event]);
        Ok(true)
    }
}

/// The generation a job's payload names.
pub(crate) fn generation_of(payload: &serde_json::Value) -> Option<GenerationId> {
    payload.get("generationId")?.as_str()?.parse().ok()
}

/// A job's payload for a generation.
pub(crate) fn payload_of(generation: GenerationId) -> serde_json::Value {
    json!({ "generationId": generation })
}
