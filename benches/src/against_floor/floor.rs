//! The floor: the read's own transaction, sent by `pgbench` as prepared statements, without HTTP in front of it.

use super::{Read, Run};
use crate::samples::Samples;
use crate::server::Site;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tokio::process::Command;
use waymark_localpg::Binaries;

/// Runs `pgbench` for `seconds`.
///
/// # Errors
/// When it is missing or fails; says what it said.
pub async fn run(site: &Site, what: &Read, connections: usize, seconds: u64) -> Result<Run, Box<dyn Error>> {
    let folder = site.folder().join("floor");
    fs::create_dir_all(&folder)?;
    let script = folder.join("read.sql");
    let opener = "select set_config('role', 'authenticated', true), set_config('request.jwt.claims', :claims, true);";
    fs::write(&script, format!("begin;\n{opener}\n{};\ncommit;\n", what.statement.trim_end()))?;
    let output = Command::new(Binaries::find()?.bindir().join("pgbench"))
        .args(["-n", "-M", "prepared", "-c", &connections.to_string(), "-j", &connections.min(2).to_string()])
        .args(["-T", &seconds.to_string(), "-l", "--log-prefix", "run", "-f"])
        .arg(&script)
        .args(what.variables.iter().flat_map(|(name, value)| ["-D".to_owned(), format!("{name}={value}")]))
        .arg(site.db.request_url())
        .current_dir(&folder)
        .output()
        .await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    let Some(per_second) = rate.filter(|_| output.status.success()) else {
        return Err(format!("pgbench failed: {}{text}", String::from_utf8_lossy(&output.stderr)).into());
    };
    let samples = latencies(&folder)?;
    Ok(Run { per_second, p50: samples.millis(500), p99: samples.millis(990) })
}

/// Reads and removes the logs, whose third column is a transaction's time in microseconds.
fn latencies(folder: &Path) -> Result<Samples, Box<dyn Error>> {
    let mut samples = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("run.")) {
            for line in fs::read_to_string(&path)?.lines() {
                let micros = line.split(' ').nth(2).ok_or("an odd line in pgbench's log")?.parse()?;
                samples.push(Duration::from_micros(micros));
            }
            fs::remove_file(path)?;
        }
    }
    Ok(Samples::new(samples))
}
