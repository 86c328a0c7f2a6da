//! The transactions around an attempt: begin it, settle a plan, settle a failure, hand a job over. Each asserts the fence
//! first; none spans a call to the outside.

use super::attempt::{Assignment, End, Failure, Harvest};
use super::catalogue::Entry as ModelEntry;
use super::emitter::EventOwner;
use super::engine::{Engine, wake_after};
use super::provider::PlanBrief;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;
use waymark_domain::generation::{
    AttemptRestart, AttemptStatus, Complete, DraftModule, FailureClass, GenerationFailed, NextStep, PlanEvent,
    UsageSummary, after_failure, trim_to_capacity,
};
use waymark_domain::ids::{AttemptId, GenerationId};
use waymark_domain::quota::UsageMonth;
use waymark_persistence::{
    AttemptEnd, LoggedEvent, NewAttempt, ReservationKind, ServiceTx, SettledPlan, StoreError, UsageRecord, WorkJob,
};

/// An attempt that has begun.
pub(crate) struct Begun {
    pub id: AttemptId,
    pub number: u32,
    pub assignment: Assignment,
    pub owner: EventOwner,
    pub last_seq: i64,
    pub since: Instant,
    /// Whether the spend limit left room when the attempt began.
    pub job: WorkJob,
}

/// What begins, or why nothing does.
pub(crate) enum Beginning {
    Attempt(Box<Begun>),
    /// The generation ended here: its attempts are used up, or nothing can be made of it.
    Over(Vec<LoggedEvent>),
}

/// Begins the next attempt of a claimed job: what a dead worker left is closed, and streams are told to forget it.
pub(crate) async fn begin(engine: &Engine, job: WorkJob, owner: EventOwner) -> Result<Beginning, StoreError> {
    engine
        .db
        .service(async |tx| {
            tx.jobs().assert_held(job.held()).await?;
            let generation = owner.generation_id;
            let lost = tx.attempts().abandon(generation, FailureClass::Timeout, "worker_lost").await? > 0;
            let mut last_seq = tx.events().last_seq(owner.plan_id).await?;
            let previous = tx.attempts().last_number(generation).await?;
            let number = previous + 1;
            let material = tx.generations().material(generation).await?;
            let found = material.and_then(|(model, prompt)| assignment(engine, owner, &model, prompt));
            let Some(assignment) = found else {
                let failure = Failure::new(FailureClass::Validation, "the model is not set up any more");
                return Ok(Beginning::Over(give_up(tx, &job, owner, last_seq + 1, &failure).await?));
            };
            if job.attempts > job.max_attempts {
                let failure = Failure::new(FailureClass::Timeout, "every worker that tried was lost");
                return Ok(Beginning::Over(give_up(tx, &job, owner, last_seq + 1, &failure).await?));
            }
            let id = crate::ids::new();
            let prompt_hash = super::prompt::prompt_hash(&assignment.brief, &assignment.entry.id);
            let attempt = NewAttempt {
                id,
                plan_id: owner.plan_id,
                user_id: owner.user_id,
                generation_id: generation,
                number,
                prompt_hash: &prompt_hash,
            };
            tx.attempts().begin(&attempt).await?;
            if previous > 0 {
                last_seq += 1;
                let reason = if lost { "worker_lost".to_owned() } else { tx.jobs().last_error(job.id).await? };
                let restart = AttemptRestart { plan_id: owner.plan_id, attempt: number, reason };
                tx.events().append(&owner.row(last_seq, &PlanEvent::AttemptRestart(restart))).await?;
            }
            let since = Instant::now();
            Ok(Beginning::Attempt(Box::new(Begun { id, number, assignment, owner, last_seq, since, job: job.clone() })))
        })
        .await
}

fn assignment(engine: &Engine, owner: EventOwner, model: &str, prompt: serde_json::Value) -> Option<Assignment> {
    let id = waymark_domain::generation::ModelId::parse(model).ok()?;
    let entry: ModelEntry = engine.catalogue.find(&id)?.clone();
    engine.providers.of(&entry)?;
    let brief: PlanBrief = serde_json::from_value(prompt).ok()?;
    Some(Assignment { plan_id: owner.plan_id, brief, entry })
}

/// Settles an attempt that made a plan: tree, plan, attempt, cost, quota, job and event in one transaction.
pub(crate) async fn planned(
    engine: &Engine,
    begun: &Begun,
    next_seq: i64,
    harvest: &Harvest,
) -> Result<(), StoreError> {
    let mut modules = harvest.modules.clone();
    let trimmed = begun.assignment.brief.task_capacity.map_or(0, |capacity| trim_to_capacity(&mut modules, capacity));
    let logged = engine
        .db
        .service(async |tx| {
            let owner = begun.owner;
            tx.jobs().assert_held(begun.job.held()).await?;
            let plan = SettledPlan { id: owner.plan_id, user_id: owner.user_id, modules: &modules };
            tx.plans().store_tree(&plan, crate::ids::new::<Uuid>).await?;
            tx.plans().mark_ready(owner.plan_id).await?;
            let end = attempt_end(begun, harvest, None);
            tx.attempts().end(begun.id, AttemptStatus::Success, &end).await?;
            let usage = record_usage(tx, engine, begun, harvest).await?;
            tx.quota().settle(ReservationKind::Plan, owner.plan_id.0).await?;
            let complete = complete(begun, &modules, trimmed, usage);
            let summary = json!({"modules": complete.modules_count, "tasks": complete.tasks_count,
                "tasksTrimmed": trimmed, "attempts": begun.number, "durationMs": complete.duration_ms});
            tx.generations().summarise(owner.generation_id, summary.clone()).await?;
            let event = owner.row(next_seq, &PlanEvent::Complete(complete));
            let logged = tx.events().append(&event).await?;
            tx.jobs().complete(begun.job.held(), summary).await?;
            Ok::<_, StoreError>(logged)
        })
        .await?;
    engine.hub.publish(vec![logged]);
    Ok(())
}

fn complete(begun: &Begun, modules: &[DraftModule], trimmed: u32, usage: UsageSummary) -> Complete {
    let tasks: usize = modules.iter().map(|module| module.tasks.len()).sum();
    Complete {
        plan_id: begun.owner.plan_id,
        modules_count: u32::try_from(modules.len()).unwrap_or(u32::MAX),
        tasks_count: u32::try_from(tasks).unwrap_or(u32::MAX),
        tasks_trimmed: trimmed,
        duration_ms: u64::try_from(begun.since.elapsed().as_millis()).unwrap_or(u64::MAX),
        usage,
    }
}

/// Settles an attempt that failed: the job waits for another one, or the generation has failed.
pub(crate) async fn failed(
    engine: &Arc<Engine>,
    begun: &Begun,
    next_seq: i64,
    harvest: &Harvest,
    failure: &Failure,
) -> Result<(), StoreError> {
    let counted = u32::try_from(begun.job.attempts).unwrap_or(u32::MAX);
    let most = u32::try_from(begun.job.max_attempts).unwrap_or(0);
    let next = after_failure(failure.class, counted, most, failure.retry_after, engine.settings.first_pause);
    let logged = engine
        .db
        .service(async |tx| {
            tx.jobs().assert_held(begun.job.held()).await?;
            let end = attempt_end(begun, harvest, Some(failure));
            tx.attempts().end(begun.id, AttemptStatus::Failure, &end).await?;
            record_usage(tx, engine, begun, harvest).await?;
            match next {
                NextStep::RetryAfter(delay) => {
                    tx.jobs().put_back(begun.job.held(), delay, failure.class.as_str(), true).await?;
                    Ok::<_, StoreError>(Vec::new())
                }
                NextStep::GiveUp => give_up(tx, &begun.job, begun.owner, next_seq, failure).await,
            }
        })
        .await?;
    engine.hub.publish(logged);
    if let NextStep::RetryAfter(delay) = next {
        wake_after(engine, delay);
    }
    Ok(())
}

/// Ends a generation without a plan: the plan has failed, its reservation is released, streams are told.
async fn give_up(
    tx: &ServiceTx,
    job: &WorkJob,
    owner: EventOwner,
    seq: i64,
    failure: &Failure,
) -> Result<Vec<LoggedEvent>, StoreError> {
    tx.plans().mark_failed(owner.plan_id).await?;
    tx.quota().release(ReservationKind::Plan, owner.plan_id.0).await?;
    let event = PlanEvent::Error(GenerationFailed {
        plan_id: owner.plan_id,
        code: "GENERATION_FAILED".to_owned(),
        message: failure.class.learner_message().to_owned(),
        classification: failure.class,
        retryable: failure.class.is_retryable(),
    });
    let logged = tx.events().append(&owner.row(seq, &event)).await?;
    tx.jobs().fail(job.held(), failure.class.as_str()).await?;
    Ok(vec![logged])
}

/// Puts the job of a stopping process back for another one; the claim does not count.
pub(crate) async fn handed_over(engine: &Engine, begun: &Begun, harvest: &Harvest) -> Result<(), StoreError> {
    engine
        .db
        .service(async |tx| {
            tx.jobs().assert_held(begun.job.held()).await?;
            let failure = Failure::new(FailureClass::Timeout, "worker_stopped");
            tx.attempts().end(begun.id, AttemptStatus::Failure, &attempt_end(begun, harvest, Some(&failure))).await?;
            record_usage(tx, engine, begun, harvest).await?;
            tx.jobs().put_back(begun.job.held(), Duration::ZERO, "worker_stopped", false).await
        })
        .await
}

/// Records what a canceled attempt cost; the plan's state is settled by whoever canceled it.
pub(crate) async fn canceled(engine: &Engine, begun: &Begun, harvest: &Harvest) -> Result<(), StoreError> {
    engine
        .db
        .service(async |tx| {
            if tx.attempts().is_canceled(begun.id).await? {
                record_usage(tx, engine, begun, harvest).await?;
            }
            Ok(())
        })
        .await
}

fn attempt_end(begun: &Begun, harvest: &Harvest, failure: Option<&Failure>) -> AttemptEnd {
    let provider = begun.assignment.entry.provider.as_str();
    let mut metadata = json!({"provider": provider, "requestId": harvest.request_id, "model": harvest.model,
        "bytes": harvest.bytes});
    if let (Some(failure), serde_json::Value::Object(fields)) = (failure, &mut metadata) {
        fields.insert("detail".to_owned(), json!(failure.detail));
        fields.insert("httpStatus".to_owned(), json!(failure.status));
    }
    AttemptEnd {
        classification: failure.map(|failure| failure.class),
        duration_ms: i64::try_from(begun.since.elapsed().as_millis()).unwrap_or(i64::MAX),
        modules_count: i32::try_from(harvest.modules.len()).unwrap_or(i32::MAX),
        tasks_count: i32::try_from(harvest.tasks()).unwrap_or(i32::MAX),
        normalized_effort: harvest.clamped,
        metadata,
    }
}

async fn record_usage(
    tx: &ServiceTx,
    engine: &Engine,
    begun: &Begun,
    harvest: &Harvest,
) -> Result<UsageSummary, StoreError> {
    if !harvest.reached {
        return Ok(UsageSummary::default());
    }
    let entry = &begun.assignment.entry;
    let (usage, estimated) = harvest.usage(&begun.assignment.brief);
    let cost_microusd = entry.price.cost_microusd(&usage).max(0);
    let generation_id: GenerationId = begun.owner.generation_id;
    let record = UsageRecord {
        plan_id: begun.owner.plan_id,
        user_id: begun.owner.user_id,
        generation_id,
        attempt: begun.number,
        provider: entry.provider.as_str(),
        model: harvest.model.as_deref().unwrap_or(entry.id.as_str()),
        usage,
        price: entry.price,
        cost_microusd,
        estimated,
        request_id: harvest.request_id.as_deref(),
        month: UsageMonth::of(engine.clock.now()).to_string(),
    };
    tx.attempts().record_usage(&record).await?;
    Ok(UsageSummary { input_tokens: usage.input_tokens, output_tokens: usage.output_tokens, cost_microusd, estimated })
}

/// Settles however the attempt ended. A plan that the database refuses has failed: left to its lease, it would be paid for
/// again and refused again.
pub(crate) async fn settle(
    engine: &Arc<Engine>,
    begun: &Begun,
    next_seq: i64,
    end: &End,
    harvest: &Harvest,
) -> Result<(), StoreError> {
    match settle_as(engine, begun, next_seq, end, harvest).await {
        Err(error) if matches!(end, End::Planned) && !error.is_transient() && !matches!(error, StoreError::Fenced) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the plan could not be stored");
            let refused = End::Failed(Failure::new(FailureClass::Validation, "the plan could not be stored"));
            settle_as(engine, begun, next_seq, &refused, harvest).await
        }
        settled => settled,
    }
}

/// Again and again while the database is away: the fence decides who may write.
async fn settle_as(
    engine: &Arc<Engine>,
    begun: &Begun,
    next_seq: i64,
    end: &End,
    harvest: &Harvest,
) -> Result<(), StoreError> {
    use super::engine::Stop;
    let give_up_at = Instant::now() + engine.settings.lease.saturating_mul(2);
    loop {
        let settled = match end {
            End::Planned => planned(engine, begun, next_seq, harvest).await,
            End::Failed(failure) => failed(engine, begun, next_seq, harvest, failure).await,
            End::Stopped(Stop::HandOver) => handed_over(engine, begun, harvest).await,
            End::Stopped(Stop::Fenced) => canceled(engine, begun, harvest).await,
        };
        match settled {
            Err(error) if error.is_transient() && Instant::now() < give_up_at => {
                tracing::warn!(%error, "the settlement waits for the database");
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            // The plan was deleted while its cost was being written; without it the row goes in.
            Err(error) if error.violates("ai_usage_events_plan_id_user_id_fkey") && Instant::now() < give_up_at => {}
            result => return result,
        }
    }
}
