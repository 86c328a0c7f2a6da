//! The start-up check of the logins' powers: a login that could read around row level security is refused.

use crate::connect::Db;
use crate::error::StoreError;
use crate::rows::get;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

/// Why a login is refused.
#[derive(Debug, thiserror::Error)]
pub enum PowerError {
    /// The login can do more than its pool needs.
    #[error("the database login {login} is too mighty: {powers}; use the logins that `migration roles` prints")]
    TooMighty {
        /// The login.
        login: String,
        /// What it could do.
        powers: String,
    },
    /// The login cannot become a role its pool needs.
    #[error("the database login {login} may not become {role}; grant it as `migration roles` prints")]
    MissingRole {
        /// The login.
        login: String,
        /// The role.
        role: &'static str,
    },
    /// A table is not protected.
    #[error("row level security is not enabled and forced on: {tables}; run `migration up`")]
    Unprotected {
        /// The tables.
        tables: String,
    },
    /// The check itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

const POWERS: &str = "
select session_user::text as login,
  concat_ws(', ',
    case when r.rolsuper then 'superuser' end,
    case when r.rolbypassrls then 'bypasses row level security' end,
    case when r.rolcreaterole then 'creates roles' end,
    case when r.rolcreatedb then 'creates databases' end,
    case when r.rolreplication then 'replication' end,
    case when r.rolinherit and exists (select from pg_auth_members m where m.member = r.oid)
         then 'inherits its roles (NOINHERIT missing)' end,
    case when exists (select from pg_class c where c.relowner = r.oid) then 'owns tables' end,
    case when exists (select from pg_class c where c.relnamespace = 'public'::regnamespace and c.relowner <> r.oid
                      and pg_has_role(r.oid, c.relowner, 'member')) then 'may become the owner of tables' end,
    case when exists (select from pg_roles o where (o.rolsuper or o.rolbypassrls or o.rolcreaterole)
                      and o.oid <> r.oid and pg_has_role(r.oid, o.oid, 'member'))
         then 'may become a role that is' end) as excess,
  pg_has_role(session_user, 'authenticated', 'member') as authenticated,
  pg_has_role(session_user, 'anonymous', 'member') as anonymous,
  pg_has_role(session_user, 'service', 'member') as service,
  (select string_agg(c.relname, ', ' order by c.relname) from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and c.relname <> 'seaql_migrations'
      and not (c.relrowsecurity and c.relforcerowsecurity)) as unprotected
from pg_roles r where r.rolname = session_user";

/// What a login can do.
struct Powers {
    login: String,
    excess: String,
    authenticated: bool,
    anonymous: bool,
    service: bool,
    unprotected: Option<String>,
}

impl Db {
    /// Checks both logins. Returns warnings: one login for both pools works but gives up a wall.
    ///
    /// # Errors
    /// A login that is too mighty or too weak, an unprotected table, or a database that does not answer.
    pub async fn check_powers(&self) -> Result<Vec<String>, PowerError> {
        let request = self.powers(&self.request.here().await?).await?;
        let service = self.powers(&self.service).await?;
        for login in [&request, &service] {
            if !login.excess.is_empty() {
                return Err(PowerError::TooMighty { login: login.login.clone(), powers: login.excess.clone() });
            }
        }
        for (login, may, role) in [
            (&request, request.authenticated, "authenticated"),
            (&request, request.anonymous, "anonymous"),
            (&service, service.service, "service"),
        ] {
            if !may {
                return Err(PowerError::MissingRole { login: login.login.clone(), role });
            }
        }
        if let Some(tables) = request.unprotected {
            return Err(PowerError::Unprotected { tables });
        }
        let mut warnings = Vec::new();
        if request.service {
            warnings.push(format!(
                "the login {} serves requests and may become `service`: set DATABASE_SERVICE_URL to a login of its own",
                request.login
            ));
        }
        Ok(warnings)
    }

    async fn powers(&self, pool: &DatabaseConnection) -> Result<Powers, StoreError> {
        let tx = self.begin(pool).await?;
        let row = tx
            .query_one_raw(Statement::from_string(DbBackend::Postgres, POWERS))
            .await?
            .ok_or(StoreError::WrongCount { what: "the login's powers", expected: 1, actual: 0 })?;
        tx.rollback().await?;
        Ok(Powers {
            login: get(&row, "login")?,
            excess: get(&row, "excess")?,
            authenticated: get(&row, "authenticated")?,
            anonymous: get(&row, "anonymous")?,
            service: get(&row, "service")?,
            unprotected: get(&row, "unprotected")?,
        })
    }
}
