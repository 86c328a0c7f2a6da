//! Limits that hold across any number of server processes: for what costs money or reaches outside.

use crate::error::StoreError;
use crate::rows::{first, get};
use crate::session::ServiceTx;
use sea_orm::DatabaseTransaction;
use std::time::Duration;

/// Exact limits, as the server.
pub struct ServiceRateLimits<'t>(&'t DatabaseTransaction);

impl ServiceTx {
    /// Exact limits.
    pub fn rate_limits(&self) -> ServiceRateLimits<'_> {
        ServiceRateLimits(&self.tx)
    }
}

impl ServiceRateLimits<'_> {
    /// Takes one of a bucket's `limit` a `window`, or tells how long to wait for the next. The generic cell rate algorithm: the
    /// row holds the moment at which the bucket would be empty, and its lock makes takers wait for each other.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn take(&self, bucket: &str, limit: u32, window: Duration) -> Result<Option<Duration>, StoreError> {
        let window = i64::try_from(window.as_micros()).unwrap_or(i64::MAX);
        let cell = window / i64::from(limit.max(1));
        let sql = "with taken as (
                     insert into rate_limit_buckets as b (bucket, state)
                     values ($1, clock_timestamp() + $2 * interval '1 microsecond')
                     on conflict (bucket) do update
                       set state = greatest(b.state, clock_timestamp()) + $2 * interval '1 microsecond'
                       where b.state - clock_timestamp() <= ($3 - $2) * interval '1 microsecond'
                     returning 1)
                   select exists (select from taken) as taken,
                     (select (extract(epoch from b.state - clock_timestamp()) * 1000000)::bigint - ($3 - $2)
                      from rate_limit_buckets b where b.bucket = $1) as wait";
        let row = first(self.0, sql, [bucket.into(), cell.into(), window.into()]).await?;
        let row = row.ok_or(StoreError::WrongCount { what: "a rate limit", expected: 1, actual: 0 })?;
        if get(&row, "taken")? {
            return Ok(None);
        }
        let wait = get::<Option<i64>>(&row, "wait")?.and_then(|wait| u64::try_from(wait).ok());
        Ok(Some(Duration::from_micros(wait.unwrap_or(1).max(1))))
    }
}
