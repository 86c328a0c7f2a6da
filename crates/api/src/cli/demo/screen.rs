//! The plan as it comes: a header, a bar while waiting, modules and tasks one by one.

use super::style::Style;
use crate::cli::output;
use crate::settings::Settings;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;
use waymark_domain::generation::{Complete, ModuleSummary, PlanEvent, PlanStart, UsageSummary};

/// Writes to the terminal. Where nobody looks, lines come without a bar and without emphasis.
pub struct Screen {
    bar: ProgressBar,
    style: Style,
    terminal: bool,
    /// The built-in outline lays out the plan, which costs nothing.
    free: bool,
}

impl Screen {
    /// A screen on standard output.
    pub fn new(settings: &Settings) -> Self {
        let terminal = output::on_a_terminal();
        let target = if terminal { ProgressDrawTarget::stdout() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg}") {
            bar.set_style(style);
        }
        Self { bar, style: Style(terminal), terminal, free: settings.ai.server().is_none() }
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
            let links = output::counted(u64::try_from(task.resources.len()).unwrap_or(u64::MAX), "link");
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
        let (modules, tasks) = (output::counted(*modules_count, "module"), output::counted(*tasks_count, "task"));
        self.line(&format!("\n{modules}, {tasks} in {seconds:.1} s{trimmed}."));
        self.line(&spent(usage, self.free));
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

/// Tokens and money. A cost of nothing is shown only when it is known to be so: a model without a price counts as 0 too.
fn spent(usage: &UsageSummary, free: bool) -> String {
    let cost = match usage.cost_microusd {
        cost @ 1.. => format!(" Cost: {}.{:06} USD.", cost / 1_000_000, cost % 1_000_000),
        _ if free => " Cost: free.".to_owned(),
        _ => String::new(),
    };
    format!("Tokens: {} in, {} out.{cost}", usage.input_tokens, usage.output_tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_price_is_not_shown_as_zero() {
        let usage = |cost_microusd| UsageSummary { input_tokens: 7, output_tokens: 9, cost_microusd, estimated: false };
        assert_eq!(spent(&usage(0), false), "Tokens: 7 in, 9 out.");
        assert_eq!(spent(&usage(0), true), "Tokens: 7 in, 9 out. Cost: free.");
        assert_eq!(spent(&usage(1_000_420), false), "Tokens: 7 in, 9 out. Cost: 1.000420 USD.");
    }
}
