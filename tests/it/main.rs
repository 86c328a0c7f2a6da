//! Whole-system tests: one binary, a real PostgreSQL, the restricted logins. One file a feature.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails at once, and makes its own ids, times and tasks"
)]

mod accounts;
mod billing;
mod fitness;
mod generation;
mod jobs;
mod learning;
mod plans;
mod quota;
mod seed;
mod tenancy;
