//! The cluster's roles and the grants of the database itself: what is no migration, because it is shared with other
//! databases or does not survive a copy of this one.

use crate::error::{MigrateError, sqlstate};
use crate::session::{Session, connect_options};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use std::fmt::Write as _;
use std::time::Duration;

/// CONNECT for the logins, nothing for PUBLIC; makes the schema that the ledger lives in.
pub(crate) const DATABASE: &str = include_str!("sql/database.sql");
/// The way back from [`DATABASE`] and [`GUARD`].
pub(crate) const DATABASE_UNDO: &str = include_str!("sql/database_undo.sql");
/// Takes `set_config` from the request roles; does nothing unless run by a superuser.
pub(crate) const GUARD: &str = include_str!("sql/guard.sql");

const ROLES: &str = include_str!("sql/roles.sql");
const MISSING: &str = include_str!("sql/missing_roles.sql");

/// How often a change of a role is tried again while other sessions change it too.
const ROUNDS: u32 = 40;

/// The script an operator who may make roles runs, connected to Waymark's database, when the migrating login may not.
/// It can be run again at any time. Without passwords the logins get none.
pub fn role_script(request_password: Option<&str>, service_password: Option<&str>) -> String {
    let mut script = ROLES.to_owned();
    for (login, password) in [("waymark_request", request_password), ("waymark_service", service_password)] {
        if let Some(password) = password {
            // Writing to a String cannot fail.
            let _ = writeln!(script, "\n{};", alter_password(login, password));
        }
    }
    script.push('\n');
    script.push_str(GUARD);
    script
}

/// Gives both logins their passwords. Needs a login that may alter roles.
pub async fn set_login_passwords(url: &str, request_pw: &str, service_pw: &str) -> Result<(), MigrateError> {
    let mut connection = connect_options(url)?.connect().await.map_err(MigrateError::Connect)?;
    for (login, password) in [("waymark_request", request_pw), ("waymark_service", service_pw)] {
        run_contended(&mut connection, &alter_password(login, password)).await?;
    }
    Ok(())
}

/// Makes what is missing of the roles; true when something was.
pub(crate) async fn ensure(session: &Session) -> Result<bool, MigrateError> {
    let missing = missing(session).await?;
    if missing.is_empty() {
        return Ok(false);
    }
    tracing::info!(?missing, "making roles");
    match session.run(ROLES).await {
        Ok(()) => Ok(true),
        Err(MigrateError::Sql(error)) if sqlstate(&error).as_deref() == Some("42501") => {
            Err(MigrateError::RolesMissing { missing, script: role_script(None, None) })
        }
        Err(error) => Err(error),
    }
}

async fn missing(session: &Session) -> Result<Vec<String>, MigrateError> {
    sqlx::query_scalar(MISSING).fetch_all(session.pool()).await.map_err(MigrateError::Sql)
}

/// Two sessions that alter one role at once: the later gets an internal error ("tuple concurrently updated").
async fn run_contended(connection: &mut PgConnection, statement: &str) -> Result<(), MigrateError> {
    let mut round = 1;
    loop {
        match sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *connection).await {
            Ok(_) => return Ok(()),
            Err(error) if round < ROUNDS && sqlstate(&error).as_deref() == Some("XX000") => {
                round += 1;
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            Err(error) => return Err(MigrateError::Sql(error)),
        }
    }
}

/// A role's password cannot be a bound parameter; with standard strings, doubling the quote is all that is needed,
/// and E'' is right whatever the server's setting.
fn alter_password(login: &str, password: &str) -> String {
    let literal = password.replace('\\', "\\\\").replace('\'', "''");
    format!("alter role {login} password E'{literal}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_cannot_leave_its_literal() {
        assert_eq!(alter_password("l", r"a'b\'; drop"), r"alter role l password E'a''b\\''; drop'");
    }

    #[test]
    fn the_script_has_passwords_only_when_asked() {
        assert!(!role_script(None, None).contains("password E'"));
        assert_eq!(role_script(Some("a"), Some("b")).matches("password E'").count(), 2);
    }
}
