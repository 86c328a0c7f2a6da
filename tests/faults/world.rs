//! One database, one model server, one or two server processes, and the faults they are put through.

use crate::chance::Chance;
use crate::history::History;
use crate::model::Model;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement,
};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use waymark_services::generation::Timeouts;
use waymark_testkit::app::Options;
use waymark_testkit::database::{Server, TestDb};
use waymark_testkit::process::{CrashAt, Process};
use waymark_testkit::wait;

/// How long a job is held without a heartbeat here.
pub const LEASE: Duration = Duration::from_millis(1_500);

/// An address that refuses.
const NOBODY: &str = "http://127.0.0.1:9";

/// Everything a round needs; rounds that share one share its history.
pub struct World {
    pub db: TestDb,
    pub model: Model,
    pub options: Options,
    pub history: History,
    /// Looks behind the curtain, and writes what learners do that has no route yet.
    pub eye: DatabaseConnection,
    /// Where clients may ask; a place whose process is dead refuses them.
    bases: Mutex<Vec<String>>,
    _keys: TempDir,
}

/// A server process, or what is left of it.
pub struct Place {
    process: Option<Process>,
    number: usize,
}

impl World {
    /// A fresh one on this server.
    pub async fn new(server: &Server, chance: &mut Chance) -> Arc<Self> {
        let db = server.database().await;
        let model = Model::start(chance.fork()).await;
        let keys = tempfile::tempdir().unwrap();
        let timeouts = Timeouts {
            first_module: Duration::from_millis(900),
            idle: Duration::from_millis(700),
            total: Duration::from_secs(3),
        };
        let options = Options::new(&db, keys.path())
            .model(&model.server)
            .metered()
            .workers(16)
            .lease(LEASE)
            .timeouts(timeouts)
            .first_pause(Duration::from_millis(50))
            .drain(Duration::from_millis(200))
            .sweeps(Duration::from_millis(500), Duration::from_millis(300));
        prepare(&db).await;
        let mut connect = ConnectOptions::new(db.superuser_url());
        connect.max_connections(4).sqlx_logging(false);
        let eye = Database::connect(connect).await.unwrap();
        let world = Self { db, model, options, history: History::default(), eye, bases: Mutex::default(), _keys: keys };
        Arc::new(world)
    }

    /// Reads rows as the superuser; fails while the database is away.
    pub async fn look(&self, sql: &str) -> Result<Vec<QueryResult>, DbErr> {
        self.eye.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await
    }

    /// Reads one number as the superuser; none while the database is away.
    pub async fn number(&self, sql: &str) -> Option<i64> {
        self.look(sql).await.ok()?.first()?.try_get_by_index(0).ok()
    }

    /// The first column of each row, as text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.look(sql).await.unwrap_or_else(|error| panic!("{error}: {sql}"));
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    /// Somewhere to ask.
    pub fn base(&self, chance: &mut Chance) -> String {
        let bases = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
        chance.pick(&bases).clone()
    }

    fn set_base(&self, number: usize, base: &str) {
        let mut bases = self.bases.lock().unwrap_or_else(PoisonError::into_inner);
        if bases.len() <= number {
            bases.resize(number + 1, NOBODY.to_owned());
        }
        base.clone_into(&mut bases[number]);
    }

    /// Starts the process with this number, from 0, dying at `crash` if that is given.
    pub async fn start(&self, number: usize, crash: Option<CrashAt>) -> Place {
        let process = Process::doomed(crate::SERVER, &self.options, crash).await;
        if let (Err(status), None) = (&process, crash) {
            self.history.odd(format!("a process did not start: {status}"));
        }
        let process = process.ok();
        // One that died before it served is a place that refuses.
        self.set_base(number, process.as_ref().map_or(NOBODY, Process::base));
        Place { process, number }
    }

    /// Forgets the places after the first `count`.
    pub fn keep(&self, count: usize) {
        self.bases.lock().unwrap_or_else(PoisonError::into_inner).truncate(count);
    }

    /// Cuts every connection of the application.
    pub async fn cut_connections(&self) {
        let sql = "select pg_terminate_backend(pid) from pg_stat_activity
                   where usename like 'waymark%' and datname = current_database()";
        if let Err(error) = self.look(sql).await {
            self.history.odd(format!("connections could not be cut: {error}"));
        }
    }
}

/// Commits wait for the log as in production, so that a crash of the server takes nothing back (connections that were made
/// before this go on as they were); and triggers note what no sample would catch.
async fn prepare(db: &TestDb) {
    let sql =
        "do $$ begin execute format('alter database %I set synchronous_commit = on', current_database()); end $$;";
    db.run(sql).await;
    db.run(include_str!("watch.sql")).await;
}

impl Place {
    /// Whether its process runs.
    pub fn lives(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.ended().is_none())
    }

    /// Whether its process ended as a crash point ends it.
    pub fn aborted(&mut self) -> bool {
        use std::os::unix::process::ExitStatusExt;
        let status = self.process.as_mut().and_then(Process::ended);
        status.is_none_or(|status| status.signal() == Some(Signal::SIGABRT as i32)) && !self.lives()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Sends a signal, if there is anybody to hear it.
    pub fn signal(&mut self, signal: Signal) {
        if self.lives()
            && let Some(process) = &self.process
        {
            let _ = kill(Pid::from_raw(process.id()), signal);
        }
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(&mut self) {
        self.signal(Signal::SIGTERM);
        wait::until("the process has stopped", async || (!self.lives()).then_some(())).await;
    }

    /// Starts it again unless it lives.
    pub async fn revive(&mut self, world: &World) {
        if !self.lives() {
            *self = world.start(self.number, None).await;
        }
    }
}
