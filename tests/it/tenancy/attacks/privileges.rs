//! Attacks on the walls themselves: the schema, its policies, the server.

use super::{ATTACKER, DENIED, Fails, attacks};
use crate::tenancy::session::{Actor, Answer, Session};
use waymark_testkit::database::TestDb;

attacks! { as ATTACKER;
    a_temporary_table_cannot_be_made: "create temp table t (id int)" => DENIED;
    a_table_cannot_be_made: "create table public.t (id int)" => DENIED;
    a_schema_cannot_be_made: "create schema mine" => DENIED;
    a_function_cannot_be_made: "create function app.x() returns int language sql as 'select 1'" => DENIED;
    the_function_that_names_the_learner_cannot_be_shadowed:
        "create function public.current_user_id() returns uuid language sql as 'select null::uuid'" => DENIED;
    the_function_that_names_the_learner_cannot_be_replaced:
        "create or replace function app.current_user_id() returns uuid language sql as 'select null::uuid'" => DENIED;
    a_table_cannot_be_truncated: "truncate learning_plans cascade" => DENIED;
    row_security_cannot_be_disabled: "alter table users disable row level security" => DENIED;
    a_policy_cannot_be_dropped: "drop policy users_authenticated on users" => DENIED;
    a_policy_cannot_be_added: "create policy mine on users to authenticated using (true)" => DENIED;
    row_security_cannot_be_asked_away: "set local row_security = off; select * from learning_plans" => DENIED;
    triggers_cannot_be_switched_off: "set local session_replication_role = 'replica'" => DENIED;
    the_ledger_of_migrations_cannot_be_read: "select * from app.seaql_migrations" => DENIED;
    the_ledger_of_migrations_cannot_be_rewritten: "delete from app.seaql_migrations" => DENIED;
    a_file_of_the_server_cannot_be_read: "select pg_read_file('PG_VERSION')" => DENIED;
    a_program_cannot_be_run: "copy (select 1) to program 'true'" => DENIED;
    passwords_cannot_be_read: "select rolpassword from pg_authid" => DENIED;
    column_statistics_of_others_cannot_be_read:
        "select most_common_vals from pg_stats where schemaname = 'public'" => Fails::WithoutRows;
    the_full_statistics_cannot_be_read: "select * from pg_statistic" => DENIED;
}

#[tokio::test]
async fn a_right_cannot_be_granted() {
    let db = TestDb::new().await;
    let session = Session::open(&db, ATTACKER).await;
    // PostgreSQL answers with a warning instead of an error to one who holds some of the rights.
    session.run("grant all on users to authenticated").await;
    session.run("grant select on users to public").await;
    session.commit().await;
    let granted = "select (has_table_privilege('authenticated', 'users', 'insert, update, delete')
                        or has_table_privilege('anonymous', 'users', 'select'))::int::bigint";
    assert_eq!(db.number(granted).await, 0);
}

#[tokio::test]
async fn the_servers_sessions_can_be_neither_read_nor_ended() {
    let db = TestDb::new().await;
    let server = Session::open(&db, Actor::Service).await;
    server.run("select 'a secret'").await;
    let session = Session::open(&db, ATTACKER).await;
    let others = "from pg_stat_activity where usename = 'waymark_service' and datname = current_database()";
    let readable = session.run(&format!("select query {others} and query <> '<insufficient privilege>'")).await;
    assert_eq!(readable, Answer::Rows(0));
    let ended = session.run(&format!("select pg_terminate_backend(pid) {others}")).await;
    assert!(ended.is_refused_with("42501"), "{ended:?}");
    assert_eq!(server.run("select 1").await, Answer::Rows(1));
}
