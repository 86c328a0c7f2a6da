//! The doors to a transaction. A transaction begins, and one prepared statement sets role and claims for it alone, so any
//! pooler may sit in between; outside of it the login can do nothing. Two round trips open a session, one closes it.
//!
//! `grep ServiceTx` is the list of what the server does in its own right.

use crate::connect::Db;
use crate::error::StoreError;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, Statement, TransactionTrait, Value,
};
use waymark_domain::accounts::UserCtx;

/// Sets role and claims. The read that follows must be another statement: row level security is bound when a statement
/// is rewritten, so a read in this one would still run as the login.
const OPENER: &str = "select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)";

/// Makes a transaction see one moment. Sent before everything else: any query, `OPENER` too, fixes the isolation.
const SNAPSHOT: &str = "set transaction isolation level repeatable read, read only";

/// Connections found broken at `begin` that are replaced before giving up; nothing has happened yet, so this is safe.
const REOPENS: usize = 20;

/// A learner's transaction: role `authenticated`, claims of one person.
pub struct UserTx {
    pub(crate) tx: DatabaseTransaction,
}

/// Nobody's transaction: role `anonymous`, which has no rights on application data.
pub struct AnonTx {
    pub(crate) tx: DatabaseTransaction,
}

/// The server's transaction: role `service`, with the cross-tenant verbs only.
pub struct ServiceTx {
    pub(crate) tx: DatabaseTransaction,
}

impl Db {
    /// Does `work` as the learner of `ctx`; commits on `Ok`, rolls back on `Err` or when dropped.
    ///
    /// # Errors
    /// What `work` returns, or a [`StoreError`] of opening or committing.
    pub async fn authenticated<T, E>(
        &self,
        ctx: &UserCtx,
        work: impl AsyncFnOnce(&UserTx) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let session = UserTx { tx: self.open(&self.request.here().await?, "authenticated", claims(ctx)).await? };
        let result = work(&session).await;
        close(session.tx, result).await
    }

    /// Does `work` as the learner of `ctx` with everything as it was at one moment, however many statements read it; nothing
    /// can be written. One round trip more than [`Self::authenticated`].
    ///
    /// # Errors
    /// What `work` returns, or a [`StoreError`] of opening or committing.
    pub async fn authenticated_snapshot<T, E>(
        &self,
        ctx: &UserCtx,
        work: impl AsyncFnOnce(&UserTx) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let tx = self.begin_with(&self.request.here().await?, Some(SNAPSHOT)).await?;
        let session = UserTx { tx: become_role(tx, "authenticated", claims(ctx)).await? };
        let result = work(&session).await;
        close(session.tx, result).await
    }

    /// Does `work` as nobody.
    ///
    /// # Errors
    /// What `work` returns, or a [`StoreError`] of opening or committing.
    pub async fn anonymous<T, E>(&self, work: impl AsyncFnOnce(&AnonTx) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let session = AnonTx { tx: self.open(&self.request.here().await?, "anonymous", String::new()).await? };
        let result = work(&session).await;
        close(session.tx, result).await
    }

    /// Does `work` as the server.
    ///
    /// # Errors
    /// What `work` returns, or a [`StoreError`] of opening or committing.
    pub async fn service<T, E>(&self, work: impl AsyncFnOnce(&ServiceTx) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let session = ServiceTx { tx: self.open(&self.service, "service", String::new()).await? };
        let result = work(&session).await;
        close(session.tx, result).await
    }

    /// Whether the database answers (readiness).
    ///
    /// # Errors
    /// [`StoreError::Busy`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.anonymous(async |_| Ok(())).await
    }
}

impl Db {
    async fn open(
        &self,
        pool: &DatabaseConnection,
        role: &'static str,
        claims: String,
    ) -> Result<DatabaseTransaction, StoreError> {
        become_role(self.begin(pool).await?, role, claims).await
    }

    /// A transaction of the login, which has no rights: for the doors and the start-up check only.
    pub(crate) async fn begin(&self, pool: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
        self.begin_with(pool, None).await
    }

    /// `first` is what must come before any query.
    async fn begin_with(
        &self,
        pool: &DatabaseConnection,
        first: Option<&'static str>,
    ) -> Result<DatabaseTransaction, StoreError> {
        let mut reopens = 0;
        let tx = loop {
            #[expect(clippy::disallowed_methods, reason = "the one place that begins a transaction")]
            match pool.begin().await.map_err(StoreError::from) {
                Ok(tx) => break tx,
                // A connection that died in the pool (the server restarted) shows itself here.
                Err(StoreError::Busy(sea_orm::DbErr::Query(_))) if reopens < REOPENS => {
                    reopens += 1;
                }
                Err(error) => return Err(error),
            }
        };
        if let Some(first) = first {
            tx.execute_unprepared(first).await?;
        }
        if self.drops_names {
            tx.execute_unprepared("deallocate all").await?;
        }
        Ok(tx)
    }
}

fn claims(ctx: &UserCtx) -> String {
    format!(r#"{{"sub":{},"uid":"{}"}}"#, serde_json::Value::from(ctx.subject.as_str()), ctx.user_id)
}

async fn become_role(
    tx: DatabaseTransaction,
    role: &'static str,
    claims: String,
) -> Result<DatabaseTransaction, StoreError> {
    let opener = Statement::from_sql_and_values(DbBackend::Postgres, OPENER, [Value::from(role), Value::from(claims)]);
    tx.query_one_raw(opener).await?;
    Ok(tx)
}

async fn close<T, E: From<StoreError>>(tx: DatabaseTransaction, result: Result<T, E>) -> Result<T, E> {
    match result {
        Ok(value) => {
            tx.commit().await.map_err(StoreError::from)?;
            Ok(value)
        }
        Err(error) => {
            if let Err(rollback) = tx.rollback().await {
                tracing::debug!(error = %rollback, "the rollback failed; the connection is dropped");
            }
            Err(error)
        }
    }
}
