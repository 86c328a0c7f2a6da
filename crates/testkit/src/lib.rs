//! Dev-only: real databases, the application on port 0, actors, scripted servers. Called by tests and benches.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    reason = "a test kit fails the test at once, and makes its own ids, times and tasks"
)]

pub mod actor;
pub mod app;
pub mod clerk_server;
pub mod database;
mod hooks;
pub mod model_server;
pub mod outside;
mod plain_http;
pub mod process;
pub mod sse;
pub mod stripe_server;
pub mod wait;
