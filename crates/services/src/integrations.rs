//! Connections to the services a learner's plans are exported to or synced with.

pub mod revoke;
