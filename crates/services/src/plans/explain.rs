//! Explaining a task: hold it, reserve what it may cost and mark the call as begun, ask the model, store the answer and
//! settle. No transaction is open while the model writes, and one that has begun is finished whoever waits for it: it is paid for.

mod ask;

use super::once::{After, Done, RequestKey, earlier, keep};
use super::{Plans, PlansError};
use crate::generation::catalogue::Entry as ModelEntry;
use crate::generation::prompt::{explanation_estimate, explanation_usage};
use crate::generation::provider::{ProviderError, TaskBrief};
use ask::Answer;
use chrono::TimeDelta;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;
use waymark_domain::accounts::UserCtx;
use waymark_domain::generation::{Explanation, TokenUsage};
use waymark_domain::ids::{PlanId, TaskId};
use waymark_domain::quota::UsageMonth;
use waymark_persistence::{Account, ExplainableTask, ExplanationCost, ExplanationHold, ServiceTx, StoreError};

/// How much longer than the call itself its hold stands: whoever has not settled by then is lost.
const GRACE: TimeDelta = TimeDelta::minutes(2);

/// Which explanation will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The one that is stored, if there is one.
    Any,
    /// A new one, which takes its place.
    New,
}

/// An explanation that is to be made.
struct Work {
    hold: ExplanationHold,
    plan_id: PlanId,
    task: TaskBrief,
    entry: ModelEntry,
}

enum Begun {
    Stored(Explanation),
    Work(Box<Work>),
}

impl Plans {
    /// An explanation of one of the learner's tasks: the stored one, or one that a model writes now. It counts as a
    /// generation within the hour, and its cost into the month's.
    ///
    /// # Errors
    /// [`PlansError::NotFound`], [`PlansError::ExplanationRunning`], [`PlansError::NotExplained`],
    /// [`PlansError::RateLimited`], [`PlansError::Quota`], [`PlansError::AccountGone`], [`PlansError::KeyReused`]
    pub async fn explain(
        &self,
        ctx: &UserCtx,
        task: TaskId,
        wanted: Wanted,
        key: Option<&RequestKey>,
    ) -> Result<Done<Explanation>, PlansError> {
        if let Some(value) = self.explained_before(ctx, key).await? {
            return Ok(Done { value, replayed: true });
        }
        let work = match self.begin_explanation(ctx, task, wanted).await? {
            Begun::Stored(value) => return self.once(ctx, key, async |_| Ok((value, After::default()))).await,
            Begun::Work(work) => work,
        };
        let (plans, ctx, key) = (self.clone(), ctx.clone(), key.cloned());
        let (tell, told) = oneshot::channel();
        self.engine.tasks.spawn(async move {
            let explained = plans.write_explanation(&ctx, &work, key.as_ref()).await;
            // Nobody may be waiting any more; the next one who asks finds it stored.
            drop(tell.send(explained));
        });
        let value = told.await.unwrap_or_else(|_| Err(ask::stopped().into()))?;
        Ok(Done { value, replayed: false })
    }

    /// The answer to the same request, if it was given before. The key is not claimed by looking: that happens when there is
    /// an answer to store under it.
    async fn explained_before(
        &self,
        ctx: &UserCtx,
        key: Option<&RequestKey>,
    ) -> Result<Option<Explanation>, PlansError> {
        if key.is_none() {
            return Ok(None);
        }
        let now = self.engine.clock.now();
        // The error rolls the claim back.
        let looked = self.engine.db.service(async |tx| {
            let answer = earlier::<_, PlansError>(&tx.idempotency(), ctx.user_id, key, now).await?;
            answer.ok_or(PlansError::NotFound)
        });
        match looked.await {
            Ok(answer) => Ok(Some(answer)),
            Err(PlansError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn begin_explanation(&self, ctx: &UserCtx, task: TaskId, wanted: Wanted) -> Result<Begun, PlansError> {
        self.engine
            .db
            .service(async |tx| {
                let account = tx.accounts().lock(ctx.user_id).await?.ok_or(PlansError::AccountGone)?;
                let found = tx.explanations().task(task, ctx.user_id).await?.ok_or(PlansError::NotFound)?;
                match (wanted, &found.explanation) {
                    (Wanted::Any, Some(explanation)) => Ok(Begun::Stored(explanation.clone())),
                    _ => self.hold_explanation(tx, &account, (task, found), wanted).await,
                }
            })
            .await
    }

    /// Takes the hold, and what the limits leave.
    async fn hold_explanation(
        &self,
        tx: &ServiceTx,
        account: &Account,
        (task_id, found): (TaskId, ExplainableTask),
        wanted: Wanted,
    ) -> Result<Begun, PlansError> {
        let (settings, now) = (&self.engine.settings, self.engine.clock.now());
        let (month, tier) = (UsageMonth::of(now).to_string(), settings.limits.of(account.tier));
        let last = tx.generations().last_model(found.plan_id).await?;
        let entry = self.model(None, [last.as_deref(), account.preferred_model.as_deref()], tier)?;
        let patience = TimeDelta::from_std(settings.timeouts.total).unwrap_or_default() + GRACE;
        let (id, user_id) = (crate::ids::new::<Uuid>(), account.id);
        let hold = ExplanationHold { id, user_id, task_id, expires_at: now + patience };
        let (plan_id, task) = (found.plan_id, brief(found));
        let estimate = explanation_estimate(&task, &entry.price);
        // What is reserved first: a call that settles in between counts twice rather than not at all.
        let reserved = tx.quota().reserved_spend(user_id).await?;
        let committed = reserved + tx.quota().ai_spend(user_id, &month).await?;
        // The hold before the limits: who waits for the same explanation is told that.
        if !tx.explanations().hold(&hold, &month, estimate, now).await? {
            return Err(PlansError::ExplanationRunning);
        }
        // Whoever had the hold may have given it up, with the explanation stored, since the task was read.
        let since = tx.explanations().task(task_id, user_id).await?.and_then(|task| task.explanation);
        if let (Wanted::Any, Some(explanation)) = (wanted, since) {
            tx.explanations().release(&hold).await?;
            return Ok(Begun::Stored(explanation));
        }
        self.admit_rate(tx, account, now).await?;
        tier.admit_spend(committed, estimate)?;
        tx.explanations().count(&hold, &month).await?;
        let work = Work { hold, plan_id, task, entry };
        // Before the call, as an estimate: if this process is lost, what it began to spend is not. The plan cannot vanish
        // meanwhile: who deletes it locks the account too.
        self.record_explanation(tx, &work, &Answer::awaited()).await?;
        Ok(Begun::Work(Box::new(work)))
    }

    /// Asks the model and settles what came of it.
    async fn write_explanation(
        &self,
        ctx: &UserCtx,
        work: &Work,
        key: Option<&RequestKey>,
    ) -> Result<Explanation, PlansError> {
        let mut answer = Answer::default();
        let asked = self.ask(work, &mut answer).await;
        if let Err(error) = &asked {
            tracing::warn!(task = %work.hold.task_id, %error, "a task could not be explained");
        }
        let stored = self.settle_explanation(ctx, work, &answer, asked.as_ref().ok(), key).await?;
        match asked {
            Ok(explanation) if stored => Ok(explanation),
            // Deleted meanwhile.
            Ok(_) => Err(PlansError::NotFound),
            Err(error) => Err(error.into()),
        }
    }

    /// Settles, again and again while the database is away: what was paid for must be written down.
    async fn settle_explanation(
        &self,
        ctx: &UserCtx,
        work: &Work,
        answer: &Answer,
        explanation: Option<&Explanation>,
        key: Option<&RequestKey>,
    ) -> Result<bool, PlansError> {
        let give_up_at = Instant::now() + self.engine.settings.lease.saturating_mul(2);
        loop {
            let settled = self
                .engine
                .db
                .service(async |tx| {
                    let stored = match explanation {
                        Some(explanation) => tx.explanations().store(&work.hold, explanation).await?,
                        None => false,
                    };
                    // In the order of all settlements: the reservation, then the counters.
                    tx.explanations().release(&work.hold).await?;
                    self.record_explanation(tx, work, answer).await?;
                    if let (true, Some(explanation)) = (stored, explanation) {
                        let now = self.engine.clock.now();
                        match earlier::<Explanation, _>(&tx.idempotency(), ctx.user_id, key, now).await {
                            Ok(None) => keep::<_, PlansError>(&tx.idempotency(), ctx.user_id, key, explanation).await?,
                            // Another request took the key meanwhile; what was written is not lost for that.
                            Ok(Some(_)) | Err(PlansError::KeyReused) => {}
                            Err(error) => return Err(error),
                        }
                    }
                    Ok(stored)
                })
                .await;
            match settled {
                Err(PlansError::Store(error)) if again(&error) && Instant::now() < give_up_at => {
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
                // The account was erased, and with it all that there was to settle.
                Err(PlansError::Store(error)) if error.is_ownerless() => return Err(PlansError::AccountGone),
                settled => return settled,
            }
        }
    }

    /// Records what the call cost: what the provider says, else an estimate; nothing if it refused.
    async fn record_explanation(&self, tx: &ServiceTx, work: &Work, answer: &Answer) -> Result<(), StoreError> {
        let (usage, estimated) = match (answer.reached, answer.usage) {
            (true, Some(usage)) => (usage, false),
            (true, None) => (explanation_usage(&work.task, answer.text.chars().count()), true),
            (false, _) => (TokenUsage::default(), false),
        };
        let cost = ExplanationCost {
            hold: work.hold,
            plan_id: work.plan_id,
            provider: work.entry.provider.as_str(),
            model: answer.model.as_deref().unwrap_or(work.entry.id.as_str()),
            usage,
            price: work.entry.price,
            reached: answer.reached,
            estimated,
            request_id: answer.request_id.as_deref(),
            at: self.engine.clock.now(),
        };
        tx.explanations().record(&cost).await
    }
}

/// Whether settling may go better another time: the database is away, or the plan was deleted while its cost was being
/// written; without it the row goes in.
fn again(error: &StoreError) -> bool {
    error.is_transient() || error.violates("ai_usage_events_plan_id_user_id_fkey")
}

fn brief(task: ExplainableTask) -> TaskBrief {
    TaskBrief {
        topic: task.topic,
        skill_level: task.skill_level,
        learning_style: task.learning_style,
        module: task.module,
        title: task.title,
        description: task.description,
        minutes: u32::try_from(task.minutes).unwrap_or(0),
    }
}

impl From<ProviderError> for PlansError {
    fn from(error: ProviderError) -> Self {
        Self::NotExplained { class: error.class, retry_after: error.retry_after }
    }
}
