//! The rate limits: per person and class, and per address for requests without a person. The cheap ones live in this
//! process's memory; those of what costs money or reaches outside live in PostgreSQL, exact across all processes.

mod limiter;
mod numbers;

pub use limiter::RateLimiter;
pub use numbers::{RateClass, RateLimits};

use crate::error::{ApiError, ErrorCode, whole_seconds};
use crate::state::AppState;
use std::time::Duration;
use waymark_domain::ids::UserId;

/// Counts a person's request in a class that holds across all processes.
///
/// # Errors
/// `RATE_LIMITED`
pub async fn exact(state: &AppState, class: RateClass, user: UserId) -> Result<(), ApiError> {
    let Some(limit) = state.rate_limits.of(class) else { return Ok(()) };
    let wait = state.services.exact_limits().take(class.name(), user, limit, class.window()).await?;
    wait.map_or(Ok(()), |wait| Err(refusal(class, limit, wait)))
}

/// The answer to too many requests: when to come back, and the rule in the headers of
/// draft-ietf-httpapi-ratelimit-headers (quota, window in seconds, what is left, seconds until more comes).
pub fn refusal(class: RateClass, limit: u32, wait: Duration) -> ApiError {
    let (name, window, seconds) = (class.name(), class.window().as_secs(), whole_seconds(wait));
    ApiError::new(ErrorCode::RateLimited, format!("Too many requests. Try again in {seconds} s."))
        .retry_after(wait)
        .header("ratelimit-policy", format!("\"{name}\";q={limit};w={window}"))
        .header("ratelimit", format!("\"{name}\";r=0;t={seconds}"))
}
