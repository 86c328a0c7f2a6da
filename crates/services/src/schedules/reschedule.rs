//! Catching up: what a learner who is behind can do, and doing it. A later end and more hours are the learner's own edit;
//! dropping tasks puts the plan as it was aside first, which only the server may, so it runs as the server for the learner
//! it names.

use super::inputs::inputs;
use super::{Schedules, ready};
use crate::plans::{After, Done, EditRequest, PlanTag, PlansError, Precondition, Target, editable};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;
use waymark_domain::accounts::UserCtx;
use waymark_domain::billing::SubscriptionTier;
use waymark_domain::ids::{PlanId, TaskId};
use waymark_domain::plans::{Merged, MergedModule, MergedTask, PlanSnapshot, SnapshotTask};
use waymark_domain::schedules::{CatchUp, CatchUpKind, CatchUpOption, catch_up, moment};
use waymark_persistence::{NewRevision, PlanInputs, Rescheduling, ScheduleSource, ServiceTx, UserTx};

/// How far behind a learner is, and the ways out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatchUpOffer {
    /// The plan.
    pub plan_id: PlanId,
    /// Its state.
    pub tag: PlanTag,
    /// What is behind and what can be done.
    pub catch_up: CatchUp,
}

/// A plan that was rescheduled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rescheduled {
    /// The plan.
    pub plan_id: PlanId,
    /// Its version after that.
    pub version: i32,
    /// Its state after that; none in an answer that an older program stored under an idempotency key.
    #[serde(default)]
    pub tag: Option<PlanTag>,
    /// What was chosen.
    pub kind: CatchUpKind,
    /// Whether anything changed: nothing does when nothing was behind and everything fits.
    pub changed: bool,
    /// The number under which the plan was put aside before tasks were dropped.
    pub revision: Option<u32>,
    /// What was behind, and what could be done.
    pub catch_up: CatchUp,
}

impl Schedules {
    /// How far behind the learner is now, and what they can do. Nothing changes.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::NotReady`], [`PlansError::GenerationRunning`]
    pub async fn offer(&self, ctx: &UserCtx, id: PlanId) -> Result<CatchUpOffer, PlansError> {
        let read = async |tx: &UserTx| {
            // Locked, so that the options and the tag are of one state.
            editable(tx, Target::Plan(id), &Precondition::None).await?;
            let source = tx.schedules().source(id, ctx.user_id).await?.ok_or(PlansError::NotFound)?;
            let catch_up = self.caught(&source, own_tier(tx).await?, self.now());
            Ok(CatchUpOffer { plan_id: id, tag: own_tag(tx, id).await?, catch_up })
        };
        self.plans.engine.db.authenticated(ctx, read).await
    }

    /// Takes one of the ways out, computed for this moment. When nothing is behind and everything fits, nothing changes.
    /// Dropping tasks puts the plan as it was aside as a revision first.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::NotReady`], [`PlansError::GenerationRunning`], [`PlansError::Changed`],
    /// [`PlansError::CannotReschedule`], [`PlansError::KeyReused`]
    pub async fn reschedule(
        &self,
        ctx: &UserCtx,
        id: PlanId,
        kind: CatchUpKind,
        request: EditRequest<'_>,
    ) -> Result<Done<Rescheduled>, PlansError> {
        match kind {
            CatchUpKind::Shift | CatchUpKind::Compress => self.lay_anew(ctx, id, kind, request).await,
            CatchUpKind::Drop => self.drop_tasks(ctx, id, request).await,
        }
    }

    async fn lay_anew(
        &self,
        ctx: &UserCtx,
        id: PlanId,
        kind: CatchUpKind,
        request: EditRequest<'_>,
    ) -> Result<Done<Rescheduled>, PlansError> {
        self.plans
            .once_as(ctx, request.key, async |tx| {
                editable(tx, Target::Plan(id), request.expected).await?;
                let source = tx.schedules().source(id, ctx.user_id).await?.ok_or(PlansError::NotFound)?;
                let choice = self.choice(&source, own_tier(tx).await?, kind)?;
                if choice.catch_up.needed {
                    tx.schedules().reschedule(id, ctx.user_id, choice.rescheduling()).await?;
                    tx.plans().grow(id).await?;
                }
                Ok(choice.told(id, own_tag(tx, id).await?, None))
            })
            .await
    }

    async fn drop_tasks(
        &self,
        ctx: &UserCtx,
        id: PlanId,
        request: EditRequest<'_>,
    ) -> Result<Done<Rescheduled>, PlansError> {
        let effect = async |tx: &ServiceTx| {
            tx.plans().lock(id, ctx.user_id).await?.ok_or(PlansError::NotFound)?;
            tx.plans().lock_tree(id).await?;
            let source = tx.schedules().source(id, ctx.user_id).await?.ok_or(PlansError::NotFound)?;
            ready(&source)?;
            if !request.expected.holds(source.version) {
                return Err(PlansError::Changed(tag_of(tx, ctx, id).await?));
            }
            let tier = tx.accounts().tier(ctx.user_id).await?.ok_or(PlansError::AccountGone)?;
            let choice = self.choice(&source, tier, CatchUpKind::Drop)?;
            let revision = if choice.catch_up.needed { drop_chosen(tx, ctx, id, &choice).await? } else { None };
            Ok((choice.told(id, tag_of(tx, ctx, id).await?, revision), After::default()))
        };
        self.plans.once(ctx, request.key, effect).await
    }

    fn now(&self) -> DateTime<Utc> {
        moment(self.plans.engine.clock.now())
    }

    /// What is chosen of what can be done now. Now is later than the source was read: whatever was completed in it was
    /// completed before.
    fn choice(&self, source: &ScheduleSource, tier: SubscriptionTier, kind: CatchUpKind) -> Result<Choice, PlansError> {
        let at = self.now();
        let catch_up = self.caught(source, tier, at);
        let option = catch_up.option(kind).cloned().ok_or(PlansError::NotFound)?;
        match option.obstacle {
            Some(obstacle) => Err(PlansError::CannotReschedule(obstacle)),
            None => Ok(Choice { catch_up, option, at }),
        }
    }

    fn caught(&self, source: &ScheduleSource, tier: SubscriptionTier, now: DateTime<Utc>) -> CatchUp {
        let pinned: BTreeSet<TaskId> = source.tasks.iter().filter(|task| task.pinned).map(|task| task.id).collect();
        let last_day = self.plans.engine.settings.limits.of(tier).last_day(source.start);
        catch_up(&inputs(source, None), &pinned, last_day, now)
    }
}

async fn own_tier(tx: &UserTx) -> Result<SubscriptionTier, PlansError> {
    Ok(tx.accounts().own().await?.ok_or(PlansError::AccountGone)?.tier)
}

/// The tag of the plan as its learner reads it in this transaction.
async fn own_tag(tx: &UserTx, id: PlanId) -> Result<PlanTag, PlansError> {
    Ok(PlanTag::of(&tx.plans().detail(id).await?.ok_or(PlansError::NotFound)?))
}

/// As [`own_tag`], in a transaction of the server's.
async fn tag_of(tx: &ServiceTx, ctx: &UserCtx, id: PlanId) -> Result<PlanTag, PlansError> {
    Ok(PlanTag::of(&tx.plans().detail(id, ctx.user_id).await?.ok_or(PlansError::NotFound)?))
}

/// What was chosen, out of what there was to choose from.
struct Choice {
    catch_up: CatchUp,
    option: CatchUpOption,
    /// The moment they were computed for.
    at: DateTime<Utc>,
}

impl Choice {
    fn rescheduling(&self) -> Rescheduling {
        let CatchUpOption { deadline_date, weekly_hours, .. } = self.option;
        Rescheduling { deadline: deadline_date, weekly_hours, at: self.at }
    }

    fn told(self, plan_id: PlanId, tag: PlanTag, revision: Option<u32>) -> Rescheduled {
        Rescheduled {
            plan_id,
            version: tag.version,
            tag: Some(tag),
            kind: self.option.kind,
            changed: self.catch_up.needed,
            revision,
            catch_up: self.catch_up,
        }
    }
}

/// Drops the chosen tasks, if there are any to drop, and lays the rest out anew; the version grows by one. Gives the number
/// of the revision that was put aside.
async fn drop_chosen(tx: &ServiceTx, ctx: &UserCtx, id: PlanId, choice: &Choice) -> Result<Option<u32>, PlansError> {
    let present = tx.plans().snapshot(id).await?.ok_or(PlansError::NotFound)?;
    let dropped: BTreeSet<TaskId> = choice.option.dropped_tasks.iter().copied().collect();
    let revision = if dropped.is_empty() {
        None
    } else {
        let put_aside = NewRevision { plan_id: id, user_id: ctx.user_id, snapshot: &present, generation_id: None };
        Some(tx.revisions().add(&put_aside).await?)
    };
    let owner = (id, ctx.user_id);
    tx.plans().apply(owner, &PlanInputs::of(&present), &without(&present, &dropped), crate::ids::new::<Uuid>).await?;
    tx.schedules().reschedule(id, ctx.user_id, choice.rescheduling()).await?;
    Ok(revision)
}

/// The plan with all but the dropped tasks, each where it was. A module that loses its last task goes with it.
fn without(present: &PlanSnapshot, dropped: &BTreeSet<TaskId>) -> Merged {
    let stays = |task: &&SnapshotTask| !dropped.contains(&task.id);
    let left =
        present.modules.iter().filter(|module| module.tasks.is_empty() || module.tasks.iter().any(|t| stays(&t)));
    let modules = left.map(|module| MergedModule {
        id: Some(module.id),
        existing: true,
        title: module.title.clone(),
        description: module.description.clone(),
        minutes: module.estimated_minutes,
        tasks: module.tasks.iter().filter(stays).map(|task| MergedTask::Kept(task.id)).collect(),
    });
    Merged { modules: modules.collect() }
}
