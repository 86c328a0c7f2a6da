//! SIGINT and SIGTERM, both meaning: stop in good order.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that stop a process. From the moment this exists they no longer kill it.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Starts listening.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Stops in good order, unless a second signal says that it takes too long.
    pub async fn stop(&mut self, stopping: impl Future<Output = ()>) {
        tokio::select! {
            () = stopping => {}
            () = self.next() => tracing::warn!("stopping at once: what was under way is picked up by another process or the next start"),
        }
    }
}
