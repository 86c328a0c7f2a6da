//! Starts a server on an existing cluster as a direct child, waits until it is ready, and stops it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::binaries::Binaries;
use crate::error::{At as _, Error};
use crate::files;
use crate::identity::Identity;
use crate::port::PortWish;
use crate::postmaster::{self, Postmaster, Status};

const POLL: Duration = Duration::from_millis(20);
/// For a server that shows no sign of life.
const SILENT: Duration = Duration::from_secs(30);
/// For a server that says it is starting: recovery after a crash takes its time.
const STARTING: Duration = Duration::from_mins(2);
const FAST_SHUTDOWN: Duration = Duration::from_secs(10);
const IMMEDIATE_SHUTDOWN: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 50;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(200);
/// Lines of the log in an error.
const LOG_LINES: usize = 15;

/// Everything needed to start a server, any number of times.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) binaries: &'a Binaries,
    pub(crate) identity: Identity,
    pub(crate) data_dir: &'a Path,
    pub(crate) log: &'a Path,
    pub(crate) settings: &'a [(String, String)],
}

/// A server that answers.
#[derive(Debug)]
pub(crate) struct Server {
    /// Present when this process started it.
    pub(crate) child: Option<Child>,
    pub(crate) pid: i32,
    pub(crate) port: u16,
}

impl Launch<'_> {
    /// Starts the server and waits until it is ready; `spawned` hears each process id at once.
    /// Tries again when the port was lost to somebody in between, or processes of a crashed server have not gone yet.
    pub(crate) fn start(&self, wish: PortWish, spawned: &dyn Fn(i32)) -> Result<Server, Error> {
        let mut attempt = 0;
        loop {
            let port = wish.pick(attempt).at("find a free port for", self.data_dir)?;
            attempt += 1;
            match self.try_start(port, spawned) {
                Err(Error::Exited { log, .. }) if attempt < ATTEMPTS && is_passing(&log) => {
                    thread::sleep(BETWEEN_ATTEMPTS);
                }
                other => return other,
            }
        }
    }

    fn try_start(&self, port: u16, spawned: &dyn Fn(i32)) -> Result<Server, Error> {
        let log = files::open_private(self.log, OpenOptions::new().append(true))?;
        let log_start = log.metadata().at("look at", self.log)?.len();
        let mut child = self.spawn(port, log)?;
        let Ok(pid) = i32::try_from(child.id()) else {
            return Err(ended(&mut child, "no process id".to_owned(), String::new()));
        };
        spawned(pid);
        let ready = wait_until_ready(pid, self.data_dir, &mut || child.try_wait().ok().flatten());
        match ready {
            Ok(_) => Ok(Server { child: Some(child), pid, port }),
            Err(Unready::Exited(status)) => Err(ended(&mut child, status, log_tail(self.log, log_start))),
            Err(Unready::Late(seconds)) => {
                postmaster::signal(pid, self.data_dir, Signal::SIGQUIT);
                _ = wait_until_gone(pid, self.data_dir, Some(&mut child), IMMEDIATE_SHUTDOWN);
                Err(Error::NotReady { seconds, log: log_tail(self.log, log_start) })
            }
        }
    }

    fn spawn(&self, port: u16, log: File) -> Result<Child, Error> {
        let postgres = self.binaries.bindir().join("postgres");
        let mut command = self.identity.command(&postgres);
        command.arg("-D").arg(self.data_dir).arg("-p").arg(port.to_string());
        for (name, value) in self.settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command.stderr(log.try_clone().at("share", self.log)?).stdout(log).stdin(Stdio::null());
        // A group of its own: Ctrl-C in a terminal must reach the application, which stops the server when it is done.
        command.process_group(0).spawn().at("run", &postgres)
    }
}

impl Server {
    /// Takes over a server that already runs on this data folder; `None` when there is none, or it was just stopping.
    pub(crate) fn adopt(data_dir: &Path, log: &Path) -> Result<Option<Self>, Error> {
        let Some(found) = Postmaster::running(data_dir)? else {
            return Ok(None);
        };
        let pid = found.pid;
        if found.status == Some(Status::Stopping) {
            return if wait_until_gone(pid, data_dir, None, STARTING) {
                Ok(None)
            } else {
                Err(Error::WouldNotStop { pid })
            };
        }
        match wait_until_ready(pid, data_dir, &mut || None) {
            Ok(port) => Ok(Some(Self { child: None, pid, port })),
            Err(Unready::Exited(_)) => Ok(None),
            Err(Unready::Late(seconds)) => Err(Error::NotReady { seconds, log: log_tail(log, 0) }),
        }
    }

    /// Fast shutdown (open transactions are rolled back), then an immediate one (recovery at the next start).
    pub(crate) fn stop(&mut self, data_dir: &Path) -> Result<(), Error> {
        postmaster::signal(self.pid, data_dir, Signal::SIGINT);
        if wait_until_gone(self.pid, data_dir, self.child.as_mut(), FAST_SHUTDOWN) {
            return Ok(());
        }
        tracing::warn!(pid = self.pid, "the database did not stop in time; stopping it at once");
        self.stop_immediately(data_dir)
    }

    /// What a crash looks like from outside: nothing is flushed, clients are cut off.
    pub(crate) fn stop_immediately(&mut self, data_dir: &Path) -> Result<(), Error> {
        postmaster::signal(self.pid, data_dir, Signal::SIGQUIT);
        if wait_until_gone(self.pid, data_dir, self.child.as_mut(), IMMEDIATE_SHUTDOWN) {
            Ok(())
        } else {
            Err(Error::WouldNotStop { pid: self.pid })
        }
    }
}

/// Why a server is not ready.
enum Unready {
    /// It ended, with this status in words.
    Exited(String),
    /// It lives, but these seconds were too few.
    Late(u64),
}

/// Polls the lock file until it names this process as ready, and gives the port.
fn wait_until_ready(pid: i32, data_dir: &Path, exited: &mut dyn FnMut() -> Option<ExitStatus>) -> Result<u16, Unready> {
    let begin = Instant::now();
    loop {
        // An unreadable lock file is one that is being replaced; the next look tells.
        let found = Postmaster::read(data_dir).ok().flatten().filter(|found| found.pid == pid);
        let status = found.as_ref().and_then(|found| found.status);
        if let (Some(Status::Ready), Some(port)) = (status, found.and_then(|found| found.port)) {
            return Ok(port);
        }
        if let Some(status) = exited() {
            return Err(Unready::Exited(status.to_string()));
        }
        let patience = if status == Some(Status::Starting) { STARTING } else { SILENT };
        if begin.elapsed() > patience {
            return Err(Unready::Late(patience.as_secs()));
        }
        thread::sleep(POLL);
        // Right after the fork the process still carries our own command line, so only an old one is judged by it.
        if begin.elapsed() > Duration::from_secs(1) && !postmaster::is_server_of(pid, data_dir) {
            return Err(Unready::Exited(exited().map_or_else(|| "gone".to_owned(), |status| status.to_string())));
        }
    }
}

/// Waits until the process has ended; a zombie that somebody else must reap counts as ended.
fn wait_until_gone(pid: i32, data_dir: &Path, mut child: Option<&mut Child>, patience: Duration) -> bool {
    let begin = Instant::now();
    loop {
        let reaped = child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(Some(_))));
        if reaped || !postmaster::is_server_of(pid, data_dir) {
            return true;
        }
        if begin.elapsed() > patience {
            return false;
        }
        thread::sleep(POLL);
    }
}

fn ended(child: &mut Child, status: String, log: String) -> Error {
    // Reaps it; it has ended or is about to.
    _ = child.wait();
    Error::Exited { status, log }
}

/// Whether a refusal to start goes away by itself.
fn is_passing(log: &str) -> bool {
    ["Address already in use", "pre-existing shared memory block"].iter().any(|sign| log.contains(sign))
}

/// The last lines written since `start` (in bytes).
fn log_tail(file: &Path, start: u64) -> String {
    let mut bytes = Vec::new();
    let read = fs::File::open(file).and_then(|mut log| {
        log.seek(SeekFrom::Start(start))?;
        log.read_to_end(&mut bytes)
    });
    if let Err(error) = read {
        return format!("({} cannot be read: {error})", file.display());
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default().join("\n")
}
