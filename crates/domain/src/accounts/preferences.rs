//! What a person chooses for all their plans. Made by the API, stored with the person.

use crate::generation::ModelId;
use crate::plans::{TextRuleError, Title};
use crate::schedules::Availability;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// A person's name as they like it: 1 to 200 characters after trimming, one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayName(Title);

impl DisplayName {
    /// Trims and checks a name.
    ///
    /// # Errors
    /// Empty, too long, or with control characters.
    pub fn parse(text: &str) -> Result<Self, TextRuleError> {
        Title::parse(text).map(Self)
    }

    /// The trimmed text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// What a person wants to be told of. Whoever sends asks here first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "independent choices, each with a name of its own")]
pub struct Notifications {
    /// A plan is ready, or its generation has failed.
    pub plan_ready: bool,
    /// A session is about to begin.
    pub session_reminders: bool,
    /// The week's progress, and falling behind.
    pub weekly_summary: bool,
    /// News of the product.
    pub product_news: bool,
}

impl Default for Notifications {
    /// What serves the learner's own plans, and no news.
    fn default() -> Self {
        Self { plan_ready: true, session_reminders: true, weekly_summary: true, product_news: false }
    }
}

/// Changes of the choices about notifications; what is none stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsPatch {
    /// A plan is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_ready: Option<bool>,
    /// A session is about to begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_reminders: Option<bool>,
    /// The week's progress.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weekly_summary: Option<bool>,
    /// News of the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_news: Option<bool>,
}

/// Changes of a person's preferences; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PreferencesPatch {
    /// Where they are.
    pub timezone: Option<Tz>,
    /// When they have time; `Some(None)` goes back to the default pattern.
    pub availability: Option<Option<Availability>>,
    /// The model used when a request names none; `Some(None)` goes back to the server's.
    pub preferred_model: Option<Option<ModelId>>,
    /// What to be told of.
    pub notifications: NotificationsPatch,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_that_were_never_made_have_their_defaults_and_a_patch_holds_only_what_is_chosen() {
        let stored: Notifications = serde_json::from_str(r#"{"productNews": true, "forgotten": 1}"#).unwrap();
        assert_eq!(stored, Notifications { product_news: true, ..Notifications::default() });
        let patch = NotificationsPatch { weekly_summary: Some(false), ..NotificationsPatch::default() };
        assert_eq!(serde_json::to_string(&patch).unwrap(), r#"{"weeklySummary":false}"#);
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(DisplayName::parse(" Ada Lovelace ").unwrap().as_str(), "Ada Lovelace");
        assert!(DisplayName::parse("").is_err() && DisplayName::parse("a\nb").is_err());
        assert!(DisplayName::parse(&"x".repeat(201)).is_err());
    }
}
