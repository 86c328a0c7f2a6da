//! A plan's sessions as an iCalendar object (RFC 5545), for the download and the feed. All times are in UTC, which every
//! calendar program shows in its own zone; nothing depends on the moment of writing, so equal contents are equal bytes.

mod fold;

use chrono::{DateTime, TimeDelta, Utc};
use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus, Property};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use uuid::Uuid;
use waymark_domain::ids::{PlanId, TaskId};
use waymark_domain::plans::{PlanSnapshot, SnapshotModule, SnapshotTask};
use waymark_domain::schedules::{Schedule, Session};
use waymark_persistence::{FeedEntry, FeedSession};

/// The namespace of the events' UIDs. Never to change: a program would take every event for a new one.
const EVENTS: Uuid = Uuid::from_u128(0x6f8d_0f3c_5b0e_4d6f_9c55_2f1b_8a7e_41d3);
/// How often a program should ask again.
const ASK_AGAIN: TimeDelta = TimeDelta::hours(1);
/// Most characters of a task's description that an event repeats.
const DESCRIPTION_CHARS: usize = 2000;

/// An event's own words.
#[derive(Debug, Clone)]
pub(super) struct Words {
    summary: String,
    description: String,
    url: Option<String>,
}

/// Every session of the schedule, as the feed's ledger compares it, with the words of its event.
pub(super) fn sessions(plan: &PlanSnapshot, schedule: &Schedule) -> Vec<(FeedSession, Words)> {
    let tasks: HashMap<TaskId, (&SnapshotModule, &SnapshotTask)> =
        plan.modules.iter().flat_map(|module| module.tasks.iter().map(move |task| (task.id, (module, task)))).collect();
    let session = |session: &Session| {
        let (module, task) = tasks.get(&session.task_id)?;
        let words = words(module, task, session);
        let shown = FeedSession {
            task_id: session.task_id,
            part: session.part,
            content_hash: content_hash(&words, session.start, session.end),
            title: words.summary.clone(),
            starts_at: session.start,
            ends_at: session.end,
        };
        Some((shown, words))
    };
    schedule.sessions().filter_map(session).collect()
}

/// The calendar: what is in the schedule, and for a while what no longer is.
pub(super) fn render(plan_id: PlanId, name: &str, entries: &[FeedEntry], words: &[(FeedSession, Words)]) -> String {
    let words: HashMap<(TaskId, u32), &Words> =
        words.iter().map(|(session, words)| ((session.task_id, session.part), words)).collect();
    let mut calendar = Calendar::empty();
    for (key, value) in [("VERSION", "2.0"), ("PRODID", "-//Waymark//Plans//EN"), ("CALSCALE", "GREGORIAN")] {
        calendar.append_property(Property::new(key, value));
    }
    // Its name as RFC 7986 says it, and as most programs have read it since before. Said to be a text: only then is it
    // escaped, since the crate does not know this property.
    calendar.append_property(Property::new("NAME", line(name)).append_parameter(("VALUE", "TEXT")).done());
    calendar.append_property(Property::new("X-WR-CALNAME", line(name)));
    calendar.append_property(Property::new("REFRESH-INTERVAL;VALUE=DURATION", format!("PT{}H", ASK_AGAIN.num_hours())));
    calendar.append_property(Property::new("X-PUBLISHED-TTL", format!("PT{}H", ASK_AGAIN.num_hours())));
    for entry in entries {
        calendar.push(event(plan_id, entry, words.get(&(entry.task_id, entry.part)).copied()));
    }
    fold::at_75_octets(&calendar.to_string())
}

fn event(plan_id: PlanId, entry: &FeedEntry, words: Option<&Words>) -> Event {
    let mut event = Event::new();
    event
        .uid(&uid(plan_id, entry.task_id, entry.part))
        .sequence(entry.sequence)
        .timestamp(entry.last_modified)
        .last_modified(entry.last_modified)
        .starts(entry.starts_at)
        .ends(entry.ends_at)
        .summary(&line(&entry.title));
    match words.filter(|_| !entry.cancelled) {
        Some(words) => {
            event.status(EventStatus::Confirmed).description(&words.description);
            if let Some(url) = &words.url {
                event.url(url);
            }
        }
        None => {
            event.status(EventStatus::Cancelled);
        }
    }
    event.done()
}

/// An event's lasting name, from what it is of: the same session keeps it whatever else changes.
pub(super) fn uid(plan: PlanId, task: TaskId, part: u32) -> String {
    Uuid::new_v5(&EVENTS, format!("{plan}/{task}/{part}").as_bytes()).to_string()
}

fn words(module: &SnapshotModule, task: &SnapshotTask, session: &Session) -> Words {
    let part = if session.parts > 1 { format!(" ({}/{})", session.part, session.parts) } else { String::new() };
    let mut description = vec![line(&module.title)];
    description.extend(task.description.as_deref().map(|text| lines(text, DESCRIPTION_CHARS)));
    description.extend(task.resources.iter().map(|link| format!("{}: {}", line(&link.title), line(&link.url))));
    let first = task.resources.first().and_then(|link| url::Url::parse(&link.url).ok());
    Words {
        summary: format!("{}{part}", line(&task.title)),
        description: description.join("\n"),
        url: first.map(|url| url.to_string()),
    }
}

fn content_hash(words: &Words, start: DateTime<Utc>, end: DateTime<Utc>) -> String {
    let mut hash = Sha256::new();
    let times = format!("{} {}", start.timestamp(), end.timestamp());
    for part in [&words.summary, &words.description, words.url.as_ref().unwrap_or(&String::new()), &times] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

/// A text on one line.
fn line(text: &str) -> String {
    let seen: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text with its line breaks, and no other control characters.
fn lines(text: &str, most: usize) -> String {
    let kept: String =
        text.replace("\r\n", "\n").replace('\r', "\n").chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    if kept.chars().count() <= most { kept } else { kept.chars().take(most).chain(['…']).collect() }
}

#[cfg(test)]
mod tests;
