//! Finds the database server's programs and runs a private one: the embedded default of the application, the demo's and the tests' database.
//!
//! Everything here blocks; asynchronous callers use a blocking thread. Two ways in:
//!
//! - [`Cluster`]: a lasting cluster in a data folder, shared by any number of processes; the last one to leave stops it.
//! - [`Scratch`]: a throw-away cluster for one test process, which it never outlives.

mod binaries;
mod cluster;
mod copy;
mod error;
mod files;
mod identity;
mod initdb;
mod layout;
mod lock;
mod password;
mod port;
mod postmaster;
mod scratch;
mod server;
mod settings;
mod url;
mod watchdog;

pub use binaries::{Binaries, Places};
pub use cluster::{Cluster, Stop};
pub use error::Error;
pub use scratch::Scratch;
pub use settings::Options;
