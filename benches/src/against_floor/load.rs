//! Reads over HTTP, on so many connections at once, each as fast as answers come.

use super::{Read, Run};
use crate::http::Connection;
use crate::samples::{Samples, float};
use futures_util::future::try_join_all;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Reads for `time`.
///
/// # Errors
/// Any answer but the whole what.
pub async fn run(addr: SocketAddr, what: &Read, connections: usize, time: Duration) -> Result<Run, Box<dyn Error>> {
    let opened = try_join_all((0..connections).map(|_| Connection::open(addr))).await?;
    let begun = Instant::now();
    let read = try_join_all(opened.into_iter().map(|connection| read(connection, what, begun + time))).await?;
    let took = begun.elapsed().as_secs_f64();
    let samples = Samples::new(read.concat());
    Ok(Run { per_second: float(samples.len()) / took, p50: samples.millis(500), p99: samples.millis(990) })
}

async fn read(mut connection: Connection, what: &Read, deadline: Instant) -> io::Result<Vec<Duration>> {
    let mut samples = Vec::new();
    let mut asked = Instant::now();
    while asked < deadline {
        let answer = connection.ask(&what.request).await?;
        if answer.status != 200 || answer.body.len() != what.bytes {
            return Err(io::Error::other(format!("answered {} with {} bytes", answer.status, answer.body.len())));
        }
        let now = Instant::now();
        samples.push(now - asked);
        asked = now;
    }
    Ok(samples)
}
