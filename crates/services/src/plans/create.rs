//! Accepting a new plan: one transaction under the account's lock, then the work begins.

use super::accept::{Asker, Request};
use super::once::{Done, RequestKey};
use super::{Plans, PlansError};
use crate::generation::provider::PlanBrief;
use serde::{Deserialize, Serialize};
use waymark_domain::accounts::UserCtx;
use waymark_domain::generation::{GenerationKind, capacity};
use waymark_domain::ids::{GenerationId, PlanId};
use waymark_domain::plans::{NewPlan, Notes};
use waymark_persistence::NewPlanRow;

/// A generation that was accepted; it runs on, whoever watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
    /// [`PlansError::Quota`], [`PlansError::RateLimited`], [`PlansError::ModelInvalid`], [`PlansError::ModelNotAllowed`],
    /// [`PlansError::AccountGone`], [`PlansError::KeyReused`]
    pub async fn create(
        &self,
        ctx: &UserCtx,
        new: &NewPlan,
        key: Option<&RequestKey>,
    ) -> Result<Done<CreatedPlan>, PlansError> {
        let (plan_id, generation_id): (PlanId, GenerationId) = (crate::ids::new(), crate::ids::new());
        let limits = self.engine.settings.limits;
        self.once(ctx, key, async |tx| {
            let account = tx.accounts().lock(ctx.user_id).await?.ok_or(PlansError::AccountGone)?;
            let tier = limits.of(account.tier);
            let entry = self.model(new.model.as_ref(), [account.preferred_model.as_deref(), None], tier)?;
            tier.admit_duration(&new.dates)?;
            let brief = brief(new);
            let asker = Asker { account: &account, tier, hourly: true };
            let request =
                Request { kind: GenerationKind::Initial, plan_id, brief: &brief, overridden: &[], entry: &entry };
            self.reserve(tx, &asker, &request, generation_id).await?;
            let row = NewPlanRow {
                id: plan_id,
                user_id: account.id,
                topic: new.topic.as_str(),
                notes: new.notes.as_ref().map(Notes::as_str),
                skill_level: new.skill_level,
                learning_style: new.learning_style,
                weekly_hours: new.weekly_hours.get(),
                start_date: new.dates.start(),
                deadline_date: new.dates.deadline(),
            };
            tx.plans().insert(&row).await?;
            self.start(tx, &asker, &request, generation_id).await
        })
        .await
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
        present: Vec::new(),
    }
}
