//! The crate's one error: each variant is a sentence that tells the reader what to do next.

use std::io;
use std::path::{Path, PathBuf};

/// Why a private database server could not be found, made, started or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No `initdb` and `postgres` in any of the known places.
    #[error(
        "PostgreSQL {oldest} or later was not found; install it with `apt-get install postgresql` (Debian, Ubuntu), \
         `dnf install postgresql-server` (Fedora) or `brew install postgresql@{oldest}` (macOS), or set DATABASE_URL",
        oldest = crate::binaries::OLDEST
    )]
    NotInstalled,

    /// Only versions that are too old were found; the first of them is named.
    #[error(
        "PostgreSQL {version} in {} is too old: {oldest} or later is needed; install one with \
         `apt-get install postgresql` (Debian, Ubuntu), `dnf install postgresql-server` (Fedora) or \
         `brew install postgresql@{oldest}` (macOS), or set DATABASE_URL",
        bindir.display(),
        oldest = crate::binaries::OLDEST
    )]
    TooOld {
        /// What `postgres --version` says.
        version: String,
        /// Where it was found.
        bindir: PathBuf,
    },

    /// `postgres --version` failed or said something else.
    #[error("{} does not tell its version: {output}", program.display())]
    UnknownVersion {
        /// The program asked.
        program: PathBuf,
        /// What it said.
        output: String,
    },

    /// The server refuses to run as root, and there is nobody to hand it to.
    #[error(
        "PostgreSQL refuses to run as root, and there is neither a user `postgres` nor `nobody`; make one or run as another user"
    )]
    NoServerUser,

    /// The cluster was made by another major version.
    #[error(
        "the cluster in {} was made by PostgreSQL {cluster}, but the binaries found are {binaries}; \
         install PostgreSQL {cluster}, or move the folder away to begin with an empty database",
        data_dir.display()
    )]
    OtherVersion {
        /// The cluster's data folder.
        data_dir: PathBuf,
        /// Content of its `PG_VERSION`.
        cluster: String,
        /// Major version of the binaries.
        binaries: u32,
    },

    /// The data folder has content, but not a cluster's.
    #[error("{} is not empty and holds no PostgreSQL cluster (no PG_VERSION); nothing in it was touched: move it away or choose another data folder", data_dir.display())]
    NotACluster {
        /// The folder in question.
        data_dir: PathBuf,
    },

    /// The data folder belongs to a user the server will not run as.
    #[error(
        "{} belongs to user id {owner}, but the server would run as user id {server}, and PostgreSQL insists on owning its data; \
         run as the user who made it, or hand it over with `chown -R {server}`",
        data_dir.display()
    )]
    ForeignOwner {
        /// The cluster's data folder.
        data_dir: PathBuf,
        /// User id that owns it.
        owner: u32,
        /// User id the server runs as.
        server: u32,
    },

    /// The password file is gone while a server that knows the password runs.
    #[error("{} is missing while the server with process id {pid} runs on its cluster; put the file back or stop that process first", file.display())]
    PasswordLost {
        /// Where the password should be.
        file: PathBuf,
        /// Process id of the running server.
        pid: i32,
    },

    /// `initdb` or a single-user server failed.
    #[error("{program} failed: {output}")]
    Tool {
        /// The program's name.
        program: &'static str,
        /// The end of what it printed.
        output: String,
    },

    /// The server ended before it was ready.
    #[error("PostgreSQL ended while starting ({status}); its last words:\n{log}")]
    Exited {
        /// Exit status in words.
        status: String,
        /// The end of its log.
        log: String,
    },

    /// The server lives but did not become ready in time.
    #[error("PostgreSQL was not ready after {seconds} s; the end of its log:\n{log}")]
    NotReady {
        /// Seconds waited.
        seconds: u64,
        /// The end of its log.
        log: String,
    },

    /// The server ignored a fast and an immediate shutdown.
    #[error("PostgreSQL (process id {pid}) did not stop")]
    WouldNotStop {
        /// Its process id.
        pid: i32,
    },

    /// The system refused a file operation or a process.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Names the action and the file of a failed system call.
pub(crate) trait At<T> {
    /// Turns an I/O error into [`Error::Io`].
    fn at(self, action: &'static str, path: &Path) -> Result<T, Error>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::Io { action, path: path.to_owned(), source })
    }
}
