//! The cheap rate limits: per person and class, and per address for requests without a person. They live in this
//! process's memory; limits that cost money or reach outside live in PostgreSQL.

mod limiter;
mod numbers;

pub use limiter::RateLimiter;
pub use numbers::{RateClass, RateLimits};

use crate::error::{ApiError, ErrorCode, whole_seconds};
use std::time::Duration;

/// The answer to too many requests: when to come back, and the rule in the headers of
/// draft-ietf-httpapi-ratelimit-headers (quota, window in seconds, what is left, seconds until more comes).
pub fn refusal(class: RateClass, limit: u32, wait: Duration) -> ApiError {
    let (name, window, seconds) = (class.name(), class.window().as_secs(), whole_seconds(wait));
    ApiError::new(ErrorCode::RateLimited, format!("Too many requests. Try again in {seconds} s."))
        .retry_after(wait)
        .header("ratelimit-policy", format!("\"{name}\";q={limit};w={window}"))
        .header("ratelimit", format!("\"{name}\";r=0;t={seconds}"))
}
