//! How large a course is: modules and tasks by weeks, hours and what fits the learner's time.

use crate::generation::provider::PlanBrief;
use std::num::NonZeroUsize;
use waymark_domain::generation::{MODULES_ASKED, TASKS_ASKED};

/// Tasks of each module, in order; never empty, no zero.
pub(super) fn tasks_by_module(brief: &PlanBrief) -> Vec<usize> {
    let (modules, tasks) = (wanted_modules(weeks(brief)), wanted_tasks(brief.weekly_hours));
    let capacity = brief.task_capacity.map_or(usize::MAX, |tasks| usize::try_from(tasks.max(1)).unwrap_or(usize::MAX));
    let modules = modules.min((capacity / TASKS_ASKED.start()).max(*MODULES_ASKED.start())).min(capacity);
    spread((modules * tasks).min(capacity), NonZeroUsize::new(modules).unwrap_or(NonZeroUsize::MIN))
}

/// Weeks from first to last day, begun ones counted, as the tier's longest plan counts them.
pub(super) fn weeks(brief: &PlanBrief) -> u32 {
    let days = (brief.deadline_date - brief.start_date).num_days().max(1);
    u32::try_from(days).unwrap_or(u32::MAX).div_ceil(7)
}

const fn wanted_modules(weeks: u32) -> usize {
    match weeks {
        0..=1 => 3,
        2 => 4,
        3..=6 => 5,
        _ => 6,
    }
}

const fn wanted_tasks(weekly_hours: u8) -> usize {
    match weekly_hours {
        0..=3 => 3,
        4..=7 => 4,
        8..=14 => 5,
        _ => 6,
    }
}

/// `total` in `parts` that differ by at most one, larger ones first.
fn spread(total: usize, parts: NonZeroUsize) -> Vec<usize> {
    let (each, more) = (total / parts, total % parts);
    (0..parts.get()).map(|part| each + usize::from(part < more)).collect()
}
