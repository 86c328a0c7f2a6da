//! Limits that hold exactly across all server processes. The cheap ones live in the HTTP layer's memory.

use crate::generation::engine::Engine;
use std::sync::Arc;
use std::time::Duration;
use waymark_domain::ids::UserId;
use waymark_persistence::StoreError;

/// Exact limits.
#[derive(Clone)]
pub struct ExactLimits {
    pub(crate) engine: Arc<Engine>,
}

impl ExactLimits {
    /// Takes one of the `limit` that a person has of something in each `window`, or tells how long to wait for the next.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn take(
        &self,
        what: &str,
        user: UserId,
        limit: u32,
        window: Duration,
    ) -> Result<Option<Duration>, StoreError> {
        let bucket = format!("{what}:{user}");
        self.engine.db.service(async |tx| tx.rate_limits().take(&bucket, limit, window).await).await
    }
}
