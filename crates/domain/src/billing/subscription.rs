//! What an account has, from everything that its customer has bought.

use super::{ProviderStatus, SubscriptionStatus, SubscriptionTier};
use chrono::{DateTime, Utc};
use std::cmp::Ordering;

/// One of a customer's subscriptions, as the payment provider has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidSubscription {
    /// The provider's key.
    pub id: String,
    /// The provider's state.
    pub status: ProviderStatus,
    /// What its price buys; none when nobody knows that price.
    pub tier: Option<SubscriptionTier>,
    /// When what is paid for, or billed, ends.
    pub period_end: Option<DateTime<Utc>>,
    /// It ends by then instead of being renewed.
    pub cancels_at_period_end: bool,
    /// When it was made.
    pub created: DateTime<Utc>,
}

impl PaidSubscription {
    /// Whether it grants its tier at some moment from now on.
    fn grants(&self, now: DateTime<Utc>) -> bool {
        match self.status {
            ProviderStatus::Active | ProviderStatus::Trialing => true,
            ProviderStatus::PastDue => self.period_end.is_some_and(|end| now < end),
            _ => false,
        }
    }

    /// The better one for its learner is the greater: what grants something before what does not, the higher tier, paid before
    /// owed, the longer, the younger; the key last, so that no order of arrival ever decides.
    fn compare(&self, other: &Self, now: DateTime<Utc>) -> Ordering {
        let rank = |it: &Self| {
            let paid = matches!(it.status, ProviderStatus::Active | ProviderStatus::Trialing);
            let grants = it.grants(now);
            (
                grants,
                if grants { it.tier } else { None },
                paid,
                it.status.is_live(),
                it.period_end.filter(|_| grants),
                it.created,
            )
        };
        rank(self).cmp(&rank(other)).then_with(|| self.id.cmp(&other.id))
    }
}

/// A subscription that bills for a price nobody knows: nothing may be concluded from it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("subscription {subscription} is for a price that no tier knows")]
pub struct UnknownPrice {
    /// Which one.
    pub subscription: String,
}

/// What an account has: the best of its customer's subscriptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// What was paid for; `free` when nothing that is entitled to anything is there.
    pub tier: SubscriptionTier,
    /// Its state among our four; none when there never was one that began.
    pub status: Option<SubscriptionStatus>,
    /// Its state in the provider's words; none when nothing was ever bought.
    pub provider_status: Option<ProviderStatus>,
    /// The provider's key.
    pub subscription_id: Option<String>,
    /// When what is paid for, or billed, ends.
    pub period_end: Option<DateTime<Utc>>,
    /// It ends by then instead of being renewed.
    pub cancel_at_period_end: bool,
}

impl Default for Subscription {
    fn default() -> Self {
        Self {
            tier: SubscriptionTier::Free,
            status: None,
            provider_status: None,
            subscription_id: None,
            period_end: None,
            cancel_at_period_end: false,
        }
    }
}

impl Subscription {
    /// What an account has whose customer has bought `all`, in any order. An old subscription that ended takes nothing from
    /// one that lives.
    ///
    /// # Errors
    /// [`UnknownPrice`] when one that is entitled to something is for a price that no tier knows.
    pub fn of(all: &[PaidSubscription], now: DateTime<Utc>) -> Result<Self, UnknownPrice> {
        if let Some(unknown) =
            all.iter().filter(|it| it.status.is_entitled() && it.tier.is_none()).min_by_key(|it| &it.id)
        {
            return Err(UnknownPrice { subscription: unknown.id.clone() });
        }
        let Some(best) = all.iter().max_by(|a, b| a.compare(b, now)) else { return Ok(Self::default()) };
        let tier = best.tier.filter(|_| best.status.is_entitled()).unwrap_or(SubscriptionTier::Free);
        Ok(Self {
            tier,
            status: best.status.status(),
            provider_status: Some(best.status),
            subscription_id: Some(best.id.clone()),
            period_end: best.period_end,
            cancel_at_period_end: best.cancels_at_period_end,
        })
    }

    /// The tier whose limits hold at `now`: what was paid for, and in arrears only until the period's end.
    pub fn effective_tier(&self, now: DateTime<Utc>) -> SubscriptionTier {
        let over = self.status == Some(SubscriptionStatus::PastDue) && self.period_end.is_none_or(|end| end <= now);
        if over { SubscriptionTier::Free } else { self.tier }
    }

    /// Whether another checkout would be paid beside it.
    pub fn is_live(&self) -> bool {
        self.provider_status.is_some_and(ProviderStatus::is_live)
    }
}
