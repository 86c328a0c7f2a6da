//! What a learner changes about a plan when having it generated anew. Made by the API, applied by the services.

use super::{LearningStyle, Notes, SkillLevel, Topic, WeeklyHours};
use crate::generation::ModelId;
use chrono::NaiveDate;

/// Changes for a new generation of a plan; what is none stays as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanOverrides {
    /// What to learn.
    pub topic: Option<Topic>,
    /// What else the learner wants said to the model; `Some(None)` takes the stored notes away.
    pub notes: Option<Option<Notes>>,
    /// What the learner knows already.
    pub skill_level: Option<SkillLevel>,
    /// Hours a week.
    pub weekly_hours: Option<WeeklyHours>,
    /// Preferred kind of material.
    pub learning_style: Option<LearningStyle>,
    /// First day; checked against the stored deadline by [`PlanDates::overridden`](super::PlanDates::overridden).
    pub start_date: Option<NaiveDate>,
    /// Deadline; checked likewise.
    pub deadline_date: Option<NaiveDate>,
    /// The model asked for; none means the preference, then the default.
    pub model: Option<ModelId>,
}
