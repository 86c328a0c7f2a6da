//! Migrating: up from nothing, all the way back, at once from several processes, and as an owner with few rights.

use crate::tenancy::describe::schema;
use crate::tenancy::people::Person;
use crate::tenancy::session::{Actor, Session, connect};
use crate::tenancy::stage;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use uuid::Uuid;
use waymark_localpg::Scratch;
use waymark_migration::{MigrateError, Report, role_script};
use waymark_testkit::database::TestDb;

/// A database with nothing in it, beside a test's own.
struct Empty {
    beside: TestDb,
    name: String,
    url: String,
}

impl Empty {
    async fn make() -> Self {
        let beside = TestDb::new().await;
        let name = format!("empty_{}", Uuid::now_v7().simple());
        beside.run(&format!("create database {name}")).await;
        let (server, _) = beside.superuser_url().rsplit_once('/').unwrap();
        Self { url: format!("{server}/{name}"), name, beside }
    }

    async fn remove(self) {
        self.beside.run(&format!("drop database {} with (force)", self.name)).await;
    }
}

async fn applied(url: &str) -> Vec<bool> {
    waymark_migration::status(url).await.unwrap().into_iter().map(|(_, applied)| applied).collect()
}

#[tokio::test]
async fn down_takes_everything_back_and_up_brings_the_same_again() {
    let empty = Empty::make().await;
    let nothing = schema(&empty.url).await;
    assert!(!waymark_migration::is_current(&empty.url).await.unwrap());
    assert!(applied(&empty.url).await.iter().all(|applied| !applied));

    let up = waymark_migration::up(&empty.url).await.unwrap();
    let full = schema(&empty.url).await;
    let names: Vec<_> =
        waymark_migration::status(&empty.url).await.unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(up, Report { applied: names.clone(), ..Report::default() });
    assert!(waymark_migration::is_current(&empty.url).await.unwrap());
    assert!(full.len() > nothing.len() + 500, "{}", full.len());

    assert_eq!(waymark_migration::up(&empty.url).await.unwrap(), Report::default(), "a second time nothing is to do");

    let down = waymark_migration::down(&empty.url, None).await.unwrap();
    assert_eq!(down.reverted, names.iter().rev().cloned().collect::<Vec<_>>());
    assert!(applied(&empty.url).await.iter().all(|applied| !applied));
    waymark_migration::up(&empty.url).await.unwrap();
    assert_eq!(full, schema(&empty.url).await);

    waymark_migration::reset(&empty.url).await.unwrap();
    assert_eq!(nothing, schema(&empty.url).await);
    empty.remove().await;
}

#[tokio::test]
async fn each_step_back_can_be_taken_again() {
    let db = TestDb::new().await;
    let url = db.superuser_url();
    let full = schema(url).await;
    let steps = waymark_migration::status(url).await.unwrap().len();
    for back in 1..=steps {
        let down = waymark_migration::down(url, Some(u32::try_from(back).unwrap())).await.unwrap();
        assert_eq!(down.reverted.len(), back);
        assert!(!waymark_migration::is_current(url).await.unwrap());
        let known = applied(url).await;
        assert!(
            known[..steps - back].iter().all(|&applied| applied)
                && known[steps - back..].iter().all(|&applied| !applied)
        );
        assert_eq!(waymark_migration::up(url).await.unwrap().applied.len(), back);
        assert_eq!(full, schema(url).await, "{back} back");
    }
}

#[tokio::test]
async fn fresh_rebuilds_a_half_destroyed_database() {
    let db = stage::seeded().await;
    let full = schema(db.superuser_url()).await;
    db.run(
        "drop table tasks cascade; drop function app.current_user_id() cascade; create table public.strange (id int)",
    )
    .await;
    waymark_migration::fresh(db.superuser_url()).await.unwrap();
    assert_eq!(full, schema(db.superuser_url()).await);
    assert_eq!(db.number("select count(*) from users").await, 0);
}

#[tokio::test]
async fn four_processes_may_migrate_one_empty_database_at_once() {
    let empty = Empty::make().await;
    let runs = futures_util::future::join_all((0..4).map(|_| waymark_migration::up(&empty.url))).await;
    let mut counts: Vec<_> = runs.into_iter().map(|run| run.unwrap().applied.len()).collect();
    counts.sort_unstable();
    assert_eq!(counts, [0, 0, 0, applied(&empty.url).await.len()]);
    assert_eq!(schema(&empty.url).await, schema(empty.beside.superuser_url()).await);
    empty.remove().await;
}

#[tokio::test]
async fn the_service_login_can_ask_whether_the_schema_is_current_and_the_request_login_cannot() {
    let db = TestDb::new().await;
    assert!(waymark_migration::is_current(&db.service_url()).await.unwrap());
    assert!(waymark_migration::is_current(&db.request_url()).await.is_err());
    waymark_migration::down(db.superuser_url(), Some(1)).await.unwrap();
    assert!(!waymark_migration::is_current(&db.service_url()).await.unwrap());
}

#[tokio::test]
async fn a_copied_database_is_closed_to_public_once_secured() {
    let db = TestDb::new().await;
    let open = "select (has_database_privilege('public', current_database(), 'connect')
                     or has_database_privilege('public', current_database(), 'temporary'))::int::bigint";
    assert_eq!(db.number(open).await, 0);
}

#[tokio::test]
async fn a_login_that_does_not_own_the_database_is_told_so() {
    let db = TestDb::new().await;
    let error = waymark_migration::up(&db.service_url()).await.unwrap_err();
    assert!(matches!(&error, MigrateError::Sql(cause) if cause.to_string().contains("does not belong")), "{error:?}");
}

#[tokio::test]
async fn a_plan_with_times_of_its_own_in_utc_keeps_its_zone_and_others_take_their_learners() {
    let db = TestDb::new().await;
    let url = db.superuser_url();
    let steps = waymark_migration::status(url).await.unwrap();
    let back = steps.iter().rev().position(|step| step.0.contains("upkeep")).unwrap() + 1;
    let back = Some(u32::try_from(back).unwrap());
    waymark_migration::down(url, back).await.unwrap();
    db.run(
        "insert into users (clerk_user_id) values ('user_1');
         insert into learning_plans (user_id, topic, skill_level, learning_style, weekly_hours, timezone, availability)
           select users.id, p.topic, 'beginner', 'mixed', 5, p.timezone, p.availability::jsonb from users,
             (values ('a', 'UTC', '{}'), ('b', 'UTC', null), ('c', 'Asia/Tokyo', '{}'), ('d', 'Etc/UTC', null))
             as p (topic, timezone, availability)",
    )
    .await;
    let zones = async || -> String {
        let rows = db.rows("select string_agg(timezone, ' ' order by topic) from learning_plans").await;
        rows[0].try_get_by_index(0).unwrap()
    };
    let before = zones().await;
    waymark_migration::up(url).await.unwrap();
    assert_eq!(zones().await, "Etc/UTC UTC Asia/Tokyo Etc/UTC");
    waymark_migration::down(url, back).await.unwrap();
    assert_eq!(zones().await, before);
}

/// Rows that belong to nobody.
const OWNERLESS: &str = "insert into job_queue (job_type) values ('account_erasure'), ('billing_reconcile');
    insert into audit_log (actor, action) values ('clerk', 'account.erased')";

/// A cluster of its own: here the roles are missing, which cannot be arranged where other tests use them.
#[tokio::test]
async fn an_owner_who_may_not_make_roles_migrates_after_an_operator_ran_the_script() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().to_owned();
    let scratch = tokio::task::spawn_blocking(move || Scratch::start(&path)).await.unwrap().unwrap();
    let operator = connect(&scratch.superuser_url("postgres")).await;
    operator.execute_unprepared("create role plain_owner login password 'secret' nocreaterole").await.unwrap();
    operator.execute_unprepared("create database plain owner plain_owner").await.unwrap();
    let owner = format!("postgres://plain_owner:secret@127.0.0.1:{}/plain", scratch.port());

    let MigrateError::RolesMissing { missing, script } = waymark_migration::up(&owner).await.unwrap_err() else {
        panic!("the roles are missing");
    };
    assert!(missing.iter().any(|item| item == "waymark_request"), "{missing:?}");
    assert_eq!(script, role_script(None, None));

    let in_database = connect(&scratch.superuser_url("plain")).await;
    let script = role_script(Some("it's a secret"), Some("another"));
    in_database.execute_unprepared(&script).await.unwrap();
    let roles = crate::tenancy::describe::rights(&scratch.superuser_url("plain")).await;
    in_database.execute_unprepared(&script).await.unwrap();
    assert_eq!(roles, crate::tenancy::describe::rights(&scratch.superuser_url("plain")).await, "safe to run again");

    let report = waymark_migration::up(&owner).await.unwrap();
    assert!(!report.roles_made && !report.applied.is_empty(), "{report:?}");
    assert!(waymark_migration::is_current(&owner).await.unwrap());

    // FORCE: the owner's own login reads no learner's row.
    in_database.execute_unprepared(&stage::seed()).await.unwrap();
    let as_owner = connect(&owner).await;
    for table in ["users", "learning_plans", "integration_tokens"] {
        let count = Statement::from_string(DbBackend::Postgres, format!("select count(*) from {table}"));
        let seen = |row: sea_orm::QueryResult| row.try_get_by_index::<i64>(0).unwrap();
        assert_eq!(seen(as_owner.query_one_raw(count.clone()).await.unwrap().unwrap()), 0, "{table}");
        assert_eq!(seen(in_database.query_one_raw(count).await.unwrap().unwrap()), 2, "{table}");
    }
    // Nor does it when it takes a migration back whose rows an earlier schema cannot hold.
    in_database.execute_unprepared(OWNERLESS).await.unwrap();
    let own_times = "update learning_plans set timezone = 'Etc/UTC', availability = '{}'";
    in_database.execute_unprepared(own_times).await.unwrap();
    let steps = waymark_migration::status(&owner).await.unwrap();
    let back = steps.iter().rev().position(|step| step.0.contains("billing")).unwrap() + 1;
    let said = Statement::from_string(DbBackend::Postgres, "select distinct timezone from learning_plans");
    let said = async || -> String {
        in_database.query_one_raw(said.clone()).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    };
    waymark_migration::down(&owner, Some(u32::try_from(back).unwrap())).await.unwrap();
    assert_eq!(said().await, "UTC");
    waymark_migration::up(&owner).await.unwrap();
    assert_eq!(said().await, "Etc/UTC");
    for connection in [operator, in_database, as_owner] {
        connection.close().await.unwrap();
    }
    drop(scratch);
}

#[tokio::test]
async fn four_databases_may_be_migrated_at_once_in_a_cluster_without_roles() {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().to_owned();
    let scratch = tokio::task::spawn_blocking(move || Scratch::start(&path)).await.unwrap().unwrap();
    let operator = connect(&scratch.superuser_url("postgres")).await;
    let mut urls = Vec::new();
    for number in 0..4 {
        operator.execute_unprepared(&format!("create database d{number}")).await.unwrap();
        urls.push(scratch.superuser_url(&format!("d{number}")));
    }
    let runs = futures_util::future::join_all(urls.iter().map(|url| waymark_migration::up(url))).await;
    for (run, url) in runs.into_iter().zip(&urls) {
        run.unwrap();
        assert!(waymark_migration::is_current(url).await.unwrap());
    }
    operator.close().await.unwrap();
    drop(scratch);
}

#[tokio::test]
async fn a_migrated_database_keeps_its_rows_when_nothing_is_to_do() {
    let db = stage::seeded().await;
    let before = stage::contents(&db).await;
    waymark_migration::up(db.superuser_url()).await.unwrap();
    assert_eq!(before, stage::contents(&db).await);
    let session = Session::open(&db, Actor::Learner(Person::Owner)).await;
    assert_eq!(session.run("select id from learning_plans").await, crate::tenancy::session::Answer::Rows(1));
}
