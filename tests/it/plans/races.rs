//! Two requests, or a request and a worker, that meet at the same rows; each was found by the fault suite.

use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::json;
use uuid::Uuid;
use waymark_domain::ids::{AttemptId, GenerationId, PlanId, UserId};
use waymark_persistence::{Db, NewAttempt, StoreError};
use waymark_testkit::app::App;
use waymark_testkit::wait;

#[tokio::test]
async fn a_regeneration_accepted_while_its_plan_is_being_deleted_leaves_nothing_reserved() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    assert_eq!(owner.settled(&plan).await["status"], "ready");
    // The regeneration waits for the plan's row, and the deletion comes while it does.
    let superuser = app.db().superuser().await;
    let held = superuser.begin().await.unwrap();
    held.execute_unprepared("select from learning_plans for update").await.unwrap();
    let waiting = async |count: i64| {
        let sql =
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        wait::until("they wait", async || (app.db().number(sql).await == count).then_some(())).await;
    };
    let regenerate = tokio::spawn({
        let (owner, path) = (owner.clone(), format!("/v1/plans/{plan}/regenerate"));
        async move { owner.post(&path, &json!({})).await.status }
    });
    waiting(1).await;
    let delete = tokio::spawn({
        let (owner, path) = (owner.clone(), format!("/v1/plans/{plan}"));
        async move { owner.delete(&path).await.status }
    });
    waiting(2).await;
    held.commit().await.unwrap();
    assert_eq!((regenerate.await.unwrap().as_u16(), delete.await.unwrap().as_u16()), (202, 204));
    assert_eq!(app.db().number("select count(*) from learning_plans").await, 0);
    assert_eq!(app.db().number("select count(*) from usage_reservations where state = 'reserved'").await, 0);
}

#[tokio::test]
async fn an_attempt_that_began_while_its_cancel_waited_is_canceled() {
    let app = App::start().await;
    let plan = app.owner().create_plan().await;
    app.owner().settled(&plan).await;
    let users = app.db().rows("select id from users").await;
    let generation_id = GenerationId(Uuid::now_v7());
    let attempt = NewAttempt {
        id: AttemptId(Uuid::now_v7()),
        plan_id: PlanId(plan.parse().unwrap()),
        user_id: UserId(users[0].try_get_by_index(0).unwrap()),
        generation_id,
        number: 1,
        prompt_hash: String::new(),
        metadata: json!({}),
    };
    let db = Db::connect(&app.db().options()).await.unwrap();
    let canceled = db
        .service(async |tx| {
            // The transaction's time is fixed by now.
            tx.attempts().last_number(generation_id).await?;
            db.service(async |other| other.attempts().begin(&attempt).await).await?;
            tx.attempts().cancel(generation_id).await
        })
        .await;
    assert!(matches!(canceled, Ok::<u64, StoreError>(1)), "{canceled:?}");
}
