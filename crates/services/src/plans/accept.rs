//! Accepting a generation, whatever it is to its plan: limits, reservations, generation, first event and job. The caller
//! holds the account's lock, under which everything counted here is exact.

use super::once::After;
use super::{CreatedPlan, Plans, PlansError, payload_of};
use crate::generation::catalogue::{CatalogueError, Entry as ModelEntry};
use crate::generation::emitter::EventOwner;
use crate::generation::prompt::upper_estimate;
use crate::generation::provider::PlanBrief;
use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use waymark_domain::generation::{GenerationKind, MAX_ATTEMPTS, ModelId, PlanEvent, PlanStart};
use waymark_domain::ids::{GenerationId, JobId, PlanId};
use waymark_domain::jobs::JobType;
use waymark_domain::plans::PlanInput;
use waymark_domain::quota::{TierLimits, UsageMonth};
use waymark_persistence::{Account, NewGeneration, NewJob, ReservationKind, ServiceTx};

/// A reservation whose generation has not ended by then is looked at by the sweeper.
const RESERVED_FOR: Duration = Duration::hours(24);

/// What is reserved for a generation, and under which subject.
pub(crate) const fn reservation(
    kind: GenerationKind,
    plan: PlanId,
    generation: GenerationId,
) -> (ReservationKind, uuid::Uuid) {
    match kind {
        GenerationKind::Initial => (ReservationKind::Plan, plan.0),
        GenerationKind::Retry => (ReservationKind::Plan, generation.0),
        GenerationKind::Regeneration => (ReservationKind::Regeneration, generation.0),
    }
}

/// Who asks, and what they may.
pub(super) struct Asker<'a> {
    pub account: &'a Account,
    pub tier: &'a TierLimits,
    /// Whether the hourly limit holds; an operator's second try is not the learner's doing.
    pub hourly: bool,
}

/// A generation about to be accepted.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub kind: GenerationKind,
    pub plan_id: PlanId,
    pub brief: &'a PlanBrief,
    /// Which of the plan's inputs the brief has anew.
    pub overridden: &'a [PlanInput],
    pub entry: &'a ModelEntry,
}

impl Plans {
    /// The model to ask: the one requested, else the first of `wishes` that the tier may use, else the default.
    pub(super) fn model(
        &self,
        requested: Option<&ModelId>,
        wishes: [Option<&str>; 2],
        tier: &TierLimits,
    ) -> Result<ModelEntry, PlansError> {
        let wish = |wish: &str| {
            let id = ModelId::parse(wish).ok()?;
            self.engine.catalogue.resolve(Some(&id), None, tier.models).ok().cloned()
        };
        if requested.is_none()
            && let Some(entry) = wishes.into_iter().flatten().find_map(wish)
        {
            return Ok(entry);
        }
        match self.engine.catalogue.resolve(requested, None, tier.models) {
            Ok(entry) => Ok(entry.clone()),
            Err(CatalogueError::Invalid) => Err(PlansError::ModelInvalid),
            Err(CatalogueError::NotAllowedForTier) => Err(PlansError::ModelNotAllowed),
        }
    }

    /// Checks the learner's limits and reserves what the generation takes of them.
    pub(super) async fn reserve(
        &self,
        tx: &ServiceTx,
        asker: &Asker<'_>,
        request: &Request<'_>,
        generation: GenerationId,
    ) -> Result<(), PlansError> {
        let (now, user) = (self.engine.clock.now(), asker.account.id);
        let month = UsageMonth::of(now).to_string();
        if asker.hourly {
            self.admit_rate(tx, asker.account, now).await?;
        }
        match request.kind {
            GenerationKind::Initial | GenerationKind::Retry => {
                asker.tier.admit_plan(tx.quota().active_plans(user).await?)?;
            }
            GenerationKind::Regeneration => {
                asker.tier.admit_regeneration(tx.quota().regenerations(user, &month).await?)?;
            }
        }
        let estimate = upper_estimate(request.brief, &request.entry.price);
        // In this order: what settles between the two reads is then counted twice, never not at all.
        let reserved = tx.quota().reserved_spend(user).await?;
        let committed = reserved + tx.quota().ai_spend(user, &month).await?;
        asker.tier.admit_spend(committed, estimate)?;
        let (kind, subject) = reservation(request.kind, request.plan_id, generation);
        tx.quota().reserve(kind, user, subject, &month, now + RESERVED_FOR).await?;
        if estimate > 0 {
            tx.quota().reserve_spend(user, generation, &month, estimate, now + RESERVED_FOR).await?;
        }
        Ok(())
    }

    /// Generations cost money, so their hourly limit is counted in the ledger, under the account's lock: it holds across
    /// processes, and deleting plans does not reset it.
    pub(super) async fn admit_rate(
        &self,
        tx: &ServiceTx,
        account: &Account,
        now: DateTime<Utc>,
    ) -> Result<(), PlansError> {
        let Some(limit) = self.engine.settings.hourly_generations else { return Ok(()) };
        let hour = Duration::hours(1);
        let (started, oldest) = tx.quota().started_since(account.id, now - hour).await?;
        if started < limit {
            return Ok(());
        }
        let wait = oldest.map_or(hour, |oldest| oldest + hour - now).max(Duration::seconds(1));
        Err(PlansError::RateLimited { limit, retry_after: wait.to_std().unwrap_or_default() })
    }

    /// Stores an admitted generation with its first event and its job. The plan's row is there, and locked or new.
    pub(super) async fn start(
        &self,
        tx: &ServiceTx,
        asker: &Asker<'_>,
        request: &Request<'_>,
        generation_id: GenerationId,
    ) -> Result<(CreatedPlan, After), PlansError> {
        let (plan_id, user_id) = (request.plan_id, asker.account.id);
        let generation = NewGeneration {
            id: generation_id,
            plan_id,
            user_id,
            kind: request.kind,
            model: request.entry.id.as_str(),
            prompt: json!(request.brief),
            parameters: json!({
                "taskCapacity": request.brief.task_capacity,
                "provider": request.entry.provider,
                "overridden": request.overridden,
            }),
        };
        tx.generations().insert(&generation).await?;
        let job_id: JobId = crate::ids::new();
        let job = NewJob {
            id: job_id,
            plan_id: Some(plan_id),
            user_id: Some(user_id),
            job_type: match request.kind {
                GenerationKind::Initial | GenerationKind::Retry => JobType::PlanGeneration,
                GenerationKind::Regeneration => JobType::PlanRegeneration,
            },
            priority: asker.tier.job_priority,
            max_attempts: i32::try_from(MAX_ATTEMPTS).unwrap_or(i32::MAX),
            payload: payload_of(generation_id),
            delay: std::time::Duration::ZERO,
        };
        match tx.jobs().enqueue(&job).await {
            Err(error) if error.violates("job_queue_plan_id_key") => return Err(PlansError::GenerationRunning),
            enqueued => enqueued?,
        }
        let owner = EventOwner { plan_id, user_id, generation_id };
        let seq = tx.events().last_seq(plan_id).await? + 1;
        let event = tx.events().append(&owner.row(seq, &plan_start(request))).await?;
        let created = CreatedPlan { plan_id, generation_id };
        Ok((created, After { accepted: Some(job_id), revoked: None, events: vec![event] }))
    }
}

fn plan_start(request: &Request<'_>) -> PlanEvent {
    let brief = request.brief;
    PlanEvent::PlanStart(PlanStart {
        plan_id: request.plan_id,
        attempt: 1,
        topic: brief.topic.clone(),
        skill_level: brief.skill_level,
        learning_style: brief.learning_style,
        weekly_hours: brief.weekly_hours,
        start_date: brief.start_date,
        deadline_date: brief.deadline_date,
        model: request.entry.id.clone(),
    })
}
