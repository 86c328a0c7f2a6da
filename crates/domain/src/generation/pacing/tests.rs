//! Capacity is exact, and trimming takes as little as it must.

use super::{capacity, trim_keeping, trim_to_capacity};
use crate::generation::{DraftModule, DraftTask};
use crate::plans::{PlanDates, SkillLevel, WeeklyHours};
use chrono::{DateTime, Days, NaiveDate};
use proptest::prelude::*;

fn dates(days: u32) -> PlanDates {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let start: NaiveDate = now.date_naive();
    PlanDates::parse(Some(start), start.checked_add_days(Days::new(days.into())), now).unwrap()
}

fn hours(hours: i64) -> WeeklyHours {
    WeeklyHours::parse(hours).unwrap()
}

/// Modules with so many tasks each; a task's title says where it stood.
fn modules(counts: &[usize]) -> Vec<DraftModule> {
    let task = |title| DraftTask { key: None, title, description: None, minutes: 30, resources: Vec::new() };
    let tasks = |module: usize, count: usize| (0..count).map(|n| task(format!("{module}.{n}"))).collect();
    let module = |(at, &count): (usize, &usize)| DraftModule {
        title: at.to_string(),
        description: None,
        minutes: 60,
        tasks: tasks(at, count),
    };
    counts.iter().enumerate().map(module).collect()
}

fn counts(modules: &[DraftModule]) -> Vec<usize> {
    modules.iter().map(|module| module.tasks.len()).collect()
}

#[test]
fn capacity_is_hours_times_weeks_over_the_pace() {
    assert_eq!(capacity(hours(6), &dates(14), SkillLevel::Intermediate), 16);
    assert_eq!(capacity(hours(6), &dates(14), SkillLevel::Beginner), 13);
    assert_eq!(capacity(hours(6), &dates(14), SkillLevel::Advanced), 20);
    assert_eq!(capacity(hours(1), &dates(0), SkillLevel::Beginner), 0);
    assert_eq!(capacity(hours(80), &dates(366), SkillLevel::Advanced), 7_170);
}

#[test]
fn a_week_counts_in_sevenths_and_only_the_result_is_rounded() {
    // 3 h x 60 x 10/7 / 45 = 5.71; whole weeks would say 4 or 8.
    assert_eq!(capacity(hours(3), &dates(10), SkillLevel::Intermediate), 5);
}

#[test]
fn what_fits_is_left_alone() {
    let mut plan = modules(&[3, 4]);
    assert_eq!(trim_to_capacity(&mut plan, 7), 0);
    assert_eq!(plan, modules(&[3, 4]));
}

#[test]
fn the_last_task_of_the_longest_module_goes_first_and_of_equals_the_later() {
    let mut plan = modules(&[3, 5, 3]);
    assert_eq!(trim_to_capacity(&mut plan, 8), 3);
    assert_eq!(counts(&plan), [3, 3, 2]);
    assert_eq!(plan[1].tasks[2].title, "1.2");
}

#[test]
fn every_module_keeps_a_task_even_without_any_time() {
    let mut plan = modules(&[6, 1, 3]);
    assert_eq!(trim_to_capacity(&mut plan, 0), 7);
    assert_eq!(counts(&plan), [1, 1, 1]);
    assert_eq!(trim_to_capacity(&mut [], 0), 0);
}

proptest! {
    #[test]
    fn trimming_leaves_out_exactly_what_it_must(sizes in prop::collection::vec(1_usize..=20, 0..=12), room in 0_u32..260) {
        let before = modules(&sizes);
        let mut after = before.clone();
        let left_out = trim_to_capacity(&mut after, room);
        let mut again = before.clone();
        prop_assert_eq!((trim_to_capacity(&mut again, room), &again), (left_out, &after));

        let total: usize = sizes.iter().sum();
        let kept: usize = counts(&after).iter().sum();
        let room = usize::try_from(room).unwrap();
        prop_assert_eq!(kept, total.min(room.max(sizes.len())));
        prop_assert_eq!(usize::try_from(left_out).unwrap(), total - kept);
        for (was, is) in before.iter().zip(&after) {
            prop_assert!(!is.tasks.is_empty());
            prop_assert!(was.tasks.starts_with(&is.tasks), "order kept, only the end goes");
        }
        // Fair: a module that lost a task is at most one task shorter than any other.
        let longest = counts(&after).into_iter().max().unwrap_or(0);
        for (was, is) in before.iter().zip(&after).filter(|(was, is)| was.tasks.len() > is.tasks.len()) {
            prop_assert!(is.tasks.len() + 1 >= longest, "{} of {}", is.tasks.len(), was.tasks.len());
        }
    }

    #[test]
    fn capacity_grows_with_time_and_never_exceeds_it(weekly in 1_i64..=80, days in 0_u32..=366) {
        for &level in SkillLevel::ALL {
            let room = capacity(hours(weekly), &dates(days), level);
            prop_assert!(capacity(hours((weekly + 1).min(80)), &dates(days), level) >= room);
            prop_assert!(capacity(hours(weekly), &dates((days + 1).min(366)), level) >= room);
            let minutes_needed = u64::from(room) * u64::from(super::Pace::of(level).minutes());
            prop_assert!(minutes_needed * 7 <= u64::try_from(weekly).unwrap() * 60 * u64::from(days.max(1)));
        }
    }

    #[test]
    fn what_stays_is_neither_counted_nor_left_out(
        sizes in proptest::collection::vec(1_usize..8, 0..8),
        room in 0_u32..40,
        every in 1_usize..5,
    ) {
        let mut after = modules(&sizes);
        let mut number = 0;
        for task in after.iter_mut().flat_map(|module| &mut module.tasks) {
            number += 1;
            task.key = (number % every == 0).then(|| format!("t{number}"));
        }
        let stays = |task: &crate::generation::DraftTask| task.key.is_some();
        let before = after.clone();
        trim_keeping(&mut after, room, stays);
        let kept = |modules: &[DraftModule]| -> Vec<String> {
            modules.iter().flat_map(|module| &module.tasks).filter_map(|task| task.key.clone()).collect()
        };
        prop_assert_eq!(kept(&after), kept(&before));
        prop_assert!(after.iter().all(|module| !module.tasks.is_empty()));
        let open: usize = after.iter().flat_map(|module| &module.tasks).filter(|task| !stays(task)).count();
        let single = after.iter().all(|module| module.tasks.len() == 1 || module.tasks.iter().all(stays));
        prop_assert!(open <= usize::try_from(room).unwrap() || single);
    }
}
