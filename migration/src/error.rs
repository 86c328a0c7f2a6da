//! What can go wrong while migrating; read by operators, so each message says what to do.

/// A migration that did not happen. The database is as it was before the migration that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The address cannot be parsed, or nobody answers there.
    #[error("the database cannot be reached with the owner's address")]
    Connect(#[source] sqlx::Error),
    /// Another process has been migrating this database for longer than we are willing to wait.
    #[error("another process is migrating this database; try again when it has finished")]
    Busy,
    /// The login may not make roles, so an operator who may has to.
    #[error(
        "roles are missing ({}) and this login may not make them; let a superuser run the output of `migration roles`",
        missing.join(", ")
    )]
    RolesMissing {
        /// What is not there.
        missing: Vec<String>,
        /// The SQL that makes it, without passwords.
        script: String,
    },
    /// The server refused a statement of ours.
    #[error("a statement failed")]
    Sql(#[source] sqlx::Error),
    /// A migration, or the ledger of migrations, failed.
    #[error("a migration failed")]
    Migration(#[from] sea_orm_migration::DbErr),
}

/// The SQLSTATE of a driver's error, when the server sent one.
pub(crate) fn sqlstate(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).map(std::borrow::Cow::into_owned)
}
