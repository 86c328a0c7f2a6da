//! A learning plan's vocabulary and the rules its inputs must meet.

mod compare;
mod dates;
mod edits;
mod inputs;
mod merge;
mod order;
mod overrides;
mod proposal;
#[cfg(test)]
mod samples;
mod snapshot;

pub use compare::{ComparedTask, Comparison, compare};
pub use dates::{DEFAULT_PLAN_DAYS, DateRuleError, LONGEST_AHEAD_DAYS, PlanDates};
pub use edits::{
    Description, MOST_MODULES, MOST_TASKS, MinutesError, ModuleMinutes, ModulePatch, NewModule, NewTask, PlanPatch,
    TaskMinutes, TaskPatch, TaskPlace, Title,
};
pub use inputs::{Notes, TextRuleError, Topic, WeeklyHours, WeeklyHoursError};
pub use merge::{Merged, MergedModule, MergedTask, merge};
pub use order::{Order, move_to};
pub use overrides::{PlanInput, PlanOverrides};
pub use proposal::{Proposal, ProposedModule, ProposedTask, proposal_of_drafts, proposal_of_snapshot};
pub use snapshot::{PlanSnapshot, SnapshotLink, SnapshotModule, SnapshotTask};

use crate::generation::ModelId;

closed_enum! {
    /// How much the learner knows already; sets the pace of tasks.
    SkillLevel { Beginner = "beginner", Intermediate = "intermediate", Advanced = "advanced" }
}

closed_enum! {
    /// How the learner likes to learn; shapes tasks and resources.
    LearningStyle { Reading = "reading", Video = "video", Practice = "practice", Mixed = "mixed" }
}

closed_enum! {
    /// What kind of thing a resource's link leads to.
    ResourceType { Youtube = "youtube", Article = "article", Course = "course", Doc = "doc", Other = "other" }
}

closed_enum! {
    /// A task's progress.
    ProgressStatus { NotStarted = "not_started", InProgress = "in_progress", Completed = "completed" }
}

closed_enum! {
    /// A plan's state as clients see it.
    GenerationStatus { Generating = "generating", Ready = "ready", Failed = "failed" }
}

closed_enum! {
    /// Where a plan's content came from.
    PlanOrigin { Ai = "ai", Template = "template", Manual = "manual" }
}

/// A checked request for a new plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlan {
    /// What to learn.
    pub topic: Topic,
    /// What else the learner wants said to the model.
    pub notes: Option<Notes>,
    /// What the learner knows already.
    pub skill_level: SkillLevel,
    /// Hours a week.
    pub weekly_hours: WeeklyHours,
    /// Preferred kind of material.
    pub learning_style: LearningStyle,
    /// First day and deadline.
    pub dates: PlanDates,
    /// The model asked for; none means the preference, then the default.
    pub model: Option<ModelId>,
}

impl GenerationStatus {
    /// Whether a plan may go from this state to `next`: `generating -> ready | failed`, `failed -> generating` (retry),
    /// `ready -> generating` never (a regeneration leaves the plan readable until it settles).
    pub const fn may_become(self, next: Self) -> bool {
        matches!((self, next), (Self::Generating, Self::Ready | Self::Failed) | (Self::Failed, Self::Generating))
    }
}

#[cfg(test)]
mod tests;
