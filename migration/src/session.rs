//! The one session a run uses: it holds the lock, and migrations run on it.

use crate::error::{MigrateError, sqlstate};
use sea_orm_migration::sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

/// For `fresh`.
pub(crate) const DROP_EVERYTHING: &str = include_str!("sql/drop_everything.sql");

/// Time-outs of the owner's login or of the server must not cut a migration short, but waiting for a lock behind a
/// long transaction would stop the application too. Unqualified names mean the ledger; every migration qualifies its own.
const PREPARE: &str = "set lock_timeout = '60s'; set statement_timeout = 0; \
     set idle_in_transaction_session_timeout = 0; set search_path = app; \
     select pg_catalog.pg_advisory_lock(7094172038841021777)";

/// A pool of exactly one connection, so that the lock's session is the migrations' session.
pub(crate) struct Session {
    pool: PgPool,
    db: DatabaseConnection,
}

impl Session {
    /// Connects and waits for the lock, at most a minute.
    pub(crate) async fn open(url: &str) -> Result<Self, MigrateError> {
        let options = connect_options(url)?;
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options)
            .await
            .map_err(MigrateError::Connect)?;
        sqlx::raw_sql(PREPARE).execute(&pool).await.map_err(|error| match sqlstate(&error).as_deref() {
            Some("55P03") => MigrateError::Busy,
            _ => MigrateError::Sql(error),
        })?;
        let db = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
        Ok(Self { pool, db })
    }

    /// For sea-orm-migration.
    pub(crate) fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    /// For queries of our own.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Runs a script of constant statements.
    pub(crate) async fn run(&self, script: &'static str) -> Result<(), MigrateError> {
        sqlx::raw_sql(script).execute(&self.pool).await.map(drop).map_err(MigrateError::Sql)
    }

    /// Ends the session, which frees the lock.
    pub(crate) async fn close(self) {
        self.pool.close().await;
    }
}

/// Parses an address. Statements are not logged: some carry passwords.
pub(crate) fn connect_options(url: &str) -> Result<PgConnectOptions, MigrateError> {
    let options: PgConnectOptions = url.parse().map_err(MigrateError::Connect)?;
    Ok(options.application_name("waymark-migration").disable_statement_logging())
}
