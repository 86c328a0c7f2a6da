//! What a learner changes of a plan by hand: its inputs, its modules and tasks. Made by the API, applied by the services.

use super::inputs::{free_text, one_line};
use super::{LearningStyle, Notes, Order, TextRuleError, Topic, WeeklyHours};
use crate::ids::ModuleId;
use chrono::NaiveDate;
use serde::Serialize;

/// Most modules of a plan.
pub const MOST_MODULES: usize = 50;
/// Most tasks of a module.
pub const MOST_TASKS: usize = 100;

/// The title of a module or task: 1 to 200 characters after trimming, one line.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Title(String);

impl Title {
    /// Most characters after trimming.
    pub const MAX: usize = 200;

    /// Trims and checks a title.
    ///
    /// # Errors
    /// Empty, too long, or with control characters.
    pub fn parse(text: &str) -> Result<Self, TextRuleError> {
        one_line(text, 1, Self::MAX).map(Self)
    }

    /// The trimmed text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a module is about or a task asks for: at most 2000 characters, line breaks and tabs allowed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Description(String);

impl Description {
    /// Most characters after trimming.
    pub const MAX: usize = 2000;

    /// Trims and checks a description; a blank one is none.
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

/// Minutes outside what is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number from {min} to {max}, is {actual}")]
pub struct MinutesError {
    /// Fewest minutes.
    pub min: u16,
    /// Most minutes.
    pub max: u16,
    /// What was given.
    pub actual: i64,
}

macro_rules! minutes {
    ($( $(#[$meta:meta])* $name:ident = $min:literal..=$max:literal; )+) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(u16);

        impl $name {
            /// Fewest minutes.
            pub const MIN: u16 = $min;
            /// Most minutes.
            pub const MAX: u16 = $max;

            /// Checks a number of minutes.
            ///
            /// # Errors
            /// Too few or too many.
            pub fn parse(minutes: i64) -> Result<Self, MinutesError> {
                let fits = u16::try_from(minutes).ok().filter(|minutes| (Self::MIN..=Self::MAX).contains(minutes));
                fits.map(Self).ok_or(MinutesError { min: Self::MIN, max: Self::MAX, actual: minutes })
            }

            /// The minutes.
            pub const fn get(self) -> u16 {
                self.0
            }
        }
    )+ };
}

minutes! {
    /// What the learner thinks a task takes: a minute to a day.
    TaskMinutes = 1..=1440;
    /// What the learner thinks a module takes; the schedule counts its tasks.
    ModuleMinutes = 0..=10_000;
}

/// Changes of a plan's inputs; what is none stays as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanPatch {
    /// What to learn.
    pub topic: Option<Topic>,
    /// What else was said; `Some(None)` takes it away.
    pub notes: Option<Option<Notes>>,
    /// Hours a week.
    pub weekly_hours: Option<WeeklyHours>,
    /// Preferred kind of material.
    pub learning_style: Option<LearningStyle>,
    /// First day; checked against the stored deadline by [`PlanDates::overridden`](super::PlanDates::overridden).
    pub start_date: Option<NaiveDate>,
    /// Deadline; checked likewise.
    pub deadline_date: Option<NaiveDate>,
}

/// A module to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewModule {
    /// Its title.
    pub title: Title,
    /// What it is about.
    pub description: Option<Description>,
    /// What it takes; none: unknown.
    pub minutes: Option<ModuleMinutes>,
    /// Its place; none, or one beyond the end: the end.
    pub position: Option<Order>,
}

/// Changes of a module; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModulePatch {
    /// Its title.
    pub title: Option<Title>,
    /// What it is about; `Some(None)` takes it away.
    pub description: Option<Option<Description>>,
    /// What it takes.
    pub minutes: Option<ModuleMinutes>,
}

/// A task to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// Its title.
    pub title: Title,
    /// What to do.
    pub description: Option<Description>,
    /// What it takes.
    pub minutes: TaskMinutes,
    /// Its place; none, or one beyond the end: the end.
    pub position: Option<Order>,
    /// Whether a regeneration leaves it alone.
    pub pinned: bool,
}

/// Changes of a task; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskPatch {
    /// Its title.
    pub title: Option<Title>,
    /// What to do; `Some(None)` takes it away.
    pub description: Option<Option<Description>>,
    /// What it takes.
    pub minutes: Option<TaskMinutes>,
    /// Whether a regeneration leaves it alone.
    pub pinned: Option<bool>,
}

/// Where a task goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskPlace {
    /// Another module of the plan; none: the one it is in.
    pub module: Option<ModuleId>,
    /// Its place there; one beyond the end is the end.
    pub position: Order,
}

#[cfg(test)]
mod tests;
