//! `migration`: the operator's command line for the schema.

use clap::{Parser, Subcommand};
use sqlx::postgres::PgConnectOptions;
use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;
use waymark_migration::{MigrateError, Report, down, fresh, reset, role_script, status, up};

/// Brings Waymark's schema to a database, and takes it away.
#[derive(Parser)]
#[command(name = "migration", version)]
struct Cli {
    /// Address of the database, with the owner's login. Else `DATABASE_OWNER_URL`, else `DATABASE_URL` (also from `.env`).
    #[arg(long, global = true)]
    database_url: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the roles if this login may, and apply every pending migration.
    Up,
    /// Take back the newest migrations; data in their tables is lost.
    Down {
        /// How many.
        #[arg(short, default_value_t = 1)]
        n: u32,
    },
    /// List the migrations and whether the database has them.
    Status,
    /// Drop everything and apply all migrations.
    Fresh {
        /// Needed when the database is not on this machine.
        #[arg(long)]
        yes: bool,
    },
    /// Take back all migrations and the database's grants; roles stay.
    Reset {
        /// Needed when the database is not on this machine.
        #[arg(long)]
        yes: bool,
    },
    /// Print the SQL that makes the roles, for an operator who may run it.
    Roles,
}

fn main() -> ExitCode {
    // Before any thread exists, because it writes to the environment. A missing file is fine.
    drop(dotenvy::dotenv());
    tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(std::io::stderr).init();
    match run(Cli::parse()) {
        Ok(lines) => {
            say(&lines);
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<Vec<String>, Box<dyn Error>> {
    if matches!(cli.command, Command::Roles) {
        return Ok(vec![role_script(None, None)]);
    }
    let url = cli.database_url.or_else(url_from_environment).ok_or(
        "no database: give --database-url, or set DATABASE_OWNER_URL (or DATABASE_URL) to the owner's address",
    )?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(execute(cli.command, &url))
}

async fn execute(command: Command, url: &str) -> Result<Vec<String>, Box<dyn Error>> {
    Ok(match command {
        Command::Up => lines(up(url).await?),
        Command::Down { n } => lines(down(url, Some(n)).await?),
        Command::Status => status(url)
            .await?
            .into_iter()
            .map(|(name, applied)| format!("{:8} {name}", if applied { "applied" } else { "pending" }))
            .collect(),
        Command::Fresh { yes } => {
            confirm(url, yes)?;
            lines(fresh(url).await?)
        }
        Command::Reset { yes } => {
            confirm(url, yes)?;
            lines(reset(url).await?)
        }
        Command::Roles => Vec::new(),
    })
}

/// `fresh` and `reset` destroy everything, so an address elsewhere wants a second thought.
fn confirm(url: &str, yes: bool) -> Result<(), Box<dyn Error>> {
    let options: PgConnectOptions = url.parse().map_err(MigrateError::Connect)?;
    let host = options.get_host();
    let local = host == "localhost"
        || host.starts_with('/')
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if local || yes {
        return Ok(());
    }
    Err(format!("this destroys all data on {host}; say --yes if that is what you want").into())
}

fn lines(report: Report) -> Vec<String> {
    let mut lines = Vec::new();
    if report.roles_made {
        lines.push("made the roles".to_owned());
    }
    lines.extend(report.reverted.into_iter().map(|name| format!("reverted {name}")));
    lines.extend(report.applied.into_iter().map(|name| format!("applied  {name}")));
    if lines.is_empty() {
        lines.push("nothing to do".to_owned());
    }
    lines
}

#[expect(clippy::disallowed_methods, reason = "the one place where this program reads its environment")]
fn url_from_environment() -> Option<String> {
    ["DATABASE_OWNER_URL", "DATABASE_URL"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|url| !url.is_empty())
}

/// A reader that goes away early (`migration status | head`) is no failure.
fn say(lines: &[String]) {
    let mut out = std::io::stdout().lock();
    for line in lines {
        let _ = writeln!(out, "{line}");
    }
}

fn complain(error: &(dyn Error + 'static)) {
    let mut out = std::io::stderr().lock();
    let mut said = error.to_string();
    let _ = writeln!(out, "error: {said}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        // The driver's errors repeat their source.
        if !said.contains(&text) {
            let _ = writeln!(out, "  because: {text}");
        }
        said = text;
        cause = inner.source();
    }
}
