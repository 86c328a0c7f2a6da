//! The measured server: `waymark serve` in a process of its own, on a database of its own. It is this very program, started
//! under the product's name, so that what is measured is what was built.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use waymark_services::accounts::local_issuer::{DEFAULT_TTL, LocalIssuer};
use waymark_services::clock::{Clock, SystemClock};
use waymark_testkit::database::TestDb;

/// The name under which this program is the product.
const NAME: &str = "waymark";

/// Whether this process was started to be measured.
pub fn is_child() -> bool {
    std::env::args_os().next().is_some_and(|name| name == NAME)
}

/// A database, and the local key of its servers.
pub struct Site {
    /// The database.
    pub db: TestDb,
    folder: TempDir,
    issuer: LocalIssuer,
}

impl Site {
    /// A fresh one.
    ///
    /// # Errors
    /// Without a temporary folder.
    pub async fn new() -> Result<Self, Box<dyn Error>> {
        let folder = tempfile::tempdir()?;
        let issuer = LocalIssuer::open(folder.path())?;
        Ok(Self { db: TestDb::new().await, folder, issuer })
    }

    /// A folder for whatever a measurement writes.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A learner's token.
    pub fn token(&self, subject: &str) -> String {
        self.issuer.sign(subject, None, None, DEFAULT_TTL, SystemClock.now())
    }

    /// The command that serves `addr`, with rate limits off and everything else as usual.
    ///
    /// # Errors
    /// When this program cannot be found again.
    pub fn command(&self, addr: &str) -> io::Result<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg0(NAME)
            .args(["serve", "--addr", addr])
            .env_clear()
            // No `.env` of this folder's parents.
            .current_dir(self.folder.path())
            .env("WAYMARK_DATA_DIR", self.folder.path())
            .env("DATABASE_URL", self.db.request_url())
            .env("DATABASE_SERVICE_URL", self.db.service_url())
            .env("DATABASE_DIRECT_URL", self.db.service_url())
            .env("RATE_LIMITS", "off")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(self.log())?);
        Ok(command)
    }

    /// Starts a server on a free port, with further settings.
    ///
    /// # Errors
    /// When it does not serve; says what it logged.
    pub fn serve(&self, settings: &[(&str, &str)]) -> Result<Server, Box<dyn Error>> {
        let mut command = self.command("127.0.0.1:0")?;
        command.envs(settings.iter().copied());
        self.spawn(command)
    }

    /// Starts a server on a free port that generates nothing.
    ///
    /// # Errors
    /// As [`Site::serve`].
    pub fn serve_without_worker(&self) -> Result<Server, Box<dyn Error>> {
        let mut command = self.command("127.0.0.1:0")?;
        command.arg("--no-worker");
        self.spawn(command)
    }

    fn spawn(&self, mut command: Command) -> Result<Server, Box<dyn Error>> {
        let child = command.stdout(Stdio::piped()).spawn()?;
        let mut server = Server { child, addr: ([127, 0, 0, 1], 0).into() };
        let output = server.child.stdout.take().ok_or("no output")?;
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let addr = lines.find_map(|line| line.split_once("http://")?.1.split_once('/')?.0.parse().ok());
        // The rest is read too, so that the server never writes into a closed pipe.
        std::thread::spawn(move || lines.for_each(drop));
        server.addr = addr.ok_or_else(|| std::fs::read_to_string(self.log()).unwrap_or_default())?;
        Ok(server)
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder.path().join("server.log")
    }
}

/// A server process; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    addr: SocketAddr,
}

impl Server {
    /// Takes over a process that was started elsewhere.
    pub const fn of(child: Child, addr: SocketAddr) -> Self {
        Self { child, addr }
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its resident memory in KiB, and how much of that is its own rather than the program file's.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn memory(&self) -> io::Result<Memory> {
        let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id()))?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let missing = || io::Error::other("no such field in smaps_rollup");
        Ok(Memory { resident: field("Rss:").ok_or_else(missing)?, anonymous: field("Anonymous:").ok_or_else(missing)? })
    }

    /// Its resident memory, once nothing is added any more.
    ///
    /// # Errors
    /// When the process is gone.
    pub async fn memory_at_rest(&self, rest: Duration) -> io::Result<Memory> {
        tokio::time::sleep(rest).await;
        self.memory()
    }
}

/// Memory in KiB.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// All that is in RAM.
    pub resident: u64,
    /// Of that, what is no file's content.
    pub anonymous: u64,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
