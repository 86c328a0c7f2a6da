//! Running hand-written SQL: one place that binds values and reads columns.

use crate::error::StoreError;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, QueryResult, Statement, TryGetable, Value};

fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

/// Runs a statement and tells how many rows it touched.
pub(crate) async fn execute(
    tx: &DatabaseTransaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, StoreError> {
    Ok(tx.execute_raw(statement(sql, values)).await?.rows_affected())
}

/// Runs a statement that must touch one row.
pub(crate) async fn execute_one(
    tx: &DatabaseTransaction,
    what: &'static str,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<(), StoreError> {
    match execute(tx, sql, values).await? {
        1 => Ok(()),
        actual => Err(StoreError::WrongCount { what, expected: 1, actual }),
    }
}

/// The first row, if any.
pub(crate) async fn first(
    tx: &DatabaseTransaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Option<QueryResult>, StoreError> {
    Ok(tx.query_one_raw(statement(sql, values)).await?)
}

/// The one row that a statement always returns.
pub(crate) async fn only(
    tx: &DatabaseTransaction,
    what: &'static str,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<QueryResult, StoreError> {
    first(tx, sql, values).await?.ok_or(StoreError::WrongCount { what, expected: 1, actual: 0 })
}

/// Every row.
pub(crate) async fn all(
    tx: &DatabaseTransaction,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, StoreError> {
    Ok(tx.query_all_raw(statement(sql, values)).await?)
}

/// A column's value.
pub(crate) fn get<T: TryGetable>(row: &QueryResult, column: &str) -> Result<T, StoreError> {
    row.try_get("", column).map_err(StoreError::from)
}

/// A column's text, read as a closed enum of `domain`.
pub(crate) fn parse<T: std::str::FromStr>(
    row: &QueryResult,
    table: &'static str,
    column: &'static str,
) -> Result<T, StoreError> {
    get::<String>(row, column)?.parse().map_err(|_| StoreError::Inconsistent { table, column })
}

/// A column's text if there is one, read as a closed enum of `domain`.
pub(crate) fn parse_option<T: std::str::FromStr>(
    row: &QueryResult,
    table: &'static str,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    get::<Option<String>>(row, column)?
        .map(|text| text.parse().map_err(|_| StoreError::Inconsistent { table, column }))
        .transpose()
}

/// A count, which is never negative.
pub(crate) fn count(row: &QueryResult, table: &'static str, column: &'static str) -> Result<u32, StoreError> {
    u32::try_from(get::<i64>(row, column)?).map_err(|_| StoreError::Inconsistent { table, column })
}
