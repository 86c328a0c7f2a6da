//! The command line: parses it, sets up logging and the runtime, runs one command, and turns its outcome into an exit code.

mod billing;
mod demo;
mod doctor;
mod jobs;
mod logging;
mod output;
mod quota;
mod seed;
mod serve;
mod session;
mod signals;
mod token;
mod worker;

use crate::settings::Settings;
use clap::{Parser, Subcommand};
use std::error::Error;
use std::process::ExitCode;

/// What a command ends with; the error is shown to the person at the terminal with its causes.
type Outcome = Result<(), Box<dyn Error>>;

/// Learning plans from a language model, streamed as they are made.
#[derive(Debug, Parser)]
#[command(name = "waymark", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve HTTP, and generate plans unless told otherwise.
    Serve(serve::Args),
    /// Generate plans without serving HTTP.
    Worker,
    /// Ask for a plan, watch it come and read it back, in one go.
    Demo(demo::Args),
    /// Sign a token with this installation's own key.
    Token(token::Args),
    /// Show the settings in force and check what they lead to.
    Doctor,
    /// Look at the queue, try a dead job again, stop or forget one.
    Jobs(jobs::Args),
    /// Compare the counters with the ledgers.
    Quota(quota::Args),
    /// Fill the database with made-up learners, for development and load tests.
    Seed(seed::Args),
    /// Compare accounts with the payment provider.
    Billing(billing::Args),
    /// Print the OpenAPI document.
    Openapi,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let command = Cli::parse().command;
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Outcome {
    if let Command::Openapi = command {
        output::say(crate::openapi::json());
        return Ok(());
    }
    let settings = Settings::load()?;
    logging::start(&settings, command.usual_log())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(execute(command, settings))
}

async fn execute(command: Command, settings: Settings) -> Outcome {
    match command {
        Command::Serve(args) => serve::run(args, settings).await,
        Command::Worker => worker::run(settings).await,
        Command::Demo(args) => demo::run(args, settings).await,
        Command::Token(args) => token::run(args, settings).await,
        Command::Doctor => doctor::run(settings).await,
        Command::Jobs(args) => jobs::run(args, settings).await,
        Command::Billing(args) => billing::run(args, settings).await,
        Command::Quota(args) => quota::run(args, settings).await,
        Command::Seed(args) => seed::run(args, settings).await,
        Command::Openapi => Ok(()),
    }
}

impl Command {
    /// What is logged unless `RUST_LOG` says otherwise: commands that talk to a person stay quiet.
    /// `actix_http` takes a client's malformed request for an error of ours, and PostgreSQL's notices are for developers.
    fn usual_log(&self) -> &'static str {
        match self {
            Self::Serve(_) | Self::Worker => "info,actix_server=warn,actix_http=off,sqlx::postgres::notice=warn",
            Self::Demo(_)
            | Self::Billing(_)
            | Self::Token(_)
            | Self::Doctor
            | Self::Jobs(_)
            | Self::Quota(_)
            | Self::Seed(_)
            | Self::Openapi => "warn,actix_http=off",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
