//! One transaction as the application's doors open it, but with SQL written by hand: what an attacker would have who got
//! their own statement into a query.

use crate::tenancy::people::Person;
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    Statement, TransactionTrait, Value,
};
use std::fmt;
use waymark_testkit::database::TestDb;

const OPENER: &str = "select set_config('role', $1, true), set_config('request.jwt.claims', $2, true)";

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Role `anonymous`. Carries the owner's claims, which must not help.
    Anonymous,
    /// Role `authenticated`, as one learner.
    Learner(Person),
    /// Role `service`.
    Service,
    /// The request login that has not passed a door.
    RequestLogin,
    /// The service login that has not passed a door.
    ServiceLogin,
}

/// What the database said.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// Rows returned or changed.
    Rows(u64),
    /// SQLSTATE and message.
    Refused(String, String),
}

/// Missing right, or a policy.
pub const DENIED: &str = "42501";

impl Answer {
    /// Whether this SQLSTATE was the answer.
    pub fn is_refused_with(&self, code: &str) -> bool {
        matches!(self, Self::Refused(state, _) if state == code)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rows(rows) => write!(f, "{rows} rows"),
            Self::Refused(code, message) => write!(f, "{code} {message}"),
        }
    }
}

/// One connection, in one transaction.
pub struct Session {
    connection: DatabaseConnection,
    tx: DatabaseTransaction,
}

impl Session {
    /// As an actor, with the claims the door would set.
    pub async fn open(db: &TestDb, actor: Actor) -> Self {
        match actor {
            Actor::Anonymous => Self::with_claims(db, "anonymous", &Person::Owner.claims()).await,
            Actor::Learner(person) => Self::with_claims(db, "authenticated", &person.claims()).await,
            Actor::RequestLogin => Self::begin(&db.request_url()).await,
            Actor::ServiceLogin => Self::begin(&db.service_url()).await,
            Actor::Service => {
                let session = Self::begin(&db.service_url()).await;
                session.pass_door("service", "").await;
                session
            }
        }
    }

    /// On the request login, with a role and claims of one's own making.
    pub async fn with_claims(db: &TestDb, role: &str, claims: &str) -> Self {
        let session = Self::begin(&db.request_url()).await;
        session.pass_door(role, claims).await;
        session
    }

    async fn begin(url: &str) -> Self {
        let connection = connect(url).await;
        let tx = connection.begin().await.expect("a transaction begins");
        Self { connection, tx }
    }

    async fn pass_door(&self, role: &str, claims: &str) {
        let opener = Statement::from_sql_and_values(DbBackend::Postgres, OPENER, [role.into(), claims.into()]);
        self.tx.query_one_raw(opener).await.expect("the door opens");
    }

    /// Runs SQL, several statements if need be.
    pub async fn run(&self, sql: &str) -> Answer {
        answer(self.tx.execute_unprepared(sql).await.map(|done| done.rows_affected()))
    }

    /// Runs one prepared statement, as the application does.
    pub async fn prepared(&self, sql: &str, values: impl IntoIterator<Item = Value>) -> Answer {
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        answer(self.tx.execute_raw(statement).await.map(|done| done.rows_affected()))
    }

    /// Runs SQL and undoes it, so that the next statement meets the same rows.
    pub async fn try_out(&self, sql: &str) -> Answer {
        self.run("savepoint before").await;
        let answer = self.run(sql).await;
        self.run("rollback to savepoint before").await;
        answer
    }

    /// Ends the transaction and keeps what it did.
    pub async fn commit(self) {
        self.tx.commit().await.expect("the transaction ends");
        self.connection.close().await.expect("the connection closes");
    }
}

/// A pool of one connection.
pub async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("the login may connect")
}

/// Sorts a result.
pub fn answer(result: Result<u64, DbErr>) -> Answer {
    match result {
        Ok(rows) => Answer::Rows(rows),
        Err(DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) => {
            let error = error.as_database_error().expect("the server answers");
            Answer::Refused(error.code().expect("a SQLSTATE").into_owned(), error.message().to_owned())
        }
        Err(error) => panic!("no answer of the server: {error}"),
    }
}
