//! The server's own work in the queue: what is not a learner's plan. Called by the worker for each such job it has claimed.

use crate::accounts::erasure;
use crate::billing::stripe::StripeError;
use crate::billing::{Billing, BillingError, nightly};
use crate::generation::engine::Engine;
use crate::integrations::revoke::RevokeError;
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use waymark_domain::jobs::JobType;
use waymark_persistence::{StoreError, WorkJob};

/// The pause before a second try; each later one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// Why a chore was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChoreError {
    /// It may go better later.
    #[error("{0}")]
    Later(String),
    /// It will never go better.
    #[error("{0}")]
    Hopeless(String),
    /// This process stops.
    #[error("handed over")]
    HandedOver,
    /// The store did not do it.
    #[error("the store did not do it")]
    Store(#[from] StoreError),
}

impl ChoreError {
    pub fn later(text: &str) -> Self {
        Self::Later(text.to_owned())
    }

    fn of(text: String, transient: bool) -> Self {
        if transient { Self::Later(text) } else { Self::Hopeless(text) }
    }
}

impl From<StripeError> for ChoreError {
    fn from(error: StripeError) -> Self {
        Self::of(format!("the payment provider: {error}"), error.is_transient())
    }
}

impl From<RevokeError> for ChoreError {
    fn from(error: RevokeError) -> Self {
        Self::of(format!("the integration: {error}"), error.is_transient())
    }
}

impl From<BillingError> for ChoreError {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::Store(error) => error.into(),
            BillingError::Provider(error) => error.into(),
            other => Self::Hopeless(other.to_string()),
        }
    }
}

/// Does a claimed job: to its end, or puts it back for later.
pub(crate) async fn run(engine: &Arc<Engine>, job: &WorkJob, fenced: &CancellationToken) -> Result<(), StoreError> {
    let held = job.held();
    let outcome = if job.attempts > job.max_attempts {
        // As a learner's job would: whatever ends the processes that try it must not go round for ever.
        Err(ChoreError::Hopeless("every worker that tried was lost".to_owned()))
    } else {
        attempt(engine, job, fenced).await?
    };
    let Some(ended) = judge(engine, job, outcome).await? else { return Ok(()) };
    let next = (job.job_type == JobType::BillingReconcile).then(|| nightly(engine.clock.now()));
    engine
        .db
        .service(async |tx| {
            match &ended {
                Ok(done) => {
                    if job.job_type == JobType::AccountErasure {
                        erasure::record_end(tx, job.id, done).await?;
                    }
                    tx.jobs().complete(held, done.clone()).await?;
                    // It may name somebody who is gone, and holds their tokens.
                    tx.jobs().forget_payload(held.id).await?;
                }
                Err(error) => tx.jobs().fail(held, error).await?,
            }
            if let Some(next) = &next {
                tx.jobs().enqueue(next).await?;
            }
            crate::crash::point("chore.before_commit");
            Ok(())
        })
        .await
}

/// One try, unless the job is taken away or this process stops.
async fn attempt(
    engine: &Arc<Engine>,
    job: &WorkJob,
    fenced: &CancellationToken,
) -> Result<Result<Json, ChoreError>, StoreError> {
    tokio::select! {
        outcome = work(engine, job) => Ok(outcome),
        () = fenced.cancelled() => Err(StoreError::Fenced),
        () = engine.hand_over.cancelled() => Ok(Err(ChoreError::HandedOver)),
    }
}

/// How a job ends after a try; none when it is put back for another one.
async fn judge(
    engine: &Arc<Engine>,
    job: &WorkJob,
    outcome: Result<Json, ChoreError>,
) -> Result<Option<Result<Json, String>>, StoreError> {
    let put_back = async |pause: Duration, why: &str, counts: bool| {
        engine.db.service(async |tx| tx.jobs().put_back(job.held(), pause, why, counts).await).await
    };
    let error = match outcome {
        Ok(done) => return Ok(Some(Ok(done))),
        Err(ChoreError::HandedOver) => {
            put_back(Duration::ZERO, "handed over", false).await?;
            return Ok(None);
        }
        Err(error) => error,
    };
    let hopeless = matches!(error, ChoreError::Hopeless(_));
    let (text, kind) = (error.to_string(), job.job_type);
    if !hopeless && job.attempts < job.max_attempts {
        let pause = pause(job.attempts);
        tracing::warn!(job = %job.id, %kind, error = text, again_in = ?pause, "the work is put off");
        put_back(pause, &text, true).await?;
        return Ok(None);
    }
    tracing::error!(job = %job.id, %kind, error = text, "the work is given up; `waymark jobs retry` begins it again");
    Ok(Some(Err(text)))
}

async fn work(engine: &Arc<Engine>, job: &WorkJob) -> Result<Json, ChoreError> {
    let _turn = engine.chores.acquire().await;
    match job.job_type {
        JobType::AccountErasure => erasure::finish(engine, &job.payload).await,
        JobType::BillingReconcile => reconcile(engine, job).await,
        JobType::PlanGeneration | JobType::PlanRegeneration => {
            Err(ChoreError::Hopeless("a plan's job is no chore".to_owned()))
        }
    }
}

async fn reconcile(engine: &Arc<Engine>, job: &WorkJob) -> Result<Json, ChoreError> {
    let Some(till) = &engine.till else { return Err(ChoreError::later("no payment provider is configured")) };
    let billing = Billing { engine: Arc::clone(engine), till: Arc::clone(till) };
    let subject = job.id.to_string();
    let outcome = billing
        .reconcile(true, ("waymark", &subject), |difference| {
            tracing::warn!(?difference, "accounts and payments differ");
        })
        .await?;
    Ok(json!({"accounts": outcome.accounts, "differences": outcome.differences, "mended": outcome.mended}))
}

fn pause(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(0).min(16);
    FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_cover_a_day_and_more() {
        assert_eq!(pause(1), FIRST_PAUSE);
        assert_eq!(pause(2), FIRST_PAUSE * 2);
        assert_eq!(pause(30), LONGEST_PAUSE);
        let all: Duration = (1..30).map(pause).sum();
        assert!(all > Duration::from_hours(20), "{all:?}");
    }
}
