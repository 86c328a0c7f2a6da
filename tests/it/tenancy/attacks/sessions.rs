//! Attacks on the session: another role, other claims, no claims.

use super::{ATTACKER, DENIED, Fails, Target, as_expected, attacks, fill};
use crate::tenancy::people::Person;
use crate::tenancy::session::{Actor, Answer, Session, connect};
use crate::tenancy::stage;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

attacks! { as ATTACKER;
    resetting_the_role_leads_to_no_rights: "reset role; select * from users" => DENIED;
    resetting_the_role_leads_to_no_rights_to_write: "reset role; update users set subscription_tier = 'pro'" => DENIED;
    setting_no_role_leads_to_no_rights: "set role none; select * from learning_plans" => DENIED;
    discarding_the_session_is_refused_in_a_transaction: "discard all" => Fails::With("25001");
    a_learner_cannot_become_service: "set role service" => DENIED;
    a_learner_cannot_become_service_after_a_reset: "reset role; set role service" => DENIED;
    a_learner_cannot_become_the_service_login: "set session authorization waymark_service" => DENIED;
    a_learner_cannot_become_the_superuser: "set role postgres" => DENIED;
    claims_cannot_be_changed_in_mid_transaction:
        "select set_config('request.jwt.claims', '{\"uid\":\"x\"}', true)" => DENIED;
    claims_cannot_be_changed_in_a_filter:
        "select id from learning_plans where set_config('request.jwt.claims', '{}', true) is not null" => DENIED;
    claims_cannot_be_changed_by_a_query_in_a_query:
        "select query_to_xml('select set_config(''request.jwt.claims'', ''{}'', true)', true, true, '')" => DENIED;
    claims_cannot_be_set_by_a_query_in_a_query:
        "select query_to_xml('set local \"request.jwt.claims\" = ''x''', true, true, '')" => Fails::With("0A000");
    the_role_cannot_be_changed_by_a_function: "select set_config('role', 'none', true)" => DENIED;
    the_role_cannot_be_changed_through_the_view_of_settings:
        "update pg_settings set setting = 'none' where name = 'role'" => DENIED;
}

#[tokio::test]
async fn a_second_statement_cannot_be_smuggled_into_a_prepared_one() {
    let session = Session::open(&Target::get().await.db, ATTACKER).await;
    let sql = format!("select 1 where $1::int = 1; set local \"request.jwt.claims\" = '{}'", Person::Owner.claims());
    let answer = session.prepared(&sql, [1.into()]).await;
    assert!(answer.is_refused_with("42601"), "{answer:?}");
}

#[tokio::test]
async fn a_bound_value_is_never_a_statement() {
    let Target { db, before } = Target::get().await;
    let session = Session::open(db, ATTACKER).await;
    let value = "x'; update users set subscription_tier = 'pro'; --";
    let answer = session.prepared("select id from learning_plans where topic = $1", [value.into()]).await;
    assert_eq!(answer, Answer::Rows(0));
    session.commit().await;
    assert_eq!(*before, stage::contents(db).await);
}

/// Claims, and how many plans they show.
const CLAIMS: [(&str, Result<u64, &str>); 16] = [
    ("", Ok(0)),
    ("null", Ok(0)),
    ("{}", Ok(0)),
    ("[1]", Ok(0)),
    (r#""x""#, Ok(0)),
    ("7", Ok(0)),
    ("{bad", Err("22P02")),
    (r#"{"uid":"x"}"#, Err("22P02")),
    (r#"{"uid":""}"#, Err("22P02")),
    (r#"{"uid":null}"#, Ok(0)),
    (r#"{"sub":null,"uid":null}"#, Ok(0)),
    (r#"{"sub":""}"#, Ok(0)),
    (r#"{"sub":"nobody"}"#, Ok(0)),
    (r#"{"sub":"user_owner"}"#, Ok(1)),
    (r#"{"sub":"user_owner","uid":null}"#, Ok(1)),
    // The internal id wins, also when it is nobody's.
    (r#"{"sub":"user_owner","uid":"01900000-0000-7000-8000-0000000000ff"}"#, Ok(0)),
];

#[tokio::test]
async fn claims_that_name_nobody_show_nothing() {
    let db = &Target::get().await.db;
    for (claims, expected) in CLAIMS {
        for table in ["learning_plans", "users"] {
            let session = Session::with_claims(db, "authenticated", claims).await;
            let answer = session.run(&format!("select id from {table}")).await;
            match expected {
                Ok(rows) => assert_eq!(answer, Answer::Rows(rows), "{table} {claims}"),
                Err(code) => assert!(answer.is_refused_with(code), "{table} {claims}: {answer:?}"),
            }
            session.commit().await;
        }
    }
}

#[tokio::test]
async fn a_subject_without_an_internal_id_writes_as_its_learner_only() {
    let session = Session::with_claims(&Target::get().await.db, "authenticated", r#"{"sub":"user_stranger"}"#).await;
    let own = fill("insert into task_progress (task_id, user_id) values ({my.task2}, {my.user})");
    assert_eq!(session.try_out(&own).await, Answer::Rows(1));
    let foreign = fill("insert into task_progress (task_id, user_id) values ({their.task2}, {their.user})");
    let answer = session.try_out(&foreign).await;
    assert!(as_expected(&answer, DENIED), "{answer:?}");
}

#[tokio::test]
async fn claims_and_role_end_with_their_transaction() {
    let connection = connect(&Target::get().await.db.request_url()).await;
    for end in ["commit", "rollback"] {
        let sql = format!(
            "begin; select set_config('role', 'authenticated', true), \
             set_config('request.jwt.claims', '{}', true); {end}",
            Person::Owner.claims()
        );
        connection.execute_unprepared(&sql).await.unwrap();
        let after =
            "select current_user = session_user and coalesce(current_setting('request.jwt.claims', true), '') = ''";
        let statement = Statement::from_string(DbBackend::Postgres, after);
        let row = connection.query_one_raw(statement).await.unwrap().unwrap();
        assert!(row.try_get_by_index::<bool>(0).unwrap(), "{end}");
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn every_attack_of_a_learner_fails_for_anonymous_too() {
    let Target { db, before } = Target::get().await;
    let session = Session::open(db, Actor::Anonymous).await;
    for sql in [
        "update public.users set subscription_tier = 'pro'",
        "select email from public.users",
        "delete from public.usage_metrics",
        "insert into public.job_queue (user_id, job_type) values ({their.user}, 'plan_generation')",
        "select * from public.resources",
        "select encrypted_access_token from public.integration_tokens",
        "select app.current_user_id()",
        "set role service",
        "select set_config('role', 'authenticated', true)",
        "reset role; select * from public.users",
    ] {
        let answer = session.try_out(&fill(sql)).await;
        assert!(as_expected(&answer, DENIED), "{sql}: {answer:?}");
    }
    session.commit().await;
    assert_eq!(*before, stage::contents(db).await);
}
