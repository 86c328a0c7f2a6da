//! Mending one learner's books: only what is proved wrong, in one transaction under the account's lock. The order is the
//! settlements' own, so that neither waits for the other in a circle: plans, their attempts, reservations, the counters from
//! the oldest month on, and last the costs of attempts that nobody has told, in the counter of the month they are paid in (a
//! plan accepted in one month may be paid for in the next). Of plans and reservations only those are taken that nobody else
//! holds, so plans may come a second time after the reservations; counters are waited for.

use super::Quota;
use crate::generation::emitter::EventOwner;
use waymark_domain::generation::{FailureClass, GenerationFailed, PlanEvent};
use waymark_domain::ids::{AttemptId, UserId};
use waymark_persistence::{ServiceTx, StoreError, StuckPlan};

/// Times a repair is tried when the database asks to.
const TRIES: usize = 3;

impl Quota {
    /// Mends one learner's books.
    pub(super) async fn repair(&self, user: UserId) -> Result<(), StoreError> {
        let mut tries = 1;
        loop {
            match self.db.service(async |tx| mend(tx, user).await).await {
                Err(error) if error.is_transient() && tries < TRIES => tries += 1,
                result => return result,
            }
        }
    }
}

async fn mend(tx: &ServiceTx, user: UserId) -> Result<(), StoreError> {
    // Erased meanwhile, books and all.
    let Some(_) = tx.accounts().lock(user).await? else { return Ok(()) };
    let mut lost = Vec::new();
    for plan in tx.ledger().stuck(user).await? {
        lost.extend(fail(tx, user, plan).await?);
    }
    tx.ledger().release_dangling(user).await?;
    tx.ledger().recount_plans(user).await?;
    tx.ledger().recompute(user).await?;
    // Paid for this month, whose counter comes last.
    for attempt in lost {
        tx.costs().estimate_attempt(attempt).await?;
    }
    Ok(())
}

/// Ends a plan that nobody generates any more as a failed generation would, so that its learner can try again; returns the
/// attempts whose cost nobody has told.
async fn fail(
    tx: &ServiceTx,
    user: UserId,
    StuckPlan { plan_id, generation_id }: StuckPlan,
) -> Result<Vec<AttemptId>, StoreError> {
    tx.plans().mark_failed(plan_id).await?;
    let Some(generation_id) = generation_id else { return Ok(Vec::new()) };
    let class = FailureClass::Timeout;
    let lost = tx.attempts().abandon(generation_id, class, "job_lost").await?;
    let owner = EventOwner { plan_id, user_id: user, generation_id };
    let event = PlanEvent::Error(GenerationFailed {
        plan_id,
        code: "GENERATION_FAILED".to_owned(),
        message: class.learner_message().to_owned(),
        classification: class,
        retryable: class.is_retryable(),
    });
    let seq = tx.events().last_seq(plan_id).await? + 1;
    tx.events().append(&owner.row(seq, &event)).await?;
    Ok(lost)
}
