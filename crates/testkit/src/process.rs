//! A real second process, so that it can be killed: the test binary starts itself again to run one ignored test, whose
//! body is [`body`].

use crate::app::Options;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where the child finds its options.
const OPTIONS: &str = "WAYMARK_TEST_PROCESS";
/// What the child says when it serves.
const SERVES: &str = "serves at ";

/// A child process that runs the application; killed when dropped.
pub struct Process {
    child: Child,
    base: String,
}

impl Process {
    /// Starts the test `name` (its full path) of this very binary as an application with `options`.
    ///
    /// # Panics
    /// When it does not serve.
    pub async fn start(name: &'static str, options: &Options) -> Self {
        let options = options.to_json().to_string();
        tokio::task::spawn_blocking(move || {
            let mut child = Command::new(std::env::current_exe().expect("this binary"))
                .args(["--exact", name, "--ignored", "--nocapture", "--test-threads=1"])
                .env(OPTIONS, options)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
                .expect("the test binary starts again");
            let stdout = BufReader::new(child.stdout.take().expect("its output"));
            let base = stdout
                .lines()
                .map_while(Result::ok)
                .find_map(|line| line.split_once(SERVES).map(|(_, base)| base.to_owned()))
                .expect("the process serves");
            Self { child, base }
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

/// The body of the ignored test: serves until it is killed. Returns at once when run as an ordinary test.
pub async fn body() {
    let Some(options) = std::env::var_os(OPTIONS) else { return };
    let options = options.into_string().expect("UTF-8");
    let options = Options::from_json(&serde_json::from_str(&options).expect("JSON"));
    let application = options.start().await;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{SERVES}{}", application.base_url()).expect("the parent reads");
    stdout.flush().expect("the parent reads");
    std::future::pending::<()>().await;
}

impl Options {
    fn to_json(&self) -> Value {
        json!({
            "requestUrl": self.request_url, "serviceUrl": self.service_url, "keys": self.keys, "model": self.model,
            "deaf": self.deaf, "workers": self.generation.workers, "leaseMs": self.generation.lease.as_millis(),
            "firstModuleMs": self.generation.timeouts.first_module.as_millis(),
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
        options.generation.lease = Duration::from_millis(number("leaseMs"));
        options.generation.timeouts.first_module = Duration::from_millis(number("firstModuleMs"));
        options
    }
}
