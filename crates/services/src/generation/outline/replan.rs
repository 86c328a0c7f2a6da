//! A course that takes the place of a present plan: a new one for the brief, in which tasks with a present task's title
//! are that task, and into which everything that must stay is put. Called by the provider for every brief.
//!
//! An old module whose tasks live on in a new one gives it the rest of what must stay; an old module without such a
//! counterpart stays itself, with just what must stay.

use super::course::{self, Course, Module, Task};
use crate::generation::provider::{PlanBrief, PresentModule, PresentTask};
use std::collections::{HashMap, HashSet};
use waymark_domain::generation::{MAX_MODULES, MAX_TASKS};

/// Stands under a module that is kept for the tasks it holds.
const KEPT: &str = "What you have done, begun or pinned in the plan so far.";

/// The course for a brief, which is only the usual one when there is no present plan.
pub(super) fn plan(brief: &PlanBrief) -> Course {
    let course = course::plan(brief);
    if !brief.is_regeneration() {
        return course;
    }
    let mut replan = Replan::of(brief, course);
    replan.claim();
    replan.place();
    replan.trim(brief.task_capacity);
    replan.into_course()
}

/// A module of the new course while it is put together.
struct Draft {
    module: Module,
    /// An old module that stays, rather than a new one.
    kept: bool,
}

struct Replan<'a> {
    present: Vec<(&'a PresentModule, &'a [PresentTask])>,
    must_stay: HashSet<&'a str>,
    /// New modules; old ones that stay join in [`Replan::place`].
    drafts: Vec<Draft>,
    /// By key, the new module that holds the task.
    claimed: HashMap<&'a str, usize>,
}

impl<'a> Replan<'a> {
    fn of(brief: &'a PlanBrief, course: Course) -> Self {
        let present: Vec<_> = brief.shown().collect();
        let tasks = present.iter().flat_map(|(_, tasks)| tasks.iter());
        Self {
            must_stay: tasks.filter(|task| task.must_stay()).map(|task| task.key.as_str()).collect(),
            drafts: course.modules.into_iter().map(|module| Draft { module, kept: false }).collect(),
            claimed: HashMap::new(),
            present,
        }
    }

    /// New tasks with a present task's title become that task, each present one once.
    fn claim(&mut self) {
        let mut by_title: HashMap<String, Vec<&'a PresentTask>> = HashMap::new();
        for task in self.present.iter().flat_map(|(_, tasks)| tasks.iter()).rev() {
            by_title.entry(folded(&task.title)).or_default().push(task);
        }
        for (at, draft) in self.drafts.iter_mut().enumerate() {
            for task in &mut draft.module.tasks {
                let Some(old) = by_title.get_mut(&folded(&task.title)).and_then(Vec::pop) else { continue };
                self.claimed.insert(&old.key, at);
                if old.must_stay() {
                    *task = echo(old);
                } else {
                    task.key = Some(old.key.clone());
                }
            }
        }
    }

    /// Puts what must stay and is not in the course yet in front of its module's counterpart, or into its old module.
    fn place(&mut self) {
        let mut taken = HashSet::new();
        // Where the last old module with a counterpart went: what has none follows it.
        let mut anchor = None;
        let mut stays: Vec<(Option<usize>, Module)> = Vec::new();
        for (old, tasks) in self.present.clone() {
            let left: Vec<&PresentTask> =
                tasks.iter().filter(|task| task.must_stay() && !self.claimed.contains_key(task.key.as_str())).collect();
            let counterpart = self.counterpart(old, tasks, left.len()).filter(|at| taken.insert(*at));
            anchor = counterpart.or(anchor);
            let echoes = left.into_iter().map(echo);
            match counterpart.and_then(|at| self.drafts.get_mut(at)) {
                Some(draft) => drop(draft.module.tasks.splice(..0, echoes)),
                None => stays.push((anchor, stay(old, echoes.collect()))),
            }
        }
        stays.retain(|(_, module)| !module.tasks.is_empty());
        self.insert(stays);
    }

    /// The new module that took most of an old module's tasks, the first of equals; else the one with its title. None
    /// when it cannot take `more` tasks beside those that must stay in it.
    fn counterpart(&self, old: &PresentModule, tasks: &[PresentTask], more: usize) -> Option<usize> {
        let took = |at: usize| tasks.iter().filter(|task| self.claimed.get(task.key.as_str()) == Some(&at)).count();
        let most = (0..self.drafts.len()).rev().max_by_key(|at| took(*at)).filter(|at| took(*at) > 0);
        let same_title = || self.drafts.iter().position(|draft| folded(&draft.module.title) == folded(&old.title));
        let at = most.or_else(same_title)?;
        let staying = self.drafts.get(at)?.module.tasks.iter().filter(|task| self.stays(task)).count();
        (staying + more <= MAX_TASKS).then_some(at)
    }

    /// Puts each old module behind the new one it follows, the first ones first of all.
    fn insert(&mut self, stays: Vec<(Option<usize>, Module)>) {
        let mut behind: HashMap<Option<usize>, Vec<Draft>> = HashMap::new();
        for (anchor, module) in stays {
            behind.entry(anchor).or_default().push(Draft { module, kept: true });
        }
        let mut all = behind.remove(&None).unwrap_or_default();
        for (at, draft) in std::mem::take(&mut self.drafts).into_iter().enumerate() {
            all.push(draft);
            all.extend(behind.remove(&Some(at)).unwrap_or_default());
        }
        self.drafts = all;
    }

    /// Brings the course within the bounds of an answer and, as far as what must stay allows, of the learner's time.
    fn trim(&mut self, capacity: Option<u32>) {
        while self.drafts.len() > MAX_MODULES && self.shorten() {}
        for at in 0..self.drafts.len() {
            while self.drafts.get(at).is_some_and(|draft| draft.module.tasks.len() > MAX_TASKS) && self.drop_from(at) {}
        }
        let capacity = capacity.map_or(usize::MAX, |tasks| usize::try_from(tasks).unwrap_or(usize::MAX));
        while self.drafts.iter().map(|draft| draft.module.tasks.len()).sum::<usize>() > capacity {
            // As trimming does to any plan: the last task of the longest module, of several the later.
            let longest = (0..self.drafts.len()).filter(|at| self.spare(*at).is_some());
            let Some(at) = longest.max_by_key(|at| self.drafts.get(*at).map(|draft| draft.module.tasks.len())) else {
                return;
            };
            if !self.drop_from(at) {
                return;
            }
        }
    }

    /// One module less: two old neighbours in one, or else without the last new module that nothing must stay in.
    fn shorten(&mut self) -> bool {
        let pairs = self.drafts.windows(2).enumerate().filter_map(|(at, pair)| match pair {
            [one, two] if one.kept && two.kept => Some((at, one.module.tasks.len() + two.module.tasks.len())),
            _ => None,
        });
        if let Some((at, _)) = pairs.filter(|(_, tasks)| *tasks <= MAX_TASKS).min_by_key(|(_, tasks)| *tasks) {
            let second = self.drafts.remove(at + 1);
            if let Some(first) = self.drafts.get_mut(at) {
                first.module.tasks.extend(second.module.tasks);
            }
            return true;
        }
        let empty = |draft: &Draft| !draft.module.tasks.iter().any(|task| self.stays(task));
        let last = self.drafts.iter().rposition(empty);
        last.map(|at| self.drafts.remove(at)).is_some()
    }

    /// The place of a module's last task that may go, unless it is the module's only one.
    fn spare(&self, at: usize) -> Option<usize> {
        let tasks = &self.drafts.get(at)?.module.tasks;
        tasks.iter().rposition(|task| !self.stays(task)).filter(|_| tasks.len() > 1)
    }

    fn drop_from(&mut self, at: usize) -> bool {
        let spare = self.spare(at);
        let Some((draft, place)) = self.drafts.get_mut(at).zip(spare) else { return false };
        draft.module.tasks.remove(place);
        true
    }

    fn stays(&self, task: &Task) -> bool {
        task.key.as_deref().is_some_and(|key| self.must_stay.contains(key))
    }

    fn into_course(self) -> Course {
        let mut modules: Vec<Module> = self.drafts.into_iter().map(|draft| draft.module).collect();
        modules.iter_mut().for_each(Module::add_up);
        Course { modules }
    }
}

/// A task that must stay, by its key; its text and links are not asked for again.
fn echo(task: &PresentTask) -> Task {
    Task {
        key: Some(task.key.clone()),
        title: task.title.clone(),
        description: String::new(),
        estimated_minutes: task.minutes,
        resources: Vec::new(),
    }
}

fn stay(old: &PresentModule, tasks: Vec<Task>) -> Module {
    Module { title: old.title.clone(), description: KEPT.to_owned(), estimated_minutes: 0, tasks, frame: None }
}

/// A title as titles are compared: without regard to case and spacing.
fn folded(title: &str) -> String {
    title.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests;
