//! The plan as it comes: a header, a bar while waiting, modules and tasks one by one.

use super::style::Style;
use crate::cli::output;
use crate::settings::Settings;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;
use waymark_domain::generation::{Complete, ModuleSummary, PlanEvent, PlanStart};

/// Writes to the terminal. Where nobody looks, lines come without a bar and without emphasis.
pub struct Screen {
    bar: ProgressBar,
    style: Style,
    terminal: bool,
}

impl Screen {
    /// A screen on standard output.
    pub fn new() -> Self {
        let terminal = output::on_a_terminal();
        let target = if terminal { ProgressDrawTarget::stdout() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg}") {
            bar.set_style(style);
        }
        Self { bar, style: Style(terminal), terminal }
    }

    /// Before anything runs.
    pub fn opening(&self, settings: &Settings) {
        self.line(&self.style.bold("Waymark demo"));
        let folder = settings.data_dir.display();
        self.line(&if settings.database_url.is_some() {
            "  database: the one that DATABASE_URL names".to_owned()
        } else {
            format!("  database: a private PostgreSQL in {folder} (made the first time, which takes some seconds)")
        });
        self.line(&format!("  model: {}", settings.ai.sentence()));
        if !settings.is_local() {
            self.line("  sign-in: the local key; CLERK_ISSUER is left aside here");
        }
        self.wait("starting the database and the server");
    }

    /// The server is up.
    pub fn served(&self, base: &str) {
        self.line(&format!("  server: {base}/api, asked over HTTP like any other client would"));
        self.wait("asking for a plan");
    }

    /// An event has come.
    pub fn event(&self, event: &PlanEvent) {
        match event {
            PlanEvent::PlanStart(start) => self.start(start),
            PlanEvent::ModuleSummary(module) => self.module(module),
            PlanEvent::Progress(progress) => {
                self.progress(progress.modules_parsed, progress.modules_total_hint, progress.bytes);
            }
            PlanEvent::AttemptRestart(restart) => {
                self.line(&format!(
                    "\nAttempt {} begins ({}); the modules so far are forgotten.",
                    restart.attempt, restart.reason
                ));
            }
            PlanEvent::Complete(complete) => self.complete(complete),
            PlanEvent::Error(_) | PlanEvent::Canceled(_) => self.close(),
        }
    }

    /// Takes the bar away.
    pub fn close(&self) {
        self.bar.finish_and_clear();
    }

    fn start(&self, start: &PlanStart) {
        let PlanStart { skill_level, learning_style, weekly_hours, start_date, deadline_date, .. } = start;
        self.line(&format!("\n{}", self.style.bold(&start.topic)));
        self.line(&format!(
            "  {skill_level}, {learning_style}, {weekly_hours} h a week, {start_date} to {deadline_date}, model {}",
            start.model
        ));
        self.wait("waiting for the first module");
    }

    fn module(&self, module: &ModuleSummary) {
        self.bar.set_position(u64::from(module.index));
        let title = self.style.bold(&format!("{}. {}", module.index, module.title));
        self.line(&format!("\n{title} {}", self.style.dim(&minutes(module.estimated_minutes))));
        if let Some(description) = &module.description {
            self.line(&format!("   {}", self.style.dim(description)));
        }
        for task in &module.tasks {
            let links = match task.resources.len() {
                1 => "1 link".to_owned(),
                links => format!("{links} links"),
            };
            let aside = format!("{}, {links}", minutes(task.estimated_minutes));
            self.line(&format!("   - {} {}", task.title, self.style.dim(&aside)));
        }
    }

    fn progress(&self, parsed: u32, hint: u32, bytes: u64) {
        if let Ok(style) = ProgressStyle::with_template("  {spinner} [{bar:24}] {pos} of {len} modules, {msg}") {
            self.bar.set_style(style.progress_chars("=> "));
        }
        self.bar.set_length(u64::from(hint.max(parsed)));
        self.bar.set_position(u64::from(parsed));
        self.bar.set_message(format!("{bytes} bytes of the model's text"));
    }

    fn complete(&self, complete: &Complete) {
        self.close();
        let Complete { modules_count, tasks_count, tasks_trimmed, usage, .. } = complete;
        let seconds = Duration::from_millis(complete.duration_ms).as_secs_f64();
        let trimmed = match tasks_trimmed {
            0 => String::new(),
            left => format!(" ({left} more did not fit the hours and were left out)"),
        };
        self.line(&format!("\n{modules_count} modules, {tasks_count} tasks in {seconds:.1} s{trimmed}."));
        let dollars = format!("{}.{:06}", usage.cost_microusd / 1_000_000, usage.cost_microusd % 1_000_000);
        self.line(&format!("Tokens: {} in, {} out. Cost: {dollars} USD.", usage.input_tokens, usage.output_tokens));
        self.line("\nThe plan as it is stored now:");
    }

    fn wait(&self, message: &'static str) {
        self.bar.set_message(message);
        if self.terminal {
            self.bar.enable_steady_tick(Duration::from_millis(100));
        }
    }

    fn line(&self, text: &str) {
        if self.terminal { self.bar.suspend(|| output::say(text)) } else { output::say(text) }
    }
}

fn minutes(minutes: u16) -> String {
    format!("{minutes} min")
}
