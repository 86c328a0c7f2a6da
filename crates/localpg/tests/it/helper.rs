//! Another process that holds a server: this test binary again, told by its environment what to do.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use waymark_localpg::{Cluster, Options, Scratch};

use crate::support::eventually;

const KIND: &str = "LOCALPG_TEST_KIND";
const DIR: &str = "LOCALPG_TEST_DIR";

/// The other process and the server it started. Killed when the test ends, if not before.
pub struct Helper {
    process: Child,
    pub server_pid: i32,
    pub port: u16,
}

impl Helper {
    /// Starts a process that runs a cluster in this folder.
    pub fn with_cluster(dir: &Path) -> Self {
        Self::start("cluster", dir)
    }

    /// Starts a process that runs a scratch server under this folder.
    pub fn with_scratch(parent: &Path) -> Self {
        Self::start("scratch", parent)
    }

    fn start(kind: &str, dir: &Path) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "helper::a_helper_process_holds_a_server", "--ignored"]);
        command.env(KIND, kind).env(DIR, dir).stdout(Stdio::null());
        let process = command.spawn().unwrap();
        let mut helper = Self { process, server_pid: 0, port: 0 };
        let ready = ready_file(dir);
        eventually("the helper process has a server", || {
            assert!(helper.process.try_wait().unwrap().is_none(), "the helper process failed");
            ready.exists()
        });
        let text = fs::read_to_string(&ready).unwrap();
        let (pid, port) = text.split_once(' ').unwrap();
        (helper.server_pid, helper.port) = (pid.parse().unwrap(), port.parse().unwrap());
        helper
    }

    /// Kills it without a chance to clean up, and waits until it is gone.
    pub fn kill_hard(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn ready_file(dir: &Path) -> PathBuf {
    dir.join("helper.ready")
}

/// Not a test: does nothing unless another test has started it.
#[test]
#[ignore = "the helper process of other tests"]
fn a_helper_process_holds_a_server() {
    let (Some(kind), Some(dir)) = (env::var_os(KIND), env::var_os(DIR)) else {
        return;
    };
    let dir = PathBuf::from(dir);
    let announce = |pid: i32, port: u16| {
        let partial = dir.join("helper.partial");
        fs::write(&partial, format!("{pid} {port}")).unwrap();
        fs::rename(&partial, ready_file(&dir)).unwrap();
        loop {
            thread::park();
        }
    };
    if kind == "cluster" {
        let cluster = Cluster::start(&Options { durable: false, ..Options::new(&dir) }).unwrap();
        announce(cluster.pid(), cluster.port());
    } else {
        let scratch = Scratch::start(&dir).unwrap();
        announce(scratch.pid(), scratch.port());
    }
}
