//! How many requests each class may make, and the setting `RATE_LIMITS` that changes it.

use std::time::Duration;

/// What a limit counts. The numbers are the product's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateClass {
    /// Calls that start a model, per person.
    AiGeneration,
    /// Calls to integrations, per person.
    Integrations,
    /// Beginnings of OAuth flows, per person.
    Oauth,
    /// Checkouts and portals, per person.
    Billing,
    /// Requests that change something, per person.
    Mutations,
    /// Requests that only read, per person.
    Reads,
    /// Probes, per address.
    Health,
    /// Webhooks, per address.
    Webhooks,
    /// The reference, per address.
    Docs,
    /// Anything else without a person, per address.
    Others,
}

impl RateClass {
    /// Every class.
    pub const ALL: [Self; 10] = [
        Self::AiGeneration,
        Self::Integrations,
        Self::Oauth,
        Self::Billing,
        Self::Mutations,
        Self::Reads,
        Self::Health,
        Self::Webhooks,
        Self::Docs,
        Self::Others,
    ];

    /// The spelling in the setting and in `RateLimit-Policy`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AiGeneration => "aiGeneration",
            Self::Integrations => "integrations",
            Self::Oauth => "oauth",
            Self::Billing => "billing",
            Self::Mutations => "mutations",
            Self::Reads => "reads",
            Self::Health => "health",
            Self::Webhooks => "webhooks",
            Self::Docs => "docs",
            Self::Others => "others",
        }
    }

    /// The time over which requests are counted.
    pub const fn window(self) -> Duration {
        match self {
            Self::AiGeneration | Self::Integrations | Self::Oauth => Duration::from_hours(1),
            Self::Billing
            | Self::Mutations
            | Self::Reads
            | Self::Health
            | Self::Webhooks
            | Self::Docs
            | Self::Others => Duration::from_mins(1),
        }
    }

    const fn usual(self) -> u32 {
        match self {
            Self::AiGeneration | Self::Billing => 10,
            Self::Integrations | Self::Docs | Self::Others => 30,
            Self::Oauth => 20,
            Self::Mutations | Self::Health => 60,
            Self::Reads => 120,
            Self::Webhooks => 100,
        }
    }
}

/// Requests each class may make in its window; none is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits([Option<u32>; RateClass::ALL.len()]);

impl Default for RateLimits {
    fn default() -> Self {
        Self(RateClass::ALL.map(|class| Some(class.usual())))
    }
}

impl RateLimits {
    /// No limit at all: load tests.
    pub const fn off() -> Self {
        Self([None; RateClass::ALL.len()])
    }

    /// The usual limits with those that `text` names set anew: `off`, or a list such as `reads=1000,mutations=off`.
    ///
    /// # Errors
    /// Says which entry is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim() == "off" {
            return Ok(Self::off());
        }
        let mut limits = Self::default();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (name, value) =
                entry.split_once('=').ok_or_else(|| format!("{entry:?} is not written class=number"))?;
            let place = RateClass::ALL.iter().zip(&mut limits.0).find(|(class, _)| class.name() == name.trim());
            let (_, place) = place.ok_or_else(|| format!("there is no class {name:?}; expected {}", names()))?;
            *place = match value.trim() {
                "off" => None,
                number => {
                    Some(count(number).ok_or_else(|| format!("{entry}: expected a whole number from 1, or off"))?)
                }
            };
        }
        Ok(limits)
    }

    /// Requests a class may make in its window; none is unlimited.
    pub fn of(&self, class: RateClass) -> Option<u32> {
        RateClass::ALL.iter().zip(self.0).find(|(known, _)| **known == class).and_then(|(_, limit)| limit)
    }
}

fn count(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number > 0)
}

fn names() -> String {
    RateClass::ALL.map(RateClass::name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_limits_are_set_and_all_can_be_off() {
        let limits = RateLimits::parse("reads=1000, mutations=off").unwrap();
        assert_eq!(limits.of(RateClass::Reads), Some(1000));
        assert_eq!(limits.of(RateClass::Mutations), None);
        assert_eq!(limits.of(RateClass::AiGeneration), Some(10));
        assert_eq!(RateLimits::parse(" off ").unwrap(), RateLimits::off());
        assert_eq!(RateLimits::parse("").unwrap(), RateLimits::default());
    }

    #[test]
    fn a_wrong_entry_is_named() {
        assert!(RateLimits::parse("reads").unwrap_err().contains("\"reads\""));
        assert!(RateLimits::parse("speed=9").unwrap_err().contains("aiGeneration"));
        assert!(RateLimits::parse("reads=0").unwrap_err().contains("reads=0"));
    }
}
