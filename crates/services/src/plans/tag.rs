//! What tells one state of a plan from another: an entity tag for HTTP, and what a request expects to find.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::hash::{DefaultHasher, Hasher};
use waymark_persistence::PlanText;

/// Names a state of a plan: its version, which edits compare, and a hash of all a reader sees, progress included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanTag {
    /// Grows by one with every edit.
    pub version: i32,
    digest: String,
}

impl PlanTag {
    /// The tag of what was read. The hash is a quick one: it tells states of one plan apart and keeps no secret.
    pub fn of(plan: &PlanText) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(plan.json.as_bytes());
        Self { version: plan.version, digest: format!("{:016x}", hasher.finish()) }
    }

    /// The version of a tag's text; none when it is no tag of a plan.
    pub fn version_of(text: &str) -> Option<i32> {
        let (version, digest) = text.strip_prefix('v')?.split_once('-')?;
        let sound = digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        version.parse().ok().filter(|version| sound && *version > 0)
    }
}

impl fmt::Display for PlanTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}-{}", self.version, self.digest)
    }
}

/// What an edit expects of its plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing: whatever is there is edited.
    #[default]
    None,
    /// One of these versions.
    OneOf(Vec<i32>),
}

impl Precondition {
    /// Whether a plan of this version may be edited.
    pub fn holds(&self, version: i32) -> bool {
        match self {
            Self::None => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_the_version_and_changes_with_what_is_read() {
        let text = |version, json: &str| PlanTag::of(&PlanText { version, json: json.to_owned() });
        let tag = text(7, "{}");
        assert_eq!(PlanTag::version_of(&tag.to_string()), Some(7));
        assert_ne!(tag, text(7, "{ }"));
        assert_ne!(tag.to_string(), text(8, "{}").to_string());
        for other in ["", "v7", "7-0123456789abcdef", "v-0123456789abcdef", "v0-0123456789abcdef", "v7-0123"] {
            assert_eq!(PlanTag::version_of(other), None, "{other}");
        }
    }

    #[test]
    fn an_edit_may_expect_one_of_several_versions_or_none_at_all() {
        assert!(Precondition::None.holds(3));
        assert!(Precondition::OneOf(vec![1, 3]).holds(3));
        assert!(!Precondition::OneOf(vec![]).holds(3));
    }
}
