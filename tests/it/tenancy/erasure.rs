//! What outlives what: deleting a plan must not reset what limits count, deleting a learner must leave nothing of them.

use crate::tenancy::people::{EVERYBODY, Person, id};
use crate::tenancy::session::{Actor, Answer, Session};
use crate::tenancy::stage;
use crate::tenancy::tables::TABLES;

#[tokio::test]
async fn deleting_a_plan_erases_neither_attempts_nor_costs_nor_reservations() {
    let db = stage::seeded().await;
    let before = stage::contents(&db).await;
    let session = Session::open(&db, Actor::Learner(Person::Owner)).await;
    assert_eq!(session.run("delete from learning_plans").await, Answer::Rows(1));
    session.commit().await;

    let owner = Person::Owner.user_id();
    for (table, left) in [
        ("generation_attempts", 1),
        ("ai_usage_events", 1),
        ("modules", 0),
        ("tasks", 0),
        ("task_progress", 0),
        ("plan_schedules", 0),
        ("plan_generations", 0),
        ("plan_revisions", 0),
        ("generation_events", 0),
        ("job_queue", 0),
        ("notion_sync_state", 0),
        ("google_calendar_sync_state", 0),
        ("task_calendar_events", 0),
    ] {
        assert_eq!(
            db.number(&format!("select count(*) from {table} where user_id = '{owner}'")).await,
            left,
            "{table}"
        );
    }
    let unbound = "select count(*) from generation_attempts a join ai_usage_events u using (user_id)
         where a.plan_id is null and u.plan_id is null";
    assert_eq!(db.number(unbound).await, 1);
    let after = stage::contents(&db).await;
    for table in ["usage_metrics", "usage_reservations", "audit_log", "users"] {
        assert_eq!(before[table], after[table], "{table}");
    }
}

#[tokio::test]
async fn deleting_a_learner_leaves_no_trace_of_them_and_nothing_less_of_others() {
    let db = stage::seeded().await;
    let session = Session::open(&db, Actor::Service).await;
    let delete = format!("delete from users where id = '{}'", Person::Owner.user_id());
    assert_eq!(session.run(&delete).await, Answer::Rows(1));
    session.commit().await;

    for table in TABLES.iter().map(|table| table.name) {
        for person in EVERYBODY {
            let traces = [
                person.user_id().to_string(),
                person.subject().to_owned(),
                id("learning_plans", person, 1).to_string(),
            ]
            .map(|trace| format!("r::text like '%{trace}%'"))
            .join(" or ");
            let found = db.number(&format!("select count(*) from {table} r where {traces}")).await;
            // Not of a person: shared, of the server, or keyed by something else.
            let personal = !matches!(
                table,
                "resources"
                    | "task_resources"
                    | "stripe_webhook_events"
                    | "clerk_webhook_events"
                    | "rate_limit_buckets"
                    | "deleted_users"
            );
            match person {
                Person::Owner => assert_eq!(found, 0, "{table}"),
                Person::Stranger => assert!(found > 0 || !personal, "{table}"),
            }
        }
    }
}

#[tokio::test]
async fn what_belongs_to_nobody_is_seen_by_no_learner_and_outlives_them_all() {
    let db = stage::seeded().await;
    db.run(
        "insert into job_queue (job_type) values ('account_erasure'), ('account_erasure'), ('billing_reconcile');
         insert into audit_log (actor, action) values ('clerk', 'account.erased')",
    )
    .await;
    let learner = Session::open(&db, Actor::Learner(Person::Owner)).await;
    assert_eq!(learner.run("select id from job_queue").await, Answer::Rows(1), "their own");
    assert_eq!(learner.run("select id from audit_log").await, Answer::Rows(1), "their own");
    let server = Session::open(&db, Actor::Service).await;
    assert_eq!(server.run("delete from users").await, Answer::Rows(2));
    assert_eq!(server.run("select id from job_queue").await, Answer::Rows(3));
    assert_eq!(server.run("select id from audit_log").await, Answer::Rows(1));
    let second = "insert into job_queue (job_type) values ('billing_reconcile')";
    assert!(server.run(second).await.is_refused_with("23505"), "one waits or runs");
}
