//! Holds an answer back until the test says so.

use crate::wait::within;
use std::sync::Arc;
use tokio::sync::watch;

/// One request that will be held, or is. Dropping this lets it go.
#[derive(Debug)]
pub struct Hold(Arc<Held>);

/// The request's side of a [`Hold`].
#[derive(Debug, Default)]
pub(crate) struct Held {
    arrived: watch::Sender<bool>,
    released: watch::Sender<bool>,
}

impl Hold {
    pub(super) fn new() -> (Self, Arc<Held>) {
        let held = Arc::<Held>::default();
        (Self(Arc::clone(&held)), held)
    }

    /// Returns when the request has come and its answer is computed.
    ///
    /// # Panics
    /// When it does not come within the deadline of [`within`].
    pub async fn arrived(&self) {
        within("a request to hold", set(&self.0.arrived)).await;
    }

    /// Lets the answer go.
    pub fn release(&self) {
        self.0.released.send_replace(true);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}

impl Held {
    /// Says that the answer is computed, and waits for its release.
    pub(crate) async fn wait(&self) {
        self.arrived.send_replace(true);
        set(&self.released).await;
    }
}

async fn set(flag: &watch::Sender<bool>) {
    // The sender is alive as long as it is borrowed, so this cannot fail.
    let _ = flag.subscribe().wait_for(|set| *set).await;
}
