//! What holds for every schedule, whatever the learner, the zone and the time of the year.

use super::super::samples::{any_inputs, date, task_id};
use super::super::{Availability, OpenTask, SHORTEST_PART, TimeOfDay, Weekday, WeeklySession};
use super::*;
use crate::ids::TaskId;
use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime, TimeZone, Timelike};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_minute_of_every_open_task_is_placed_once_or_reported(inputs in any_inputs()) {
        let schedule = schedule(&inputs);
        let mut left: BTreeMap<TaskId, u32> = inputs.tasks.iter().map(|task| (task.id, task.minutes)).collect();
        for session in schedule.sessions() {
            let minutes = left.get_mut(&session.task_id).expect("an open task");
            *minutes = minutes.checked_sub(session.minutes).expect("no minute twice");
        }
        let short: u64 = left.values().map(|minutes| u64::from(*minutes)).sum();
        prop_assert_eq!(short, schedule.fit.minutes_short);
        prop_assert_eq!(schedule.fit.fits, short == 0);
        let first = super::super::layout::order(&inputs.tasks).find(|task| left[&task.id] > 0);
        prop_assert_eq!(first.map(|task| task.id), schedule.fit.first_missing);
        let sums = schedule.weeks.iter().map(|week| u64::from(week.minutes)).sum::<u64>();
        prop_assert_eq!(sums, schedule.totals.minutes_placed);
        prop_assert_eq!(schedule.totals.minutes_placed + short, schedule.totals.minutes);
    }

    #[test]
    fn tasks_keep_their_order_and_their_parts_are_numbered_and_long_enough(inputs in any_inputs()) {
        let schedule = schedule(&inputs);
        let order: Vec<TaskId> = super::super::layout::order(&inputs.tasks).map(|task| task.id).collect();
        let place = |id: TaskId| order.iter().position(|other| *other == id).unwrap();
        let sessions: Vec<&Session> = schedule.sessions().collect();
        for pair in sessions.windows(2) {
            prop_assert!(pair[0].end <= pair[1].start);
            let (one, other) = ((place(pair[0].task_id), pair[0].part), (place(pair[1].task_id), pair[1].part));
            prop_assert!(one < other, "{:?} before {:?}", one, other);
        }
        for parts in sessions.chunk_by(|one, other| one.task_id == other.task_id) {
            let minutes = inputs.tasks[place_in(&inputs, parts[0].task_id)].minutes;
            for (number, part) in (1..).zip(parts) {
                prop_assert_eq!((part.part, part.parts as usize), (number, parts.len()));
                prop_assert!(part.minutes >= SHORTEST_PART || part.minutes == minutes);
            }
        }
    }

    #[test]
    fn no_session_lies_outside_what_the_learner_gave(inputs in any_inputs()) {
        check_bounds(&inputs)?;
    }

    #[test]
    fn the_same_inputs_give_the_same_bytes(inputs in any_inputs()) {
        let json = |inputs: &Inputs| serde_json::to_string(&schedule(inputs)).unwrap();
        prop_assert_eq!(json(&inputs), json(&inputs.clone()));
        prop_assert_eq!(inputs.canonical(), inputs.clone().canonical());
    }

    #[test]
    fn the_hours_that_are_needed_are_enough(inputs in any_inputs()) {
        let fits = |hours| schedule(&Inputs { weekly_hours: hours, ..inputs.clone() }).fit.fits;
        let fit = schedule(&inputs).fit;
        if let Some(hours) = fit.weekly_hours_needed {
            prop_assert!(hours > inputs.weekly_hours && hours <= 80 && fits(hours));
            prop_assert!((inputs.weekly_hours..hours).all(|fewer| !fits(fewer)));
        } else {
            prop_assert!(fit.fits || !fits(80));
        }
    }
}

fn place_in(inputs: &Inputs, id: TaskId) -> usize {
    inputs.tasks.iter().position(|task| task.id == id).unwrap()
}

fn check_bounds(inputs: &Inputs) -> Result<(), TestCaseError> {
    let schedule = schedule(inputs);
    let (zone, mut weeks) = (inputs.timezone, BTreeMap::<i64, u32>::new());
    for session in schedule.sessions() {
        let day = session.start_local.date();
        prop_assert_eq!(session.end - session.start, Duration::minutes(session.minutes.into()));
        prop_assert_eq!(session.start.with_timezone(&zone).naive_local(), session.start_local);
        prop_assert_eq!(session.end.with_timezone(&zone).naive_local(), session.end_local);
        prop_assert!(day >= inputs.start && inputs.deadline.is_none_or(|deadline| day <= deadline));
        prop_assert!(!inputs.availability.blacked_out(day));
        prop_assert!(inputs.not_before.is_none_or(|moment| session.start >= moment));
        let last_minute = (session.end - Duration::minutes(1)).with_timezone(&zone).date_naive();
        prop_assert_eq!(last_minute, day, "a session passes midnight");
        prop_assert!(within(inputs, session), "{:?} is outside the availability", session);
        *weeks.entry((day - inputs.start).num_days() / 7).or_default() += session.minutes;
    }
    prop_assert!(weeks.values().all(|minutes| *minutes <= inputs.weekly_hours * 60));
    for week in &schedule.weeks {
        prop_assert_eq!(Some(&week.minutes), weeks.get(&i64::from(week.number - 1)));
        prop_assert_eq!(week.start, inputs.start + Duration::days(i64::from(week.number - 1) * 7));
        prop_assert!(week.days.iter().all(|day| (week.start..=week.end).contains(&day.date)));
    }
    Ok(())
}

/// Whether a session lies in one of its day's windows; on a day when the clock is changed, in one moved by the change.
fn within(inputs: &Inputs, session: &Session) -> bool {
    let day = session.start_local.date();
    let windows = windows(inputs, day);
    if changes(inputs.timezone, day) {
        // The clock jumps by the amount of the change; the windows' length is what counts.
        return windows.iter().any(|(start, minutes)| {
            let slack = Duration::minutes(24 * 60);
            session.minutes <= *minutes && (session.start_local - *start).abs() <= slack
        });
    }
    let end = session.start_local + Duration::minutes(session.minutes.into());
    windows
        .iter()
        .any(|(start, minutes)| session.start_local >= *start && end <= *start + Duration::minutes((*minutes).into()))
}

fn windows(inputs: &Inputs, day: NaiveDate) -> Vec<(NaiveDateTime, u32)> {
    if inputs.availability.sessions().is_empty() {
        let default = [0, 2, 4].contains(&((day - inputs.start).num_days() % 7));
        let third = (inputs.weekly_hours * 60).div_ceil(3).min(900);
        return if default { vec![(day.and_hms_opt(9, 0, 0).unwrap(), third)] } else { vec![] };
    }
    let of_day = inputs.availability.sessions().iter().filter(|session| session.weekday == Weekday::of(day));
    of_day.map(|session| (day.and_time(session.start.time()), session.minutes)).collect()
}

fn changes(zone: Tz, day: NaiveDate) -> bool {
    let noon = |day: NaiveDate| day.and_hms_opt(12, 0, 0).unwrap().and_utc();
    let offsets = [-1, 0, 1].map(|days| super::super::clock::offset(zone, noon(day + Duration::days(days))));
    offsets.iter().any(|offset| *offset != offsets[0])
}

/// The days of two years on which a zone's clocks change.
fn transitions(zone: Tz) -> BTreeSet<NaiveDate> {
    let days = date("2026-01-01").iter_days().take_while(|day| day.year() < 2028);
    days.filter(|day| changes(zone, *day)).collect()
}

#[test]
fn in_every_zone_every_hour_of_every_transition_of_two_years_holds_the_rules() {
    let hourly = Weekday::ALL.iter().flat_map(|weekday| {
        [(0, 360), (360, 360), (720, 360), (1080, 360)].map(|(start, minutes)| WeeklySession {
            weekday: *weekday,
            start: TimeOfDay::parse(&format!("{:02}:{:02}", start / 60, start % 60)).unwrap(),
            minutes,
        })
    });
    let whole_days = Availability::new(hourly.collect(), vec![]).unwrap();
    let mut seen = 0;
    for zone in TZ_VARIANTS {
        for day in transitions(zone) {
            seen += 1;
            let sample = Inputs {
                tasks: (1..=60).map(|n| OpenTask { id: task_id(n), minutes: 53, in_progress: false }).collect(),
                completed: vec![],
                start: day - Duration::days(1),
                deadline: Some(day + Duration::days(1)),
                weekly_hours: 80,
                availability: whole_days.clone(),
                timezone: zone,
                not_before: None,
            };
            check_bounds(&sample).unwrap();
            let placed: Vec<Session> = schedule(&sample).sessions().cloned().collect();
            assert!(placed.windows(2).all(|pair| pair[0].end <= pair[1].start), "{zone} {day}");
        }
    }
    assert!(seen > 600, "{seen} transitions");
}

#[test]
fn in_every_zone_a_session_at_every_half_hour_of_a_transition_begins_at_an_existing_minute() {
    for zone in TZ_VARIANTS {
        for (day, half) in transitions(zone).into_iter().flat_map(|day| (0..48).map(move |half| (day, half))) {
            let start = TimeOfDay::parse(&format!("{:02}:{:02}", half / 2, half % 2 * 30)).unwrap();
            let session = WeeklySession { weekday: Weekday::of(day), start, minutes: 30 };
            let sample = Inputs {
                tasks: vec![OpenTask { id: task_id(1), minutes: 30, in_progress: false }],
                completed: vec![],
                start: day,
                deadline: Some(day),
                weekly_hours: 1,
                availability: Availability::new(vec![session], vec![]).unwrap(),
                timezone: zone,
                not_before: None,
            };
            let schedule = schedule(&sample);
            let Some(placed) = schedule.sessions().next() else { continue };
            let planned = day.and_time(start.time());
            assert!(placed.start_local >= planned, "{zone} {placed:?}");
            let exists = zone.from_local_datetime(&planned).earliest();
            assert_eq!(exists.map_or(placed.start, |instant| instant.to_utc()), placed.start, "{zone} {placed:?}");
            assert_eq!(placed.start_local.second(), 0);
        }
    }
}
