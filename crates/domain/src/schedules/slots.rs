//! The learner's sessions one after another: the weekly pattern laid over real dates, before any task is in them.

use super::{Availability, Inputs, LONGEST_DAYS, Weekday, clock};
use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use std::collections::VecDeque;

/// The default pattern: days counted from the plan's first.
const DEFAULT_DAYS: [u32; 3] = [0, 2, 4];
/// When its sessions begin, in minutes since midnight.
const DEFAULT_START: u32 = 9 * 60;
const DAY_MINUTES: u32 = 24 * 60;

/// A session that can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// From 0, counted from the first day.
    pub week: u32,
    /// Its day.
    pub date: NaiveDate,
    /// When it begins.
    pub start: DateTime<Utc>,
    /// How long it lasts.
    pub minutes: u32,
}

/// A session of the pattern: minutes since midnight, and how many.
type Time = (u32, u32);

/// Sessions of a week, by the day's number from the plan's first.
#[derive(Debug, Clone, Default)]
pub struct Pattern([Vec<Time>; 7]);

impl Pattern {
    /// The availability's pattern, or the default one; its sessions last as long as `hours` a week need.
    pub fn of(availability: &Availability, start: NaiveDate, hours: u32) -> Self {
        let mut days: [Vec<Time>; 7] = Default::default();
        if availability.sessions().is_empty() {
            let week = u64::from(hours) * 60;
            for (day, minutes) in DEFAULT_DAYS.into_iter().zip(thirds(week)) {
                if let Some(day) = days.get_mut(index(day)) {
                    day.push((DEFAULT_START, minutes));
                }
            }
        } else {
            for (day, date) in days.iter_mut().zip(start.iter_days()) {
                let weekday = Weekday::of(date);
                let of_day = availability.sessions().iter().filter(|session| session.weekday == weekday);
                day.extend(of_day.map(|session| (session.start.minutes(), session.minutes)));
            }
        }
        Self(days)
    }

    /// How long the longest session of an ordinary week is when `limit` minutes a week may be used.
    pub fn longest(&self, limit: u64) -> u32 {
        let mut left = limit;
        let usable = self.0.iter().flatten().map(|(_, minutes)| {
            let usable = u64::from(*minutes).min(left);
            left -= usable;
            u32::try_from(usable).unwrap_or(u32::MAX)
        });
        usable.max().unwrap_or(0)
    }

    /// Minutes of a week's sessions.
    pub fn week(&self) -> u32 {
        self.0.iter().flatten().map(|(_, minutes)| minutes).sum()
    }

    fn of_day(&self, day: u32) -> &[Time] {
        self.0.get(index(day)).map_or(&[], Vec::as_slice)
    }
}

/// Minutes in three parts, the first ones longer, none past midnight.
fn thirds(minutes: u64) -> [u32; 3] {
    let part = |more: u64| u32::try_from((minutes + more) / 3).unwrap_or(u32::MAX).min(DAY_MINUTES - DEFAULT_START);
    [part(2), part(1), part(0)]
}

fn index(day: u32) -> usize {
    usize::try_from(day).unwrap_or(usize::MAX)
}

/// The slots of a plan, in order of time. They never overlap and never pass midnight, whatever the clocks do.
#[derive(Debug)]
pub struct Slots<'a> {
    inputs: &'a Inputs,
    pattern: &'a Pattern,
    next: Option<NaiveDate>,
    last: NaiveDate,
    of_day: VecDeque<Slot>,
}

impl<'a> Slots<'a> {
    pub fn new(inputs: &'a Inputs, pattern: &'a Pattern) -> Self {
        let (first, last) = days(inputs);
        Self { inputs, pattern, next: Some(first), last, of_day: VecDeque::new() }
    }

    fn lay_day(&mut self, date: NaiveDate) {
        if self.inputs.availability.blacked_out(date) {
            return;
        }
        let day = u32::try_from((date - self.inputs.start).num_days()).unwrap_or(0);
        let mut over = None;
        for time in self.pattern.of_day(day % 7) {
            let Some(slot) = lay(self.inputs, date, day / 7, *time, over) else { continue };
            over = Some(slot.start + Duration::minutes(slot.minutes.into()));
            if self.inputs.not_before.is_none_or(|moment| moment <= slot.start) {
                self.of_day.push_back(slot);
            }
        }
    }
}

impl Iterator for Slots<'_> {
    type Item = Slot;

    fn next(&mut self) -> Option<Slot> {
        while self.of_day.is_empty() {
            let date = self.next.filter(|date| *date <= self.last)?;
            self.lay_day(date);
            self.next = date.succ_opt();
        }
        self.of_day.pop_front()
    }
}

/// The first and the last day to look at.
pub fn days(inputs: &Inputs) -> (NaiveDate, NaiveDate) {
    let from = inputs.not_before.map(|moment| clock::local(inputs.timezone, moment).date());
    let first = from.map_or(inputs.start, |date| date.max(inputs.start));
    let bound = first.checked_add_days(Days::new(LONGEST_DAYS)).unwrap_or(NaiveDate::MAX);
    (first, inputs.deadline.map_or(bound, |deadline| deadline.min(bound)))
}

/// A session of the pattern on a date: at the first existing minute, as long as it should be, but not before the one
/// before it is `over` and not past midnight. None when nothing of it is left on that date.
fn lay(inputs: &Inputs, date: NaiveDate, week: u32, time: Time, over: Option<DateTime<Utc>>) -> Option<Slot> {
    let (zone, (begin, minutes)) = (inputs.timezone, time);
    let clock_time = date.and_hms_opt(begin / 60, begin % 60, 0)?;
    let planned = clock::instant(zone, clock_time)?;
    let end = planned.checked_add_signed(Duration::minutes(minutes.into()))?;
    let start = over.map_or(planned, |over| over.max(planned));
    if clock::local(zone, start).date() != date {
        return None;
    }
    let past_midnight = clock::local(zone, end.checked_sub_signed(Duration::minutes(1))?).date() != date;
    let end = if past_midnight { end.min(clock::midnight_after(zone, date)?) } else { end };
    let minutes = u32::try_from((end - start).num_minutes()).ok().filter(|minutes| *minutes > 0)?;
    Some(Slot { week, date, start, minutes })
}

#[cfg(test)]
mod tests;
