//! Whose times count, and which tasks.

use super::*;
use chrono::{DateTime, Utc};
use uuid::Uuid;
use waymark_domain::ids::{PlanId, TaskId};
use waymark_domain::plans::GenerationStatus;
use waymark_domain::schedules::{TimeOfDay, Weekday, WeeklySession};
use waymark_persistence::Times;

fn times(timezone: impl Into<Option<Tz>>, minutes: Option<u32>) -> Times {
    let session =
        |minutes| WeeklySession { weekday: Weekday::Monday, start: TimeOfDay::parse("09:00").unwrap(), minutes };
    let timezone = timezone.into();
    Times { timezone, availability: minutes.map(|minutes| Availability::new(vec![session(minutes)], vec![]).unwrap()) }
}

fn task(number: u128, status: ProgressStatus, completed_at: Option<&str>) -> SourceTask {
    let completed_at = completed_at.map(|at| at.parse::<DateTime<Utc>>().unwrap());
    SourceTask { id: TaskId(Uuid::from_u128(number)), minutes: 10, pinned: false, status, completed_at }
}

fn source() -> ScheduleSource {
    ScheduleSource {
        plan_id: PlanId(Uuid::nil()),
        status: GenerationStatus::Ready,
        version: 1,
        start: "2026-11-23".parse().unwrap(),
        deadline: None,
        weekly_hours: 5,
        own: Times::default(),
        learners: times(Tz::Europe__Berlin, None),
        rescheduled_at: None,
        tasks: vec![],
    }
}

#[test]
fn the_plans_own_times_win_over_the_learners_and_those_over_the_default() {
    let mut source = source();
    assert_eq!(in_force(&source), (TimesOf::Default, Tz::Europe__Berlin, Availability::default()));
    source.learners = times(Tz::Europe__Berlin, Some(30));
    assert_eq!(
        in_force(&source),
        (TimesOf::Account, Tz::Europe__Berlin, times(Tz::UTC, Some(30)).availability.unwrap())
    );
    for own in [Tz::Asia__Tokyo, Tz::UTC] {
        source.own.timezone = Some(own);
        assert_eq!(in_force(&source).1, own);
    }
    source.own = times(None, Some(60));
    assert_eq!(in_force(&source).1, Tz::Europe__Berlin);
    source.own = times(Tz::UTC, Some(60));
    assert_eq!(in_force(&source), (TimesOf::Plan, Tz::UTC, times(Tz::UTC, Some(60)).availability.unwrap()));
}

#[test]
fn open_tasks_are_laid_out_and_completed_ones_hold_their_places() {
    let mut source = source();
    source.tasks = vec![
        task(1, ProgressStatus::Completed, Some("2026-11-22T22:59:59Z")),
        task(2, ProgressStatus::Completed, Some("2026-11-22T23:00:00Z")),
        task(3, ProgressStatus::InProgress, None),
        task(4, ProgressStatus::NotStarted, None),
    ];
    let laid = inputs(&source, None);
    let open: Vec<(u128, bool)> = laid.tasks.iter().map(|task| (task.id.0.as_u128(), task.in_progress)).collect();
    assert_eq!(open, [(3, true), (4, false)]);
    // The first was done on the day before in Berlin.
    assert_eq!(laid.completed, [10]);
    assert_eq!(inputs(&source, Some(Tz::UTC)).completed, Vec::<u32>::new());
    source.rescheduled_at = Some("2026-11-25T00:00:00Z".parse().unwrap());
    assert_eq!(inputs(&source, None).completed, Vec::<u32>::new());
    assert_eq!(inputs(&source, None).not_before, source.rescheduled_at);
    for (completed_at, holds) in [("2026-11-25T00:00:00Z", false), ("2026-11-25T00:00:00.000001Z", true)] {
        source.tasks = vec![task(1, ProgressStatus::Completed, Some(completed_at))];
        assert_eq!(inputs(&source, None).completed.len(), usize::from(holds), "{completed_at}");
    }
}

#[test]
fn the_hash_is_that_of_the_inputs() {
    let source = source();
    let (one, other) = (hash(&inputs(&source, None)), hash(&inputs(&source, Some(Tz::UTC))));
    assert!(one.len() == 64 && one == hash(&inputs(&source, None)) && one != other);
}
