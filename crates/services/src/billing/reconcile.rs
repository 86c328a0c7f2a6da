//! Comparing every account with the payment provider: for events that never came. Called each night by a worker, and by
//! operators.

use super::sync::{Cause, Products, Reading, Written, write};
use super::{Billing, BillingError};
use crate::ids;
use chrono::{DateTime, Days, NaiveTime, TimeDelta, Utc};
use std::collections::HashMap;
use std::time::Duration;
use waymark_domain::billing::{PaidSubscription, ProviderStatus, Subscription, SubscriptionTier};
use waymark_domain::ids::UserId;
use waymark_domain::jobs::JobType;
use waymark_persistence::{Customer, NewJob};

/// Accounts are looked through so many at a time.
const AT_A_TIME: u32 = 500;
/// How long after midnight, UTC, the nightly comparison begins.
const NIGHT: TimeDelta = TimeDelta::minutes(3 * 60 + 20);

/// What somebody has, in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// What was paid for.
    pub tier: SubscriptionTier,
    /// The provider's state; none: there is no subscription.
    pub status: Option<ProviderStatus>,
    /// The provider's key of the subscription.
    pub subscription: Option<String>,
}

impl From<&Subscription> for State {
    fn from(it: &Subscription) -> Self {
        Self { tier: it.tier, status: it.provider_status, subscription: it.subscription_id.clone() }
    }
}

/// Something that is not as the payment provider has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// An account has something else than its customer.
    Account {
        /// Whose.
        user: UserId,
        /// The provider's key.
        customer: String,
        /// What is stored here.
        stored: State,
        /// What the provider has.
        actual: State,
        /// It was made what the provider has.
        mended: bool,
    },
    /// A subscription that lives, of a customer that no account is.
    Orphan {
        /// The provider's key.
        customer: String,
    },
    /// More than one subscription lives, and each is paid.
    PaidTwice {
        /// The provider's key.
        customer: String,
    },
    /// The provider says something that nobody here understands; see the log.
    Unclear {
        /// The provider's key.
        customer: String,
    },
}

/// What a comparison came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Accounts that are customers.
    pub accounts: u64,
    /// Differences found.
    pub differences: u64,
    /// Of those, mended.
    pub mended: u64,
}

/// What the provider has of one customer, from its list.
#[derive(Default)]
struct Listed {
    subscriptions: Vec<PaidSubscription>,
    strange: bool,
}

impl Billing {
    /// Compares every account with the provider's list, and looks again, by itself, at each that seems to differ: the list is
    /// read for minutes, and accounts change meanwhile. With `apply` differences are mended.
    ///
    /// # Errors
    /// [`BillingError::Provider`], [`BillingError::Store`]; what was mended before stays.
    pub async fn reconcile(
        &self,
        apply: bool,
        (actor, subject): (&str, &str),
        mut report: impl FnMut(&Difference) + Send,
    ) -> Result<Reconciled, BillingError> {
        let cause = Cause { actor, subject, kind: None };
        let mut listed = self.list().await?;
        let mut outcome = Reconciled::default();
        let mut note = |difference: Option<Difference>, outcome: &mut Reconciled| {
            if let Some(difference) = difference {
                outcome.differences += 1;
                outcome.mended += u64::from(matches!(difference, Difference::Account { mended: true, .. }));
                report(&difference);
            }
        };
        let mut after = None;
        loop {
            let page = self.engine.db.service(async |tx| tx.billing().customers(after, AT_A_TIME).await).await?;
            for account in &page {
                outcome.accounts += 1;
                let customer = account.customer_id.as_deref().unwrap_or_default();
                let of_theirs = listed.remove(customer).unwrap_or_default();
                if of_theirs.subscriptions.iter().filter(|it| it.status.is_live()).count() > 1 {
                    note(Some(Difference::PaidTwice { customer: customer.to_owned() }), &mut outcome);
                }
                if !agrees(account, &of_theirs, self.engine.clock.now()) {
                    note(self.look(customer, apply, cause).await?, &mut outcome);
                }
            }
            match page.last() {
                Some(last) if page.len() == AT_A_TIME as usize => after = Some(last.user_id),
                _ => break,
            }
        }
        // Customers that no account is: strangers' of old, or ours, whose making was not noted.
        let mut left: Vec<_> = listed
            .into_iter()
            .filter(|(_, of_theirs)| of_theirs.strange || of_theirs.subscriptions.iter().any(|it| it.status.is_live()))
            .map(|(customer, _)| customer)
            .collect();
        left.sort_unstable();
        for customer in left {
            note(self.look(&customer, apply, cause).await?, &mut outcome);
        }
        Ok(outcome)
    }

    /// Everything that was ever bought, by customer.
    async fn list(&self) -> Result<HashMap<String, Listed>, BillingError> {
        let (mut all, mut products) = (HashMap::<String, Listed>::new(), Products::new());
        let mut after: Option<String> = None;
        loop {
            let page = self.till.stripe.subscription_page(after.as_deref()).await?;
            for it in &page.items {
                let understood = self.till.understand(it, &mut products).await?;
                let Some(customer) = it.customer.clone() else {
                    tracing::error!(subscription = it.id, "a subscription without customer; nothing is concluded");
                    continue;
                };
                let of_theirs = all.entry(customer).or_default();
                match understood {
                    Ok(subscription) => of_theirs.subscriptions.push(subscription),
                    Err(_) => of_theirs.strange = true,
                }
            }
            for customer in page.unreadable {
                tracing::error!(customer, "a subscription of the payment provider's cannot be read");
                if let Some(customer) = customer {
                    all.entry(customer).or_default().strange = true;
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Looks at one customer by itself; what differs still is a difference.
    async fn look(&self, customer: &str, apply: bool, cause: Cause<'_>) -> Result<Option<Difference>, BillingError> {
        let numbered = match self.reading(customer).await {
            // One customer must not keep all those behind it from being looked at.
            Err(BillingError::Provider(error)) if !error.is_transient() => {
                tracing::error!(customer, error = &error as &dyn std::error::Error, "a customer cannot be read");
                return Ok(Some(Difference::Unclear { customer: customer.to_owned() }));
            }
            numbered => numbered?,
        };
        let written = self
            .engine
            .db
            .service(async |tx| {
                let written = write(&self.engine, tx, customer, &numbered, cause).await?;
                if apply { Ok(written) } else { Err(Rehearsal::Would(written)) }
            })
            .await;
        let written = match written {
            Ok(written) | Err(Rehearsal::Would(written)) => written,
            Err(Rehearsal::Store(error)) => return Err(error.into()),
        };
        let customer = customer.to_owned();
        Ok(match written {
            Written::Current(change) if change.is_none() => None,
            Written::Current(change) => Some(Difference::Account {
                user: change.user,
                customer,
                stored: State::from(&change.before),
                actual: State::from(&change.after),
                mended: apply,
            }),
            // Somebody is looking at it this moment.
            Written::Older => None,
            Written::Unclear => Some(Difference::Unclear { customer }),
            Written::Nobody => match &numbered.reading {
                Reading::Bought { subscriptions, .. } if subscriptions.iter().any(|it| it.status.is_live()) => {
                    Some(Difference::Orphan { customer })
                }
                Reading::Strange(_) => Some(Difference::Unclear { customer }),
                Reading::Bought { .. } | Reading::Gone => None,
            },
        })
    }
}

/// Whether an account has what the list says.
fn agrees(account: &Customer, listed: &Listed, now: DateTime<Utc>) -> bool {
    !listed.strange && Subscription::of(&listed.subscriptions, now).is_ok_and(|has| has == account.subscription)
}

/// Why a writing was taken back.
enum Rehearsal {
    /// To see only what it would do.
    Would(Written),
    Store(waymark_persistence::StoreError),
}

impl From<waymark_persistence::StoreError> for Rehearsal {
    fn from(error: waymark_persistence::StoreError) -> Self {
        Self::Store(error)
    }
}

/// The comparison of the coming night.
pub(crate) fn nightly(now: DateTime<Utc>) -> NewJob {
    NewJob {
        id: ids::new(),
        plan_id: None,
        user_id: None,
        job_type: JobType::BillingReconcile,
        // In the line of those who do not pay: behind it, it might never have its turn.
        priority: 1,
        max_attempts: 5,
        payload: serde_json::json!({}),
        delay: (next_night(now) - now).to_std().unwrap_or(Duration::ZERO),
    }
}

/// When the coming night's comparison begins.
fn next_night(now: DateTime<Utc>) -> DateTime<Utc> {
    let tonight = now.date_naive().and_time(NaiveTime::MIN).and_utc() + NIGHT;
    if tonight > now { tonight } else { tonight.checked_add_days(Days::new(1)).unwrap_or(tonight) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_night_is_always_ahead_and_at_most_a_day_away() {
        for (now, night) in [
            ("2026-11-23T00:00:00Z", "2026-11-23T03:20:00Z"),
            ("2026-11-23T03:19:59Z", "2026-11-23T03:20:00Z"),
            ("2026-11-23T03:20:00Z", "2026-11-24T03:20:00Z"),
            ("2026-12-31T23:59:59Z", "2027-01-01T03:20:00Z"),
        ] {
            let now: DateTime<Utc> = now.parse().unwrap();
            assert_eq!(next_night(now), night.parse::<DateTime<Utc>>().unwrap());
            assert!(nightly(now).delay > Duration::ZERO && nightly(now).delay <= Duration::from_hours(24));
        }
    }
}
