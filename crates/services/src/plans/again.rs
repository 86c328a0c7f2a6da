//! Generating a plan anew: another try at one that has failed, or a new version of one that is ready.

use super::accept::{Asker, Request};
use super::once::{After, Done, RequestKey};
use super::{CreatedPlan, Plans, PlansError};
use crate::generation::lineage::present;
use crate::generation::provider::PlanBrief;
use waymark_domain::accounts::UserCtx;
use waymark_domain::generation::{GenerationKind, ModelId, capacity};
use waymark_domain::ids::{GenerationId, PlanId, UserId};
use waymark_domain::plans::{GenerationStatus, Notes, PlanDates, PlanOverrides, Topic, WeeklyHours};
use waymark_persistence::{PlanRow, ServiceTx};

/// What is generated anew, and for whom.
#[derive(Clone, Copy)]
pub(super) struct Anew<'a> {
    pub plan: PlanId,
    pub user: UserId,
    pub kind: GenerationKind,
    pub overrides: &'a PlanOverrides,
    /// Whether the learner asks, whose hourly limit then holds.
    pub hourly: bool,
}

impl Plans {
    /// Another try at a plan that has failed, from what it was asked for with. Its stream goes on in the same log.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::NotFailed`], and those of [`Plans::create`]
    pub async fn retry(
        &self,
        ctx: &UserCtx,
        plan: PlanId,
        model: Option<&ModelId>,
        key: Option<&RequestKey>,
    ) -> Result<Done<CreatedPlan>, PlansError> {
        let overrides = PlanOverrides { model: model.cloned(), ..PlanOverrides::default() };
        let anew = Anew { plan, user: ctx.user_id, kind: GenerationKind::Retry, overrides: &overrides, hourly: true };
        self.once(ctx, key, async |tx| self.anew(tx, anew).await).await
    }

    /// Queues a new version of a plan that is ready. The plan stays as it is until the new version settles; what the
    /// learner has done, and what is pinned, stays then too.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::NotReady`], [`PlansError::GenerationRunning`], [`PlansError::Dates`], and
    /// those of [`Plans::create`]
    pub async fn regenerate(
        &self,
        ctx: &UserCtx,
        plan: PlanId,
        overrides: &PlanOverrides,
        key: Option<&RequestKey>,
    ) -> Result<Done<CreatedPlan>, PlansError> {
        let anew = Anew { plan, user: ctx.user_id, kind: GenerationKind::Regeneration, overrides, hourly: true };
        self.once(ctx, key, async |tx| self.anew(tx, anew).await).await
    }

    pub(super) async fn anew(&self, tx: &ServiceTx, anew: Anew<'_>) -> Result<(CreatedPlan, After), PlansError> {
        let account = tx.accounts().lock(anew.user).await?.ok_or(PlansError::AccountGone)?;
        let row = tx.plans().lock(anew.plan, anew.user).await?.ok_or(PlansError::NotFound)?;
        admit_state(anew.kind, row.status)?;
        if tx.generations().is_running(anew.plan).await? {
            return Err(PlansError::GenerationRunning);
        }
        let tier = self.engine.settings.limits.of(account.tier);
        let last = tx.generations().last_model(anew.plan).await?;
        let wishes = [last.as_deref(), account.preferred_model.as_deref()];
        let entry = self.model(anew.overrides.model.as_ref(), wishes, tier)?;
        let dates = self.dates(&row, anew.overrides)?;
        tier.admit_duration(&dates)?;
        let brief = brief(&row, anew.overrides, dates);
        let generation: GenerationId = crate::ids::new();
        let asker = Asker { account: &account, tier, hourly: anew.hourly };
        let overridden = anew.overrides.inputs();
        let request =
            Request { kind: anew.kind, plan_id: anew.plan, brief: &brief, overridden: &overridden, entry: &entry };
        let told = told(tx, &request).await?;
        self.reserve(tx, &asker, &Request { brief: &told, ..request }, generation).await?;
        if anew.kind == GenerationKind::Retry {
            tx.plans().mark_generating(anew.plan).await?;
        }
        self.start(tx, &asker, &request, generation).await
    }

    /// The dates of the new version. What is not overridden stays, also when it lies in the past by now.
    fn dates(&self, row: &PlanRow, overrides: &PlanOverrides) -> Result<PlanDates, PlansError> {
        let now = self.engine.clock.now();
        if overrides.start_date.is_none()
            && overrides.deadline_date.is_none()
            && let Some(stored) =
                row.start_date.zip(row.deadline_date).and_then(|(start, end)| PlanDates::stored(start, end))
        {
            return Ok(stored);
        }
        let (start, deadline) = (overrides.start_date, overrides.deadline_date);
        PlanDates::overridden(start, deadline, row.start_date, row.deadline_date, now).map_err(PlansError::Dates)
    }
}

/// The brief as the model will be told it, which decides what it may cost. It is not the one to be stored: each attempt reads
/// the present plan anew.
async fn told(tx: &ServiceTx, request: &Request<'_>) -> Result<PlanBrief, PlansError> {
    let mut told = request.brief.clone();
    if request.kind == GenerationKind::Regeneration {
        let plan = tx.plans().snapshot(request.plan_id).await?.ok_or(PlansError::NotFound)?;
        present(&plan, &mut told);
    }
    Ok(told)
}

const fn admit_state(kind: GenerationKind, status: GenerationStatus) -> Result<(), PlansError> {
    match (kind, status) {
        (_, GenerationStatus::Generating) => Err(PlansError::GenerationRunning),
        (GenerationKind::Regeneration, GenerationStatus::Failed) => Err(PlansError::NotReady),
        (GenerationKind::Retry, GenerationStatus::Ready) => Err(PlansError::NotFailed),
        _ => Ok(()),
    }
}

/// The plan's own words with the overrides laid over them.
fn brief(row: &PlanRow, overrides: &PlanOverrides, dates: PlanDates) -> PlanBrief {
    let notes = match &overrides.notes {
        Some(notes) => notes.as_ref().map(|notes| Notes::as_str(notes).to_owned()),
        None => row.notes.clone(),
    };
    let stored = u8::try_from(row.weekly_hours).unwrap_or(u8::MAX);
    let hours = overrides.weekly_hours.map_or(stored, WeeklyHours::get);
    let skill_level = overrides.skill_level.unwrap_or(row.skill_level);
    PlanBrief {
        topic: overrides.topic.as_ref().map_or_else(|| row.topic.clone(), |topic| Topic::as_str(topic).to_owned()),
        notes,
        skill_level,
        learning_style: overrides.learning_style.unwrap_or(row.learning_style),
        weekly_hours: hours,
        start_date: dates.start(),
        deadline_date: dates.deadline(),
        // A plan with no hours at all (the column allows it) has no pace to keep.
        task_capacity: WeeklyHours::parse(i64::from(hours)).ok().map(|hours| capacity(hours, &dates, skill_level)),
        present: Vec::new(),
    }
}
