//! Jobs in and out of the queue by the product's own statements, and the same of another queue on the same server in the
//! same run. Called by `bench queue`.

mod depth;
mod ours;
mod peer;

pub use ours::people;

use crate::Report;
use crate::durable::Durable;
use crate::samples::median;
use clap::Args;
use std::fmt::Write;

/// Options of the measurement.
#[derive(Debug, Args)]
pub struct Options {
    /// Jobs that wait when a run begins.
    #[arg(long, default_value_t = 100_000)]
    jobs: u32,
    /// Users among whom they are spread.
    #[arg(long, default_value_t = 1_000)]
    users: u32,
    /// Workers at once.
    #[arg(long, default_value_t = 8)]
    workers: u32,
    /// Jobs in a batch.
    #[arg(long, default_value_t = 500)]
    batch: u32,
    /// Runs of each, in turns.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Waiting jobs at which the time of a claim is taken.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 100_000, 1_000_000])]
    depths: Vec<u32>,
    /// Processes of the other queue, each count for itself.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4])]
    peer_processes: Vec<u32>,
    /// Leave the other queue out.
    #[arg(long)]
    no_peer: bool,
}

/// Rates of the rounds, by name and in the order in which they were first told.
#[derive(Default)]
struct Rates(Vec<(String, Vec<f64>)>);

impl Rates {
    fn add(&mut self, name: &str, rate: f64) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, rates)) => rates.push(rate),
            None => self.0.push((name.to_owned(), vec![rate])),
        }
    }

    fn table(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        for (name, rates) in &self.0 {
            let mut sorted = rates.clone();
            sorted.sort_by(f64::total_cmp);
            let (lowest, highest) = (sorted.first().unwrap_or(&f64::NAN), sorted.last().unwrap_or(&f64::NAN));
            writeln!(text, "{name:<52} {:>8.0}/s   ({lowest:.0}, {highest:.0})", median(rates.clone()))?;
        }
        Ok(text)
    }
}

/// Measures, and reports medians of the rounds.
///
/// # Errors
/// Whatever does not start or answer.
pub async fn run(options: &Options) -> Report {
    let site = Durable::start(options.workers).await?;
    ours::people(&site, options.users).await?;
    let peer = if options.no_peer { Err("left out".into()) } else { peer::Peer::install(&site).await };
    let mut rates = Rates::default();
    for _ in 0..options.rounds {
        ours::round(&site, options, &mut rates).await?;
        if let Ok(peer) = &peer {
            peer.round(options, &mut rates).await?;
        }
    }
    let mut report = format!(
        "queue: {} waiting jobs of {} users, {} workers, medians of {} rounds (lowest, highest)\n{}",
        options.jobs,
        options.users,
        options.workers,
        options.rounds,
        rates.table()?
    );
    if let Err(reason) = &peer {
        writeln!(report, "graphile-worker: skipped, {reason}")?;
    }
    report.push_str(&depth::table(&site, &options.depths).await?);
    Ok(report)
}
