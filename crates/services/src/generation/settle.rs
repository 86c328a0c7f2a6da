//! The transactions around an attempt: begin it, settle a plan, settle a failure, hand a job over. Each asserts the fence
//! first; none spans a call to the outside.

mod record;

use super::attempt::{Assignment, End, Failure, Harvest};
use super::catalogue::Entry as ModelEntry;
use super::emitter::EventOwner;
use super::engine::{Engine, Stop, wake_after};
use super::provider::PlanBrief;
use crate::plans::reservation;
use record::{attempt_end, record_usage};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;
use waymark_domain::generation::{
    AttemptRestart, AttemptStatus, Complete, DraftModule, FailureClass, GenerationFailed, GenerationKind, NextStep,
    PlanEvent, UsageSummary, after_failure, trim_keeping,
};
use waymark_domain::ids::{AttemptId, TaskId};
use waymark_domain::plans::{GenerationStatus, PlanInput};
use waymark_domain::quota::UsageMonth;
use waymark_persistence::{
    LoggedEvent, Material, NewAttempt, ReservationKind, ServiceTx, SettledPlan, StoreError, WorkJob,
};

/// An attempt that has begun.
pub(crate) struct Begun {
    pub id: AttemptId,
    pub number: u32,
    pub assignment: Assignment,
    pub owner: EventOwner,
    pub last_seq: i64,
    pub since: Instant,
    pub job: WorkJob,
    /// What the generation is to its plan.
    pub kind: GenerationKind,
    /// The present tasks by the keys the model knows them by; empty but for a regeneration.
    pub keys: HashMap<String, TaskId>,
    /// The keys of those the learner has started, done or pinned.
    pub staying: HashSet<String>,
}

/// What begins, or why nothing does.
pub(crate) enum Beginning {
    Attempt(Box<Begun>),
    /// The generation ended here: its attempts are used up, or nothing can be made of it.
    Over(Vec<LoggedEvent>),
}

/// Begins the next attempt of a claimed job under `id`: what a dead worker left is closed with its cost, and streams are
/// told to forget it.
pub(crate) async fn begin(
    engine: &Engine,
    job: WorkJob,
    owner: EventOwner,
    id: AttemptId,
) -> Result<Beginning, StoreError> {
    engine
        .db
        .service(async |tx| {
            tx.jobs().assert_held(job.held()).await?;
            let generation = owner.generation_id;
            let lost = tx.attempts().abandon(generation, FailureClass::Timeout, "worker_lost").await?;
            for attempt in &lost {
                tx.costs().estimate_attempt(*attempt).await?;
            }
            let mut last_seq = tx.events().last_seq(owner.plan_id).await?;
            let previous = tx.attempts().last_number(generation).await?;
            let number = previous + 1;
            let material = tx.generations().material(generation).await?;
            let kind = material.as_ref().map_or(GenerationKind::Initial, |material| material.kind);
            let over = async |failure: Failure| {
                let ending = Ending { job: &job, owner, kind };
                Ok(Beginning::Over(give_up(tx, ending, &failure).await?))
            };
            let Some(mut assignment) = material.and_then(|material| assignment(engine, owner, &material)) else {
                return over(Failure::new(FailureClass::Validation, "the model is not set up any more")).await;
            };
            if job.attempts > job.max_attempts {
                return over(Failure::new(FailureClass::Timeout, "every worker that tried was lost")).await;
            }
            if previous > 0 && !affordable(engine, tx, owner).await? {
                return over(Failure::new(FailureClass::Capped, "the month's AI budget is used up")).await;
            }
            let mut keys = HashMap::new();
            if kind == GenerationKind::Regeneration {
                // Read anew for each attempt: the learner may have gone on meanwhile.
                let present = tx.plans().snapshot(owner.plan_id).await?.ok_or(StoreError::Fenced)?;
                keys = super::lineage::present(&present, &mut assignment.brief);
            }
            tx.attempts().begin(&new_attempt(id, number, owner, &assignment)).await?;
            if previous > 0 {
                last_seq += 1;
                let reason =
                    if lost.is_empty() { tx.jobs().last_error(job.id).await? } else { "worker_lost".to_owned() };
                let restart = AttemptRestart { plan_id: owner.plan_id, attempt: number, reason };
                tx.events().append(&owner.row(last_seq, &PlanEvent::AttemptRestart(restart))).await?;
            }
            crate::crash::point("begin.before_commit");
            let (since, job) = (Instant::now(), job.clone());
            let staying = super::lineage::staying(&assignment.brief);
            let begun = Begun { id, number, assignment, owner, last_seq, since, job, kind, keys, staying };
            Ok(Beginning::Attempt(Box::new(begun)))
        })
        .await
}

fn assignment(engine: &Engine, owner: EventOwner, material: &Material) -> Option<Assignment> {
    let id = waymark_domain::generation::ModelId::parse(&material.model).ok()?;
    let entry: ModelEntry = engine.catalogue.find(&id)?.clone();
    engine.providers.of(&entry)?;
    let brief: PlanBrief = serde_json::from_value(material.prompt.clone()).ok()?;
    let overridden = material.parameters.get("overridden").cloned();
    // A generation that was accepted by an older program does not say.
    let overridden = overridden.map_or_else(|| Ok(PlanInput::ALL.to_vec()), serde_json::from_value).ok()?;
    Some(Assignment { plan_id: owner.plan_id, brief, overridden, entry })
}

/// Whether the month's budget still holds what this learner's generations may cost: a first attempt was admitted with its
/// estimate reserved, but each further one may cost as much again.
async fn affordable(engine: &Engine, tx: &ServiceTx, owner: EventOwner) -> Result<bool, StoreError> {
    let month = UsageMonth::of(engine.clock.now()).to_string();
    let Some(tier) = tx.accounts().tier(owner.user_id).await? else { return Ok(false) };
    let reserved = tx.quota().reserved_spend(owner.user_id).await?;
    let spent = tx.quota().ai_spend(owner.user_id, &month).await?;
    Ok(reserved == 0 || engine.settings.limits.of(tier).admit_spend(spent, reserved).is_ok())
}

fn new_attempt(id: AttemptId, number: u32, owner: EventOwner, assignment: &Assignment) -> NewAttempt {
    let entry = &assignment.entry;
    NewAttempt {
        id,
        plan_id: owner.plan_id,
        user_id: owner.user_id,
        generation_id: owner.generation_id,
        number,
        prompt_hash: super::prompt::prompt_hash(&assignment.brief, &entry.id),
        metadata: json!({"provider": entry.provider, "model": entry.id, "price": entry.price,
            "promptChars": super::prompt::prompt_chars(&assignment.brief)}),
    }
}

/// Settles an attempt that made a plan: tree, plan, attempt, cost, quota, job and event in one transaction.
pub(crate) async fn planned(engine: &Engine, begun: &Begun, harvest: &Harvest) -> Result<(), StoreError> {
    let mut modules = harvest.modules.clone();
    let trimmed = begun.assignment.brief.task_capacity.map_or(0, |capacity| {
        trim_keeping(&mut modules, capacity, |task| task.key.as_ref().is_some_and(|key| begun.staying.contains(key)))
    });
    let logged = engine
        .db
        .service(async |tx| {
            let owner = begun.owner;
            tx.jobs().assert_held(begun.job.held()).await?;
            let size = store(tx, begun, &modules).await?;
            let end = attempt_end(begun, harvest, None);
            tx.attempts().end(begun.id, AttemptStatus::Success, &end).await?;
            // The month it was accepted in before the month it was paid in: counters are locked from the oldest on.
            let (reserved, subject) = reservation(begun.kind, owner.plan_id, owner.generation_id);
            tx.quota().settle(reserved, subject).await?;
            tx.quota().release(ReservationKind::AiSpend, owner.generation_id.0).await?;
            let usage = record_usage(tx, engine, begun, harvest).await?;
            let complete = complete(begun, size, trimmed, usage);
            let summary = json!({"modules": complete.modules_count, "tasks": complete.tasks_count,
                "tasksTrimmed": trimmed, "attempts": begun.number, "durationMs": complete.duration_ms});
            tx.generations().summarise(owner.generation_id, summary.clone()).await?;
            let seq = tx.events().last_seq(owner.plan_id).await? + 1;
            let event = owner.row(seq, &PlanEvent::Complete(complete));
            let logged = tx.events().append(&event).await?;
            tx.jobs().complete(begun.job.held(), summary).await?;
            crate::crash::point("planned.before_commit");
            Ok::<_, StoreError>(logged)
        })
        .await?;
    crate::crash::point("planned.after_commit");
    engine.hub.publish(vec![logged]);
    Ok(())
}

/// Stores what the model made: a first tree, or a new version merged with what the learner has. Returns how many modules
/// and tasks the plan has then.
async fn store(tx: &ServiceTx, begun: &Begun, modules: &[DraftModule]) -> Result<(usize, usize), StoreError> {
    let owner = begun.owner;
    if begun.kind == GenerationKind::Regeneration {
        return super::lineage::replace(tx, owner, &begun.assignment, modules, &begun.keys).await;
    }
    let plan = SettledPlan { id: owner.plan_id, user_id: owner.user_id, modules };
    tx.plans().store_tree(&plan, crate::ids::new::<Uuid>).await?;
    tx.plans().mark_ready(owner.plan_id).await?;
    Ok((modules.len(), modules.iter().map(|module| module.tasks.len()).sum()))
}

fn complete(begun: &Begun, (modules, tasks): (usize, usize), trimmed: u32, usage: UsageSummary) -> Complete {
    Complete {
        plan_id: begun.owner.plan_id,
        modules_count: u32::try_from(modules).unwrap_or(u32::MAX),
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
            crate::crash::point("failed.before_commit");
            match next {
                NextStep::RetryAfter(delay) => {
                    tx.jobs().put_back(begun.job.held(), delay, failure.class.as_str(), true).await?;
                    Ok::<_, StoreError>(Vec::new())
                }
                NextStep::GiveUp => {
                    let ending = Ending { job: &begun.job, owner: begun.owner, kind: begun.kind };
                    give_up(tx, ending, failure).await
                }
            }
        })
        .await?;
    crate::crash::point("failed.after_commit");
    engine.hub.publish(logged);
    if let NextStep::RetryAfter(delay) = next {
        wake_after(engine, delay);
    }
    Ok(())
}

/// A generation that ends without a plan.
#[derive(Clone, Copy)]
struct Ending<'a> {
    job: &'a WorkJob,
    owner: EventOwner,
    kind: GenerationKind,
}

/// Ends a generation without a plan: its reservations are released and streams are told. A plan that never was ready has
/// failed; one that was to be made anew stays exactly as it is.
async fn give_up(
    tx: &ServiceTx,
    Ending { job, owner, kind }: Ending<'_>,
    failure: &Failure,
) -> Result<Vec<LoggedEvent>, StoreError> {
    if kind != GenerationKind::Regeneration {
        tx.plans().mark_failed(owner.plan_id).await?;
    }
    let (reserved, subject) = reservation(kind, owner.plan_id, owner.generation_id);
    tx.quota().release(reserved, subject).await?;
    tx.quota().release(ReservationKind::AiSpend, owner.generation_id.0).await?;
    let event = PlanEvent::Error(GenerationFailed {
        plan_id: owner.plan_id,
        code: "GENERATION_FAILED".to_owned(),
        message: failure.class.learner_message().to_owned(),
        classification: failure.class,
        retryable: failure.class.is_retryable(),
    });
    let seq = tx.events().last_seq(owner.plan_id).await? + 1;
    let logged = tx.events().append(&owner.row(seq, &event)).await?;
    tx.jobs().fail(job.held(), failure.class.as_str()).await?;
    Ok(vec![logged])
}

/// Ends a job that does not say what it generates. Each plan has one live job, so that was its newest generation.
pub(crate) async fn unreadable(engine: &Engine, job: &WorkJob) -> Result<Vec<LoggedEvent>, StoreError> {
    let failure = Failure::new(FailureClass::Validation, "the job names no generation");
    engine
        .db
        .service(async |tx| {
            tx.jobs().assert_held(job.held()).await?;
            let Some((owner, kind)) = unsettled(tx, job).await? else {
                tx.jobs().fail(job.held(), failure.class.as_str()).await?;
                return Ok(Vec::new());
            };
            give_up(tx, Ending { job, owner, kind }, &failure).await
        })
        .await
}

/// The newest generation of a job's plan, if it is still to be settled.
async fn unsettled(tx: &ServiceTx, job: &WorkJob) -> Result<Option<(EventOwner, GenerationKind)>, StoreError> {
    let (Some(plan_id), Some(user_id)) = (job.plan_id, job.user_id) else { return Ok(None) };
    let Some(generation_id) = tx.generations().newest(plan_id).await? else { return Ok(None) };
    let Some(material) = tx.generations().material(generation_id).await? else { return Ok(None) };
    let generating = tx.plans().state(plan_id).await?.is_some_and(|plan| plan.status == GenerationStatus::Generating);
    let owner = EventOwner { plan_id, user_id, generation_id };
    Ok((generating || material.kind == GenerationKind::Regeneration).then_some((owner, material.kind)))
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

/// Records what an attempt cost that somebody else has ended: a cancel, or the worker that took over. Theirs was an
/// estimate at best; everything else is settled by them.
pub(crate) async fn canceled(engine: &Engine, begun: &Begun, harvest: &Harvest) -> Result<(), StoreError> {
    crate::crash::point("canceled.before_record");
    engine.db.service(async |tx| record_usage(tx, engine, begun, harvest).await.map(drop)).await
}

/// Settles however the attempt ended. A plan that the database refuses has failed: left to its lease, it would be paid for
/// again and refused again.
pub(crate) async fn settle(
    engine: &Arc<Engine>,
    begun: &Begun,
    end: &End,
    harvest: &Harvest,
) -> Result<(), StoreError> {
    let settled = match settle_as(engine, begun, end, harvest).await {
        Err(error) if matches!(end, End::Planned) && !error.is_transient() && !matches!(error, StoreError::Fenced) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the plan could not be stored");
            let refused = End::Failed(Failure::new(FailureClass::Validation, "the plan could not be stored"));
            settle_as(engine, begun, &refused, harvest).await
        }
        settled => settled,
    };
    if matches!(settled, Err(StoreError::Fenced)) && !matches!(end, End::Stopped(Stop::Fenced)) {
        // It was stopped, or claimed by another worker, since its last event.
        settle_as(engine, begun, &End::Stopped(Stop::Fenced), harvest).await?;
    }
    settled
}

/// Again and again while the database is away: the fence decides who may write.
async fn settle_as(engine: &Arc<Engine>, begun: &Begun, end: &End, harvest: &Harvest) -> Result<(), StoreError> {
    let give_up_at = Instant::now() + engine.settings.lease.saturating_mul(2);
    loop {
        let settled = match end {
            End::Planned => planned(engine, begun, harvest).await,
            End::Failed(failure) => failed(engine, begun, harvest, failure).await,
            End::Stopped(Stop::HandOver) => handed_over(engine, begun, harvest).await,
            End::Stopped(Stop::Fenced) => canceled(engine, begun, harvest).await,
        };
        match settled {
            Err(error) if error.is_transient() && Instant::now() < give_up_at => {
                tracing::warn!(%error, "the settlement waits for the database");
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            // The account was erased, and with it all that there was to settle.
            Err(error) if error.is_ownerless() => return Ok(()),
            // The plan was deleted while its cost was being written; without it the row goes in.
            Err(error) if error.violates("ai_usage_events_plan_id_user_id_fkey") && Instant::now() < give_up_at => {}
            result => return result,
        }
    }
}
