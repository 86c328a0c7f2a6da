//! Waymark's schema: tables, roles, policies and grants as SQL files, and the few functions that apply them.
//! Called by the `migration` command line, by the server when it runs its own database, and by the test kit.
//!
//! Every change runs on one session that holds an advisory lock, so any number of processes may call [`up`] at once.
//! The address must be the owner's, and a direct one: a pooler in transaction mode would lose the lock.

mod database;
mod error;
mod ledger;
mod migrations;
mod roles;
mod session;

pub use database::ensure_database;
pub use error::MigrateError;
pub use ledger::{is_current, status};
pub use migrations::Migrator;
pub use roles::{role_script, set_login_passwords};

use sea_orm_migration::MigratorTrait;
use session::Session;

/// What a run changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The cluster's roles were made or mended.
    pub roles_made: bool,
    /// Names of the migrations that were applied, oldest first.
    pub applied: Vec<String>,
    /// Names of the migrations that were taken back, newest first.
    pub reverted: Vec<String>,
}

/// Brings a database up to date: roles, the database's own grants, then every pending migration, each in its own
/// transaction.
///
/// # Errors
/// [`MigrateError::RolesMissing`] carries the script for the operator when this login may not make roles.
pub async fn up(url: &str) -> Result<Report, MigrateError> {
    let session = Session::open(url).await?;
    let report = apply(&session).await;
    session.close().await;
    report
}

/// Takes back the newest `steps` migrations, or all of them. Data in their tables is gone. Roles stay.
pub async fn down(url: &str, steps: Option<u32>) -> Result<Report, MigrateError> {
    let session = Session::open(url).await?;
    let report = revert(&session, steps).await;
    session.close().await;
    report
}

/// Takes back everything that [`up`] did in this database, the ledger and the database's grants included. Roles stay.
pub async fn reset(url: &str) -> Result<Report, MigrateError> {
    let session = Session::open(url).await?;
    let report = async {
        let report = revert(&session, None).await?;
        session.run(roles::DATABASE_UNDO).await?;
        Ok(report)
    }
    .await;
    session.close().await;
    report
}

/// Empties the database, whatever state it is in, and builds the schema again.
pub async fn fresh(url: &str) -> Result<Report, MigrateError> {
    let session = Session::open(url).await?;
    let report = async {
        session.run(session::DROP_EVERYTHING).await?;
        apply(&session).await
    }
    .await;
    session.close().await;
    report
}

/// Applies the grants that belong to the database itself and that a copy made with `CREATE DATABASE .. TEMPLATE`, or
/// a restored dump, does not have: CONNECT for the two logins, nothing for PUBLIC. [`up`] does it too.
pub async fn secure_database(url: &str) -> Result<(), MigrateError> {
    let session = Session::open(url).await?;
    let secured = session.run(roles::DATABASE).await;
    session.close().await;
    secured
}

async fn apply(session: &Session) -> Result<Report, MigrateError> {
    let roles_made = roles::ensure(session).await?;
    session.run(roles::DATABASE).await?;
    let before = ledger::applied(session).await?;
    Migrator::up(session.db(), None).await?;
    session.run(ledger::PROTECT).await?;
    session.run(roles::GUARD).await?;
    let mut applied = ledger::applied(session).await?;
    applied.retain(|name| !before.contains(name));
    Ok(Report { roles_made, applied, ..Report::default() })
}

async fn revert(session: &Session, steps: Option<u32>) -> Result<Report, MigrateError> {
    let mut reverted = ledger::applied(session).await?;
    if reverted.is_empty() {
        return Ok(Report::default());
    }
    Migrator::down(session.db(), steps).await?;
    let left = ledger::applied(session).await?;
    reverted.retain(|name| !left.contains(name));
    reverted.reverse();
    Ok(Report { reverted, ..Report::default() })
}
