//! Which migrations a database has: `app.seaql_migrations`.

use crate::error::{MigrateError, sqlstate};
use crate::migrations;
use crate::session::{Session, connect_options};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};

/// Lets `service` read the ledger, nobody else.
pub(crate) const PROTECT: &str = include_str!("sql/ledger.sql");

const APPLIED: &str = "select version::text from app.seaql_migrations order by version";

/// Every migration this build knows, oldest first, and whether the database has it. Changes nothing.
pub async fn status(url: &str) -> Result<Vec<(String, bool)>, MigrateError> {
    let applied = read(url).await?;
    Ok(migrations::names().map(|name| (name.to_owned(), applied.iter().any(|a| a == name))).collect())
}

/// Whether nothing is pending: one connection, one query. Works for the owner and for the service login. A schema
/// that is ahead of this build counts as current, for the new build migrates while the old one still serves.
pub async fn is_current(url: &str) -> Result<bool, MigrateError> {
    let applied = read(url).await?;
    Ok(migrations::names().all(|name| applied.iter().any(|a| a == name)))
}

/// The ledger as the migrating session sees it; empty when there is none yet.
pub(crate) async fn applied(session: &Session) -> Result<Vec<String>, MigrateError> {
    none_when_absent(sqlx::query_scalar(APPLIED).fetch_all(session.pool()).await)
}

async fn read(url: &str) -> Result<Vec<String>, MigrateError> {
    let mut connection = connect_options(url)?.connect().await.map_err(MigrateError::Connect)?;
    let applied = read_as_owner_or_service(&mut connection).await;
    // Nothing depends on a polite goodbye.
    drop(connection.close().await);
    applied
}

/// By the simple protocol and without a role that outlives its transaction: the address may be a transaction pooler's, and
/// the next client of its connection must find neither a named statement nor somebody else's role.
async fn read_as_owner_or_service(connection: &mut PgConnection) -> Result<Vec<String>, MigrateError> {
    match names(&mut *connection, APPLIED).await {
        Err(error) if sqlstate(&error).as_deref() == Some("42501") => {
            let as_service = format!("begin; set local role service; {APPLIED}; rollback");
            none_when_absent(names(connection, &as_service).await)
        }
        answer => none_when_absent(answer),
    }
}

async fn names(connection: &mut PgConnection, sql: &str) -> Result<Vec<String>, sqlx::Error> {
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// No table and no schema mean: never migrated.
fn none_when_absent(answer: Result<Vec<String>, sqlx::Error>) -> Result<Vec<String>, MigrateError> {
    answer.or_else(|error| match sqlstate(&error).as_deref() {
        Some("42P01" | "3F000") => Ok(Vec::new()),
        _ => Err(MigrateError::Sql(error)),
    })
}
