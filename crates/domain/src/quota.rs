//! Limits by tier: the one table of them, and the decisions made from it.

mod month;
mod overrides;

pub use month::{UsageMonth, UsageMonthError};
pub use overrides::LimitOverrideError;

use crate::billing::SubscriptionTier;
use crate::plans::PlanDates;
use chrono::{Days, NaiveDate};
use serde::Serialize;

/// Whether a tier may use every model or the free ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelAccess {
    /// Models that cost nothing.
    FreeOnly,
    /// Every model in the catalogue.
    All,
}

/// What one tier may do. `None` is unlimited (`null` in JSON). The numbers are the product's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TierLimits {
    /// Plans that are ready and counted, or being generated.
    pub active_plans: Option<u32>,
    /// Regenerations in a usage month.
    pub regenerations: Option<u32>,
    /// Exports to integrations in a usage month.
    pub exports: Option<u32>,
    /// The longest plan, in weeks.
    pub plan_weeks: Option<u32>,
    /// What a month's model calls may cost, in micro-USD.
    pub ai_spend_microusd: i64,
    /// Which models may be asked for.
    pub models: ModelAccess,
    /// Priority of the tier's jobs, 0 to 100.
    pub job_priority: i16,
}

/// The limits of every tier; settings may override single numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Tier `free`.
    pub free: TierLimits,
    /// Tier `starter`.
    pub starter: TierLimits,
    /// Tier `pro`.
    pub pro: TierLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            free: TierLimits {
                active_plans: Some(3),
                regenerations: Some(5),
                exports: Some(10),
                plan_weeks: Some(2),
                ai_spend_microusd: 500_000,
                models: ModelAccess::FreeOnly,
                job_priority: 1,
            },
            starter: TierLimits {
                active_plans: Some(10),
                regenerations: Some(10),
                exports: Some(50),
                plan_weeks: Some(8),
                ai_spend_microusd: 2_500_000,
                models: ModelAccess::FreeOnly,
                job_priority: 5,
            },
            pro: TierLimits {
                active_plans: None,
                regenerations: Some(50),
                exports: None,
                plan_weeks: None,
                ai_spend_microusd: 10_000_000,
                models: ModelAccess::All,
                job_priority: 10,
            },
        }
    }
}

/// A refusal by tier, with what the client shows: the limit and what is used of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuotaRefusal {
    /// As many active plans as the tier has.
    #[error("the plan limit of this tier is reached: {used} of {limit} active plans{}", stay(*used, *limit))]
    ActivePlans {
        /// Most active plans.
        limit: u32,
        /// Active plans now.
        used: u32,
    },
    /// Longer than the tier's longest plan.
    #[error("this tier's plans last at most {limit} weeks, this one would last {used}")]
    Duration {
        /// Longest plan, in weeks.
        limit: u32,
        /// Weeks asked for.
        used: u32,
    },
    /// As many regenerations as the tier has in a month.
    #[error("the regeneration limit of this tier is reached: {used} of {limit} this month")]
    Regenerations {
        /// Regenerations a month.
        limit: u32,
        /// Regenerations done or under way.
        used: u32,
    },
    /// The month's AI spend is used up.
    #[error("this month's AI budget is used up: {used} of {limit} micro-USD")]
    Budget {
        /// Micro-USD a month.
        limit: i64,
        /// Micro-USD spent, or reserved for generations under way.
        used: i64,
    },
}

impl Limits {
    /// The limits of `tier`.
    pub const fn of(&self, tier: SubscriptionTier) -> &TierLimits {
        match tier {
            SubscriptionTier::Free => &self.free,
            SubscriptionTier::Starter => &self.starter,
            SubscriptionTier::Pro => &self.pro,
        }
    }
}

/// What becomes of plans beyond the limit, where there are any: a lower tier took effect.
const fn stay(used: u32, limit: u32) -> &'static str {
    if used > limit { "; those that are there stay, and can be worked on" } else { "" }
}

impl TierLimits {
    /// Whether one more active plan fits.
    ///
    /// # Errors
    /// [`QuotaRefusal::ActivePlans`] when `active` has reached the limit.
    pub const fn admit_plan(&self, active: u32) -> Result<(), QuotaRefusal> {
        match self.active_plans {
            Some(limit) if active >= limit => Err(QuotaRefusal::ActivePlans { limit, used: active }),
            _ => Ok(()),
        }
    }

    /// Whether a plan of this length fits.
    ///
    /// # Errors
    /// [`QuotaRefusal::Duration`] when it is longer than the tier's longest plan.
    pub fn admit_duration(&self, dates: &PlanDates) -> Result<(), QuotaRefusal> {
        match self.plan_weeks {
            Some(limit) if dates.days() > limit.saturating_mul(7) => {
                Err(QuotaRefusal::Duration { limit, used: dates.weeks() })
            }
            _ => Ok(()),
        }
    }

    /// The last day that a plan of this tier may have when it begins on `start`; none: any.
    pub fn last_day(&self, start: NaiveDate) -> Option<NaiveDate> {
        start.checked_add_days(Days::new(u64::from(self.plan_weeks?.saturating_mul(7))))
    }

    /// Whether one more regeneration fits, when `used` are done or under way this month.
    ///
    /// # Errors
    /// [`QuotaRefusal::Regenerations`] when `used` has reached the limit.
    pub const fn admit_regeneration(&self, used: u32) -> Result<(), QuotaRefusal> {
        match self.regenerations {
            Some(limit) if used >= limit => Err(QuotaRefusal::Regenerations { limit, used }),
            _ => Ok(()),
        }
    }

    /// Whether a generation of at most `estimate` micro-USD may start when `committed` are spent or reserved this month.
    /// Nothing starts once the limit is reached, not even what is free.
    ///
    /// # Errors
    /// [`QuotaRefusal::Budget`] when it could lead past the month's limit.
    pub const fn admit_spend(&self, committed: i64, estimate: i64) -> Result<(), QuotaRefusal> {
        let limit = self.ai_spend_microusd;
        if committed >= limit || committed.saturating_add(estimate) > limit {
            return Err(QuotaRefusal::Budget { limit, used: committed });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
