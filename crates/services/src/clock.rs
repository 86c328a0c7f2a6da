//! The time, as an argument: real in the program, set by hand in tests.

use chrono::{DateTime, SubsecRound, Utc};
use std::sync::Arc;

/// Tells the time. Instants are cut to microseconds, which is what PostgreSQL keeps.
pub trait Clock: Send + Sync + 'static {
    /// Now, in UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// A clock that can be handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
        let now = Utc::now();
        now.trunc_subsecs(6)
    }
}
