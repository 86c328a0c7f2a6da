//! Reading requests: bodies, query parameters and path ids, each checked completely before a handler acts on it.

mod availability;
mod body;
mod idempotency;
mod members;
mod paths;
mod query;

pub use availability::{AvailabilityBody, WeeklySessionBody, availability};
pub use body::{JsonBody, MAX_BODY, OptionalJsonBody, RawBody};
pub use idempotency::{IdempotencyKey, LONGEST as LONGEST_KEY, NAME as IDEMPOTENCY_KEY, mark};
pub use members::{Members, date, flag, id, one_of, place, text, whole};
pub use paths::{ModulePath, PlanPath, RevisionPath, TaskPath, revision, uuid};
pub use query::Query;
