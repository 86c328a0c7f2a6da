//! The start-up check of the logins' powers: whoever could read around row level security is refused before serving.

use sea_orm::{ConnectionTrait, DatabaseConnection};
use uuid::Uuid;
use waymark_persistence::{Db, DbOptions, PowerError};
use waymark_testkit::database::TestDb;

/// A login of one test's own. Roles belong to the cluster, so its name is unique and nothing is granted to the shared ones.
struct Login {
    name: String,
    url: String,
    admin: DatabaseConnection,
}

impl Login {
    /// `attributes` as CREATE ROLE takes them; then `more`, where `{login}` is the name.
    async fn make(db: &TestDb, attributes: &str, more: &str) -> Self {
        let name = format!("login_{}", Uuid::now_v7().simple());
        let admin = db.superuser().await;
        let (_, place) = db.request_url().split_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        let database = place.split_once('/').unwrap().1;
        let script = format!(
            "create role {name} login password 'secret' {attributes}; grant connect on database {database} to {name}; \
             grant usage on schema public to {name}; {}",
            more.replace("{login}", &name)
        );
        admin.execute_unprepared(&script).await.unwrap();
        Self { url: format!("postgres://{name}:secret@{place}"), name, admin }
    }

    /// Takes the login away again, with all it has.
    async fn remove(self) {
        let name = &self.name;
        let script = format!("reassign owned by {name} to postgres; drop owned by {name}; drop role {name}");
        self.admin.execute_unprepared(&script).await.unwrap();
        self.admin.close().await.unwrap();
    }
}

const MEMBER_OF_ALL: &str = "grant authenticated, anonymous, service to {login};";

async fn check(request: String, service: Option<String>) -> Result<Vec<String>, PowerError> {
    let doors = Db::connect(&DbOptions::new(request, service)).await.unwrap();
    let result = doors.check_powers().await;
    doors.close().await;
    result
}

/// Asserts that a login is refused in both places, for the reason that contains `reason`.
async fn is_too_mighty(attributes: &str, more: &str, reason: &str) {
    let db = TestDb::new().await;
    let login = Login::make(&db, attributes, &format!("{MEMBER_OF_ALL} {more}")).await;
    for result in
        [check(login.url.clone(), Some(db.service_url())).await, check(db.request_url(), Some(login.url.clone())).await]
    {
        match result {
            Err(PowerError::TooMighty { login: refused, powers }) => {
                assert_eq!(refused, login.name);
                assert!(powers.contains(reason), "{powers}");
            }
            other => panic!("not refused for its powers: {other:?}"),
        }
    }
    login.remove().await;
}

#[tokio::test]
async fn the_two_restricted_logins_pass_without_a_warning() {
    let db = TestDb::new().await;
    let warnings = check(db.request_url(), Some(db.service_url())).await.unwrap();
    assert_eq!(warnings, Vec::<String>::new());
}

#[tokio::test]
async fn a_superuser_is_refused() {
    let db = TestDb::new().await;
    let result = check(db.superuser_url().to_owned(), Some(db.service_url())).await;
    assert!(matches!(&result, Err(PowerError::TooMighty { powers, .. }) if powers.contains("superuser")), "{result:?}");
    let result = check(db.request_url(), Some(db.superuser_url().to_owned())).await;
    assert!(matches!(&result, Err(PowerError::TooMighty { powers, .. }) if powers.contains("superuser")), "{result:?}");
}

#[tokio::test]
async fn a_login_that_bypasses_row_level_security_is_refused() {
    is_too_mighty("noinherit bypassrls", "", "bypasses row level security").await;
}

#[tokio::test]
async fn a_login_that_inherits_its_roles_is_refused() {
    is_too_mighty("inherit", "", "NOINHERIT").await;
}

#[tokio::test]
async fn a_login_that_makes_roles_is_refused() {
    is_too_mighty("noinherit createrole", "", "creates roles").await;
}

#[tokio::test]
async fn a_login_that_owns_a_table_is_refused() {
    is_too_mighty("noinherit", "alter table tasks owner to {login}", "owns tables").await;
}

#[tokio::test]
async fn a_login_that_may_become_a_mighty_role_is_refused() {
    is_too_mighty("noinherit", "grant postgres to {login}", "may become").await;
}

#[tokio::test]
async fn a_login_that_may_become_the_owner_of_the_tables_is_refused() {
    let db = TestDb::new().await;
    let owner = Login::make(&db, "noinherit", "alter table tasks owner to {login}").await;
    let login = Login::make(&db, "noinherit", &format!("{MEMBER_OF_ALL} grant {} to {{login}}", owner.name)).await;
    let result = check(login.url.clone(), Some(db.service_url())).await;
    assert!(matches!(result, Err(PowerError::TooMighty { .. })), "{result:?}");
    login.remove().await;
    owner.remove().await;
}

#[tokio::test]
async fn a_login_that_lacks_a_role_of_its_pool_is_refused() {
    let db = TestDb::new().await;
    for (granted, missing) in [("anonymous", "authenticated"), ("authenticated", "anonymous")] {
        let login = Login::make(&db, "noinherit", &format!("grant {granted} to {{login}}")).await;
        let result = check(login.url.clone(), Some(db.service_url())).await;
        assert!(matches!(&result, Err(PowerError::MissingRole { role, .. }) if *role == missing), "{result:?}");
        login.remove().await;
    }
    let result = check(db.request_url(), None).await;
    assert!(matches!(result, Err(PowerError::MissingRole { role: "service", .. })), "{result:?}");
}

#[tokio::test]
async fn one_login_for_both_pools_works_with_a_warning() {
    let db = TestDb::new().await;
    let login = Login::make(&db, "noinherit", MEMBER_OF_ALL).await;
    let warnings = check(login.url.clone(), None).await.unwrap();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains(&login.name) && warnings[0].contains("DATABASE_SERVICE_URL"), "{warnings:?}");
    login.remove().await;
}

#[tokio::test]
async fn an_unprotected_table_is_refused() {
    for (weakness, table) in [
        ("create table public.forgotten (id uuid)", "forgotten"),
        ("alter table public.tasks no force row level security", "tasks"),
        ("alter table public.users disable row level security", "users"),
    ] {
        let db = TestDb::new().await;
        db.run(weakness).await;
        let result = check(db.request_url(), Some(db.service_url())).await;
        assert!(
            matches!(&result, Err(PowerError::Unprotected { tables }) if tables == table),
            "{weakness}: {result:?}"
        );
    }
}
