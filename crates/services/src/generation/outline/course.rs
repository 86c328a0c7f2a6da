//! Puts a course together from layout, stages, wording and links, in the members of the prompt's schema.

use super::links::{self, Link};
use super::stages::{self, Stage, Template};
use super::{layout, wording};
use crate::generation::provider::PlanBrief;
use serde::Serialize;
use waymark_domain::generation::{MODULE_MINUTES, Pace};
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
    /// The description in front of and behind the module's length; none where the description does not say it.
    #[serde(skip)]
    pub(super) frame: Option<(String, String)>,
}

impl Module {
    /// Sets the minutes to what the tasks take, and says so in the description.
    pub(super) fn add_up(&mut self) {
        let sum: u32 = self.tasks.iter().map(|task| task.estimated_minutes).sum();
        self.estimated_minutes = sum.clamp((*MODULE_MINUTES.start()).into(), (*MODULE_MINUTES.end()).into());
        if let Some((before, after)) = &self.frame {
            self.description = format!("{before}{}{after}", length(sum));
        }
    }
}

/// A task of it.
#[derive(Debug, Serialize)]
pub(super) struct Task {
    /// The present task that this one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    pub(super) title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) description: String,
    pub(super) estimated_minutes: u32,
    pub(super) resources: Vec<Link>,
}

/// What every text of one course needs.
struct Weaver<'a> {
    brief: &'a PlanBrief,
    topic: String,
}

/// A course from nothing, whatever the present plan holds; the same brief gives the same course.
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
        let [beginner, intermediate, advanced] = stage.aims;
        let aim = match self.brief.skill_level {
            SkillLevel::Beginner => beginner,
            SkillLevel::Intermediate => intermediate,
            SkillLevel::Advanced => advanced,
        };
        let notes = self.brief.notes.as_deref().map(wording::notes).filter(|notes| at == 0 && !notes.is_empty());
        let aside = notes.map_or_else(String::new, |notes| format!(" Keep in mind what you noted: “{notes}”"));
        let before = format!("{} {}, about ", self.woven(aim), self.when(at, count));
        let after = format!(" at {} hours a week.{aside}", self.brief.weekly_hours);
        let (title, frame) = (self.woven(stage.title), Some((before, after)));
        let mut module = Module { title, description: String::new(), estimated_minutes: 0, tasks, frame };
        module.add_up();
        module
    }

    /// Which weeks the module takes when the course is spread evenly.
    fn when(&self, at: usize, count: usize) -> String {
        let weeks = usize::try_from(layout::weeks(self.brief)).unwrap_or(usize::MAX);
        let (first, last) = (at * weeks / count + 1, ((at + 1) * weeks).div_ceil(count).min(weeks));
        let which = if first >= last { format!("Week {last}") } else { format!("Weeks {first} to {last}") };
        format!("{which} of {weeks}")
    }

    fn task(&self, Template(kind, title, text, focus, percent): &Template, turn: usize) -> Task {
        let style = self.brief.learning_style;
        let minutes = Pace::of(self.brief.skill_level).minutes() * percent / 100;
        Task {
            key: None,
            title: self.woven(title),
            description: format!("{} {}", self.woven(text), wording::approach(style, *kind, turn)),
            // Whole five minutes, rounded down: see `Template`.
            estimated_minutes: minutes / 5 * 5,
            resources: links::for_task(style, *kind, &self.topic, focus, turn),
        }
    }
}

fn length(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, rest) => format!("{rest} minutes"),
        (hours, 0) => format!("{hours} h"),
        (hours, rest) => format!("{hours} h {rest} min"),
    }
}
