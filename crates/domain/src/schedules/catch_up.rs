//! What a learner can do who is behind, or whose plan does not fit: a later end, more hours a week, or fewer tasks. Each
//! way says what it costs, and taking it gives exactly that.

use super::layout::{Layout, Placed, lay_out};
use super::scheduler::hours_needed;
use super::{Inputs, clock};
use crate::ids::TaskId;
use crate::plans::LONGEST_AHEAD_DAYS;
use chrono::{DateTime, Duration, NaiveDate, SubsecRound, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

closed_enum! {
    /// A way to catch up.
    CatchUpKind { Shift = "shift", Compress = "compress", Drop = "drop" }
}

closed_enum! {
    /// Why a way to catch up is not open.
    Obstacle {
        /// Without a deadline there is nothing to meet: only a later end makes sense.
        NoDeadline = "no_deadline",
        /// No day is left until the deadline.
        DeadlinePassed = "deadline_passed",
        /// The end would lie more than a year ahead.
        EndTooFar = "end_too_far",
        /// The plan would last longer than the longest of its learner's tier.
        BeyondTier = "beyond_tier",
        /// The availability leaves too little time.
        NotEnoughTime = "not_enough_time",
        /// A task cannot be cut into sessions this short.
        SessionsTooShort = "sessions_too_short",
        /// What is begun or pinned stays, and alone takes too long.
        KeptTasksTooLong = "kept_tasks_too_long"
    }
}

/// How far behind a learner is: sessions that are past while their tasks are not done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Behind {
    /// Minutes of those sessions.
    pub minutes: u64,
    /// Tasks they are for.
    pub tasks: u32,
    /// When the first of them began.
    pub since: Option<DateTime<Utc>>,
}

/// One way to catch up: what the plan would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CatchUpOption {
    /// Which one.
    pub kind: CatchUpKind,
    /// What is in the way; none: it can be taken.
    pub obstacle: Option<Obstacle>,
    /// The day of the last session.
    pub end_date: Option<NaiveDate>,
    /// The last day.
    pub deadline_date: Option<NaiveDate>,
    /// Hours a week.
    pub weekly_hours: u32,
    /// Tasks that stay and get other times, in plan order.
    pub moved_tasks: Vec<TaskId>,
    /// Tasks that go, in plan order.
    pub dropped_tasks: Vec<TaskId>,
}

/// How far behind a learner is, and what they can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CatchUp {
    /// Sessions missed.
    pub behind: Behind,
    /// Whether there is anything to do: something is missed, or the plan does not fit. When not, every option is the plan
    /// as it is, and taking one changes nothing.
    pub needed: bool,
    /// Shift, compress and drop, in this order.
    pub options: Vec<CatchUpOption>,
}

impl CatchUp {
    /// The option of a kind.
    pub fn option(&self, kind: CatchUpKind) -> Option<&CatchUpOption> {
        self.options.iter().find(|option| option.kind == kind)
    }
}

impl CatchUpOption {
    /// The inputs after this option is taken at `now` (the moment it was computed for); the schedule of these is what the
    /// option said.
    pub fn applied(&self, inputs: &Inputs, now: DateTime<Utc>) -> Inputs {
        let mut after = from_now(inputs, now);
        after.deadline = self.deadline_date;
        after.weekly_hours = self.weekly_hours;
        after.tasks.retain(|task| !self.dropped_tasks.contains(&task.id));
        after
    }
}

/// The moment from which a plan that is rescheduled at `now` is laid out anew: whole microseconds, which is what PostgreSQL
/// stores of it and of the times at which tasks are completed.
pub fn moment(now: DateTime<Utc>) -> DateTime<Utc> {
    now.trunc_subsecs(6)
}

/// Computes how far behind the learner is at `now`, and the ways out. `pinned` tasks are never dropped; `last_day` is the
/// latest deadline that the learner's tier allows, none when it allows any.
///
/// - Shift: the open tasks from now on, in order, with the present hours; the deadline moves to the day of the last session
///   if that is later.
/// - Compress: the fewest more hours a week, up to 80, that meet the deadline.
/// - Drop: tasks neither begun nor pinned, from the end of the plan: what comes last builds on the rest and is missed least,
///   and nothing near moves for it. With one task fewer dropped the rest would not fit; because cutting tasks is not quite
///   even, some much smaller number may fit by chance.
pub fn catch_up(
    inputs: &Inputs,
    pinned: &BTreeSet<TaskId>,
    last_day: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> CatchUp {
    let now = moment(now);
    let present = lay_out(inputs, inputs.weekly_hours);
    let behind = behind(&present, now);
    let needed = behind.minutes > 0 || !present.fits();
    let ways = Ways { inputs, pinned, last_day, anew: from_now(inputs, now), present, today: today(inputs, now) };
    let options = CatchUpKind::ALL.iter().map(|kind| if needed { ways.option(*kind) } else { ways.as_it_is(*kind) });
    CatchUp { behind, needed, options: options.collect() }
}

fn behind(present: &Layout, now: DateTime<Utc>) -> Behind {
    let past: Vec<&Placed> = present.placed.iter().filter(|placed| placed.end() <= now).collect();
    let tasks = past.chunk_by(|one, other| one.task == other.task).count();
    Behind {
        minutes: past.iter().map(|placed| u64::from(placed.minutes)).sum(),
        tasks: u32::try_from(tasks).unwrap_or(u32::MAX),
        since: past.first().map(|placed| placed.start),
    }
}

fn from_now(inputs: &Inputs, now: DateTime<Utc>) -> Inputs {
    Inputs { not_before: Some(moment(now)), completed: Vec::new(), ..inputs.clone() }
}

fn today(inputs: &Inputs, now: DateTime<Utc>) -> NaiveDate {
    clock::local(inputs.timezone, now).date()
}

/// What every option is computed from.
struct Ways<'a> {
    inputs: &'a Inputs,
    pinned: &'a BTreeSet<TaskId>,
    last_day: Option<NaiveDate>,
    /// The inputs from now on.
    anew: Inputs,
    present: Layout,
    today: NaiveDate,
}

impl Ways<'_> {
    fn option(&self, kind: CatchUpKind) -> CatchUpOption {
        let way = match kind {
            CatchUpKind::Shift => self.shift(),
            CatchUpKind::Compress => self.deadline().and_then(|_| self.compress()),
            CatchUpKind::Drop => self.deadline().and_then(|_| self.drop()),
        };
        match way {
            Ok((after, dropped)) => self.told(kind, &after, dropped),
            Err(obstacle) => CatchUpOption { obstacle: Some(obstacle), ..self.as_it_is(kind) },
        }
    }

    fn as_it_is(&self, kind: CatchUpKind) -> CatchUpOption {
        CatchUpOption {
            kind,
            obstacle: None,
            end_date: self.present.end(),
            deadline_date: self.inputs.deadline,
            weekly_hours: self.inputs.weekly_hours,
            moved_tasks: Vec::new(),
            dropped_tasks: Vec::new(),
        }
    }

    fn told(&self, kind: CatchUpKind, after: &Inputs, dropped: Vec<TaskId>) -> CatchUpOption {
        let layout = lay_out(after, after.weekly_hours);
        let (before, now) = (times(&self.present), times(&layout));
        let moved = after.tasks.iter().filter(|task| before.get(&task.id) != now.get(&task.id));
        CatchUpOption {
            kind,
            obstacle: None,
            end_date: layout.end(),
            deadline_date: after.deadline,
            weekly_hours: after.weekly_hours,
            moved_tasks: moved.map(|task| task.id).collect(),
            dropped_tasks: dropped,
        }
    }

    fn deadline(&self) -> Result<NaiveDate, Obstacle> {
        let deadline = self.inputs.deadline.ok_or(Obstacle::NoDeadline)?;
        if deadline < self.today { Err(Obstacle::DeadlinePassed) } else { Ok(deadline) }
    }

    fn shift(&self) -> Result<(Inputs, Vec<TaskId>), Obstacle> {
        let mut after = Inputs { deadline: None, ..self.anew.clone() };
        let layout = lay_out(&after, after.weekly_hours);
        if !layout.fits() {
            return Err(if layout.too_long { Obstacle::SessionsTooShort } else { Obstacle::NotEnoughTime });
        }
        let deadline = self.inputs.deadline;
        after.deadline = deadline.map(|deadline| layout.end().map_or(deadline, |end| end.max(deadline)));
        match after.deadline.filter(|_| after.deadline != deadline) {
            Some(moved) => self.admit(moved).map(|()| (after, Vec::new())),
            None => Ok((after, Vec::new())),
        }
    }

    /// Whether the deadline may be moved to a day.
    fn admit(&self, deadline: NaiveDate) -> Result<(), Obstacle> {
        let latest = self.today.checked_add_signed(Duration::days(LONGEST_AHEAD_DAYS)).unwrap_or(NaiveDate::MAX);
        if self.last_day.is_some_and(|last| deadline > last) {
            Err(Obstacle::BeyondTier)
        } else if deadline > latest {
            Err(Obstacle::EndTooFar)
        } else {
            Ok(())
        }
    }

    fn compress(&self) -> Result<(Inputs, Vec<TaskId>), Obstacle> {
        let after = self.anew.clone();
        if lay_out(&after, after.weekly_hours).fits() {
            return Ok((after, Vec::new()));
        }
        let weekly_hours = hours_needed(&after).ok_or(Obstacle::NotEnoughTime)?;
        Ok((Inputs { weekly_hours, ..after }, Vec::new()))
    }

    fn drop(&self) -> Result<(Inputs, Vec<TaskId>), Obstacle> {
        if lay_out(&self.anew, self.anew.weekly_hours).too_long {
            return Err(Obstacle::SessionsTooShort);
        }
        let may_go = |task: &&super::OpenTask| !task.in_progress && task.minutes > 0 && !self.pinned.contains(&task.id);
        let ids: Vec<TaskId> = self.anew.tasks.iter().filter(may_go).map(|task| task.id).collect();
        let fits =
            |kept: usize| lay_out(&self.without(ids.get(kept..).unwrap_or_default()), self.anew.weekly_hours).fits();
        // How many can stay, found by halving: so many fit, and one more does not.
        let (mut least, mut most) = (0, ids.len());
        while least < most {
            let middle = (least + most).div_ceil(2);
            if fits(middle) { least = middle } else { most = middle - 1 }
        }
        if !fits(least) {
            return Err(Obstacle::KeptTasksTooLong);
        }
        let dropped = ids.get(least..).unwrap_or_default().to_vec();
        Ok((self.without(&dropped), dropped))
    }

    fn without(&self, dropped: &[TaskId]) -> Inputs {
        let dropped: BTreeSet<&TaskId> = dropped.iter().collect();
        let mut after = self.anew.clone();
        after.tasks.retain(|task| !dropped.contains(&task.id));
        after
    }
}

/// Every task's times.
fn times(layout: &Layout) -> BTreeMap<TaskId, Vec<(DateTime<Utc>, u32)>> {
    let mut times: BTreeMap<TaskId, Vec<_>> = BTreeMap::new();
    for placed in &layout.placed {
        times.entry(placed.task).or_default().push((placed.start, placed.minutes));
    }
    times
}

#[cfg(test)]
mod tests;
