//! What a caller may choose about a cluster, and the server settings that follow from it.

use std::path::PathBuf;

use crate::binaries::Binaries;

/// How to run a lasting cluster.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder for the data, the log, the password and the locks, such as `.waymark`.
    pub dir: PathBuf,
    /// False gives up safety against power cuts for speed (tests, demo).
    pub durable: bool,
    /// The server's `max_connections`.
    pub max_connections: u16,
    /// More server settings by name; they win over ours. Without effect on a server that already runs.
    pub settings: Vec<(String, String)>,
    /// Which installation to use; looked for when not given.
    pub binaries: Option<Binaries>,
}

impl Options {
    /// A durable cluster with 100 connections.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), durable: true, max_connections: 100, settings: Vec::new(), binaries: None }
    }

    /// All server settings, in the order in which the server reads them: a later one wins.
    pub(crate) fn server_settings(&self) -> Vec<(String, String)> {
        let mut all = base(self.durable, self.max_connections);
        all.extend(self.settings.iter().cloned());
        all
    }
}

/// Settings of a throw-away server that many tests share.
pub(crate) fn scratch() -> Vec<(String, String)> {
    let mut all = base(false, 300);
    all.extend(owned(&[("shared_buffers", "64MB"), ("max_wal_size", "1GB"), ("log_min_messages", "warning")]));
    all
}

fn base(durable: bool, max_connections: u16) -> Vec<(String, String)> {
    // Loopback only, and no socket file: the path of one may be no longer than about 100 bytes.
    let mut all = owned(&[("listen_addresses", "127.0.0.1"), ("unix_socket_directories", "")]);
    all.push(("max_connections".to_owned(), max_connections.to_string()));
    if !durable {
        all.extend(owned(&[("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")]));
    }
    all
}

fn owned(settings: &[(&str, &str)]) -> Vec<(String, String)> {
    settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}
