//! Sessions laid over real dates, on days when clocks are changed too.

use super::super::samples::{availability, date, inputs};
use super::*;
use chrono_tz::Tz;

fn starts(inputs: &Inputs) -> Vec<(String, u32)> {
    let pattern = Pattern::of(&inputs.availability, inputs.start, inputs.weekly_hours);
    let slots = Slots::new(inputs, &pattern);
    slots.map(|slot| (clock::local(inputs.timezone, slot.start).to_string(), slot.minutes)).collect()
}

fn expect(inputs: &Inputs, expected: &[(&str, u32)]) {
    let expected: Vec<(String, u32)> = expected.iter().map(|(at, minutes)| ((*at).to_owned(), *minutes)).collect();
    assert_eq!(starts(inputs), expected);
}

fn on(zone: Tz, day: &str, sessions: &[(Weekday, &str, u32)]) -> Inputs {
    let availability = availability(sessions, &[]);
    Inputs { start: date(day), deadline: Some(date(day)), timezone: zone, availability, ..inputs(&[]) }
}

#[test]
fn the_default_is_three_sessions_a_week_that_share_its_minutes_the_first_ones_longer() {
    let week = Inputs { deadline: Some(date("2026-11-30")), weekly_hours: 1, ..inputs(&[]) };
    let pattern = Pattern([vec![(540, 34)], vec![], vec![(540, 33)], vec![], vec![(540, 33)], vec![], vec![]]);
    let slots: Vec<u32> = Slots::new(&week, &pattern).map(|slot| slot.minutes).collect();
    assert_eq!(slots, [34, 33, 33, 34]);
    assert_eq!(thirds(100), [34, 33, 33]);
    assert_eq!(thirds(101), [34, 34, 33]);
    expect(
        &week,
        &[
            ("2026-11-23 09:00:00", 20),
            ("2026-11-25 09:00:00", 20),
            ("2026-11-27 09:00:00", 20),
            ("2026-11-30 09:00:00", 20),
        ],
    );
}

#[test]
fn eighty_hours_in_the_default_pattern_still_end_at_midnight() {
    assert_eq!(thirds(80 * 60), [900; 3]);
}

#[test]
fn a_session_in_a_gap_begins_with_the_first_existing_minute_and_keeps_its_length() {
    let gap = on(Tz::Europe__Berlin, "2026-03-29", &[(Weekday::Sunday, "02:30", 60)]);
    expect(&gap, &[("2026-03-29 03:00:00", 60)]);
}

#[test]
fn sessions_that_a_gap_pushes_together_do_not_overlap() {
    let sessions = [(Weekday::Sunday, "02:00", 30), (Weekday::Sunday, "02:30", 30), (Weekday::Sunday, "03:00", 60)];
    let gap = on(Tz::Europe__Berlin, "2026-03-29", &sessions);
    expect(&gap, &[("2026-03-29 03:00:00", 30), ("2026-03-29 03:30:00", 30)]);
}

#[test]
fn in_a_fold_the_earlier_time_is_meant_and_the_length_is_what_passes() {
    let fold = on(Tz::Europe__Berlin, "2026-10-25", &[(Weekday::Sunday, "02:30", 60), (Weekday::Sunday, "03:30", 30)]);
    let pattern = Pattern::of(&fold.availability, fold.start, 6);
    let slots: Vec<String> = Slots::new(&fold, &pattern).map(|slot| slot.start.to_rfc3339()).collect();
    assert_eq!(slots, ["2026-10-25T00:30:00+00:00", "2026-10-25T02:30:00+00:00"]);
}

#[test]
fn a_session_never_passes_midnight_even_when_an_hour_is_left_out_before_it() {
    // Greenland puts its clocks forward at 23:00 on the Saturday, so an hour of that evening is missing.
    let evening = on(Tz::America__Nuuk, "2026-03-28", &[(Weekday::Saturday, "21:30", 120)]);
    let slots = starts(&evening);
    assert_eq!(slots, [("2026-03-28 21:30:00".to_owned(), 90)]);
}

#[test]
fn a_session_on_a_day_that_a_country_left_out_does_not_take_place() {
    let missing = on(Tz::Pacific__Apia, "2011-12-30", &[(Weekday::Friday, "09:00", 60)]);
    expect(&missing, &[]);
}

#[test]
fn sessions_that_began_before_the_moment_are_over() {
    let sessions = [(Weekday::Monday, "09:00", 60), (Weekday::Monday, "12:00", 60)];
    let day = on(Tz::UTC, "2026-11-23", &sessions);
    let from = |moment: &str| Inputs { not_before: Some(moment.parse().unwrap()), ..day.clone() };
    expect(&from("2026-11-23T09:00:00Z"), &[("2026-11-23 09:00:00", 60), ("2026-11-23 12:00:00", 60)]);
    expect(&from("2026-11-23T09:00:01Z"), &[("2026-11-23 12:00:00", 60)]);
    expect(&from("2026-11-24T00:00:00Z"), &[]);
}

#[test]
fn the_longest_session_counts_only_what_the_weeks_minutes_leave_of_it() {
    let sessions = [(Weekday::Monday, "09:00", 20), (Weekday::Tuesday, "09:00", 60)];
    let pattern = Pattern::of(&availability(&sessions, &[]), date("2026-11-23"), 1);
    assert_eq!((pattern.longest(60), pattern.longest(600), pattern.longest(0)), (40, 60, 0));
}
