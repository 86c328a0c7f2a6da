//! From the start of a process to its first ready answer on a migrated database, and its memory when idle. Called by
//! `bench startup`.

use crate::Report;
use crate::samples::{Samples, float, median};
use crate::server::{Server, Site};
use clap::Args;
use std::error::Error;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

/// Options of the measurement.
#[derive(Debug, Args)]
pub struct Options {
    /// Starts; one more goes before them and is not counted.
    #[arg(long, default_value_t = 10)]
    starts: usize,
}

/// After so long without a request a process counts as idle.
const IDLE: Duration = Duration::from_secs(2);
/// How long a start may take at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts the server again and again.
///
/// # Errors
/// Whatever does not start or answer.
pub async fn run(options: &Options) -> Report {
    let site = Site::new().await?;
    start(&site).await?;
    let (mut times, mut resident, mut anonymous) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.starts {
        let (time, server) = start(&site).await?;
        times.push(time);
        let memory = server.memory_at_rest(IDLE).await?;
        resident.push(mebibytes(memory.resident));
        anonymous.push(mebibytes(memory.anonymous));
    }
    let times = Samples::new(times);
    let mut report = format!("startup, {} starts\n", options.starts);
    writeln!(report, "ready after ms: median {:.1}, slowest {:.1}", times.millis(500), times.millis(1000))?;
    writeln!(
        report,
        "idle memory MiB: median {:.1}, of which {:.1} its own and the rest the program file's pages",
        median(resident),
        median(anonymous)
    )?;
    Ok(report)
}

async fn start(site: &Site) -> Result<(Duration, Server), Box<dyn Error>> {
    let addr = free_address()?;
    let mut command = site.command(&addr.to_string())?;
    let begun = Instant::now();
    let server = Server::of(command.spawn()?, addr);
    // Blocking: nothing else runs here, and a thread that waits in the kernel takes no core from the start.
    let ready = tokio::task::spawn_blocking(move || ready(addr, begun + PATIENCE)).await?;
    ready.map_err(|error| format!("the server did not become ready: {error}"))?;
    Ok((begun.elapsed(), server))
}

/// Asks until the answer is 200.
fn ready(addr: SocketAddr, deadline: Instant) -> std::io::Result<()> {
    loop {
        match ask(addr) {
            Ok(true) => return Ok(()),
            Err(error) if Instant::now() > deadline => return Err(error),
            Ok(false) | Err(_) => std::thread::sleep(Duration::from_micros(200)),
        }
    }
}

fn ask(addr: SocketAddr) -> std::io::Result<bool> {
    let mut socket = TcpStream::connect(addr)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.write_all(b"GET /api/health/ready HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer)?;
    Ok(answer.starts_with(b"HTTP/1.1 200"))
}

/// An address nobody listens on; the server's own choice would have to be read from its output.
fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

fn mebibytes(kibibytes: u64) -> f64 {
    float(usize::try_from(kibibytes).unwrap_or(usize::MAX)) / 1024.0
}
