//! `waymark demo`: the whole way of a plan, shown in a terminal. It starts the same application as `serve` on a free
//! loopback port and is from then on nothing but an HTTP client of it.

mod client;
mod frames;
mod next_steps;
mod screen;
mod style;
mod table;

use super::signals::Signals;
use super::{Outcome, output, session};
use crate::app::{Application, HttpConfig};
use crate::compose::{self, Trust};
use crate::rate_limits::RateLimits;
use crate::routes::generation::NewPlanBody;
use crate::settings::Settings;
use chrono::{DateTime, TimeDelta, Utc};
use clap::ValueEnum;
use client::{Client, Ended};
use screen::Screen;
use std::error::Error;
use uuid::Uuid;
use waymark_services::accounts::local_issuer::DEFAULT_TTL;

/// What to ask for.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to learn.
    #[arg(long, default_value = "Rust for backend services")]
    topic: String,
    /// What the learner knows already.
    #[arg(long, value_enum, default_value_t = Level::Beginner)]
    level: Level,
    /// Hours a week, 1 to 80.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..=80))]
    hours: u8,
    /// What kind of material.
    #[arg(long, value_enum, default_value_t = Style::Mixed)]
    style: Style,
    /// Weeks until the deadline; the free tier has at most 2.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=52))]
    weeks: u8,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    Beginner,
    Intermediate,
    Advanced,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Style {
    Reading,
    Video,
    Practice,
    Mixed,
}

/// Runs the demo and stops everything it has started.
pub async fn run(args: Args, settings: Settings) -> Outcome {
    let mut signals = Signals::listen()?;
    let screen = Screen::new(&settings);
    screen.opening(&settings);
    let http = HttpConfig { rate_limits: RateLimits::off(), ..HttpConfig::loopback() };
    let session = tokio::select! {
        started = session::application(&settings, http, Trust::LocalKey, settings.workers) => started?,
        () = signals.next() => return Err("interrupted".into()),
    };
    let shown = tokio::select! {
        shown = show(&args, &settings, &session.running, &screen) => shown,
        () = signals.next() => Err("interrupted".into()),
    };
    screen.close();
    session.stop(&mut signals, Application::stop).await;
    shown
}

async fn show(args: &Args, settings: &Settings, application: &Application, screen: &Screen) -> Outcome {
    let now = session::clock().now();
    let token = sign(settings, now).await?;
    screen.served(&application.base_url());
    let client = Client::new(application.base_url(), token.clone())?;
    let ended = client.create_and_watch(&args.body(now), |event| screen.event(event)).await?;
    match ended {
        Ended::Complete(plan) => {
            output::say(&table::render(&client.plan(plan).await?));
            output::say(&next_steps::text(settings, &token, plan));
            Ok(())
        }
        Ended::Failed(reason) => Err(reason.into()),
    }
}

/// A new person each time, so that the free tier's number of plans never stands in the way of another run.
async fn sign(settings: &Settings, now: DateTime<Utc>) -> Result<String, Box<dyn Error>> {
    let subject = format!("demo_{}", waymark_services::ids::new::<Uuid>().simple());
    let email = format!("{subject}@example.com");
    let issuer = compose::local_issuer(settings).await?;
    Ok(issuer.sign(&subject, Some(&email), Some("Demo"), DEFAULT_TTL, now))
}

impl Args {
    fn body(&self, now: DateTime<Utc>) -> NewPlanBody {
        let start = now.date_naive();
        let name = |value: Option<clap::builder::PossibleValue>| value.map(|value| value.get_name().to_owned());
        NewPlanBody {
            topic: self.topic.clone(),
            notes: None,
            skill_level: name(self.level.to_possible_value()).unwrap_or_default(),
            weekly_hours: self.hours,
            learning_style: name(self.style.to_possible_value()).unwrap_or_default(),
            start_date: Some(start),
            deadline_date: start.checked_add_signed(TimeDelta::weeks(self.weeks.into())),
        }
    }
}
