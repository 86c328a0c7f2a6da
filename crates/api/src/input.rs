//! Reading requests: bodies, query parameters and path ids, each checked completely before a handler acts on it.

mod body;
mod members;
mod paths;
mod query;

pub use body::{JsonBody, MAX_BODY};
pub use members::{Members, date, one_of, text, whole};
pub use paths::PlanPath;
pub use query::Query;
