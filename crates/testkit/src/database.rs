//! A real PostgreSQL for tests and benches: one throw-away server a process, one database a test, cloned from a migrated
//! template, used through the restricted logins.

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, QueryResult};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use uuid::Uuid;
use waymark_localpg::Scratch;
use waymark_services::DbOptions;

const TEMPLATE: &str = "waymark_template";
const REQUEST_PASSWORD: &str = "request";
const SERVICE_PASSWORD: &str = "service";

/// A server with the migrated template. Tests share that of their process; one that breaks its server has its own.
#[derive(Debug, Clone)]
pub struct Server {
    scratch: Arc<Scratch>,
    /// One copy at a time: a template that is being copied from may not be connected to.
    copying: Arc<tokio::sync::Mutex<()>>,
}

impl Server {
    /// Starts a server of one's own; it ends with the last of its handles, or with this process.
    ///
    /// # Panics
    /// When it does not start, or the template cannot be made.
    pub async fn start() -> Self {
        tokio::task::spawn_blocking(Self::start_now).await.expect("the server is there")
    }

    /// The server of this process.
    async fn shared() -> Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        // Starting it blocks for a second or two.
        let shared = tokio::task::spawn_blocking(|| SHARED.get_or_init(Self::start_now).clone()).await;
        shared.expect("the server is there")
    }

    fn start_now() -> Self {
        let parent = target_dir().join("pg");
        std::fs::create_dir_all(&parent).expect("the target folder can be written");
        let scratch = Scratch::start(&parent).expect("PostgreSQL starts");
        let (admin, template) = (scratch.superuser_url("postgres"), scratch.superuser_url(TEMPLATE));
        // A thread of its own: a runtime cannot be entered from within another.
        std::thread::spawn(move || {
            runtime().block_on(async {
                admin_run(&admin, &format!("create database {TEMPLATE}")).await.expect("the template is made");
                waymark_migration::up(&template).await.expect("the template is migrated");
                waymark_migration::set_login_passwords(&template, REQUEST_PASSWORD, SERVICE_PASSWORD)
                    .await
                    .expect("the logins have passwords");
            });
        })
        .join()
        .expect("the template is ready");
        Self { scratch: Arc::new(scratch), copying: Arc::default() }
    }

    /// Crashes the server (clients are cut off, nothing is flushed), and starts it again on the same port after `down`.
    ///
    /// # Panics
    /// When it does not come back.
    pub async fn crash_and_restart(&self, down: Duration) {
        let scratch = Arc::clone(&self.scratch);
        tokio::task::spawn_blocking(move || {
            scratch.stop_immediate().expect("the server can be stopped");
            std::thread::sleep(down);
            scratch.start_again().expect("the server comes back");
        })
        .await
        .expect("the server was restarted");
    }

    /// A fresh copy of the migrated template.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn database(&self) -> TestDb {
        let name = format!("t_{}", Uuid::now_v7().simple());
        let db = TestDb {
            port: self.scratch.port(),
            superuser_url: self.scratch.superuser_url(&name),
            admin_url: self.scratch.superuser_url("postgres"),
            name,
        };
        {
            let _alone = self.copying.lock().await;
            let sql = format!("create database {} template {TEMPLATE}", db.name);
            admin_run(&db.admin_url, &sql).await.expect("the template can be copied");
        }
        waymark_migration::secure_database(&db.superuser_url).await.expect("the copy is secured");
        db
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target")), PathBuf::from)
}

async fn admin_run(url: &str, sql: &str) -> Result<(), DbErr> {
    let connection = connect(url).await?;
    let result = connection.execute_unprepared(sql).await.map(|_| ());
    connection.close().await?;
    result
}

async fn connect(url: &str) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await
}

/// One test's database; dropped with it.
#[derive(Debug)]
pub struct TestDb {
    name: String,
    port: u16,
    superuser_url: String,
    admin_url: String,
}

impl TestDb {
    /// A fresh copy of the migrated template, on the server of this process.
    pub async fn new() -> Self {
        Server::shared().await.database().await
    }

    /// Address of the restricted request login.
    pub fn request_url(&self) -> String {
        format!("postgres://waymark_request:{REQUEST_PASSWORD}@127.0.0.1:{}/{}", self.port, self.name)
    }

    /// Address of the restricted service login.
    pub fn service_url(&self) -> String {
        format!("postgres://waymark_service:{SERVICE_PASSWORD}@127.0.0.1:{}/{}", self.port, self.name)
    }

    /// Address of the superuser, for looking behind the curtain and for breaking things.
    pub fn superuser_url(&self) -> &str {
        &self.superuser_url
    }

    /// Options of the two pools.
    pub fn options(&self) -> DbOptions {
        DbOptions::new(self.request_url(), Some(self.service_url()))
    }

    /// A superuser's connection.
    pub async fn superuser(&self) -> DatabaseConnection {
        connect(&self.superuser_url).await.expect("the superuser may connect")
    }

    /// Runs SQL as the superuser.
    pub async fn run(&self, sql: &str) {
        admin_run(&self.superuser_url, sql).await.expect("the statement works");
    }

    /// Reads rows as the superuser.
    pub async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        let connection = self.superuser().await;
        let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, sql);
        let rows = connection.query_all_raw(statement).await.expect("the query works");
        connection.close().await.expect("the connection closes");
        rows
    }

    /// Reads one number as the superuser.
    pub async fn number(&self, sql: &str) -> i64 {
        let rows = self.rows(sql).await;
        rows.first().expect("a row").try_get_by_index(0).expect("a bigint")
    }
}

impl Drop for TestDb {
    /// Gives the disk back; whoever is still connected is thrown out. Not waited for: the server cannot drop a database
    /// while a client of this very thread is in the middle of logging in.
    fn drop(&mut self) {
        static LEAVING: Mutex<()> = Mutex::new(());
        let (admin, name) = (self.admin_url.clone(), self.name.clone());
        std::thread::spawn(move || {
            let _alone = LEAVING.lock().unwrap_or_else(PoisonError::into_inner);
            // A server that is gone already took the database with it.
            let _ = runtime().block_on(admin_run(&admin, &format!("drop database {name} with (force)")));
        });
    }
}
