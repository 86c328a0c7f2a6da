//! Puts a course together from layout, stages, wording and links, in the members of the prompt's schema.

use super::links::{self, Link};
use super::stages::{self, Stage, Template};
use super::{layout, wording};
use crate::generation::provider::PlanBrief;
use serde::Serialize;
use waymark_domain::generation::Pace;
use waymark_domain::plans::SkillLevel;

/// A whole course.
#[derive(Debug, Serialize)]
pub(super) struct Course {
    pub(super) modules: Vec<Module>,
}

/// A module of it.
#[derive(Debug, Serialize)]
pub(super) struct Module {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) estimated_minutes: u32,
    pub(super) tasks: Vec<Task>,
}

/// A task of it.
#[derive(Debug, Serialize)]
pub(super) struct Task {
    pub(super) title: String,
    pub(super) description: String,
    pub(super) estimated_minutes: u32,
    pub(super) resources: Vec<Link>,
}

/// What every text of one course needs.
struct Weaver<'a> {
    brief: &'a PlanBrief,
    topic: String,
}

/// The course for a brief; the same brief gives the same course.
pub(super) fn plan(brief: &PlanBrief) -> Course {
    let sizes = layout::tasks_by_module(brief);
    let stages = stages::for_modules(sizes.len());
    let weaver = Weaver { brief, topic: wording::subject(&brief.topic) };
    let count = stages.len();
    let modules = stages.into_iter().zip(sizes).enumerate();
    Course { modules: modules.map(|(at, (stage, tasks))| weaver.module(stage, tasks, at, count)).collect() }
}

impl Weaver<'_> {
    fn woven(&self, template: &str) -> String {
        wording::woven(template, &self.topic, self.brief.skill_level)
    }

    fn module(&self, stage: &Stage, tasks: usize, at: usize, count: usize) -> Module {
        let templates = stage.tasks.iter().take(tasks).enumerate();
        let tasks: Vec<Task> = templates.map(|(place, template)| self.task(template, at * 2 + place)).collect();
        let minutes = tasks.iter().map(|task| task.estimated_minutes).sum();
        let [beginner, intermediate, advanced] = stage.aims;
        let aim = match self.brief.skill_level {
            SkillLevel::Beginner => beginner,
            SkillLevel::Intermediate => intermediate,
            SkillLevel::Advanced => advanced,
        };
        let notes = self.brief.notes.as_deref().map(wording::notes).filter(|notes| at == 0 && !notes.is_empty());
        let aside = notes.map_or_else(String::new, |notes| format!(" Keep in mind what you noted: “{notes}”"));
        let description = format!("{} {}{aside}", self.woven(aim), self.when(at, count, minutes));
        Module { title: self.woven(stage.title), description, estimated_minutes: minutes, tasks }
    }

    /// Which weeks the module takes when the course is spread evenly, and how long it is.
    fn when(&self, at: usize, count: usize, minutes: u32) -> String {
        let weeks = usize::try_from(layout::weeks(self.brief)).unwrap_or(usize::MAX);
        let (first, last) = (at * weeks / count + 1, ((at + 1) * weeks).div_ceil(count).min(weeks));
        let which = if first >= last { format!("Week {last}") } else { format!("Weeks {first} to {last}") };
        let (hours, rest) = (minutes / 60, minutes % 60);
        let length = match (hours, rest) {
            (0, rest) => format!("{rest} minutes"),
            (hours, 0) => format!("{hours} h"),
            (hours, rest) => format!("{hours} h {rest} min"),
        };
        format!("{which} of {weeks}, about {length} at {} hours a week.", self.brief.weekly_hours)
    }

    fn task(&self, Template(kind, title, text, focus, percent): &Template, turn: usize) -> Task {
        let style = self.brief.learning_style;
        let minutes = Pace::of(self.brief.skill_level).minutes() * percent / 100;
        Task {
            title: self.woven(title),
            description: format!("{} {}", self.woven(text), wording::approach(style, *kind, turn)),
            // Whole five minutes, rounded down: see `Template`.
            estimated_minutes: minutes / 5 * 5,
            resources: links::for_task(style, *kind, &self.topic, focus, turn),
        }
    }
}
