//! Texts and numbers a learner types, parsed once at the edge.

use crate::text::{reorders, separates_lines};
use serde::Serialize;

/// Why a text was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextRuleError {
    /// Fewer characters than the rule asks for, after trimming.
    #[error("must have at least {min} characters after trimming, has {actual}")]
    TooShort {
        /// Fewest characters.
        min: usize,
        /// Characters given.
        actual: usize,
    },
    /// More characters than the rule allows.
    #[error("must have at most {max} characters, has {actual}")]
    TooLong {
        /// Most characters.
        max: usize,
        /// Characters given.
        actual: usize,
    },
    /// Control characters, and those that reverse the text around them, have no meaning here and are refused rather than
    /// silently dropped.
    #[error("must not contain control characters")]
    ControlCharacter,
}

/// Trims and checks a text of one line.
pub(super) fn one_line(text: &str, min: usize, max: usize) -> Result<String, TextRuleError> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() || reorders(c) || separates_lines(c)) {
        return Err(TextRuleError::ControlCharacter);
    }
    let actual = text.chars().count();
    if actual < min {
        return Err(TextRuleError::TooShort { min, actual });
    }
    if actual > max {
        return Err(TextRuleError::TooLong { max, actual });
    }
    Ok(text.to_owned())
}

/// Trims and checks a text that may have lines and tabs; a blank one is none.
pub(super) fn free_text(text: &str, max: usize) -> Result<Option<String>, TextRuleError> {
    let text = text.trim();
    if text.chars().any(|c| reorders(c) || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))) {
        return Err(TextRuleError::ControlCharacter);
    }
    let actual = text.chars().count();
    if actual > max {
        return Err(TextRuleError::TooLong { max, actual });
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// What a plan is about: 3 to 200 characters after trimming, one line.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Topic(String);

impl Topic {
    /// Fewest characters after trimming.
    pub const MIN: usize = 3;
    /// Most characters after trimming.
    pub const MAX: usize = 200;

    /// Trims and checks a topic.
    ///
    /// # Errors
    /// Too short, too long, or with control characters.
    pub fn parse(text: &str) -> Result<Self, TextRuleError> {
        one_line(text, Self::MIN, Self::MAX).map(Self)
    }

    /// The trimmed text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Free text for the model: at most 2000 characters, line breaks and tabs allowed, never empty after trimming.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Notes(String);

impl Notes {
    /// Most characters after trimming.
    pub const MAX: usize = 2000;

    /// Trims and checks notes; blank notes are none.
    ///
    /// # Errors
    /// Too long, or with control characters other than line breaks and tabs.
    pub fn parse(text: &str) -> Result<Option<Self>, TextRuleError> {
        Ok(free_text(text, Self::MAX)?.map(Self))
    }

    /// The trimmed text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whole hours a week: 1 to 80 for a generated plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct WeeklyHours(u8);

/// Weekly hours outside 1 to 80.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from {min} to {max}, is {actual}", min = WeeklyHours::MIN, max = WeeklyHours::MAX)]
pub struct WeeklyHoursError {
    /// What was given.
    pub actual: i64,
}

impl WeeklyHours {
    /// Fewest hours a week.
    pub const MIN: u8 = 1;
    /// Most hours a week.
    pub const MAX: u8 = 80;

    /// Checks a number of hours.
    ///
    /// # Errors
    /// Outside 1 to 80.
    pub fn parse(hours: i64) -> Result<Self, WeeklyHoursError> {
        u8::try_from(hours)
            .ok()
            .filter(|hours| (Self::MIN..=Self::MAX).contains(hours))
            .map(Self)
            .ok_or(WeeklyHoursError { actual: hours })
    }

    /// Hours a week.
    pub const fn get(self) -> u8 {
        self.0
    }
}

#[cfg(test)]
mod tests;
