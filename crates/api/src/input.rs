//! Reading requests: bodies, query parameters and path ids, each checked completely before a handler acts on it.

mod body;
mod idempotency;
mod members;
mod paths;
mod query;

pub use body::{JsonBody, MAX_BODY, OptionalJsonBody};
pub use idempotency::{IdempotencyKey, LONGEST as LONGEST_KEY, NAME as IDEMPOTENCY_KEY, mark};
pub use members::{Members, date, one_of, text, whole};
pub use paths::{PlanPath, RevisionPath, revision};
pub use query::Query;
