//! Accepting a plan: one transaction under the account's lock, then the work begins.

use super::{Plans, PlansError, payload_of};
use crate::generation::catalogue::{CatalogueError, Entry as ModelEntry};
use crate::generation::emitter::EventOwner;
use crate::generation::provider::PlanBrief;
use crate::generation::worker;
use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use waymark_domain::accounts::UserCtx;
use waymark_domain::generation::{MAX_ATTEMPTS, ModelId, PlanEvent, PlanStart, capacity};
use waymark_domain::ids::{GenerationId, JobId, PlanId};
use waymark_domain::jobs::JobType;
use waymark_domain::plans::NewPlan;
use waymark_domain::quota::{TierLimits, UsageMonth};
use waymark_persistence::{Account, NewGeneration, NewJob, NewPlanRow, ReservationKind, ServiceTx};

/// A plan that was accepted; its generation runs on, whoever watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreatedPlan {
    /// The plan.
    pub plan_id: PlanId,
    /// Its generation.
    pub generation_id: GenerationId,
}

impl Plans {
    /// Accepts a plan: checks the tier, reserves its place, and stores plan, generation, job and first event together.
    ///
    /// # Errors
    /// [`PlansError::Quota`], [`PlansError::ModelInvalid`], [`PlansError::ModelNotAllowed`], [`PlansError::AccountGone`]
    pub async fn create(&self, ctx: &UserCtx, new: &NewPlan) -> Result<CreatedPlan, PlansError> {
        let created = CreatedPlan { plan_id: crate::ids::new(), generation_id: crate::ids::new() };
        let job: JobId = crate::ids::new();
        let limits = self.engine.settings.limits;
        self.engine
            .db
            .service(async |tx| {
                let account = tx.accounts().lock(ctx.user_id).await?.ok_or(PlansError::AccountGone)?;
                let tier = limits.of(account.tier);
                let entry = self.model(new, &account, tier)?;
                self.reserve(tx, &account, tier, new, created.plan_id).await?;
                self.store(tx, &account, new, &entry, created).await?;
                let job = NewJob {
                    id: job,
                    plan_id: created.plan_id,
                    user_id: account.id,
                    job_type: JobType::PlanGeneration,
                    priority: tier.job_priority,
                    max_attempts: i32::try_from(MAX_ATTEMPTS).unwrap_or(i32::MAX),
                    payload: payload_of(created.generation_id),
                };
                Ok::<_, PlansError>(tx.jobs().enqueue(&job).await?)
            })
            .await?;
        // Not awaited: the answer does not wait for the claim, and the first event is in the log already.
        let engine = std::sync::Arc::clone(&self.engine);
        self.engine.tasks.spawn(async move { worker::claim_own(&engine, job).await });
        Ok(created)
    }

    fn model(&self, new: &NewPlan, account: &Account, tier: &TierLimits) -> Result<ModelEntry, PlansError> {
        let preferred = account.preferred_model.as_deref().and_then(|id| ModelId::parse(id).ok());
        let requested = new.model.as_ref();
        match self.engine.catalogue.resolve(requested, preferred.as_ref(), tier.models) {
            Ok(entry) => Ok(entry.clone()),
            Err(CatalogueError::Invalid) => Err(PlansError::ModelInvalid),
            Err(CatalogueError::NotAllowedForTier) => Err(PlansError::ModelNotAllowed),
        }
    }

    async fn reserve(
        &self,
        tx: &ServiceTx,
        account: &Account,
        tier: &TierLimits,
        new: &NewPlan,
        plan: PlanId,
    ) -> Result<(), PlansError> {
        let now = self.engine.clock.now();
        let month = UsageMonth::of(now).to_string();
        tier.admit_duration(&new.dates)?;
        self.admit_rate(tx, account, now).await?;
        tier.admit_plan(tx.quota().active_plans(account.id).await?)?;
        tier.admit_spend(tx.quota().ai_spend(account.id, &month).await?)?;
        let expires_at = now + Duration::hours(24);
        Ok(tx.quota().reserve(ReservationKind::Plan, account.id, plan.0, &month, expires_at).await?)
    }

    /// Generations cost money, so their hourly limit is counted in the ledger, under the account's lock: it holds across
    /// processes, and deleting plans does not reset it.
    async fn admit_rate(&self, tx: &ServiceTx, account: &Account, now: DateTime<Utc>) -> Result<(), PlansError> {
        let Some(limit) = self.engine.settings.hourly_generations else { return Ok(()) };
        let hour = Duration::hours(1);
        let (started, oldest) = tx.quota().started_since(account.id, now - hour).await?;
        if started < limit {
            return Ok(());
        }
        let wait = oldest.map_or(hour, |oldest| oldest + hour - now).max(Duration::seconds(1));
        Err(PlansError::RateLimited { limit, retry_after: wait.to_std().unwrap_or_default() })
    }

    async fn store(
        &self,
        tx: &ServiceTx,
        account: &Account,
        new: &NewPlan,
        entry: &ModelEntry,
        created: CreatedPlan,
    ) -> Result<(), PlansError> {
        let row = NewPlanRow {
            id: created.plan_id,
            user_id: account.id,
            topic: new.topic.as_str(),
            notes: new.notes.as_ref().map(waymark_domain::plans::Notes::as_str),
            skill_level: new.skill_level,
            learning_style: new.learning_style,
            weekly_hours: new.weekly_hours.get(),
            start_date: new.dates.start(),
            deadline_date: new.dates.deadline(),
        };
        tx.plans().insert(&row).await?;
        let brief = brief(new);
        let generation = NewGeneration {
            id: created.generation_id,
            plan_id: created.plan_id,
            user_id: account.id,
            kind: "initial",
            model: entry.id.as_str(),
            prompt: json!(brief),
            parameters: json!({ "taskCapacity": brief.task_capacity, "provider": entry.provider }),
        };
        tx.generations().insert(&generation).await?;
        let owner = EventOwner { plan_id: created.plan_id, user_id: account.id, generation_id: created.generation_id };
        tx.events().append(&owner.row(1, &PlanEvent::PlanStart(plan_start(new, entry, created.plan_id)))).await?;
        Ok(())
    }
}

fn brief(new: &NewPlan) -> PlanBrief {
    PlanBrief {
        topic: new.topic.as_str().to_owned(),
        notes: new.notes.as_ref().map(|notes| notes.as_str().to_owned()),
        skill_level: new.skill_level,
        learning_style: new.learning_style,
        weekly_hours: new.weekly_hours.get(),
        start_date: new.dates.start(),
        deadline_date: new.dates.deadline(),
        task_capacity: Some(capacity(new.weekly_hours, &new.dates, new.skill_level)),
    }
}

fn plan_start(new: &NewPlan, entry: &ModelEntry, plan_id: PlanId) -> PlanStart {
    PlanStart {
        plan_id,
        attempt: 1,
        topic: new.topic.as_str().to_owned(),
        skill_level: new.skill_level,
        learning_style: new.learning_style,
        weekly_hours: new.weekly_hours.get(),
        start_date: new.dates.start(),
        deadline_date: new.dates.deadline(),
        model: entry.id.clone(),
    }
}
