//! Setting single limits apart from the table, as the setting `TIER_LIMITS` does:
//! `free.activePlans=5,pro.aiSpendMicrousd=20000000,starter.exports=null`.

use super::{Limits, ModelAccess, TierLimits};
use crate::billing::SubscriptionTier;

/// Why a text of overrides was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitOverrideError {
    /// An entry without `=`, or a key without `.`.
    #[error("{0:?} is not written tier.limit=value")]
    Shape(String),
    /// No such tier.
    #[error("there is no tier {0:?}; expected free, starter or pro")]
    UnknownTier(String),
    /// No such limit.
    #[error(
        "there is no limit {0:?}; expected activePlans, regenerations, exports, planWeeks, aiSpendMicrousd, models or \
         jobPriority"
    )]
    UnknownLimit(String),
    /// A value that the limit cannot have.
    #[error("{key} cannot be {value:?}; expected {expected}")]
    Value {
        /// The key, with its tier.
        key: String,
        /// What was given.
        value: String,
        /// What the limit takes.
        expected: &'static str,
    },
}

impl Limits {
    /// These limits with the ones that `text` names set anew. Keys are spelled as in JSON; of a key given twice the last
    /// counts; blank text changes nothing.
    ///
    /// # Errors
    /// The first entry that names no limit or gives it an impossible value.
    pub fn with_overrides(mut self, text: &str) -> Result<Self, LimitOverrideError> {
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let shape = || LimitOverrideError::Shape(entry.to_owned());
            let (key, value) = entry.split_once('=').ok_or_else(shape)?;
            let (tier, limit) = key.trim().split_once('.').ok_or_else(shape)?;
            let tier = tier.parse().map_err(|_| LimitOverrideError::UnknownTier(tier.to_owned()))?;
            self.of_mut(tier).set(key.trim(), limit, value.trim())?;
        }
        Ok(self)
    }

    const fn of_mut(&mut self, tier: SubscriptionTier) -> &mut TierLimits {
        match tier {
            SubscriptionTier::Free => &mut self.free,
            SubscriptionTier::Starter => &mut self.starter,
            SubscriptionTier::Pro => &mut self.pro,
        }
    }
}

impl TierLimits {
    fn set(&mut self, key: &str, limit: &str, value: &str) -> Result<(), LimitOverrideError> {
        let wrong = |expected| LimitOverrideError::Value { key: key.to_owned(), value: value.to_owned(), expected };
        match limit {
            "activePlans" => self.active_plans = count(value).map_err(wrong)?,
            "regenerations" => self.regenerations = count(value).map_err(wrong)?,
            "exports" => self.exports = count(value).map_err(wrong)?,
            "planWeeks" => self.plan_weeks = count(value).map_err(wrong)?,
            "aiSpendMicrousd" => {
                let spend = value.parse().ok().filter(|spend| *spend >= 0);
                self.ai_spend_microusd = spend.ok_or_else(|| wrong("whole micro-USD from 0"))?;
            }
            "jobPriority" => {
                let priority = value.parse().ok().filter(|priority| (0..=100).contains(priority));
                self.job_priority = priority.ok_or_else(|| wrong("a whole number from 0 to 100"))?;
            }
            "models" => {
                self.models = match value {
                    "all" => ModelAccess::All,
                    "free_only" => ModelAccess::FreeOnly,
                    _ => return Err(wrong("all or free_only")),
                }
            }
            _ => return Err(LimitOverrideError::UnknownLimit(key.to_owned())),
        }
        Ok(())
    }
}

/// A number of things, or `null` for unlimited.
fn count(value: &str) -> Result<Option<u32>, &'static str> {
    match value {
        "null" => Ok(None),
        number => number.parse().map(Some).map_err(|_| "a whole number from 0, or null for unlimited"),
    }
}
