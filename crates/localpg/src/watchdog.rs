//! A small shell that outlives its owner by a moment: when the owner is gone, however it went, it ends the server and removes its folder.
//!
//! Its standard input is a pipe whose other end only the owner holds (closed in every child on exec). Lines are the server's process id,
//! `0` for none; the end of the pipe is the end of the owner.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::error::{At as _, Error};

const SHELL: &str = "/bin/sh";

/// `$1` is the folder of the scratch server, with its data in `data`.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
pid=0
while read -r next; do pid=$next; done
if [ "$pid" -gt 1 ]; then
    kill -QUIT "$pid"
    n=0
    while [ -e "$1/data/postmaster.pid" ] && [ "$n" -lt 100 ]; do n=$((n + 1)); sleep 0.1; done
    if [ "$n" -eq 100 ]; then kill -KILL "$pid"; fi
fi
rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }
"#;

/// The running shell.
#[derive(Debug)]
pub(crate) struct Watchdog {
    shell: Child,
}

impl Watchdog {
    /// Starts watching over a folder.
    pub(crate) fn start(folder: &Path) -> Result<Self, Error> {
        let mut command = Command::new(SHELL);
        command.args(["-c", SCRIPT, "watchdog"]).arg(folder).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own: Ctrl-C must not end the watchdog before the owner.
        let shell = command.process_group(0).spawn().at("run", Path::new(SHELL))?;
        Ok(Self { shell })
    }

    /// Names the server to end, 0 for none.
    pub(crate) fn watch(&self, pid: i32) {
        if let Some(mut pipe) = self.shell.stdin.as_ref()
            && let Err(error) = writeln!(pipe, "{pid}")
        {
            tracing::warn!(%error, "the watchdog of a scratch server is gone");
        }
    }
}

impl Drop for Watchdog {
    /// Closes the pipe and waits until the server and its folder are gone; the shell's own waiting is bounded.
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        if let Err(error) = self.shell.wait() {
            tracing::warn!(%error, "the watchdog of a scratch server was lost");
        }
    }
}
