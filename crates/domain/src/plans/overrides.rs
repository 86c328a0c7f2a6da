//! What a learner changes about a plan when having it generated anew. Made by the API, applied by the services.

use super::{LearningStyle, Notes, SkillLevel, Topic, WeeklyHours};
use crate::generation::ModelId;
use chrono::NaiveDate;

closed_enum! {
    /// An input of a plan that a regeneration may override.
    PlanInput {
        Topic = "topic", Notes = "notes", SkillLevel = "skill_level", WeeklyHours = "weekly_hours",
        LearningStyle = "learning_style", StartDate = "start_date", DeadlineDate = "deadline_date"
    }
}

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

impl PlanOverrides {
    /// The inputs that are overridden.
    pub fn inputs(&self) -> Vec<PlanInput> {
        let given = |input: &PlanInput| match input {
            PlanInput::Topic => self.topic.is_some(),
            PlanInput::Notes => self.notes.is_some(),
            PlanInput::SkillLevel => self.skill_level.is_some(),
            PlanInput::WeeklyHours => self.weekly_hours.is_some(),
            PlanInput::LearningStyle => self.learning_style.is_some(),
            PlanInput::StartDate => self.start_date.is_some(),
            PlanInput::DeadlineDate => self.deadline_date.is_some(),
        };
        PlanInput::ALL.iter().copied().filter(given).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_overridden_notes_that_are_taken_away_too() {
        assert_eq!(PlanOverrides::default().inputs(), []);
        let some = PlanOverrides {
            notes: Some(None),
            skill_level: Some(SkillLevel::Advanced),
            deadline_date: Some(NaiveDate::MAX),
            ..PlanOverrides::default()
        };
        assert_eq!(some.inputs(), [PlanInput::Notes, PlanInput::SkillLevel, PlanInput::DeadlineDate]);
        let rest = PlanOverrides {
            topic: Topic::parse("Rust").ok(),
            weekly_hours: WeeklyHours::parse(5).ok(),
            learning_style: Some(LearningStyle::Video),
            start_date: Some(NaiveDate::MIN),
            ..PlanOverrides::default()
        };
        let named = [PlanInput::Topic, PlanInput::WeeklyHours, PlanInput::LearningStyle, PlanInput::StartDate];
        assert_eq!(rest.inputs(), named);
    }
}
