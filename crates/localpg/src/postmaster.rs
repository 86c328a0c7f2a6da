//! The server's lock file `postmaster.pid`, and whether the process it names is really the server of this data folder.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::error::Error;
use crate::files;

/// Name of the lock file inside the data folder.
pub(crate) const FILE: &str = "postmaster.pid";

/// What the lock file says. A server that has just begun to write it gives `None` for the lines that are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Postmaster {
    /// Process id (line 1).
    pub(crate) pid: i32,
    /// TCP port (line 4).
    pub(crate) port: Option<u16>,
    /// State (line 8).
    pub(crate) status: Option<Status>,
}

/// Line 8 of the lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Starting,
    Ready,
    Stopping,
}

impl Postmaster {
    /// Reads the lock file; `None` when there is none or it does not begin with a process id.
    pub(crate) fn read(data_dir: &Path) -> Result<Option<Self>, Error> {
        Ok(files::read_if_there(&data_dir.join(FILE))?.as_deref().and_then(Self::parse))
    }

    /// The server that runs on this data folder at this moment, if any.
    pub(crate) fn running(data_dir: &Path) -> Result<Option<Self>, Error> {
        Ok(Self::read(data_dir)?.filter(|found| is_server_of(found.pid, data_dir)))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        // Single-user servers write a negative number: nothing to connect to. Numbers up to 1 are never a server's.
        let pid = lines.next()?.trim().parse().ok().filter(|&pid: &i32| pid > 1)?;
        let port = lines.nth(2).and_then(|line| line.trim().parse().ok());
        let status = lines.nth(3).and_then(|line| match line.trim() {
            "starting" => Some(Status::Starting),
            "ready" | "standby" => Some(Status::Ready),
            "stopping" => Some(Status::Stopping),
            _ => None,
        });
        Some(Self { pid, port, status })
    }
}

/// Removes a lock file whose process id now belongs to something else alive: the server would take that for another server and refuse.
/// It guards the shared memory besides (by the folder's inode since version 12), so nothing is lost by removing the file.
pub(crate) fn clear_recycled(data_dir: &Path) -> Result<(), Error> {
    let Some(stale) = Postmaster::read(data_dir)? else {
        return Ok(());
    };
    tracing::info!(pid = stale.pid, "removing the lock file of a server that no longer runs");
    files::remove_file(&data_dir.join(FILE))
}

/// Whether a live process is a `postgres` on this data folder; a zombie is not.
pub(crate) fn is_server_of(pid: i32, data_dir: &Path) -> bool {
    if cfg!(target_os = "linux") { linux_server(pid, data_dir) } else { listed_server(pid, data_dir) }
}

/// Sends a signal to the server of this data folder; one that has gone meanwhile is fine.
pub(crate) fn signal(pid: i32, data_dir: &Path, signal: Signal) {
    if is_server_of(pid, data_dir)
        && let Err(error) = kill(Pid::from_raw(pid), signal)
    {
        tracing::debug!(pid, %signal, %error, "the server could not be signalled");
    }
}

fn linux_server(pid: i32, data_dir: &Path) -> bool {
    let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else {
        return false;
    };
    let mut arguments = line.split(|&byte| byte == 0);
    let program = arguments.next().unwrap_or_default();
    let name = program.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    let on_our_folder = arguments.any(|argument| argument == data_dir.as_os_str().as_bytes())
        // A server started by hand may name its folder in another way, but always works in it.
        || fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data_dir);
    matches!(name, b"postgres" | b"postmaster") && on_our_folder
}

/// For systems without `/proc`.
fn listed_server(pid: i32, data_dir: &Path) -> bool {
    let Ok(output) = Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output() else {
        return false;
    };
    let line = String::from_utf8_lossy(&output.stdout);
    line.contains("postgres") && line.contains(&*data_dir.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complete_lock_file_is_read() {
        let text = "4711\n/data/pg\n1700000000\n54321\n\n127.0.0.1\n  12345 6\nready   \n";
        let expected = Postmaster { pid: 4711, port: Some(54321), status: Some(Status::Ready) };
        assert_eq!(Postmaster::parse(text), Some(expected));
    }

    #[test]
    fn a_lock_file_that_is_still_being_written_has_no_status() {
        let expected = Postmaster { pid: 4711, port: None, status: None };
        assert_eq!(Postmaster::parse("4711\n/data/pg\n"), Some(expected));
    }

    #[test]
    fn numbers_that_are_no_servers_are_refused() {
        for text in ["", "x", "0", "1", "-4711"] {
            assert_eq!(Postmaster::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_live_process_that_is_not_a_server_is_told_apart() {
        assert!(!is_server_of(i32::try_from(std::process::id()).unwrap(), Path::new("/")));
    }
}
