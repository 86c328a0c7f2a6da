//! What the tests share: folders the server's user can reach, options, and questions to a server.

use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use waymark_localpg::Options;

const PATIENCE: Duration = Duration::from_mins(1);

/// A temporary folder that other users may pass through.
pub fn open_folder() -> TempDir {
    folder_with_mode(0o755)
}

/// A temporary folder that nobody else can enter.
pub fn closed_folder() -> TempDir {
    folder_with_mode(0o700)
}

fn folder_with_mode(mode: u32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
    folder
}

/// A fast cluster in `.waymark` under the folder.
pub fn options(folder: &TempDir) -> Options {
    Options { durable: false, max_connections: 20, ..Options::new(folder.path().join(".waymark")) }
}

/// Answers a query with `psql`, as text.
pub fn ask(bindir: &Path, url: &str, sql: &str) -> String {
    let output = Command::new(bindir.join("psql")).args([url, "-XAtc", sql]).output().unwrap();
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Whether something listens on a port of the loopback address.
pub fn is_open(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Waits for a condition and fails when it does not come about.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < PATIENCE, "not in time: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Ends a process without a chance to clean up.
pub fn kill_hard(pid: i32) {
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
}
