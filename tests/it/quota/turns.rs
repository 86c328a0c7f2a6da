//! A month's turn: whoever needs the counters of two months takes the older one first, so that nobody waits in a circle.

use super::{USER, id, plan, stage};
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::sync::Arc;
use waymark_domain::quota::Limits;
use waymark_services::clock::SystemClock;
use waymark_services::quota::{Quota, Verify};
use waymark_testkit::app::App;
use waymark_testkit::database::TestDb;
use waymark_testkit::model_server::{Gate, ModelServer, StreamReply, plan_json};
use waymark_testkit::wait::until;

const WAITS: &str =
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";

/// Does `work` while somebody else has the counter of 2020-01, and sees that it waits for that without having this month's.
async fn waits_for_the_older_month_first(test: &TestDb, work: impl Future<Output = ()>) {
    let superuser = test.superuser().await;
    let other = superuser.begin().await.unwrap();
    let older = "select id from usage_metrics where month = '2020-01' for update";
    other.execute_unprepared(older).await.unwrap();
    let looking = async {
        until("the older month is waited for", async || (test.number(WAITS).await > 0).then_some(())).await;
        let newer = "select id from usage_metrics where month <> '2020-01' for update nowait";
        test.run(newer).await;
        other.commit().await.unwrap();
    };
    tokio::join!(work, looking);
    superuser.close().await.unwrap();
}

#[tokio::test]
async fn a_plan_that_was_accepted_in_an_older_month_is_settled_there_before_it_is_paid_for() {
    let gate = Gate::closed();
    let model = ModelServer::start(StreamReply::plan(&plan_json(1, 2)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    app.db()
        .run(
            "update usage_reservations set month = '2020-01';
             insert into usage_metrics (user_id, month) select id, m from users,
               unnest(array['2020-01', to_char(now() at time zone 'UTC', 'YYYY-MM')]) m",
        )
        .await;
    waits_for_the_older_month_first(app.db(), async {
        gate.open();
        assert_eq!(owner.settled(&plan).await["status"], "ready");
    })
    .await;
    let counted = "select plans_generated::bigint from usage_metrics where month = '2020-01'";
    assert_eq!(app.db().number(counted).await, 1);
}

#[tokio::test]
async fn a_repair_takes_older_counters_before_it_charges_a_lost_attempt() {
    let (test, db) = stage().await;
    test.run(
        &[
            plan(1, "generating"),
            format!(
                "insert into plan_generations (id, plan_id, user_id, kind) values ('{}', '{}', '{USER}', 'initial');
                 insert into generation_attempts (plan_id, user_id, generation_id, number, reached_at, metadata)
                 values ('{}', '{USER}', '{}', 1, now(),
                   '{{\"promptChars\": 400, \"price\": {{\"inputPerMillion\": 1000000, \"outputPerMillion\": 1000000}}}}');
                 insert into usage_metrics (user_id, month) values ('{USER}', '2020-01'),
                   ('{USER}', to_char(now() at time zone 'UTC', 'YYYY-MM'))",
                id(91),
                id(1),
                id(1),
                id(91)
            ),
        ]
        .concat(),
    )
    .await;
    let quota = Quota::new(db, Arc::new(SystemClock), Limits::default(), None);
    waits_for_the_older_month_first(&test, async {
        let verdict = quota.verify(Verify::Repair, |_, _| {}).await.unwrap();
        assert_eq!((verdict.found, verdict.left), (1, 0));
    })
    .await;
    assert_eq!(test.number("select sum(ai_cost_microusd)::bigint from usage_metrics").await, 100);
    assert_eq!(quota.verify(Verify::Look, |_, _| {}).await.unwrap().found, 0);
}
