//! Making the database itself, for a server of our own. Called by the application when it runs its private PostgreSQL.

use crate::error::{MigrateError, sqlstate};
use crate::session::connect_options;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

/// Makes a database when there is none of that name; true when it was made. `url` is an address of another database of
/// the same server, with a login that may create databases. Processes may do so at once.
pub async fn ensure_database(url: &str, name: &str) -> Result<bool, MigrateError> {
    let mut connection = connect_options(url)?.connect().await.map_err(MigrateError::Connect)?;
    let there = sqlx::query_scalar("select exists (select from pg_catalog.pg_database where datname = $1)")
        .bind(name)
        .fetch_one(&mut connection)
        .await
        .map_err(MigrateError::Sql)?;
    let made = if there { Ok(false) } else { create(&mut connection, name).await };
    // Nothing depends on a polite goodbye.
    drop(connection.close().await);
    made
}

async fn create(connection: &mut sqlx::PgConnection, name: &str) -> Result<bool, MigrateError> {
    let statement = format!("create database \"{}\"", name.replace('"', "\"\""));
    match sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await {
        Ok(_) => Ok(true),
        // Another process was first: found out before or while the row is written.
        Err(error) if matches!(sqlstate(&error).as_deref(), Some("42P04" | "23505")) => Ok(false),
        Err(error) => Err(MigrateError::Sql(error)),
    }
}
