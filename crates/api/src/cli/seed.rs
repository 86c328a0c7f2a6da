//! `waymark seed`: made-up learners with tiers, plans, progress and usage, for development and load tests.

use super::{Outcome, output, session};
use crate::settings::Settings;
use chrono::{Datelike, NaiveDate};
use comfy_table::{Cell, CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use waymark_services::Services;
use waymark_services::seed::{SeedOptions, Seeded};

/// What to make.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Learners: of ten, seven are free, two starter, one pro.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    users: u32,
    /// Plans of each learner; those whose tier allows fewer have fewer.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(0..=200))]
    plans: u32,
    /// Which learners: the same seed, sizes and date make the same rows, another seed adds others.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The day that everything made lies behind, YYYY-MM-DD; today unless given.
    #[arg(long, value_parser = day)]
    as_of: Option<NaiveDate>,
    /// Seed even where an identity provider is set, which is a sign of production.
    #[arg(long)]
    force: bool,
}

/// A day of this century, so that every instant around it can be stored.
fn day(text: &str) -> Result<NaiveDate, &'static str> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| (2000..2100).contains(&date.year()));
    date.ok_or("a day is written YYYY-MM-DD, from 2000-01-01 to 2099-12-31")
}

/// Seeds the database; fails when that was done already.
pub async fn run(args: Args, settings: Settings) -> Outcome {
    admit(&args, &settings)?;
    let broken_off = "interrupted; the learners made so far stay";
    session::once(&settings, broken_off, async |services| seed(&args, &settings, services).await).await
}

/// Made-up people have no place among real ones.
fn admit(args: &Args, settings: &Settings) -> Result<(), &'static str> {
    if settings.is_local() || args.force {
        return Ok(());
    }
    Err("CLERK_ISSUER is set, so this looks like production; nothing was made (--force seeds all the same)")
}

async fn seed(args: &Args, settings: &Settings, services: &Services) -> Outcome {
    let as_of = args.as_of.unwrap_or_else(|| session::clock().now().date_naive());
    let options = SeedOptions { seed: args.seed, as_of, users: args.users, plans: args.plans };
    let bar = bar(args.users);
    let made = services.seeder().run(options, |learners| bar.set_position(learners)).await;
    bar.finish_and_clear();
    let made = made?;
    output::say(&table(&made));
    output::say(&sign_in(&made, settings));
    Ok(())
}

fn bar(learners: u32) -> ProgressBar {
    let target = if output::on_a_terminal() { ProgressDrawTarget::stdout() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(learners.into()), target);
    if let Ok(style) = ProgressStyle::with_template("  [{bar:32}] {pos} of {len} learners") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// What was made.
fn table(made: &Seeded) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let learners = made.learners.iter().map(|(tier, number)| (format!("learners, {tier}"), *number));
    let rows = [
        ("plans, ready", made.plans_ready),
        ("plans, failed", made.plans_failed),
        ("modules", made.modules),
        ("tasks", made.tasks),
        ("tasks, completed", made.tasks_completed),
        ("links", made.links),
        ("revisions", made.revisions),
        ("generations", made.generations),
        ("attempts", made.attempts),
        ("events", made.events),
        ("reservations", made.reservations),
        ("changes of tiers", made.audits),
    ];
    for (what, number) in learners.chain(rows.map(|(what, number)| (what.to_owned(), number))) {
        table.add_row([Cell::new(what), Cell::new(number).set_alignment(CellAlignment::Right)]);
    }
    let spend = format!("{}.{:02} USD", made.spend / 1_000_000, made.spend % 1_000_000 / 10_000);
    table.add_row([Cell::new("spent on models"), Cell::new(spend).set_alignment(CellAlignment::Right)]);
    table.to_string()
}

/// How to be one of them.
fn sign_in(made: &Seeded, settings: &Settings) -> String {
    if !settings.is_local() {
        return "\nCLERK_ISSUER is set, so nobody can sign in as one of them.".to_owned();
    }
    let lines = made.examples.iter().map(|example| {
        let (tier, subject, email) = (example.tier, &example.subject, &example.email);
        format!("\n  waymark token --sub {subject} --email {email}   # {}, {tier}", example.name)
    });
    format!("\nTo sign in as one of them:\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn parse(args: &[&str]) -> Result<Args, String> {
        let line = ["waymark", "seed"].iter().chain(args);
        match Cli::try_parse_from(line).map(|cli| cli.command) {
            Ok(Command::Seed(args)) => Ok(args),
            Ok(_) => Err("another command".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn settings(vars: &[(&str, &str)]) -> Settings {
        Settings::from_vars(vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).unwrap()
    }

    #[test]
    fn where_real_people_sign_in_nobody_is_made_up_unless_forced() {
        let production = settings(&[("CLERK_ISSUER", "https://clerk.example.com")]);
        let refusal = admit(&parse(&[]).unwrap(), &production).unwrap_err();
        assert!(refusal.contains("CLERK_ISSUER") && refusal.contains("--force"), "{refusal}");
        assert_eq!(admit(&parse(&["--force"]).unwrap(), &production), Ok(()));
        assert_eq!(admit(&parse(&[]).unwrap(), &settings(&[])), Ok(()));
    }

    #[test]
    fn sizes_and_days_that_cannot_be_are_refused() {
        let args = parse(&["--users", "7", "--plans", "0", "--seed", "9", "--as-of", "2026-02-28"]).unwrap();
        assert_eq!((args.users, args.plans, args.seed, args.as_of), (7, 0, 9, NaiveDate::from_ymd_opt(2026, 2, 28)));
        for wrong in [["--users", "0"], ["--plans", "201"], ["--seed", "one"], ["--as-of", "2026-02-30"]] {
            assert!(parse(&wrong).unwrap_err().contains(wrong[0]), "{wrong:?}");
        }
        for wrong in ["1999-12-31", "+12026-01-01", "today"] {
            assert!(parse(&["--as-of", wrong]).unwrap_err().contains("YYYY-MM-DD"), "{wrong}");
        }
    }
}
