//! How many tasks fit the learner's time, and which ones stay. The numbers are the product's.
//!
//! Called once when a generation has all its modules, before they are stored.

use super::{DraftModule, DraftTask};
use crate::plans::{PlanDates, SkillLevel, WeeklyHours};

/// How long a task takes a learner, on average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace(u32);

impl Pace {
    /// The pace of a skill level: 45 minutes a task, 10 more for beginners, 10 less for the advanced.
    pub const fn of(level: SkillLevel) -> Self {
        Self(match level {
            SkillLevel::Beginner => 55,
            SkillLevel::Intermediate => 45,
            SkillLevel::Advanced => 35,
        })
    }

    /// Minutes a task.
    pub const fn minutes(self) -> u32 {
        self.0
    }
}

/// How many tasks fit between the dates: weekly hours x weeks x 60 / minutes a task, rounded down. Weeks count in
/// sevenths (days / 7); only the result is rounded.
pub fn capacity(hours: WeeklyHours, dates: &PlanDates, level: SkillLevel) -> u32 {
    let minutes_times_seven = u64::from(hours.get()) * 60 * u64::from(dates.days());
    let tasks = minutes_times_seven / (7 * u64::from(Pace::of(level).minutes()));
    u32::try_from(tasks).unwrap_or(u32::MAX)
}

/// Leaves tasks out until at most `capacity` are left or every module has a single one; returns how many went.
///
/// Each step takes the last task of the module with most tasks, of several the later: what comes last builds on the rest
/// and is missed least. Modules and tasks keep their order.
pub fn trim_to_capacity(modules: &mut [DraftModule], capacity: u32) -> u32 {
    trim_keeping(modules, capacity, |_| false)
}

/// As [`trim_to_capacity`], but tasks for which `stays` is true are neither counted nor left out: what a learner has done
/// already takes none of the time they have left.
pub fn trim_keeping(modules: &mut [DraftModule], capacity: u32, stays: impl Fn(&DraftTask) -> bool) -> u32 {
    let open = |module: &DraftModule| module.tasks.iter().filter(|task| !stays(task)).count();
    let total: usize = modules.iter().map(&open).sum();
    let excess = total.saturating_sub(usize::try_from(capacity).unwrap_or(usize::MAX));
    let mut left_out = 0;
    for _ in 0..excess {
        // `max_by_key` gives the last of equals.
        let longest = modules.iter_mut().filter(|module| module.tasks.len() > 1).max_by_key(|module| open(module));
        let Some(module) = longest else { break };
        let Some(last) = module.tasks.iter().rposition(|task| !stays(task)) else { break };
        module.tasks.remove(last);
        left_out += 1;
    }
    left_out
}

#[cfg(test)]
mod tests;
