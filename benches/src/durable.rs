//! A private PostgreSQL that keeps what it has committed, with the schema and the restricted logins: for measurements in
//! which a commit must cost what it costs. Used by `bench queue` and `bench quota`.

use std::error::Error;
use tempfile::TempDir;
use tokio::process::Command;
use waymark_localpg::{Cluster, Options};
use waymark_persistence::{Db, DbOptions};

const DATABASE: &str = "bench";
const PASSWORD: &str = "bench";

/// Settings beside the defaults (`fsync`, `synchronous_commit` and `full_page_writes` are on). No checkpoint falls into a
/// run by chance: runs make their own between them.
pub const SETTINGS: [(&str, &str); 4] = [
    ("shared_buffers", "512MB"),
    ("max_wal_size", "16GB"),
    ("checkpoint_timeout", "1h"),
    ("log_min_messages", "error"),
];

/// The server and its database.
pub struct Durable {
    /// The product's own doors.
    pub db: Db,
    cluster: Cluster,
    // Dropped last: the server's files are in it.
    folder: TempDir,
}

impl Durable {
    /// A fresh one, with as many service connections as `workers` need.
    ///
    /// # Errors
    /// Whatever does not start.
    pub async fn start(workers: u32) -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let mut options = Options::new(folder.path().join("pg"));
        options.settings = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let cluster = tokio::task::spawn_blocking(move || Cluster::start(&options)).await??;
        psql(&cluster, "postgres", &format!("create database {DATABASE}")).await?;
        let owner = cluster.superuser_url(DATABASE);
        waymark_migration::up(&owner).await?;
        waymark_migration::set_login_passwords(&owner, PASSWORD, PASSWORD).await?;
        let login = |name: &str| format!("postgres://{name}:{PASSWORD}@127.0.0.1:{}/{DATABASE}", cluster.port());
        let mut options = DbOptions::new(login("waymark_request"), Some(login("waymark_service")));
        options.service_connections = workers + 1;
        let db = Db::connect(&options).await?;
        Ok(Self { db, cluster, folder })
    }

    /// Runs SQL as the superuser.
    ///
    /// # Errors
    /// What the server says.
    pub async fn run(&self, sql: &str) -> Result<String, Box<dyn Error>> {
        psql(&self.cluster, DATABASE, sql).await
    }

    /// The superuser's address of a further, empty database.
    ///
    /// # Errors
    /// What the server says.
    pub async fn another(&self, name: &str) -> Result<String, Box<dyn Error>> {
        psql(&self.cluster, "postgres", &format!("create database {name}")).await?;
        Ok(self.cluster.superuser_url(name))
    }

    /// A folder for whatever a measurement writes.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

async fn psql(cluster: &Cluster, database: &str, sql: &str) -> Result<String, Box<dyn Error>> {
    let output = Command::new(cluster.bindir().join("psql"))
        .args(["-XqAt", "-v", "ON_ERROR_STOP=1"])
        .arg(cluster.superuser_url(database))
        // Each line is a transaction of its own, which VACUUM needs.
        .args(sql.split(";\n").flat_map(|statement| ["-c", statement]))
        .output()
        .await?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }
}
