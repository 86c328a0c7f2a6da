//! Load and scale measurements, one subcommand each: `cargo run --release -p bench -- parser`. What they mean and what
//! they gave stands in `benches/README.md`.

mod parser;

use clap::{Parser, Subcommand};
use std::error::Error;

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
}

impl Measurement {
    fn run(self) -> Result<String, Box<dyn Error>> {
        match self {
            Self::Parser(options) => parser::run(&options),
        }
    }
}

#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", Cli::parse().measurement.run()?);
    Ok(())
}
