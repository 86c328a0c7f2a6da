//! Runs a claimed job: begin an attempt, run it, settle it. Every exit leaves the job settled, put back, or to its lease.

use super::attempt::{self, End};
use super::emitter::{Emitter, EventOwner};
use super::engine::{Engine, Stop};
use super::settle::{self, Beginning, Begun};
use crate::jobs::chores;
use crate::plans::generation_of;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use waymark_domain::ids::AttemptId;
use waymark_domain::jobs::JobType;
use waymark_persistence::{StoreError, WorkJob};

/// Runs a claimed job as a task of this process; the place is given back when it ends.
pub(crate) fn spawn(engine: &Arc<Engine>, job: WorkJob, place: OwnedSemaphorePermit) {
    let mut place = Some(place);
    let fenced = engine.enter(job.held());
    let span = tracing::info_span!("job", kind = %job.job_type, job = %job.id, fence = job.fence, plan = job.plan_id.map(tracing::field::display));
    let engine = Arc::clone(engine);
    let task = {
        let engine = Arc::clone(&engine);
        async move {
            let held = job.held();
            let (id, waited_ms) = (job.id, job.waited_ms);
            let ran = match job.job_type {
                JobType::PlanGeneration | JobType::PlanRegeneration => run(&engine, job, &fenced).await,
                JobType::AccountErasure | JobType::BillingReconcile => {
                    // They have turns of their own.
                    place.take();
                    chores::run(&engine, &job, &fenced).await
                }
            };
            if let Err(error) = ran {
                report(&error, id);
            }
            tracing::debug!(waited_ms, "the job has left this worker");
            engine.leave(held);
            drop(place);
            engine.wake.notify_one();
        }
        .instrument(span)
    };
    engine.tasks.spawn(task);
}

fn report(error: &StoreError, job: waymark_domain::ids::JobId) {
    match error {
        StoreError::Fenced => tracing::info!(%job, "the job belongs to somebody else now"),
        error => tracing::error!(%job, error = error as &dyn std::error::Error, "the job is left to its lease"),
    }
}

/// The generation a job works on.
fn owner(job: &WorkJob) -> Option<EventOwner> {
    let generation_id = generation_of(&job.payload)?;
    Some(EventOwner { plan_id: job.plan_id?, user_id: job.user_id?, generation_id })
}

/// Begins an attempt, again and again while the database is away or busy: the claim would be lost, and count.
async fn begin(engine: &Engine, job: &WorkJob, owner: EventOwner) -> Result<Beginning, StoreError> {
    let give_up_at = Instant::now() + engine.settings.lease.saturating_mul(2);
    let mut unheard = Vec::new();
    loop {
        match begin_once(engine, job, owner, &mut unheard).await {
            Err(error) if error.is_transient() && Instant::now() < give_up_at => {
                tracing::warn!(%error, "the attempt waits for the database");
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            begun => return begun,
        }
    }
}

/// The attempts in `unheard` may have begun in a commit whose answer was lost. Nobody was asked for them, so they cost nothing.
async fn begin_once(
    engine: &Engine,
    job: &WorkJob,
    owner: EventOwner,
    unheard: &mut Vec<AttemptId>,
) -> Result<Beginning, StoreError> {
    for id in unheard.iter() {
        engine.db.service(async |tx| tx.attempts().unreached(*id).await).await?;
    }
    unheard.clear();
    let id = crate::ids::new();
    unheard.push(id);
    settle::begin(engine, job.clone(), owner, id).await
}

async fn run(engine: &Arc<Engine>, job: WorkJob, fenced: &CancellationToken) -> Result<(), StoreError> {
    crate::crash::point("claim.after_commit");
    let Some(owner) = owner(&job) else {
        tracing::error!("the job names no generation");
        engine.hub.publish(settle::unreadable(engine, &job).await?);
        return Ok(());
    };
    match begin(engine, &job, owner).await? {
        Beginning::Over(logged) => {
            engine.hub.publish(logged);
            Ok(())
        }
        Beginning::Attempt(begun) => {
            crate::crash::point("begin.after_commit");
            engine.hub.hint(owner.plan_id);
            attempt(engine, &begun, fenced).await
        }
    }
}

async fn attempt(engine: &Arc<Engine>, begun: &Begun, fenced: &CancellationToken) -> Result<(), StoreError> {
    let mut emitter = Emitter::new(engine.log.clone(), begun.job.held(), begun.owner, begun.last_seq);
    let (mut end, harvest) = attempt::run(engine, (begun.id, &begun.assignment), fenced, &mut emitter).await;
    // What the learner was told must be in the log before the end is.
    if !matches!(end, End::Stopped(Stop::Fenced))
        && let Err(error) = emitter.flush().await
    {
        end = attempt::unlogged(&error);
    }
    match &end {
        End::Planned => tracing::info!(attempt = begun.number, modules = harvest.modules.len(), "a plan arrived"),
        End::Failed(failure) => {
            tracing::warn!(attempt = begun.number, class = %failure.class, detail = failure.detail, "the attempt failed");
        }
        End::Stopped(stop) => tracing::info!(attempt = begun.number, ?stop, "the attempt was stopped"),
    }
    settle::settle(engine, begun, &end, &harvest).await
}
