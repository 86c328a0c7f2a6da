//! Inputs that tests vary.

use super::{Availability, Inputs, OpenTask, TimeOfDay, Weekday, WeeklySession};
use crate::ids::TaskId;
use chrono::{Duration, NaiveDate};
use chrono_tz::TZ_VARIANTS;
use proptest::prelude::*;
use uuid::Uuid;

/// The task numbered `number`.
pub fn task_id(number: usize) -> TaskId {
    TaskId(Uuid::from_u128(number as u128))
}

/// Open tasks of these minutes, numbered from 1.
pub fn tasks(minutes: &[u32]) -> Vec<OpenTask> {
    let numbered = (1..).map(task_id).zip(minutes);
    numbered.map(|(id, minutes)| OpenTask { id, minutes: *minutes, in_progress: false }).collect()
}

/// A date written as ISO 8601 has it.
pub fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Sessions and blackout dates.
pub fn availability(sessions: &[(Weekday, &str, u32)], blackouts: &[&str]) -> Availability {
    let session = |(weekday, start, minutes): &(Weekday, &str, u32)| WeeklySession {
        weekday: *weekday,
        start: TimeOfDay::parse(start).unwrap(),
        minutes: *minutes,
    };
    Availability::new(sessions.iter().map(session).collect(), blackouts.iter().map(|day| date(day)).collect()).unwrap()
}

/// A plan from Monday, 23 November 2026, with six hours a week in the default pattern, in Berlin.
pub fn inputs(minutes: &[u32]) -> Inputs {
    Inputs {
        tasks: tasks(minutes),
        completed: vec![],
        start: date("2026-11-23"),
        deadline: None,
        weekly_hours: 6,
        availability: Availability::default(),
        timezone: chrono_tz::Tz::Europe__Berlin,
        not_before: None,
    }
}

fn availabilities() -> impl Strategy<Value = Availability> {
    let hours = proptest::collection::btree_map((0_usize..7, 0_u32..8), (0_u32..60, 15_u32..=120), 0..12);
    let blackouts = proptest::collection::vec(0_i64..60, 0..10);
    (hours, blackouts).prop_map(|(hours, blackouts)| {
        // Blocks of three hours a day hold at most one session each, so that none overlap.
        let session = |((day, block), (minute, minutes)): ((usize, u32), (u32, u32))| WeeklySession {
            weekday: Weekday::ALL[day],
            start: TimeOfDay::parse(&format!("{:02}:{minute:02}", block * 3)).unwrap(),
            minutes: minutes.min(180 - minute),
        };
        let sessions = hours.into_iter().map(session).collect();
        let days = blackouts.into_iter().map(|day| date("2026-03-01") + Duration::days(day)).collect();
        Availability::new(sessions, days).unwrap()
    })
}

/// Any learner, zone and time of the year.
pub fn any_inputs() -> impl Strategy<Value = Inputs> {
    let tasks = proptest::collection::vec((prop_oneof![4 => 0_u32..200, 1 => 200_u32..2000], any::<bool>()), 0..40);
    let completed = proptest::collection::vec(0_u32..200, 0..10);
    let rules = (0_i64..700, proptest::option::of(-3_i64..90), 0_u32..=80, proptest::option::of(0_i64..60 * 24 * 40));
    (tasks, completed, rules, availabilities(), 0..TZ_VARIANTS.len()).prop_map(
        |(tasks, completed, (start, deadline, weekly_hours, not_before), availability, zone)| {
            let start = date("2026-02-20") + Duration::days(start);
            let open = |(number, (minutes, in_progress)): (usize, (u32, bool))| OpenTask {
                id: task_id(number + 1),
                minutes,
                in_progress,
            };
            let midnight = start.and_time(chrono::NaiveTime::MIN).and_utc();
            Inputs {
                tasks: tasks.into_iter().enumerate().map(open).collect(),
                completed,
                start,
                deadline: deadline.map(|days| start + Duration::days(days)),
                weekly_hours,
                availability,
                timezone: TZ_VARIANTS[zone],
                not_before: not_before.map(|minutes| midnight + Duration::minutes(minutes)),
            }
        },
    )
}
