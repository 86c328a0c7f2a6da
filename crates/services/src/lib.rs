//! Waymark's use cases, one file a feature, and the adapters to the world outside. Called by the HTTP layer, the worker
//! and the command line; other services may link it.

pub mod accounts;
pub mod billing;
pub mod clock;
pub mod costs;
pub mod crash;
pub mod generation;
pub mod http;
pub mod ids;
pub mod integrations;
pub mod jobs;
pub mod plans;
pub mod quota;
pub mod rate_limits;
pub mod schedules;
pub mod secrets;
pub mod seed;
mod services;
pub mod sweeper;
pub mod webhooks;

pub use services::{Services, ServicesConfig, StartError};
pub use waymark_persistence::{DbOptions, PowerError, StoreError};
