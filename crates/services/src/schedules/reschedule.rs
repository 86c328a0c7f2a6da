//! Catching up: what a learner who is behind can do, and doing it. A later end and more hours are the learner's own edit;
//! dropping tasks puts the plan as it was aside first, which only the server may, so it runs as the server for the learner
//! it names.

use super::inputs::inputs;
use super::{Schedules, ready};
use crate::plans::{After, Done, EditRequest, PlanTag, PlansError, Target, editable};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::{PlanId, TaskId};
use waymark_domain::plans::{Merged, MergedModule, MergedTask, PlanSnapshot, SnapshotTask};
use waymark_domain::schedules::{CatchUp, CatchUpKind, CatchUpOption, catch_up, moment};
use waymark_persistence::{NewRevision, PlanInputs, PlanText, Rescheduling, ScheduleSource, ServiceTx};

/// How far behind a learner is, and the ways out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatchUpOffer {
    /// The plan.
    pub plan_id: PlanId,
    /// Its version.
    pub version: i32,
    /// What is behind and what can be done.
    pub catch_up: CatchUp,
}

/// A plan that was rescheduled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rescheduled {
    /// The plan.
    pub plan_id: PlanId,
    /// Its version now.
    pub version: i32,
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
        let engine = &self.plans.engine;
        let read = async |tx: &waymark_persistence::UserTx| {
            tx.schedules().source(id, ctx.user_id).await?.ok_or(PlansError::NotFound)
        };
        let source = engine.db.authenticated(ctx, read).await?;
        ready(&source)?;
        Ok(CatchUpOffer { plan_id: id, version: source.version, catch_up: caught(&source, engine.clock.now()) })
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
        let now = self.plans.engine.clock.now();
        self.plans
            .once_as(ctx, request.key, async |tx| {
                editable(tx, Target::Plan(id), request.expected).await?;
                let source = tx.schedules().source(id, ctx.user_id).await?.ok_or(PlansError::NotFound)?;
                let choice = Choice::of(&source, kind, now)?;
                if choice.catch_up.needed {
                    tx.schedules().reschedule(id, ctx.user_id, choice.rescheduling(now)).await?;
                    tx.plans().grow(id).await?;
                }
                Ok(choice.told(&source, None))
            })
            .await
    }

    async fn drop_tasks(
        &self,
        ctx: &UserCtx,
        id: PlanId,
        request: EditRequest<'_>,
    ) -> Result<Done<Rescheduled>, PlansError> {
        let now = self.plans.engine.clock.now();
        let effect = async |tx: &ServiceTx| {
            tx.plans().lock(id, ctx.user_id).await?.ok_or(PlansError::NotFound)?;
            tx.plans().lock_tree(id).await?;
            let source = tx.schedules().source(id, ctx.user_id).await?.ok_or(PlansError::NotFound)?;
            ready(&source)?;
            if !request.expected.holds(source.version) {
                let unread = PlanText { version: source.version, json: String::new() };
                return Err(PlansError::Changed(PlanTag::of(&unread)));
            }
            let choice = Choice::of(&source, CatchUpKind::Drop, now)?;
            let revision = if choice.catch_up.needed { drop_chosen(tx, ctx, id, &choice, now).await? } else { None };
            Ok((choice.told(&source, revision), After::default()))
        };
        match self.plans.once(ctx, request.key, effect).await {
            // The server's transaction does not read the plan as its learner does, so the tag is made here.
            Err(PlansError::Changed(_)) => Err(PlansError::Changed(self.tag(ctx, id).await?)),
            done => done,
        }
    }

    /// The plan's present tag.
    ///
    /// # Errors
    /// [`PlansError::NotFound`]
    pub async fn tag(&self, ctx: &UserCtx, id: PlanId) -> Result<PlanTag, PlansError> {
        Ok(PlanTag::of(&self.plans.detail(ctx, id).await?))
    }
}

/// What was chosen, out of what there was to choose from.
struct Choice {
    catch_up: CatchUp,
    option: CatchUpOption,
}

impl Choice {
    fn of(source: &ScheduleSource, kind: CatchUpKind, now: DateTime<Utc>) -> Result<Self, PlansError> {
        let catch_up = caught(source, now);
        let option = catch_up.option(kind).cloned().ok_or(PlansError::NotFound)?;
        match option.obstacle {
            Some(obstacle) => Err(PlansError::CannotReschedule(obstacle)),
            None => Ok(Self { catch_up, option }),
        }
    }

    fn rescheduling(&self, now: DateTime<Utc>) -> Rescheduling {
        let CatchUpOption { deadline_date, weekly_hours, .. } = self.option;
        Rescheduling { deadline: deadline_date, weekly_hours, at: moment(now) }
    }

    fn told(self, source: &ScheduleSource, revision: Option<u32>) -> Rescheduled {
        Rescheduled {
            plan_id: source.plan_id,
            version: source.version + i32::from(self.catch_up.needed),
            kind: self.option.kind,
            changed: self.catch_up.needed,
            revision,
            catch_up: self.catch_up,
        }
    }
}

fn caught(source: &ScheduleSource, now: DateTime<Utc>) -> CatchUp {
    let pinned: BTreeSet<TaskId> = source.tasks.iter().filter(|task| task.pinned).map(|task| task.id).collect();
    catch_up(&inputs(source, None), &pinned, now)
}

/// Drops the chosen tasks, if there are any to drop, and lays the rest out anew; the version grows by one. Gives the number
/// of the revision that was put aside.
async fn drop_chosen(
    tx: &ServiceTx,
    ctx: &UserCtx,
    id: PlanId,
    choice: &Choice,
    now: DateTime<Utc>,
) -> Result<Option<u32>, PlansError> {
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
    tx.schedules().reschedule(id, ctx.user_id, choice.rescheduling(now)).await?;
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
