//! Limits by tier, exact under concurrency.

use serde_json::json;
use waymark_testkit::actor::plan_request;
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Gate, ModelServer, StreamReply, plan_json};

#[tokio::test]
async fn fifty_simultaneous_creations_leave_exactly_three_active_plans() {
    let app = App::start().await;
    let owner = app.owner();
    let requests = (0..50).map(|_| {
        let owner = owner.clone();
        async move { owner.post("/v1/plans", &plan_request()).await }
    });
    let answers = futures_util::future::join_all(requests).await;
    let created = answers.iter().filter(|answer| answer.status.as_u16() == 201).count();
    assert_eq!(created, 3);
    for refused in answers.iter().filter(|answer| answer.status.as_u16() != 201) {
        assert_eq!(refused.problem(403), "QUOTA_EXCEEDED");
        assert_eq!((&refused.json()["limit"], &refused.json()["used"]), (&json!(3), &json!(3)));
    }
    let active = "select count(*) from learning_plans where is_quota_eligible or generation_status = 'generating'";
    assert_eq!(app.db().number(active).await, 3);
    assert_eq!(app.db().number("select count(*) from usage_reservations").await, 3);
}

#[tokio::test]
async fn a_failed_generation_gives_its_place_back() {
    let model = ModelServer::start(StreamReply::text("I would rather not.")).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    for _ in 0..4 {
        let plan = owner.create_plan().await;
        assert_eq!(owner.settled(&plan).await["status"], "failed");
    }
    assert_eq!(app.db().number("select count(*) from usage_reservations where state = 'released'").await, 4);
    assert_eq!(app.db().number("select coalesce(sum(plans_generated), 0)::bigint from usage_metrics").await, 0);
}

#[tokio::test]
async fn a_ready_plan_is_counted_once() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    owner.settled(&plan).await;
    assert_eq!(app.db().number("select sum(plans_generated)::bigint from usage_metrics").await, 1);
    assert_eq!(app.db().number("select count(*) from usage_reservations where state = 'settled'").await, 1);
    assert_eq!(app.db().number("select count(*) from ai_usage_events where provider = 'builtin'").await, 1);
}

#[tokio::test]
async fn a_plan_longer_than_the_tier_allows_is_refused_with_the_limit() {
    let app = App::start().await;
    let mut request = plan_request();
    request["startDate"] = json!((chrono::Utc::now() + chrono::Duration::days(1)).date_naive());
    request["deadlineDate"] = json!((chrono::Utc::now() + chrono::Duration::days(40)).date_naive());
    let refused = app.owner().post("/v1/plans", &request).await;
    assert_eq!(refused.problem(403), "DURATION_EXCEEDED");
    assert_eq!((&refused.json()["limit"], &refused.json()["used"]), (&json!(2), &json!(6)));
    assert_eq!(app.db().number("select count(*) from learning_plans").await, 0);
}

#[tokio::test]
async fn a_spent_budget_stops_new_generations() {
    let app = App::start().await;
    let owner = app.owner();
    owner.get("/v1/user/profile").await;
    app.db()
        .run(
            "insert into usage_metrics (user_id, month, ai_cost_microusd)
             select id, to_char(now() at time zone 'utc', 'YYYY-MM'), 500000 from users",
        )
        .await;
    let refused = owner.post("/v1/plans", &plan_request()).await;
    assert_eq!(refused.problem(403), "BUDGET_EXCEEDED");
    assert_eq!((&refused.json()["limit"], &refused.json()["used"]), (&json!(500_000), &json!(500_000)));
}

#[tokio::test]
async fn the_eleventh_generation_within_an_hour_waits_even_when_plans_were_deleted() {
    let app = App::with(|options| options.hourly_generations(10)).await;
    let owner = app.owner();
    for _ in 0..10 {
        let plan = owner.create_plan().await;
        owner.settled(&plan).await;
        owner.delete(&format!("/v1/plans/{plan}")).await;
    }
    let refused = owner.post("/v1/plans", &plan_request()).await;
    assert_eq!(refused.problem(429), "RATE_LIMITED");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((3_000..=3_600).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_plan_is_trimmed_to_the_learners_time() {
    // 1 hour a week for two weeks at 55 minutes a task: two tasks fit, and each module keeps at least one.
    let gate = Gate::closed();
    gate.open();
    let model = ModelServer::start(StreamReply::plan(&plan_json(3, 5)).gated(&gate)).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let mut request = plan_request();
    request["weeklyHours"] = json!(1);
    let answer = owner.post("/v1/plans", &request).await;
    let plan = answer.json()["id"].as_str().unwrap().to_owned();
    let events = owner.events(&plan, None).await.rest().await;
    let complete = &events.last().unwrap().data;
    assert_eq!((&complete["tasksCount"], &complete["tasksTrimmed"]), (&json!(3), &json!(12)));
    let stored = owner.get(&format!("/v1/plans/{plan}")).await.json();
    for module in stored["modules"].as_array().unwrap() {
        let tasks = module["tasks"].as_array().unwrap();
        assert_eq!((tasks.len(), &tasks[0]["order"]), (1, &json!(1)));
    }
}

#[tokio::test]
async fn a_flood_of_reads_is_told_when_to_come_back_and_hurts_nobody_else() {
    let app = App::with(waymark_testkit::app::Options::rate_limits).await;
    let (owner, stranger) = (app.owner(), app.stranger());
    let requests = (0..130).map(|_| owner.get("/v1/plans"));
    let answers = futures_util::future::join_all(requests).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status.as_u16() == 429).collect();
    assert!((1..=10).contains(&refused.len()), "120 a minute: {} of 130 were refused", refused.len());
    for answer in refused {
        assert_eq!(answer.problem(429), "RATE_LIMITED");
        assert!((1..=60).contains(&answer.header("retry-after").parse::<u64>().unwrap()));
        assert!(!answer.header("ratelimit").is_empty() && !answer.header("ratelimit-policy").is_empty());
    }
    assert_eq!(stranger.get("/v1/plans").await.status.as_u16(), 200);
}
