//! What a model wrote, made safe to store and show: bounded, stripped of markup and control characters, http(s) links
//! only, minutes clamped. Model output is untrusted. Called for each module as it leaves the parser.

mod explanation;
mod links;
mod markup;
mod text;

pub use explanation::{Explanation, MAX_EXPLANATION_CHARS, normalise_explanation};

use super::raw::{RawModule, RawTask};
use super::{DraftModule, DraftTask, MAX_TASKS, MODULE_MINUTES, TASK_MINUTES};
use std::ops::RangeInclusive;

/// Most characters of a title.
pub const MAX_TITLE_CHARS: usize = 200;
/// Most characters of a description.
pub const MAX_DESCRIPTION_CHARS: usize = 2000;
/// Most characters of a present task's key.
pub const MAX_KEY_CHARS: usize = 16;
/// Minutes of a task for which the model gave none.
const TASK_MINUTES_UNSAID: u16 = 30;

/// A module that can be stored, and whether a number had to be clamped on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalised {
    /// The module.
    pub module: DraftModule,
    /// Whether any minutes were clamped or made up.
    pub clamped: bool,
}

/// Why a module cannot be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NormaliseError {
    /// No title is left after stripping.
    #[error("a module has no title")]
    NoTitle,
    /// No task with a title is left.
    #[error("a module has no task")]
    NoTask,
}

/// Makes a model's module safe to store and show. Doing it twice changes nothing.
///
/// The bounds are the product's.
///
/// # Errors
/// Nothing usable is left: no title, or no task with a title.
pub fn normalise_module(raw: RawModule) -> Result<Normalised, NormaliseError> {
    let title = title(raw.title.as_deref()).ok_or(NormaliseError::NoTitle)?;
    let mut clamped = false;
    let tasks: Vec<DraftTask> =
        raw.tasks.into_iter().filter_map(|task| normalise_task(&task, &mut clamped)).take(MAX_TASKS).collect();
    if tasks.is_empty() {
        return Err(NormaliseError::NoTask);
    }
    let minutes = if let Some(minutes) = said(raw.estimated_minutes) {
        clamp(minutes, &MODULE_MINUTES, &mut clamped)
    } else {
        clamped = true;
        let sum = tasks.iter().fold(0_u16, |sum, task| sum.saturating_add(task.minutes));
        sum.clamp(*MODULE_MINUTES.start(), *MODULE_MINUTES.end())
    };
    let description = description(raw.description.as_deref());
    Ok(Normalised { module: DraftModule { title, description, minutes, tasks }, clamped })
}

fn normalise_task(raw: &RawTask, clamped: &mut bool) -> Option<DraftTask> {
    let title = title(raw.title.as_deref())?;
    let minutes = if let Some(minutes) = said(raw.estimated_minutes) {
        clamp(minutes, &TASK_MINUTES, clamped)
    } else {
        *clamped = true;
        TASK_MINUTES_UNSAID
    };
    let description = description(raw.description.as_deref());
    let resources = links::normalise(&raw.resources);
    Some(DraftTask { key: key(raw.key.as_deref()), title, description, minutes, resources })
}

/// A key as it was handed out; anything else names no task.
fn key(text: Option<&str>) -> Option<String> {
    let text = text?.trim();
    let fits = (1..=MAX_KEY_CHARS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then(|| text.to_owned())
}

fn title(text: Option<&str>) -> Option<String> {
    text::one_line(text?, MAX_TITLE_CHARS)
}

fn description(text: Option<&str>) -> Option<String> {
    text::paragraphs(text?, MAX_DESCRIPTION_CHARS)
}

/// Minutes the model gave; what is no number was not given.
fn said(minutes: Option<f64>) -> Option<f64> {
    minutes.filter(|minutes| !minutes.is_nan())
}

/// `minutes` as a whole number within `bounds`; notes in `clamped` when it lay outside.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to bounds of u16 before the cast")]
fn clamp(minutes: f64, bounds: &RangeInclusive<u16>, clamped: &mut bool) -> u16 {
    let whole = minutes.round();
    let kept = whole.clamp(f64::from(*bounds.start()), f64::from(*bounds.end()));
    *clamped |= kept.total_cmp(&whole).is_ne();
    kept as u16
}

#[cfg(test)]
mod tests;
