//! The scheduler by example.

use super::super::samples::{availability, date, inputs, task_id};
use super::super::{OpenTask, Weekday};
use super::*;

/// Task number, part of parts, local start, minutes.
fn lines(schedule: &Schedule) -> Vec<String> {
    let line = |session: &Session| {
        let Session { part, parts, start_local, minutes, .. } = session;
        format!("{} {part}/{parts} {start_local} {minutes}", session.task_id.0.as_u128())
    };
    schedule.sessions().map(line).collect()
}

#[test]
fn tasks_fill_the_default_sessions_in_order_and_are_cut_where_one_ends() {
    let schedule = schedule(&inputs(&[90, 60, 100]));
    let expected = [
        "1 1/1 2026-11-23 09:00:00 90",
        "2 1/2 2026-11-23 10:30:00 30",
        "2 2/2 2026-11-25 09:00:00 30",
        "3 1/2 2026-11-25 09:30:00 85",
        "3 2/2 2026-11-27 09:00:00 15",
    ];
    assert_eq!(lines(&schedule), expected);
    assert_eq!((schedule.start, schedule.end), (date("2026-11-23"), Some(date("2026-11-27"))));
    assert_eq!(schedule.totals, Totals { tasks: 3, minutes: 250, minutes_placed: 250, sessions: 5 });
    assert_eq!(schedule.fit, Fit { fits: true, minutes_short: 0, first_missing: None, weekly_hours_needed: None });
}

#[test]
fn weeks_count_from_the_first_day_and_their_minutes_are_summed() {
    let sample = inputs(&[360, 120]);
    let schedule = schedule(&sample);
    let weeks: Vec<_> = schedule.weeks.iter().map(|week| (week.number, week.start, week.end, week.minutes)).collect();
    let expected = [(1, date("2026-11-23"), date("2026-11-29"), 360), (2, date("2026-11-30"), date("2026-12-06"), 120)];
    assert_eq!(weeks, expected);
    let days: Vec<u32> = schedule.weeks.iter().flat_map(|week| &week.days).map(|day| day.minutes).collect();
    assert_eq!(days, [120; 4]);
}

#[test]
fn begun_tasks_come_first() {
    let mut sample = inputs(&[60, 60, 60]);
    sample.tasks[2].in_progress = true;
    let order: Vec<u128> = schedule(&sample).sessions().map(|session| session.task_id.0.as_u128()).collect();
    assert_eq!(order, [3, 1, 2]);
}

#[test]
fn completing_what_is_next_moves_nothing() {
    let whole = inputs(&[90, 60, 20, 100, 45, 200]);
    let before = lines(&schedule(&whole));
    for done in 1..=6 {
        let mut later = whole.clone();
        later.completed = later.tasks.drain(..done).map(|task| task.minutes).collect();
        let after = lines(&schedule(&later));
        assert_eq!(after, before[before.len() - after.len()..], "{done} done");
    }
}

#[test]
fn what_does_not_fit_is_reported_with_the_hours_that_would_do() {
    let sample = Inputs { deadline: Some(date("2026-11-27")), ..inputs(&[200, 200, 60]) };
    let schedule = schedule(&sample);
    assert_eq!(
        schedule.fit,
        Fit { fits: false, minutes_short: 100, first_missing: Some(task_id(2)), weekly_hours_needed: Some(8) }
    );
    assert_eq!(schedule.totals.minutes_placed, 360);
}

#[test]
fn a_deadline_is_the_last_day_and_one_in_the_past_leaves_no_time() {
    let on = |deadline| schedule(&Inputs { deadline: Some(date(deadline)), ..inputs(&[120, 120]) });
    assert!(on("2026-11-25").fit.fits);
    assert_eq!(on("2026-11-24").fit.minutes_short, 120);
    let past = on("2026-11-22");
    assert_eq!((past.fit.minutes_short, past.end, past.fit.weekly_hours_needed), (240, None, None));
}

#[test]
fn no_hours_help_when_the_availability_is_too_small() {
    let sample = Inputs {
        availability: availability(&[(Weekday::Monday, "18:00", 60)], &[]),
        deadline: Some(date("2026-12-06")),
        ..inputs(&[100, 100])
    };
    assert_eq!(schedule(&sample).fit.weekly_hours_needed, None);
    let wider = Inputs { weekly_hours: 1, ..sample };
    assert_eq!(schedule(&wider).fit.minutes_short, 80);
}

#[test]
fn weekly_hours_bound_longer_sessions() {
    let sessions = [(Weekday::Monday, "18:00", 90), (Weekday::Thursday, "18:00", 90)];
    let sample = Inputs { availability: availability(&sessions, &[]), weekly_hours: 2, ..inputs(&[200]) };
    let minutes: Vec<u32> = schedule(&sample).sessions().map(|session| session.minutes).collect();
    assert_eq!(minutes, [90, 30, 80]);
}

#[test]
fn blackout_dates_have_no_sessions() {
    let sessions = [(Weekday::Thursday, "18:00", 60)];
    let blackouts = ["2026-12-24", "2026-12-31"];
    let sample =
        Inputs { availability: availability(&sessions, &blackouts), start: date("2026-12-21"), ..inputs(&[60]) };
    assert_eq!(lines(&schedule(&sample)), ["1 1/1 2027-01-07 18:00:00 60"]);
}

#[test]
fn a_task_that_no_session_can_hold_is_reported_and_the_next_ones_are_placed() {
    let sample = Inputs { weekly_hours: 1, ..inputs(&[20, 25, 15]) };
    let schedule = schedule(&sample);
    assert_eq!(lines(&schedule), ["1 1/1 2026-11-23 09:00:00 20", "3 1/1 2026-11-25 09:00:00 15"]);
    let expected =
        Fit { fits: false, minutes_short: 25, first_missing: Some(task_id(2)), weekly_hours_needed: Some(2) };
    assert_eq!(schedule.fit, expected);
}

#[test]
fn nothing_and_tasks_of_no_minutes_need_no_session() {
    for sample in [inputs(&[]), inputs(&[0, 0])] {
        let schedule = schedule(&sample);
        assert!(schedule.fit.fits && schedule.weeks.is_empty() && schedule.end.is_none());
    }
}

#[test]
fn no_hours_a_week_place_nothing() {
    let schedule = schedule(&Inputs { weekly_hours: 0, ..inputs(&[30]) });
    assert_eq!((schedule.fit.minutes_short, schedule.fit.weekly_hours_needed), (30, Some(1)));
}

#[test]
fn one_giant_task_fills_five_years_and_the_rest_is_reported() {
    let schedule = schedule(&inputs(&[u32::MAX]));
    assert!(!schedule.fit.fits && schedule.fit.weekly_hours_needed.is_none());
    assert_eq!(schedule.totals.minutes_placed + schedule.fit.minutes_short, u64::from(u32::MAX));
    assert_eq!(schedule.end, Some(date("2031-11-24")));
}

#[test]
fn the_bytes_of_the_inputs_tell_every_one_of_them_apart() {
    let sample = Inputs { completed: vec![30], ..inputs(&[60, 60]) };
    let mut others = vec![sample.clone(); 9];
    others[0].tasks[0].minutes = 61;
    others[1].tasks[0].in_progress = true;
    others[2].tasks.swap(0, 1);
    others[3].completed = vec![];
    others[4].start = date("2026-11-24");
    others[5].deadline = Some(date("2027-01-01"));
    others[6].weekly_hours = 7;
    others[7].timezone = chrono_tz::Tz::Europe__Paris;
    others[8].not_before = Some("2026-11-23T00:00:00Z".parse().unwrap());
    others.push(Inputs { availability: availability(&[(Weekday::Monday, "09:00", 60)], &[]), ..sample.clone() });
    others.push(Inputs { availability: availability(&[], &["2026-12-24"]), ..sample.clone() });
    others.push(Inputs {
        tasks: vec![OpenTask { id: task_id(9), ..sample.tasks[0] }, sample.tasks[1]],
        ..sample.clone()
    });
    others.push(sample.clone());
    let bytes: std::collections::BTreeSet<Vec<u8>> = others.iter().map(Inputs::canonical).collect();
    assert_eq!(bytes.len(), others.len());
}

#[test]
fn a_schedule_is_read_back_from_its_json() {
    let schedule = schedule(&inputs(&[90, 60, 100]));
    let json = serde_json::to_string(&schedule).unwrap();
    assert!(
        json.contains(
            r#""startLocal":"2026-11-23T09:00:00","endLocal":"2026-11-23T10:30:00","start":"2026-11-23T08:00:00Z""#
        ),
        "{json}"
    );
    assert_eq!(serde_json::from_str::<Schedule>(&json).unwrap(), schedule);
}
