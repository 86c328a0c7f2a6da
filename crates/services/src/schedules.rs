//! Schedules: a plan laid into its learner's weeks, the times they have, and catching up. Called by the HTTP layer, and by
//! whatever shows a plan with its dates.

mod inputs;
mod reschedule;

pub use inputs::TimesOf;
pub use reschedule::{CatchUpOffer, Rescheduled};
pub use waymark_persistence::Times;

use crate::plans::{Done, EditRequest, Edited, Plans, PlansError, Target};
use inputs::{hash, in_force, inputs};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use waymark_domain::accounts::UserCtx;
use waymark_domain::ids::{PlanId, UserId};
use waymark_domain::plans::GenerationStatus;
use waymark_domain::schedules::{Availability, Inputs, Schedule, schedule};
use waymark_persistence::{LockedPlan, NewSchedule, ScheduleSource, UserTx};

/// The use cases around schedules.
#[derive(Clone)]
pub struct Schedules {
    pub(crate) plans: Plans,
}

/// A plan's schedule and the times it is laid into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleView {
    /// The plan.
    pub plan_id: PlanId,
    /// SHA-256 (hex) of everything the schedule was computed from.
    pub inputs_hash: String,
    /// Whose times they are.
    pub times_of: TimesOf,
    /// When there is time.
    pub availability: Availability,
    /// The schedule.
    pub schedule: Schedule,
}

impl Schedules {
    /// A plan's schedule: the stored one as long as nothing has changed that it depends on, else a new one, which is stored.
    /// A time zone that is given takes the place of the one in force.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::NotReady`], [`PlansError::GenerationRunning`]
    pub async fn read(
        &self,
        ctx: &UserCtx,
        id: PlanId,
        timezone: Option<chrono_tz::Tz>,
    ) -> Result<ScheduleView, PlansError> {
        self.plans
            .engine
            .db
            .authenticated(ctx, async |tx| {
                let source = tx.schedules().source(id, ctx.user_id).await?.ok_or(PlansError::NotFound)?;
                ready(&source)?;
                view(tx, ctx.user_id, &source, timezone).await
            })
            .await
    }

    /// Sets a plan's own zone and availability, and gives the schedule that follows. Without one of them the learner's
    /// counts.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::NotReady`], [`PlansError::GenerationRunning`], [`PlansError::Changed`],
    /// [`PlansError::KeyReused`]
    pub async fn set(
        &self,
        ctx: &UserCtx,
        id: PlanId,
        times: &Times,
        request: EditRequest<'_>,
    ) -> Result<Done<Edited<ScheduleView>>, PlansError> {
        let effect = async |tx: &UserTx, plan: &LockedPlan| {
            tx.schedules().set_times(plan.id, times).await?;
            let source = tx.schedules().source(id, ctx.user_id).await?.ok_or(PlansError::NotFound)?;
            view(tx, ctx.user_id, &source, None).await
        };
        self.plans.edit(ctx, Target::Plan(id), request, effect, |_, view| Some(view)).await
    }
}

/// The schedule of a plan in its own times, computed anew. Any plan has one: while it is being made, an empty one.
pub(crate) fn of(source: &ScheduleSource) -> Schedule {
    schedule(&inputs(source, None))
}

/// The stored schedule, or a new one that is stored.
async fn view(
    tx: &UserTx,
    user: UserId,
    source: &ScheduleSource,
    timezone: Option<chrono_tz::Tz>,
) -> Result<ScheduleView, PlansError> {
    let inputs = inputs(source, timezone);
    let inputs_hash = hash(&inputs);
    let schedule = match tx.schedules().stored(source.plan_id, &inputs_hash).await? {
        Some(stored) => stored,
        None => computed(tx, user, source.plan_id, &inputs, &inputs_hash).await?,
    };
    let (times_of, _, _) = in_force(source);
    Ok(ScheduleView { plan_id: source.plan_id, inputs_hash, times_of, availability: inputs.availability, schedule })
}

async fn computed(
    tx: &UserTx,
    user_id: UserId,
    plan_id: PlanId,
    inputs: &Inputs,
    inputs_hash: &str,
) -> Result<Schedule, PlansError> {
    let schedule = schedule(inputs);
    // Deleted since it was read, the plan could not be referred to.
    if !tx.plans().hold(plan_id).await? {
        return Err(PlansError::NotFound);
    }
    let new = NewSchedule {
        id: crate::ids::new::<Uuid>(),
        plan_id,
        user_id,
        inputs_hash,
        schedule: &schedule,
        weekly_hours: inputs.weekly_hours,
        deadline: inputs.deadline,
    };
    tx.schedules().store(&new).await?;
    Ok(schedule)
}

fn ready(source: &ScheduleSource) -> Result<(), PlansError> {
    match source.status {
        GenerationStatus::Ready => Ok(()),
        GenerationStatus::Generating => Err(PlansError::GenerationRunning),
        GenerationStatus::Failed => Err(PlansError::NotReady),
    }
}
