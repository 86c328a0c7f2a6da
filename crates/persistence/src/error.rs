//! What a statement can fail with, sorted by what a caller can do about it.

use sea_orm::{DbErr, RuntimeErr};
use sqlx::Error as SqlxError;

/// A failed statement. Its text never repeats its source and never holds a row's values.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A constraint refused the row; the name is the constraint's.
    #[error("constraint {constraint} refused the row")]
    Conflict {
        /// The violated constraint, as the schema names it.
        constraint: String,
    },
    /// The database is away, overloaded or asks to try again; the same work may succeed later.
    #[error("the database is busy or away")]
    Busy(#[source] DbErr),
    /// The role may not do this: a missing grant or a row level security policy.
    #[error("the database role may not do this")]
    Denied(#[source] DbErr),
    /// A stored value that no version of this program writes.
    #[error("{table}.{column} holds a value that cannot be read")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A write touched another number of rows than it must.
    #[error("{what}: {actual} rows instead of {expected}")]
    WrongCount {
        /// Which write.
        what: &'static str,
        /// Rows it must touch.
        expected: u64,
        /// Rows it touched.
        actual: u64,
    },
    /// The worker no longer holds the job: its lease ran out and another one has it, or it was canceled.
    #[error("the job's fence has moved on")]
    Fenced,
    /// A statement that should have worked did not.
    #[error("a statement failed")]
    Query(#[source] DbErr),
}

impl StoreError {
    /// Whether trying the same work again can help.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_))
    }

    /// Whether the constraint of this name refused the row.
    pub fn violates(&self, name: &str) -> bool {
        matches!(self, Self::Conflict { constraint } if constraint == name)
    }

    /// Whether the account is gone that the row was to belong to. Keys that lead to a parent together with its owner say
    /// nothing of the account.
    pub fn is_ownerless(&self) -> bool {
        let leads_to_account = |name: &str| name.ends_with("_user_id_fkey") && !name.ends_with("_id_user_id_fkey");
        matches!(self, Self::Conflict { constraint } if leads_to_account(constraint))
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let kind = match driver_error(&error) {
            Some(SqlxError::Database(database)) => match database.code().as_deref() {
                Some("23505" | "23503" | "23514" | "23P01") => Kind::Conflict(database.constraint().map(str::to_owned)),
                Some("42501") => Kind::Denied,
                // Serialization, deadlock, lock time-out, canceled statement, resources, shutdown, connection classes.
                Some(code)
                    if matches!(code, "40001" | "40P01" | "55P03" | "57014")
                        || matches!(code.get(..2), Some("53" | "57" | "08")) =>
                {
                    Kind::Busy
                }
                _ => Kind::Query,
            },
            Some(
                SqlxError::Io(_)
                | SqlxError::Tls(_)
                | SqlxError::Protocol(_)
                | SqlxError::PoolTimedOut
                | SqlxError::PoolClosed
                | SqlxError::WorkerCrashed,
            ) => Kind::Busy,
            _ if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) => Kind::Busy,
            _ => Kind::Query,
        };
        match kind {
            Kind::Conflict(Some(constraint)) => Self::Conflict { constraint },
            Kind::Busy => Self::Busy(error),
            Kind::Denied => Self::Denied(error),
            Kind::Conflict(None) | Kind::Query => Self::Query(error),
        }
    }
}

enum Kind {
    Conflict(Option<String>),
    Busy,
    Denied,
    Query,
}

fn driver_error(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner))
        | DbErr::Conn(RuntimeErr::SqlxError(inner)) => Some(inner.as_ref()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::StoreError;

    #[test]
    fn a_key_that_leads_to_the_account_alone_tells_that_it_is_gone() {
        for (constraint, ownerless) in [
            ("idempotency_keys_user_id_fkey", true),
            ("learning_plans_user_id_fkey", true),
            ("modules_plan_id_user_id_fkey", false),
            ("users_email_key", false),
        ] {
            assert_eq!(
                StoreError::Conflict { constraint: constraint.to_owned() }.is_ownerless(),
                ownerless,
                "{constraint}"
            );
        }
    }
}
