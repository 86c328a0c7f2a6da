//! Availability: its form, its rules, and that every offence is named.

use super::*;

fn session(weekday: Weekday, start: &str, minutes: u32) -> WeeklySession {
    WeeklySession { weekday, start: TimeOfDay::parse(start).unwrap(), minutes }
}

fn fields(result: Result<Availability, FieldErrors>) -> Vec<String> {
    result.unwrap_err().0.into_iter().map(|error| error.field).collect()
}

#[test]
fn json_goes_in_and_comes_out_the_same_in_the_order_of_the_week() {
    let json = r#"{"sessions":[{"weekday":"friday","start":"18:05","minutes":45},{"weekday":"monday","start":"09:00","minutes":60}],"blackoutDates":["2026-12-25","2026-12-24","2026-12-24"]}"#;
    let read: Availability = serde_json::from_str(json).unwrap();
    let written = serde_json::to_string(&read).unwrap();
    let expected = r#"{"sessions":[{"weekday":"monday","start":"09:00","minutes":60},{"weekday":"friday","start":"18:05","minutes":45}],"blackoutDates":["2026-12-24","2026-12-25"]}"#;
    assert_eq!(written, expected);
    assert_eq!(serde_json::from_str::<Availability>(&written).unwrap(), read);
    assert_eq!(serde_json::from_str::<Availability>("{}").unwrap(), Availability::default());
}

#[test]
fn every_offence_is_named_with_its_place() {
    let sessions = vec![
        session(Weekday::Monday, "10:00", 60),
        session(Weekday::Monday, "09:30", 31),
        session(Weekday::Tuesday, "23:30", 31),
        session(Weekday::Sunday, "00:00", 14),
        session(Weekday::Saturday, "00:00", 721),
    ];
    let named = ["sessions[2].minutes", "sessions[3].minutes", "sessions[4].minutes", "sessions[0].start"];
    assert_eq!(fields(Availability::new(sessions, vec![])), named);
}

#[test]
fn a_short_session_inside_a_long_one_does_not_hide_the_next_overlap() {
    let day = Weekday::Wednesday;
    let sessions = vec![session(day, "09:00", 180), session(day, "09:30", 15), session(day, "11:00", 30)];
    assert_eq!(fields(Availability::new(sessions, vec![])), ["sessions[1].start", "sessions[2].start"]);
}

#[test]
fn sessions_may_touch_and_may_end_at_midnight() {
    let day = Weekday::Wednesday;
    let sessions = vec![session(day, "12:00", 60), session(day, "13:00", 60), session(day, "23:00", 60)];
    assert!(Availability::new(sessions, vec![]).is_ok());
}

#[test]
fn twenty_eight_sessions_are_taken_and_one_more_is_not() {
    let four = |weekday: &Weekday| ["06:00", "09:00", "12:00", "18:00"].map(|start| session(*weekday, start, 60));
    let mut sessions: Vec<WeeklySession> = Weekday::ALL.iter().flat_map(four).collect();
    assert!(Availability::new(sessions.clone(), vec![]).is_ok());
    sessions.push(session(Weekday::Monday, "20:00", 60));
    assert_eq!(fields(Availability::new(sessions, vec![])), ["sessions"]);
}

#[test]
fn only_a_time_written_in_full_is_a_time_of_the_day() {
    assert_eq!(TimeOfDay::parse("09:05").unwrap().minutes(), 545);
    for wrong in ["9:05", "24:00", "09:60", "09:05:00", "", "0905 ", "+9:05", " 9:05", "09: 5", "9:05 "] {
        assert!(TimeOfDay::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_date_has_its_weekday() {
    assert_eq!(Weekday::of(NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()), Weekday::Monday);
}
