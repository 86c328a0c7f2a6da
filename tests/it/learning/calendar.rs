//! Reads calendars as a calendar program does: with a parser that is not the one which wrote them.

use calcard::icalendar::{ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarValue};
use std::collections::BTreeMap;

/// An event, as a program sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub sequence: i64,
    pub cancelled: bool,
    pub summary: String,
    pub description: String,
    /// Seconds since 1970.
    pub start: i64,
    /// Seconds since 1970.
    pub end: i64,
}

/// The events of a calendar by their UIDs. Fails when anything in it cannot be read or is no event.
pub fn events(text: &str) -> BTreeMap<String, Event> {
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "a line is not folded");
    assert!(text.ends_with("END:VCALENDAR\r\n"), "{text}");
    let calendar = ICalendar::parse(text).expect("a calendar");
    let mut events = BTreeMap::new();
    for component in &calendar.components {
        match component.component_type {
            ICalendarComponentType::VCalendar => {}
            ICalendarComponentType::VEvent => {
                let event = Event {
                    sequence: value(component, &ICalendarProperty::Sequence).parse().expect("a number"),
                    cancelled: value(component, &ICalendarProperty::Status) == "Cancelled",
                    summary: value(component, &ICalendarProperty::Summary),
                    description: value(component, &ICalendarProperty::Description),
                    start: value(component, &ICalendarProperty::Dtstart).parse().expect("seconds"),
                    end: value(component, &ICalendarProperty::Dtend).parse().expect("seconds"),
                };
                assert!(!value(component, &ICalendarProperty::Dtstamp).is_empty());
                let uid = value(component, &ICalendarProperty::Uid);
                assert_eq!(events.insert(uid, event), None, "no two events share a UID");
            }
            ref other => panic!("{other:?} in a plan's calendar"),
        }
    }
    events
}

fn value(component: &ICalendarComponent, name: &ICalendarProperty) -> String {
    let Some(entry) = component.entries.iter().find(|entry| entry.name == *name) else { return String::new() };
    match entry.values.as_slice() {
        [ICalendarValue::Text(text)] => text.clone(),
        [ICalendarValue::Integer(number)] => number.to_string(),
        [ICalendarValue::Status(status)] => format!("{status:?}"),
        [ICalendarValue::PartialDateTime(time)] => {
            assert!(time.tz_hour == Some(0) && time.tz_minute == Some(0), "in UTC: {time:?}");
            time.to_timestamp().expect("an instant").to_string()
        }
        other => panic!("{name:?}: {other:?}"),
    }
}
