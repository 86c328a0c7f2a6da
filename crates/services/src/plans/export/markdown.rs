//! A plan as Markdown (`CommonMark` with task lists): headings, checklists, links, and the calendar. Every text of the learner
//! and of models is shown as it is and never read as markup.

mod escape;

use chrono::NaiveDateTime;
use escape::{address, inline, paragraphs};
use std::collections::HashMap;
use std::fmt::Write as _;
use waymark_domain::ids::TaskId;
use waymark_domain::plans::{PlanSnapshot, ProgressStatus, SnapshotLink, SnapshotModule, SnapshotTask};
use waymark_domain::schedules::Schedule;

/// The plan as a document. Equal plans give equal bytes.
pub(super) fn render(plan: &PlanSnapshot, schedule: &Schedule) -> String {
    let mut page = Page(String::with_capacity(8 * 1024));
    page.head(plan);
    for (number, module) in (1..).zip(&plan.modules) {
        page.module(number, module);
    }
    page.calendar(plan, schedule);
    page.0
}

struct Page(String);

impl Page {
    /// A line, and an empty one after it.
    fn block(&mut self, text: &str) {
        self.line(text);
        self.0.push('\n');
    }

    fn line(&mut self, text: &str) {
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn head(&mut self, plan: &PlanSnapshot) {
        self.block(&format!("# {}", inline(&plan.topic)));
        let tasks = || plan.modules.iter().flat_map(|module| &module.tasks);
        let done = tasks().filter(|task| task.status == ProgressStatus::Completed).count();
        let minutes: i64 = tasks().map(|task| i64::from(task.estimated_minutes)).sum();
        self.line(&format!("- Level: {}", plan.skill_level));
        self.line(&format!("- Style: {}", plan.learning_style));
        self.line(&format!("- Weekly hours: {}", plan.weekly_hours));
        if let (Some(start), Some(end)) = (plan.start_date, plan.deadline_date) {
            self.line(&format!("- Dates: {start} to {end}"));
        }
        self.block(&format!("- Progress: {done} of {} tasks, {minutes} minutes in all", tasks().count()));
        for paragraph in plan.notes.iter().flat_map(|notes| paragraphs(notes)) {
            self.block(&paragraph);
        }
    }

    fn module(&mut self, number: usize, module: &SnapshotModule) {
        self.block(&format!("## {number}. {}", inline(&module.title)));
        for paragraph in module.description.iter().flat_map(|text| paragraphs(text)) {
            self.block(&paragraph);
        }
        self.block(&format!("{} minutes", module.estimated_minutes));
        for task in &module.tasks {
            self.task(task);
        }
    }

    fn task(&mut self, task: &SnapshotTask) {
        let tick = if task.status == ProgressStatus::Completed { 'x' } else { ' ' };
        let state = match (task.status, task.completed_at) {
            (ProgressStatus::Completed, Some(at)) => format!(", done {}", at.date_naive()),
            (ProgressStatus::Completed, None) => ", done".to_owned(),
            (ProgressStatus::InProgress, _) => ", in progress".to_owned(),
            (ProgressStatus::NotStarted, _) => String::new(),
        };
        let pinned = if task.pinned { ", pinned" } else { "" };
        let (title, minutes) = (inline(&task.title), task.estimated_minutes);
        self.block(&format!("- [{tick}] **{title}** ({minutes} minutes{state}{pinned})"));
        for paragraph in task.description.iter().flat_map(|text| paragraphs(text)) {
            self.block(&format!("  {}", paragraph.replace('\n', "\n  ")));
        }
        for link in &task.resources {
            self.link(link);
        }
        if !task.resources.is_empty() {
            self.0.push('\n');
        }
    }

    fn link(&mut self, link: &SnapshotLink) {
        let notes = link.notes.as_deref().map(|notes| format!(": {}", inline(notes))).unwrap_or_default();
        self.line(&format!("  - [{}](<{}>) ({}){notes}", inline(&link.title), address(&link.url), link.kind));
    }

    fn calendar(&mut self, plan: &PlanSnapshot, schedule: &Schedule) {
        let tasks = plan.modules.iter().flat_map(|module| &module.tasks);
        let titles: HashMap<TaskId, &str> = tasks.map(|task| (task.id, task.title.as_str())).collect();
        if schedule.weeks.is_empty() {
            return;
        }
        self.block(&format!("## Calendar ({})", inline(&schedule.timezone)));
        for session in schedule.sessions() {
            let title = titles.get(&session.task_id).copied().unwrap_or_default();
            let part =
                if session.parts > 1 { format!(" ({} of {})", session.part, session.parts) } else { String::new() };
            let (day, from, to) = (day(session.start_local), time(session.start_local), time(session.end_local));
            self.line(&format!("- {day}, {from} to {to}: {}{part}", inline(title)));
        }
        if !schedule.fit.fits {
            let short = schedule.fit.minutes_short;
            // Writing to a String cannot fail.
            let _ = write!(self.0, "\n{short} minutes find no place until the deadline.\n");
        }
    }
}

fn day(at: NaiveDateTime) -> String {
    at.format("%a %Y-%m-%d").to_string()
}

fn time(at: NaiveDateTime) -> String {
    at.format("%H:%M").to_string()
}

#[cfg(test)]
mod tests;
