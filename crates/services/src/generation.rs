//! Generation: the model port and its adapters, the prompt, the incremental parser, and the durable flow around them.
//!
//! The flow, from a claimed job to the last event: [`worker`] claims, `runner` runs, `attempt` talks to the model,
//! `emitter` and `log_writer` bring events into the log, `settle` ends it in one transaction, [`stream`] reads.

mod attempt;
pub mod catalogue;
pub(crate) mod emitter;
pub(crate) mod engine;
pub(crate) mod hub;
pub(crate) mod lineage;
pub(crate) mod log_writer;
pub mod openai;
pub mod outline;
pub mod plan_parser;
pub mod prompt;
pub mod provider;
mod runner;
mod settings;
mod settle;
pub mod stream;
pub(crate) mod worker;

pub use engine::Providers;
pub use settings::{GenerationSettings, Timeouts};
