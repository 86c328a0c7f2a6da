//! What every handler can reach. Made once by [`crate::app`].

use crate::rate_limits::{RateLimiter, RateLimits};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use waymark_services::Services;
use waymark_services::clock::SharedClock;

/// The composed application, shared by all of the server's threads.
pub struct AppState {
    /// The use cases.
    pub services: Services,
    /// Tells the time.
    pub clock: SharedClock,
    /// How many requests each class may make.
    pub rate_limits: RateLimits,
    /// Limits of this process.
    pub limiter: RateLimiter,
    /// Requests whose handler is at work, so that a stop can wait for them.
    pub requests: TaskTracker,
    /// Set when the server stops: answers then close their connections.
    pub stopping: CancellationToken,
}
