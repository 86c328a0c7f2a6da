//! Tests of the calendar: read by a parser that is not ours, hostile texts come out as they went in.

use super::super::samples::{hostile, plan, schedule};
use super::*;
use calcard::icalendar::{ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarValue};
use chrono::TimeZone as _;

fn at(second: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, second).unwrap()
}

fn plan_id() -> PlanId {
    PlanId(Uuid::from_u128(7))
}

fn entry(session: &FeedSession, cancelled: bool) -> FeedEntry {
    FeedEntry {
        task_id: session.task_id,
        part: session.part,
        sequence: 3,
        content_hash: session.content_hash.clone(),
        title: session.title.clone(),
        starts_at: session.starts_at,
        ends_at: session.ends_at,
        last_modified: at(5),
        cancelled,
    }
}

fn written(title: &str, cancelled: bool) -> String {
    let plan = plan(title);
    let sessions = sessions(&plan, &schedule(&plan));
    let entries: Vec<FeedEntry> = sessions.iter().map(|(session, _)| entry(session, cancelled)).collect();
    render(plan_id(), &plan.topic, &entries, &sessions)
}

fn events(text: &str) -> Vec<ICalendarComponent> {
    let calendar = ICalendar::parse(text).expect("a calendar");
    let kinds: Vec<_> = calendar.components.iter().map(|component| component.component_type.clone()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == ICalendarComponentType::VCalendar).count(), 1);
    assert!(
        kinds.iter().all(|kind| matches!(kind, ICalendarComponentType::VCalendar | ICalendarComponentType::VEvent))
    );
    calendar.components.into_iter().filter(|one| one.component_type == ICalendarComponentType::VEvent).collect()
}

/// The calendar's name, as both properties say it.
fn names(text: &str) -> [String; 2] {
    let calendar = ICalendar::parse(text).expect("a calendar");
    let itself = calendar.components.iter().find(|one| one.component_type == ICalendarComponentType::VCalendar);
    let itself = itself.expect("the calendar itself");
    [ICalendarProperty::Name, ICalendarProperty::Other("X-WR-CALNAME".to_owned())].map(|name| text_of(itself, &name))
}

fn text_of(event: &ICalendarComponent, name: &ICalendarProperty) -> String {
    let entry = event.entries.iter().find(|entry| entry.name == *name).expect("the property");
    match entry.values.as_slice() {
        [ICalendarValue::Text(text)] => text.clone(),
        other => panic!("one text, not {other:?}"),
    }
}

#[test]
fn hostile_titles_are_read_as_they_are_and_make_no_other_event() {
    for title in hostile() {
        let text = written(&title, false);
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "{title:?}");
        assert_eq!(names(&text), [line(&title), line(&title)], "{title:?}");
        let events = events(&text);
        assert_eq!(events.len(), 2, "{title:?}");
        for (part, event) in (1..).zip(&events) {
            let summary = format!("{} ({part}/2)", line(&title));
            assert_eq!(text_of(event, &ICalendarProperty::Summary), summary, "{title:?}");
            let description = text_of(event, &ICalendarProperty::Description);
            assert!(description.starts_with(&line(&title)), "{title:?}: {description:?}");
            assert!(description.contains("https://example.org/a?b=c&d=e"), "{title:?}: {description:?}");
        }
    }
}

#[test]
fn the_calendars_name_is_escaped_to_the_byte() {
    let text = written("one, two; three\\four", false);
    for name in ["NAME;VALUE=TEXT", "X-WR-CALNAME"] {
        let line = format!("{name}:one\\, two\\; three\\\\four\r\n");
        assert!(text.contains(&line), "{line} is missing from {text}");
    }
}

#[test]
fn an_event_says_when_and_what_it_is_in_utc() {
    let text = written("Rust", false);
    for line in [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Waymark//Plans//EN",
        "X-WR-CALNAME:Rust",
        "DTSTART:20261201T090000Z",
        "DTEND:20261201T093000Z",
        "DTSTAMP:20261123T120005Z",
        "LAST-MODIFIED:20261123T120005Z",
        "SEQUENCE:3",
        "STATUS:CONFIRMED",
        "SUMMARY:Rust (1/2)",
        "URL:https://example.org/a?b=c&d=e",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is missing from {text}");
    }
    assert_eq!(text, written("Rust", false), "equal contents are equal bytes");
}

#[test]
fn a_session_that_is_gone_is_cancelled_and_says_no_more_than_it_must() {
    let text = written("Rust", true);
    assert_eq!(text.matches("STATUS:CANCELLED").count(), 2);
    assert_eq!(text.matches("DESCRIPTION").count(), 0);
    assert_eq!(events(&text).len(), 2);
}

#[test]
fn a_session_keeps_its_uid_and_no_two_share_one() {
    let (plan, task) = (plan_id(), TaskId(Uuid::from_u128(2)));
    assert_eq!(uid(plan, task, 1), uid(plan, task, 1));
    assert_ne!(uid(plan, task, 1), uid(plan, task, 2));
    assert_ne!(uid(plan, task, 1), uid(PlanId(Uuid::from_u128(8)), task, 1));
    // Written down: a UID that changed with a release would double every event.
    assert_eq!(uid(plan, task, 1), "0745cd3f-1f07-535d-a7b8-2267e0791355");
}

#[test]
fn the_hash_follows_what_the_event_says() {
    let hash = |title: &str, minutes: i64| {
        let (plan, mut schedule) = (plan(title), schedule(&plan("x")));
        schedule.weeks[0].days[0].sessions[0].end += TimeDelta::minutes(minutes);
        sessions(&plan, &schedule)[0].0.content_hash.clone()
    };
    assert_eq!(hash("a", 0), hash("a", 0));
    assert_ne!(hash("a", 0), hash("a", 1));
    assert_ne!(hash("a", 0), hash("b", 0));
}
