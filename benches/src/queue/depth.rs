//! How long a claim takes by how much waits: the statement alone, without opening and committing its transaction.

use super::ours::{LEASE, fill};
use crate::durable::Durable;
use crate::samples::Samples;
use std::error::Error;
use std::fmt::Write;
use std::time::Instant;
use waymark_persistence::{StoreError, WorkJob};

/// Claims timed at each depth; the first ones, which prepare statements and fill caches, are not counted.
const CLAIMS: usize = 500;
const WARM_UP: usize = 50;

/// One worker, one job at a time, at each depth.
///
/// # Errors
/// What the server says.
pub async fn table(site: &Durable, depths: &[u32]) -> Result<String, Box<dyn Error>> {
    let mut table = String::from("waiting jobs   claim of one: p50 ms   p99 ms   claim of 500: p50 ms\n");
    for &depth in depths {
        fill(site, depth).await?;
        let single = claims(site, 1, CLAIMS).await?;
        let batch = if depth > 10_000 { claims(site, 500, 20).await?.millis(500) } else { f64::NAN };
        writeln!(table, "{depth:>12}   {:>20.3} {:>8.3}   {batch:>20.2}", single.millis(500), single.millis(990))?;
    }
    Ok(table)
}

async fn claims(site: &Durable, limit: u32, count: usize) -> Result<Samples, StoreError> {
    let warm_up = if limit == 1 { WARM_UP } else { 2 };
    let mut times = Vec::new();
    for number in 0..count + warm_up {
        let time = site
            .db
            .service(async |tx| {
                let begun = Instant::now();
                let claimed = tx.jobs().claim("depth", LEASE, limit).await?;
                let time = begun.elapsed();
                let held: Vec<_> = claimed.iter().map(WorkJob::held).collect();
                tx.jobs().complete_all(&held).await?;
                Ok::<_, StoreError>(time)
            })
            .await?;
        if number >= warm_up {
            times.push(time);
        }
    }
    Ok(Samples::new(times))
}
