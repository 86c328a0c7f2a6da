//! Reads over HTTP against a floor: the read's own transaction sent by `pgbench`, with the same login, to the same
//! database, in turns with the measurement. Called by `bench plan-read` and `bench plan-list`.

mod floor;
mod load;

use crate::Report;
use crate::samples::median;
use crate::server::Site;
use clap::Args;
use std::fmt::Write;
use std::time::Duration;

/// Options of the measurement.
#[derive(Debug, Args)]
pub struct Options {
    /// Seconds of each run.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Runs of the floor and of the server, in turns.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Connections at once.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 32])]
    connections: Vec<usize>,
    /// `RUST_LOG` of the server.
    #[arg(long, default_value = "info")]
    log: String,
}

/// What is read, over HTTP and by SQL alone.
pub struct Read {
    /// What is measured, for the report.
    pub name: String,
    /// The request.
    pub request: Vec<u8>,
    /// Bytes of its answer's body.
    pub bytes: usize,
    /// The statement that the server sends for it, with `pgbench` variables for its parameters.
    pub statement: String,
    /// The variables; `claims` are those of the reader, as the door sets them.
    pub variables: Vec<(&'static str, String)>,
}

/// One run.
#[derive(Debug, Clone, Copy)]
struct Run {
    per_second: f64,
    p50: f64,
    p99: f64,
}

/// Measures, and reports medians of the rounds; the ratio is the median of the rounds' ratios.
///
/// # Errors
/// Whatever does not start or answer.
pub async fn run(options: &Options, site: &Site, read: &Read) -> Report {
    let server = site.serve(&[("RUST_LOG", &options.log)])?;
    let time = Duration::from_secs(options.seconds);
    let mut report = format!(
        "{}, medians of {} rounds of {} s, answers of {} bytes\nconnections       floor/s   p50 ms   p99 ms    \
         server/s   p50 ms   p99 ms    ratio   (lowest, highest)\n",
        read.name, options.rounds, options.seconds, read.bytes
    );
    for &connections in &options.connections {
        load::run(server.addr(), read, connections, Duration::from_secs(1)).await?;
        let (mut floors, mut loads) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            floors.push(floor::run(site, read, connections, options.seconds).await?);
            loads.push(load::run(server.addr(), read, connections, time).await?);
        }
        line(&mut report, connections, &floors, &loads)?;
    }
    Ok(report)
}

fn line(report: &mut String, connections: usize, floors: &[Run], loads: &[Run]) -> std::fmt::Result {
    let of = |runs: &[Run], value: fn(&Run) -> f64| median(runs.iter().map(value).collect());
    let mut ratios: Vec<f64> =
        loads.iter().zip(floors).map(|(load, floor)| load.per_second / floor.per_second).collect();
    ratios.sort_by(f64::total_cmp);
    let (lowest, highest) = (ratios.first().unwrap_or(&f64::NAN), ratios.last().unwrap_or(&f64::NAN));
    write!(report, "{connections:>11}")?;
    for runs in [floors, loads] {
        let (rate, p50, p99) = (of(runs, |run| run.per_second), of(runs, |run| run.p50), of(runs, |run| run.p99));
        write!(report, "  {rate:>12.0} {p50:>8.2} {p99:>8.2}")?;
    }
    writeln!(report, "   {:>6.2}   ({lowest:.2}, {highest:.2})", median(ratios.clone()))
}
