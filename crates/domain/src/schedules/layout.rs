//! Putting tasks into sessions: one pass over tasks and slots, both in order, so the cost is their sum.

use super::slots::{Pattern, Slot, Slots};
use super::{Inputs, OpenTask, parts};
use crate::ids::TaskId;
use chrono::{DateTime, Duration, NaiveDate, Utc};

/// A part of a task with its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    pub task: TaskId,
    /// From 1.
    pub part: u32,
    /// From 0.
    pub week: u32,
    pub date: NaiveDate,
    pub start: DateTime<Utc>,
    pub minutes: u32,
}

impl Placed {
    /// When it ends.
    pub fn end(&self) -> DateTime<Utc> {
        self.start + Duration::minutes(self.minutes.into())
    }
}

/// Where the open tasks went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// In order of time, which is the order of the tasks.
    pub placed: Vec<Placed>,
    /// Minutes without a place.
    pub short: u64,
    /// The first task that lacks minutes.
    pub first_missing: Option<TaskId>,
    /// Whether a task cannot be cut into the sessions of an ordinary week, however many there are.
    pub too_long: bool,
}

impl Layout {
    pub const fn fits(&self) -> bool {
        self.first_missing.is_none()
    }

    /// The day of the last session.
    pub fn end(&self) -> Option<NaiveDate> {
        self.placed.last().map(|placed| placed.date)
    }

    fn miss(&mut self, task: TaskId, minutes: u32) {
        self.short += u64::from(minutes);
        self.first_missing.get_or_insert(task);
    }
}

/// Open tasks in the order they are placed: begun ones first, else as in the plan.
pub fn order(tasks: &[OpenTask]) -> impl Iterator<Item = &OpenTask> {
    let begun = tasks.iter().filter(|task| task.in_progress);
    begun.chain(tasks.iter().filter(|task| !task.in_progress))
}

/// Lays the tasks out with `hours` a week instead of the inputs' own.
///
/// Completed tasks go first and leave nothing but the place they took. A task that no session of an ordinary week can hold
/// is reported and the next one tried; once the calendar is used up, everything left is reported.
pub fn lay_out(inputs: &Inputs, hours: u32) -> Layout {
    let pattern = Pattern::of(&inputs.availability, inputs.start, hours);
    let mut table = Table::new(inputs, &pattern, hours);
    for minutes in &inputs.completed {
        let _ = table.place(*minutes, |_, _, _| {});
    }
    let mut layout = Layout { placed: Vec::with_capacity(inputs.tasks.len()), ..Layout::default() };
    for task in order(&inputs.tasks) {
        if !parts::divisible(task.minutes, table.longest) {
            layout.too_long = true;
            layout.miss(task.id, task.minutes);
            continue;
        }
        let mut part = 0;
        let left = table.place(task.minutes, |slot, start, minutes| {
            part += 1;
            let Slot { week, date, .. } = *slot;
            layout.placed.push(Placed { task: task.id, part, week, date, start, minutes });
        });
        if left > 0 {
            layout.miss(task.id, left);
        }
    }
    layout
}

/// The calendar while it is filled.
struct Table<'a> {
    slots: Slots<'a>,
    /// The slot being filled, and how many of its minutes are gone.
    open: Option<(Slot, u32)>,
    /// Minutes a week may have.
    limit: u64,
    /// Minutes the open slot's week has so far.
    used: u64,
    longest: u32,
}

impl<'a> Table<'a> {
    fn new(inputs: &'a Inputs, pattern: &'a Pattern, hours: u32) -> Self {
        let limit = u64::from(hours) * 60;
        let mut slots = Slots::new(inputs, pattern);
        let open = if limit == 0 { None } else { slots.next().map(|slot| (slot, 0)) };
        Self { slots, open, limit, used: 0, longest: pattern.longest(limit) }
    }

    /// Places a task's minutes; returns those for which the calendar was too short.
    fn place(&mut self, minutes: u32, mut each: impl FnMut(&Slot, DateTime<Utc>, u32)) -> u32 {
        let mut left = if parts::divisible(minutes, self.longest) { minutes } else { 0 };
        while left > 0 {
            let Some((slot, gone)) = self.open else { return left };
            let of_week = u32::try_from(self.limit - self.used).unwrap_or(u32::MAX);
            let room = (slot.minutes - gone).min(of_week);
            let Some(part) = parts::next_part(left, room, self.longest) else {
                self.advance(slot.week);
                continue;
            };
            each(&slot, slot.start + Duration::minutes(gone.into()), part);
            left -= part;
            self.used += u64::from(part);
            self.open = Some((slot, gone + part));
        }
        0
    }

    fn advance(&mut self, week: u32) {
        self.open = self.slots.next().map(|slot| (slot, 0));
        if self.open.is_some_and(|(slot, _)| slot.week != week) {
            self.used = 0;
        }
    }
}
