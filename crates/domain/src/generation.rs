//! One run of a model over a plan: what comes out, how it is bounded, what it costs, how attempts end, and the events a
//! client sees.

mod attempts;
mod cost;
mod events;
mod model;
mod normalise;
mod pacing;
mod raw;

pub use attempts::{AttemptStatus, FIRST_PAUSE, FailureClass, GenerationKind, MAX_ATTEMPTS, NextStep, after_failure};
pub use cost::{ModelPrice, TokenUsage, cents_rounded_up, estimated_tokens};
pub use events::{
    AttemptRestart, Canceled, Complete, EventKind, GenerationFailed, ModuleSummary, ModuleTask, PlanEvent, PlanStart,
    Progress, TaskLink, UsageSummary,
};
pub use model::{ModelId, ModelIdError};
pub use normalise::{
    Explanation, MAX_DESCRIPTION_CHARS, MAX_EXPLANATION_CHARS, MAX_KEY_CHARS, MAX_TITLE_CHARS, NormaliseError,
    Normalised, normalise_explanation, normalise_module,
};
pub use pacing::{Pace, capacity, trim_keeping, trim_to_capacity};
pub use raw::{RawModule, RawResource, RawTask};

use crate::plans::ResourceType;

/// Fewest and most modules asked of the model.
pub const MODULES_ASKED: std::ops::RangeInclusive<usize> = 3..=6;
/// Fewest and most tasks a module asked of the model.
pub const TASKS_ASKED: std::ops::RangeInclusive<usize> = 3..=6;
/// Most modules accepted; what comes after them is not kept.
pub const MAX_MODULES: usize = 12;
/// Most tasks a module accepted.
pub const MAX_TASKS: usize = 20;
/// Most resources a task accepted.
pub const MAX_RESOURCES: usize = 5;
/// Most characters accepted from the model in one attempt.
pub const MAX_OUTPUT_CHARS: usize = 200_000;
/// A module's minutes are clamped to this.
pub const MODULE_MINUTES: std::ops::RangeInclusive<u16> = 15..=480;
/// A task's minutes are clamped to this.
pub const TASK_MINUTES: std::ops::RangeInclusive<u16> = 5..=120;

/// A module after normalisation, ready to be stored; its order is its place in the list, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftModule {
    /// One line, 1 to 200 characters.
    pub title: String,
    /// At most 2000 characters.
    pub description: Option<String>,
    /// Minutes, 15 to 480.
    pub minutes: u16,
    /// At least one task, at most [`MAX_TASKS`].
    pub tasks: Vec<DraftTask>,
}

/// A task after normalisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftTask {
    /// The key of the present task that this one continues, as the model answered it: 1 to [`MAX_KEY_CHARS`] ASCII
    /// letters and digits. Only a regeneration gives the model keys.
    pub key: Option<String>,
    /// One line, 1 to 200 characters.
    pub title: String,
    /// At most 2000 characters.
    pub description: Option<String>,
    /// Minutes, 5 to 120.
    pub minutes: u16,
    /// In the model's order, at most [`MAX_RESOURCES`], no URL twice.
    pub resources: Vec<DraftResource>,
}

/// A link the model named for a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftResource {
    /// What the link leads to.
    pub kind: ResourceType,
    /// One line, 1 to 200 characters.
    pub title: String,
    /// An absolute http or https address, at most 2000 characters, without credentials.
    pub url: String,
}

impl DraftResource {
    /// The address's host, as shown beside a link.
    pub fn domain(&self) -> Option<String> {
        domain_of(&self.url)
    }
}

/// An address's host; none when it is no address.
pub fn domain_of(url: &str) -> Option<String> {
    url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned))
}
