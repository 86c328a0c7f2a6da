//! Load and scale measurements, one subcommand each: `cargo run --release -p bench -- parser`. What they mean and what
//! they gave stands in `benches/README.md`.

mod against_floor;
mod durable;
mod first_module;
mod http;
mod memory;
mod parser;
mod plan_list;
mod plan_read;
mod queue;
mod quota;
mod samples;
mod schedule;
mod server;
mod startup;

use clap::{Parser, Subcommand};
use std::error::Error;
use std::process::ExitCode;

/// As in the product, whose processes are measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a measurement ends with: its table.
type Report = Result<String, Box<dyn Error>>;

/// Measures one thing and prints what came out.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    measurement: Measurement,
}

#[derive(Debug, Subcommand)]
enum Measurement {
    /// How fast a model's answer is read as it arrives.
    Parser(parser::Options),
    /// Reads of a whole plan over HTTP, against the same SQL alone.
    PlanRead(against_floor::Options),
    /// A page of summaries of a learner with 200 plans among 200,000, against the same SQL alone.
    PlanList(against_floor::Options),
    /// From the end of a module in the model's answer to its event at the client.
    FirstModule(first_module::Options),
    /// A plan laid into the learner's weeks.
    Schedule(schedule::Options),
    /// Jobs in and out of the queue, beside another PostgreSQL queue on the same server.
    Queue(queue::Options),
    /// Quota reserved and settled, for one learner and for many.
    Quota(quota::Options),
    /// Memory of the server per attached stream.
    Memory(memory::Options),
    /// From the start of a process to its first ready answer, and its memory when idle.
    Startup(startup::Options),
}

impl Measurement {
    fn run(self) -> Report {
        match self {
            Self::Parser(options) => parser::run(&options),
            Self::PlanRead(options) => wait(plan_read::run(&options)),
            Self::PlanList(options) => wait(plan_list::run(&options)),
            Self::FirstModule(options) => wait(first_module::run(&options)),
            Self::Schedule(options) => schedule::run(&options),
            Self::Queue(options) => wait(queue::run(&options)),
            Self::Quota(options) => wait(quota::run(&options)),
            Self::Memory(options) => wait(memory::run(&options)),
            Self::Startup(options) => wait(startup::run(&options)),
        }
    }
}

/// One thread for all clients: the cores are needed by what is measured.
fn wait(measurement: impl Future<Output = Report>) -> Report {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measurement)
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is what the program is for")]
fn main() -> ExitCode {
    if server::is_child() {
        return waymark_api::cli::main();
    }
    match Cli::parse().measurement.run() {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
