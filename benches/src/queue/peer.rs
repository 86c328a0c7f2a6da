//! The other queue: graphile-worker from npm, installed into a temporary folder, on a database of its own in the same server.

use super::{Options, Rates};
use crate::durable::Durable;
use std::error::Error;
use std::path::PathBuf;
use tokio::process::Command;

/// The version that was measured.
const PACKAGES: [&str; 2] = ["graphile-worker@0.17.3", "pg@8"];

/// Fills its queue and lets its workers empty it; prints one `name<TAB>rate` a line.
const SCRIPT: &str = include_str!("peer.mjs");

/// Installed, with an empty database.
pub struct Peer {
    folder: PathBuf,
    url: String,
}

impl Peer {
    /// Installs it.
    ///
    /// # Errors
    /// Why it cannot be: without Node.js and npm, or without a registry that they reach.
    pub async fn install(site: &Durable) -> Result<Self, Box<dyn Error>> {
        let folder = site.folder().join("peer");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("package.json"), r#"{"private": true, "type": "module"}"#)?;
        std::fs::write(folder.join("peer.mjs"), SCRIPT)?;
        let installed = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
            .args(PACKAGES)
            .current_dir(&folder)
            .output()
            .await
            .map_err(|error| format!("npm cannot be started ({error})"))?;
        if !installed.status.success() {
            return Err("npm could not install it".into());
        }
        Ok(Self { folder, url: site.another("peer").await? })
    }

    /// Each thing once, by as many processes as are asked for.
    ///
    /// # Errors
    /// What it says.
    pub async fn round(&self, options: &Options, rates: &mut Rates) -> Result<(), Box<dyn Error>> {
        let counts = [options.jobs, options.workers, options.batch].map(|count| count.to_string());
        let output = Command::new("node")
            .args(["peer.mjs", "main", &self.url])
            .args(counts)
            .args(options.peer_processes.iter().map(u32::to_string))
            .current_dir(&self.folder)
            .output()
            .await?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        for line in String::from_utf8(output.stdout)?.lines() {
            if let Some((name, rate)) = line.split_once('\t') {
                rates.add(name, rate.parse()?);
            }
        }
        Ok(())
    }
}
