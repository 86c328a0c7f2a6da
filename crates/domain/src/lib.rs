//! Waymark's rules as plain values: ids, enums, limits, state machines, pacing. No I/O and no async, so every other
//! layer may use it and every rule can be tested by itself.
//!
//! One file a feature, under the feature's one plural name.

#[macro_use]
mod closed_enum;
pub mod accounts;
pub mod billing;
pub mod generation;
pub mod ids;
pub mod integrations;
pub mod jobs;
pub mod plans;
pub mod quota;
pub mod schedules;
mod text;
pub mod validation;
