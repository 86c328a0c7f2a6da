//! Catching up: examples of each way, and that every option is what it says.

use super::super::samples::{any_inputs, availability, date, inputs, task_id};
use super::super::{Weekday, schedule};
use super::*;
use proptest::prelude::*;

/// A plan of two weeks, two hours a session, six tasks of a session each.
fn plan() -> Inputs {
    Inputs { deadline: Some(date("2026-12-06")), ..inputs(&[120; 6]) }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn numbers(ids: &[TaskId]) -> Vec<u128> {
    ids.iter().map(|id| id.0.as_u128()).collect()
}

fn catch(inputs: &Inputs, now: &str) -> CatchUp {
    catch_up(inputs, &BTreeSet::new(), None, at(now))
}

#[test]
fn who_missed_nothing_has_nothing_to_do_and_every_option_is_the_plan_as_it_is() {
    let on_time = catch(&plan(), "2026-11-23T09:59:59Z");
    assert!(!on_time.needed && on_time.behind == Behind::default());
    for option in &on_time.options {
        let CatchUpOption { obstacle, end_date, deadline_date, weekly_hours, .. } = option;
        assert_eq!((*obstacle, *end_date, *weekly_hours), (None, Some(date("2026-12-04")), 6));
        assert_eq!(*deadline_date, Some(date("2026-12-06")));
        assert!(option.moved_tasks.is_empty() && option.dropped_tasks.is_empty());
    }
}

#[test]
fn sessions_that_are_past_and_not_done_are_what_one_is_behind() {
    let behind = catch(&plan(), "2026-11-26T00:00:00Z").behind;
    assert_eq!(behind, Behind { minutes: 240, tasks: 2, since: Some(at("2026-11-23T08:00:00Z")) });
    let mut one_done = plan();
    one_done.completed = vec![one_done.tasks.remove(0).minutes];
    let behind = catch(&one_done, "2026-11-26T00:00:00Z").behind;
    assert_eq!(behind, Behind { minutes: 120, tasks: 1, since: Some(at("2026-11-25T08:00:00Z")) });
}

#[test]
fn a_later_end_keeps_the_hours_and_moves_the_deadline_as_far_as_needed() {
    let shift = catch(&plan(), "2026-11-26T00:00:00Z").option(CatchUpKind::Shift).cloned().unwrap();
    assert_eq!((shift.obstacle, shift.weekly_hours), (None, 6));
    assert_eq!((shift.end_date, shift.deadline_date), (Some(date("2026-12-09")), Some(date("2026-12-09"))));
    assert_eq!(numbers(&shift.moved_tasks), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_deadline_with_room_stays_where_it_is() {
    let roomy = Inputs { deadline: Some(date("2026-12-31")), ..plan() };
    let caught = catch(&roomy, "2026-11-26T00:00:00Z");
    for option in &caught.options {
        assert_eq!(option.end_date, Some(date("2026-12-09")));
        assert_eq!((option.deadline_date, option.weekly_hours), (roomy.deadline, 6));
        assert!(option.dropped_tasks.is_empty());
    }
}

#[test]
fn more_hours_are_the_fewest_that_meet_the_deadline() {
    let compress = catch(&plan(), "2026-11-26T00:00:00Z").option(CatchUpKind::Compress).cloned().unwrap();
    // Four sessions are left for twelve hours: three hours each.
    assert_eq!((compress.obstacle, compress.weekly_hours), (None, 9));
    assert_eq!((compress.end_date, compress.deadline_date), (Some(date("2026-12-04")), Some(date("2026-12-06"))));
}

#[test]
fn tasks_are_dropped_from_the_end_of_the_plan_but_never_begun_or_pinned_ones() {
    let mut begun = plan();
    begun.tasks[5].in_progress = true;
    let pinned = BTreeSet::from([task_id(5)]);
    let drop = catch_up(&begun, &pinned, None, at("2026-11-26T00:00:00Z")).option(CatchUpKind::Drop).cloned().unwrap();
    assert_eq!(numbers(&drop.dropped_tasks), [3, 4]);
    assert_eq!((drop.end_date, drop.weekly_hours), (Some(date("2026-12-04")), 6));
    // The fifth task has the last session before and after.
    assert_eq!(numbers(&drop.moved_tasks), [1, 2, 6]);
}

#[test]
fn what_must_stay_may_be_too_much() {
    let pinned = (1..=6).map(task_id).collect();
    let caught = catch_up(&plan(), &pinned, None, at("2026-12-03T00:00:00Z"));
    let drop = caught.option(CatchUpKind::Drop).unwrap();
    assert_eq!((drop.obstacle, numbers(&drop.dropped_tasks)), (Some(Obstacle::KeptTasksTooLong), vec![]));
}

#[test]
fn after_the_deadline_only_a_later_end_is_open() {
    let obstacles: Vec<_> = catch(&plan(), "2026-12-07T00:00:00Z").options.iter().map(|o| o.obstacle).collect();
    assert_eq!(obstacles, [None, Some(Obstacle::DeadlinePassed), Some(Obstacle::DeadlinePassed)]);
}

#[test]
fn without_a_deadline_only_a_later_end_is_open() {
    let caught = catch(&inputs(&[120; 6]), "2026-11-26T00:00:00Z");
    let obstacles: Vec<_> = caught.options.iter().map(|o| o.obstacle).collect();
    assert_eq!(obstacles, [None, Some(Obstacle::NoDeadline), Some(Obstacle::NoDeadline)]);
    assert_eq!(caught.options[0].deadline_date, None);
}

#[test]
fn an_end_beyond_a_year_is_refused() {
    let sessions = availability(&[(Weekday::Monday, "09:00", 15)], &[]);
    let slow = Inputs { availability: sessions, tasks: inputs(&[120; 8]).tasks, ..plan() };
    let shift = catch(&slow, "2026-11-26T00:00:00Z").option(CatchUpKind::Shift).cloned().unwrap();
    assert_eq!(shift.obstacle, Some(Obstacle::EndTooFar));
    assert_eq!(catch(&slow, "2026-11-26T00:00:00Z").options[1].obstacle, Some(Obstacle::NotEnoughTime));
}

#[test]
fn a_deadline_is_not_moved_past_the_longest_plan_of_the_tier() {
    let shift = |last: &str| {
        let caught = catch_up(&plan(), &BTreeSet::new(), Some(date(last)), at("2026-11-26T00:00:00Z"));
        caught.option(CatchUpKind::Shift).cloned().unwrap()
    };
    let (within, beyond) = (shift("2026-12-09"), shift("2026-12-08"));
    assert_eq!((within.obstacle, within.deadline_date), (None, Some(date("2026-12-09"))));
    assert_eq!((beyond.obstacle, beyond.deadline_date), (Some(Obstacle::BeyondTier), plan().deadline));
    // A plan that is longer than that already and need not be moved is not in the way of anything.
    let roomy = Inputs { deadline: Some(date("2026-12-31")), ..plan() };
    let caught = catch_up(&roomy, &BTreeSet::new(), Some(date("2026-12-01")), at("2026-11-26T00:00:00Z"));
    assert!(caught.options.iter().all(|option| option.obstacle.is_none()));
}

#[test]
fn a_rescheduling_is_at_the_microsecond_at_which_the_database_knows_it() {
    assert_eq!(moment(at("2026-11-26T12:00:00.123456789Z")), at("2026-11-26T12:00:00.123456Z"));
}

#[test]
fn sessions_too_short_for_a_task_are_named() {
    let sessions = availability(&[(Weekday::Monday, "09:00", 20)], &[]);
    let caught = catch(&Inputs { availability: sessions, ..inputs(&[25]) }, "2026-11-26T00:00:00Z");
    assert!(caught.needed);
    assert_eq!(caught.options[0].obstacle, Some(Obstacle::SessionsTooShort));
}

#[test]
fn one_task_may_go_without_the_ones_before_it_moving() {
    let full = Inputs { deadline: Some(date("2026-12-02")), ..plan() };
    let drop = catch(&full, "2026-11-23T00:00:00Z").option(CatchUpKind::Drop).cloned().unwrap();
    assert_eq!((numbers(&drop.dropped_tasks), numbers(&drop.moved_tasks)), (vec![6], vec![]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn an_option_is_what_it_says_and_taking_it_twice_changes_nothing_more(
        inputs in any_inputs(), hours in 0_i64..24 * 60, every in 1_usize..5, seconds in 0_i64..60,
        weeks in proptest::option::of(0_u64..12),
    ) {
        let last_day = weeks.and_then(|weeks| inputs.start.checked_add_days(chrono::Days::new(weeks * 7)));
        let start = inputs.start.and_time(chrono::NaiveTime::MIN).and_utc();
        let now = start + Duration::hours(hours) + Duration::milliseconds(seconds * 1000 + 700);
        // Time does not run backwards: a plan was rescheduled before now.
        let inputs = Inputs { not_before: inputs.not_before.filter(|moment| *moment <= now), ..inputs };
        let pinned: BTreeSet<TaskId> = inputs.tasks.iter().step_by(every).map(|task| task.id).collect();
        let caught = catch_up(&inputs, &pinned, last_day, now);
        for option in caught.options.iter().filter(|option| caught.needed && option.obstacle.is_none()) {
            let after = option.applied(&inputs, now);
            let laid = schedule(&after);
            prop_assert!(laid.fit.fits, "{:?}", option);
            let moved_on = option.deadline_date.filter(|_| option.deadline_date != inputs.deadline);
            prop_assert!(moved_on.zip(last_day).is_none_or(|(deadline, last)| deadline <= last), "{:?}", option);
            prop_assert_eq!(laid.end, option.end_date);
            prop_assert!(option.dropped_tasks.iter().all(|id| !pinned.contains(id)));
            let again = catch_up(&after, &pinned, last_day, now + Duration::milliseconds(100));
            prop_assert!(!again.needed, "{:?}", again);
            let moved: BTreeSet<TaskId> = moved(&inputs, &after);
            prop_assert_eq!(moved, option.moved_tasks.iter().copied().collect::<BTreeSet<_>>());
        }
        if let Some(drop) = caught.option(CatchUpKind::Drop).filter(|drop| !drop.dropped_tasks.is_empty()) {
            let one_more = CatchUpOption { dropped_tasks: drop.dropped_tasks[1..].to_vec(), ..drop.clone() };
            prop_assert!(!schedule(&one_more.applied(&inputs, now)).fit.fits, "one fewer would do");
        }
    }
}

fn moved(before: &Inputs, after: &Inputs) -> BTreeSet<TaskId> {
    let times = |inputs: &Inputs| {
        let mut times: BTreeMap<TaskId, Vec<_>> = BTreeMap::new();
        for session in schedule(inputs).sessions() {
            times.entry(session.task_id).or_default().push((session.start, session.end));
        }
        times
    };
    let (before, now) = (times(before), times(after));
    let stay = after.tasks.iter().map(|task| task.id);
    stay.filter(|id| before.get(id) != now.get(id)).collect()
}
