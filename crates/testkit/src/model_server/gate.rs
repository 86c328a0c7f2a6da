//! Holds a reply back until the test says so.

use std::sync::Arc;
use tokio::sync::Semaphore;

/// Passes as many as were released; clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// A gate that lets nothing pass yet.
    pub fn closed() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }

    /// Lets `count` more pass.
    pub fn release(&self, count: usize) {
        self.0.add_permits(count);
    }

    /// Lets everything pass from now on.
    pub fn open(&self) {
        self.0.close();
    }

    /// Waits for its turn.
    pub(super) async fn pass(&self) {
        // An error means that the gate stands open.
        if let Ok(permit) = self.0.acquire().await {
            permit.forget();
        }
    }
}
