//! Quota reserved and settled: two transactions, as a generation has them, with the account locked in the first. Called by
//! `bench quota`.

use crate::Report;
use crate::durable::Durable;
use crate::samples::{float, median};
use clap::Args;
use futures_util::future::try_join_all;
use std::error::Error;
use std::fmt::Write;
use std::time::{Duration, Instant};
use uuid::Uuid;
use waymark_domain::ids::UserId;
use waymark_domain::quota::UsageMonth;
use waymark_persistence::{ReservationKind, StoreError};
use waymark_services::clock::{Clock, SystemClock};

/// Options of the measurement.
#[derive(Debug, Args)]
pub struct Options {
    /// Seconds of each run.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Runs of each kind, in turns.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Callers at once.
    #[arg(long, default_value_t = 8)]
    callers: u32,
    /// Learners of the run with many.
    #[arg(long, default_value_t = 1_000)]
    learners: u32,
}

/// Measures, and reports medians of the rounds.
///
/// # Errors
/// Whatever does not start or answer.
pub async fn run(options: &Options) -> Report {
    let site = Durable::start(options.callers).await?;
    crate::queue::people(&site, options.learners).await?;
    let (mut hot, mut many) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        hot.push(rate(&site, options, 1).await?);
        many.push(rate(&site, options, options.learners).await?);
    }
    let counted = site.run("select sum(plans_generated) from usage_metrics").await?;
    let settled = site.run("select count(*) from usage_reservations where state = 'settled'").await?;
    if counted != settled {
        return Err(format!("{counted} counted, but {settled} settled").into());
    }
    let mut report =
        format!("quota: reserve and settle, {} callers, medians of {} rounds\n", options.callers, options.rounds);
    writeln!(report, "one learner      {:>8.0}/s", median(hot))?;
    writeln!(report, "{} learners   {:>8.0}/s", options.learners, median(many))?;
    writeln!(report, "{settled} settled, and counted")?;
    Ok(report)
}

async fn rate(site: &Durable, options: &Options, learners: u32) -> Result<f64, Box<dyn Error>> {
    let (begun, time) = (Instant::now(), Duration::from_secs(options.seconds));
    let done = try_join_all((0..options.callers).map(async |caller| {
        let (mut done, mut learner) = (0_usize, caller);
        while begun.elapsed() < time {
            let user = UserId(Uuid::from_u128(u128::from(learner % learners) + 1));
            once(site, user).await?;
            done += 1;
            learner += options.callers;
        }
        Ok::<_, StoreError>(done)
    }))
    .await?;
    Ok(float(done.into_iter().sum()) / begun.elapsed().as_secs_f64())
}

async fn once(site: &Durable, user: UserId) -> Result<(), StoreError> {
    let subject: Uuid = waymark_services::ids::new();
    let now = SystemClock.now();
    let month = UsageMonth::of(now).to_string();
    site.db
        .service(async |tx| {
            tx.accounts().lock(user).await?;
            tx.quota().reserve(ReservationKind::Plan, user, subject, &month, now).await
        })
        .await?;
    site.db.service(async |tx| tx.quota().settle(ReservationKind::Plan, subject).await).await?;
    Ok(())
}
