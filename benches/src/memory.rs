//! Memory of the server per attached stream: plans that wait for a worker, and clients that wait for their events.
//! Called by `bench memory`.

use crate::Report;
use crate::http::{self, Connection};
use crate::samples::float;
use crate::server::{Memory, Server, Site};
use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::error::Error;
use std::fmt::Write;
use std::io;
use std::time::Duration;

/// Options of the measurement.
#[derive(Debug, Args)]
pub struct Options {
    /// Streams attached at once.
    #[arg(long, default_value_t = 2000)]
    streams: usize,
    /// Plans over which they are spread, one row each.
    #[arg(long, value_delimiter = ',', default_values_t = [20, 2000])]
    plans: Vec<usize>,
}

/// Requests under way at once while plans are made and streams attached.
const AT_ONCE: usize = 16;
/// Until the memory is read: longer than anything that follows an attachment takes.
const REST: Duration = Duration::from_secs(3);
/// Streams say something every 15 s when nothing happens.
const KEEP_ALIVE: Duration = Duration::from_secs(16);

/// A plan that waits, and its owner's token.
struct Waiting {
    id: String,
    token: String,
}

/// Measures each spread in a process of its own.
///
/// # Errors
/// Whatever does not start or answer.
pub async fn run(options: &Options) -> Report {
    let mut report = format!("memory, {} idle streams\n", options.streams);
    writeln!(report, "connections that asked once and stay, KiB each: {:.1}", kept(options.streams).await?)?;
    report += " plans  before MiB   attached   KiB/stream   after keep-alives   KiB/stream   all gone MiB\n";
    for &plans in &options.plans {
        let site = Site::new().await?;
        // Nobody generates, so the plans stay as they are and cost the server nothing.
        let server = site.serve_without_worker()?;
        let waiting = make(&site, &server, plans).await?;
        let before = server.memory_at_rest(REST).await?;
        let attached = attach(&server, &waiting, options.streams).await?;
        let after = server.memory_at_rest(REST).await?;
        let later = server.memory_at_rest(KEEP_ALIVE).await?;
        drop(attached);
        let gone = server.memory_at_rest(REST).await?;
        writeln!(
            report,
            "{plans:>6} {:>11.1} {:>10.1} {:>12.1} {:>19.1} {:>12.1} {:>14.1}",
            mebibytes(before),
            mebibytes(after),
            each(before, after, options.streams),
            mebibytes(later),
            each(before, later, options.streams),
            mebibytes(gone),
        )?;
    }
    Ok(report)
}

/// What a connection costs without a stream: the HTTP library's part.
async fn kept(connections: usize) -> Result<f64, Box<dyn Error>> {
    let site = Site::new().await?;
    let server = site.serve_without_worker()?;
    let before = server.memory_at_rest(REST).await?;
    let one = async |_| {
        let mut connection = Connection::open(server.addr()).await?;
        connection.ask(&http::get("/health/live", "none")).await?;
        Ok::<_, io::Error>(connection)
    };
    let kept: Vec<Connection> = stream::iter(0..connections).map(one).buffered(AT_ONCE).try_collect().await?;
    let after = server.memory_at_rest(REST).await?;
    drop(kept);
    Ok(each(before, after, connections))
}

async fn make(site: &Site, server: &Server, plans: usize) -> io::Result<Vec<Waiting>> {
    let body = r#"{"topic": "Rust", "skillLevel": "beginner", "weeklyHours": 10, "learningStyle": "mixed"}"#;
    let one = async |number: usize| {
        let token = site.token(&format!("user_{number}"));
        let mut connection = Connection::open(server.addr()).await?;
        let created = connection.ask(&http::post("/v1/plans", &token, body)).await?.json(201)?;
        let id = created.get("id").and_then(|id| id.as_str()).unwrap_or_default().to_owned();
        Ok(Waiting { id, token })
    };
    stream::iter(0..plans).map(one).buffered(AT_ONCE).try_collect().await
}

/// Attaches to the plans in turn; each stream has seen the first event when this returns.
async fn attach(server: &Server, plans: &[Waiting], streams: usize) -> io::Result<Vec<Connection>> {
    let one = async |plan: &Waiting| {
        let mut connection = Connection::open(server.addr()).await?;
        connection.attach(&http::get(&format!("/v1/plans/{}/events", plan.id), &plan.token)).await?;
        connection.until("event: plan_start").await?;
        Ok(connection)
    };
    stream::iter(plans.iter().cycle().take(streams)).map(one).buffered(AT_ONCE).try_collect().await
}

fn mebibytes(memory: Memory) -> f64 {
    kibibytes(memory) / 1024.0
}

fn kibibytes(memory: Memory) -> f64 {
    float(usize::try_from(memory.resident).unwrap_or(usize::MAX))
}

fn each(before: Memory, after: Memory, streams: usize) -> f64 {
    (kibibytes(after) - kibibytes(before)) / float(streams)
}
