//! The `waymark` program: settings, routes, bodies, errors, OpenAPI and the command line. Everything is composed here;
//! tests and measurements start the same [`app::Application`] on a free port.

pub mod app;
pub mod auth;
pub mod cli;
pub mod compose;
pub mod database;
pub mod edge;
pub mod error;
mod etag;
pub mod input;
pub mod openapi;
pub mod rate_limits;
pub mod routes;
pub mod settings;
mod sse;
pub mod state;
