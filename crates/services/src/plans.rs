//! Plans: accept, list, read, watch, cancel, delete. Called by the HTTP layer.

mod accept;
mod again;
mod create;
mod editing;
mod error;
mod explain;
mod export;
mod once;
mod operators;
mod progress;
mod revisions;
mod stop;
mod tag;

pub(crate) use accept::reservation;
pub use create::CreatedPlan;
pub use editing::{EditRequest, Edited, PlacedTask};
pub(crate) use editing::{Target, editable};
pub use error::PlansError;
pub use explain::Wanted;
pub use export::{Export, ExportFormat, Feed, FeedSecret, FoundFeed};
pub(crate) use once::{After, KeyReused, earlier, keep, once_as};
pub use once::{Done, RequestKey};
pub use progress::Recorded;
pub use revisions::{RestoredPlan, Revision};
pub use tag::{PlanTag, Precondition};
pub use waymark_persistence::{
    AttemptView, GenerationView, JobView, LoggedEvent, PlanCursor, PlanFilter, PlanProgress, PlanState, PlanSummary,
    PlanText, RevisionView, TaskProgress,
};

use crate::generation::engine::Engine;
use crate::generation::stream::{EventStream, Reader};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::{GenerationId, PlanId};

/// The use cases around plans.
#[derive(Clone)]
pub struct Plans {
    pub(crate) engine: Arc<Engine>,
}

/// Where a plan and its generation stand.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    pub async fn detail(&self, ctx: &UserCtx, id: PlanId) -> Result<PlanText, PlansError> {
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

    /// A plan's generations, oldest first.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn generations(&self, ctx: &UserCtx, id: PlanId) -> Result<Vec<GenerationView>, PlansError> {
        self.engine
            .db
            .authenticated(ctx, async |tx| {
                tx.plans().state(id).await?.ok_or(PlansError::NotFound)?;
                Ok(tx.generations().of_plan(id).await?)
            })
            .await
    }

    /// Attaches to the plan's newest generation, after the event with id `after`.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn attach(&self, ctx: &UserCtx, id: PlanId, after: Option<i64>) -> Result<Attached, PlansError> {
        self.attach_to(ctx, id, None, after).await
    }

    /// Attaches to a generation that was accepted, running or finished, from its first event.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn watch(&self, ctx: &UserCtx, created: CreatedPlan) -> Result<Attached, PlansError> {
        self.attach_to(ctx, created.plan_id, Some(created.generation_id), None).await
    }

    async fn attach_to(
        &self,
        ctx: &UserCtx,
        id: PlanId,
        generation: Option<GenerationId>,
        after: Option<i64>,
    ) -> Result<Attached, PlansError> {
        // Subscribed first, read second: what is logged in between is told, and what is told twice is dropped.
        let subscription = self.engine.hub.subscribe(id);
        let (watched, after) = self
            .engine
            .db
            .authenticated(ctx, async |tx| {
                tx.plans().state(id).await?.ok_or(PlansError::NotFound)?;
                let generation = match generation {
                    Some(generation) => Some(generation),
                    None => tx.generations().newest(id).await?,
                };
                let Some(generation) = generation else { return Ok((None, 0)) };
                // An id from the future would wait for ever.
                let after = after.unwrap_or(0).clamp(0, tx.events().last_seq(id).await?);
                let watched = match tx.events().end_of(id, generation).await? {
                    // The client has the terminal event already.
                    Some((seq, kind)) => (!kind.is_terminal() || seq > after).then_some(generation),
                    // Its first event is stored with it, so its log is older than what is kept.
                    None => None,
                };
                Ok::<_, PlansError>((watched, after))
            })
            .await?;
        let Some(generation) = watched else { return Ok(Attached::Over) };
        let engine = Arc::clone(&self.engine);
        let reader = Reader::new(engine, ctx.clone(), id, generation, subscription, after);
        Ok(Attached::Stream(reader.stream()))
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
