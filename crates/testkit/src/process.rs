//! A real second process, so that it can be killed: the test binary starts itself again to run one ignored test, whose
//! body is [`body`].

use crate::app::Options;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use waymark_services::generation::Timeouts;

/// Where the child finds its options.
const OPTIONS: &str = "WAYMARK_TEST_PROCESS";
/// Which of its log the child writes to standard error, such as `warn`; nothing unless this is set.
const LOG: &str = "WAYMARK_TEST_LOG";
/// What the child says when it serves.
const SERVES: &str = "serves at ";

/// A child process that runs the application; killed when dropped, and gone when this process is.
pub struct Process {
    child: Child,
    base: String,
    /// Kept open, for the child's test harness has more to say when it ends.
    _stdout: BufReader<ChildStdout>,
}

/// A point at which a child dies, and the visit to it (from 1) on which it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrashAt {
    /// One of [`waymark_services::crash::POINTS`].
    pub point: &'static str,
    /// From 1.
    pub visit: u32,
}

impl Process {
    /// Starts the test `name` (its full path) of this very binary as an application with `options`.
    ///
    /// # Panics
    /// When it does not serve.
    pub async fn start(name: &'static str, options: &Options) -> Self {
        match Self::doomed(name, options, None).await {
            Ok(process) => process,
            Err(status) => panic!("the process does not serve: {status}"),
        }
    }

    /// As [`Process::start`], and dies at a named point.
    ///
    /// # Errors
    /// How it ended, when it died before it served.
    pub async fn doomed(name: &'static str, options: &Options, crash: Option<CrashAt>) -> Result<Self, ExitStatus> {
        let options = options.to_json().to_string();
        tokio::task::spawn_blocking(move || {
            let mut command = Command::new(std::env::current_exe().expect("this binary"));
            command
                .args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
                .env(OPTIONS, options)
                // Its end tells the child that its parent is gone.
                .stdin(Stdio::piped())
                .stdout(Stdio::piped());
            if let Some(CrashAt { point, visit }) = crash {
                command.env(waymark_services::crash::SETTING, format!("{point}:{visit}"));
            }
            let mut child = command.spawn().expect("the test binary starts again");
            let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
            let base = stdout
                .by_ref()
                .lines()
                .map_while(Result::ok)
                .find_map(|line| line.split_once(SERVES).map(|(_, base)| base.to_owned()));
            match base {
                Some(base) => Ok(Self { child, base, _stdout: stdout }),
                None => Err(child.wait().expect("it is gone")),
            }
        })
        .await
        .expect("the process starts")
    }

    /// `http://address`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Its id, to send it signals.
    pub fn id(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a process id")
    }

    /// How it ended; none while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it can be asked for")
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of the ignored test: serves until it is killed, or stops in good order on SIGTERM. Returns at once when run as
/// an ordinary test.
pub async fn body() {
    let Some(options) = std::env::var_os(OPTIONS) else { return };
    die_with_parent();
    if let Ok(filter) = std::env::var(LOG) {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    }
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be heard");
    let options = options.into_string().expect("UTF-8");
    let options = Options::from_json(&serde_json::from_str(&options).expect("JSON"));
    let application = options.start().await;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{SERVES}{}", application.base_url()).expect("the parent reads");
    stdout.flush().expect("the parent reads");
    terminate.recv().await;
    application.stop().await;
}

/// A parent that was killed can end nobody; the pipe from it ends with it.
fn die_with_parent() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
}

impl Options {
    fn to_json(&self) -> Value {
        json!({
            "requestUrl": self.request_url, "serviceUrl": self.service_url, "keys": self.keys, "model": self.model,
            "deaf": self.deaf, "metered": self.metered, "outside": self.outside, "workers": self.generation.workers,
            "leaseMs": millis(self.generation.lease), "firstPauseMs": millis(self.generation.first_pause),
            "drainMs": millis(self.generation.drain), "sweepMs": millis(self.generation.sweeper.every),
            "clerkMs": millis(self.generation.sweeper.clerk_every),
            "firstModuleMs": millis(self.generation.timeouts.first_module),
            "idleMs": millis(self.generation.timeouts.idle), "totalMs": millis(self.generation.timeouts.total),
        })
    }

    fn from_json(json: &Value) -> Self {
        let text = |key: &str| json[key].as_str().map(str::to_owned);
        let number = |key: &str| json[key].as_u64().expect("a number");
        let mut options = Self::bare(
            text("requestUrl").expect("an address"),
            text("serviceUrl").expect("an address"),
            text("keys").expect("a folder").into(),
        );
        options.model = text("model");
        options.deaf = json["deaf"].as_bool().expect("a bool");
        options.generation.workers = usize::try_from(number("workers")).expect("a small number");
        let time = |key: &str| Duration::from_millis(number(key));
        options.outside = serde_json::from_value(json["outside"].clone()).expect("what is outside");
        options.metered = json["metered"].as_bool().expect("a bool");
        options.generation.lease = time("leaseMs");
        options.generation.first_pause = time("firstPauseMs");
        options.generation.drain = time("drainMs");
        options.generation.sweeper.every = time("sweepMs");
        options.generation.sweeper.clerk_every = time("clerkMs");
        options.generation.timeouts =
            Timeouts { first_module: time("firstModuleMs"), idle: time("idleMs"), total: time("totalMs") };
        options
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).expect("a small number")
}
