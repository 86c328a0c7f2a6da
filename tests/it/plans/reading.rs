//! Reading and listing plans.

use serde_json::json;
use waymark_testkit::app::App;

#[tokio::test]
async fn an_unchanged_plan_is_not_sent_again() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    owner.settled(&plan).await;
    let path = format!("/v1/plans/{plan}");
    let first = owner.get(&path).await;
    let etag = first.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    let conditional = |etag: &str| owner.request(reqwest::Method::GET, &path).header("if-none-match", etag.to_owned());
    let unchanged = owner.send(conditional(&etag)).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.text.as_str()), (304, ""));
    assert_eq!(unchanged.header("etag"), etag);

    app.db()
        .run(
            "insert into task_progress (task_id, user_id, status, completed_at)
             select id, user_id, 'completed', now() from tasks order by \"order\" limit 1",
        )
        .await;
    let changed = owner.send(conditional(&etag)).await;
    assert_eq!(changed.status.as_u16(), 200);
    assert_ne!(changed.header("etag"), etag);
    assert_eq!(changed.json()["progress"]["tasksCompleted"], 1);
}

#[tokio::test]
async fn lists_page_by_page_without_gaps_or_repeats() {
    let app = App::start().await;
    let owner = app.owner();
    owner.get("/v1/user/profile").await;
    // Seven plans, three of them made in the same instant.
    app.db()
        .run(
            "insert into learning_plans (user_id, topic, skill_level, learning_style, weekly_hours, origin,
               generation_status, created_at)
             select id, 'Topic ' || n, 'beginner', 'mixed', 5, 'ai', case when n = 7 then 'failed' else 'ready' end::generation_status,
               timestamptz '2026-01-01' + (n / 3) * interval '1 day'
             from users, generate_series(1, 7) n",
        )
        .await;
    let all = owner.get("/v1/plans?limit=100").await.json();
    assert_eq!(all["nextCursor"], json!(null));
    let expected: Vec<_> = all["items"].as_array().unwrap().iter().map(|plan| plan["id"].clone()).collect();
    assert_eq!(expected.len(), 7);
    let (mut seen, mut path) = (Vec::new(), "/v1/plans?limit=2".to_owned());
    loop {
        let page = owner.get(&path).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|plan| plan["id"].clone()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/v1/plans?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, expected);
    let failed = owner.get("/v1/plans?status=failed").await.json();
    assert_eq!(failed["items"].as_array().unwrap().len(), 1);
    assert_eq!(app.stranger().get("/v1/plans").await.json()["items"], json!([]));
}

#[tokio::test]
async fn summaries_count_what_is_done() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    owner.settled(&plan).await;
    app.db()
        .run(
            "insert into task_progress (task_id, user_id, status, completed_at)
             select id, user_id, 'completed', now() from tasks order by id limit 2",
        )
        .await;
    let detail = owner.get(&format!("/v1/plans/{plan}")).await.json();
    let summary = owner.get("/v1/plans").await.json()["items"][0].clone();
    assert_eq!(summary["id"], plan.as_str());
    assert_eq!(summary["modulesCount"], detail["modules"].as_array().unwrap().len());
    assert_eq!(summary["tasksCount"], detail["progress"]["tasksTotal"]);
    assert_eq!(summary["tasksCompleted"], 2);
    assert_eq!(detail["progress"]["tasksCompleted"], 2);
}

#[tokio::test]
async fn links_named_by_two_plans_are_stored_once() {
    let app = App::start().await;
    let owner = app.owner();
    let requests = (0..3).map(|_| owner.create_plan());
    for plan in futures_util::future::join_all(requests).await {
        assert_eq!(owner.settled(&plan).await["status"], "ready");
    }
    let urls = "select count(*) - count(distinct url) from resources";
    assert_eq!(app.db().number(urls).await, 0);
    let shared = "select count(*) from (select resource_id from task_resources l join tasks t on t.id = l.task_id
                  join modules m on m.id = t.module_id group by resource_id having count(distinct m.plan_id) = 3) s";
    assert!(app.db().number(shared).await > 0, "the same links hang under all three plans");
}

#[tokio::test]
async fn everything_works_without_named_statements() {
    let app = App::with(|options| options.statement_cache(0).deaf()).await;
    let owner = app.owner();
    let events = owner.stream_plan().await.rest().await;
    assert_eq!(events.last().unwrap().kind, "complete");
    assert_eq!(owner.get("/v1/plans").await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_page_of_summaries_is_one_query_however_many_plans_there_are() {
    let app = App::start().await;
    let owner = app.owner();
    owner.get("/v1/user/profile").await;
    app.db()
        .run(
            "insert into learning_plans (user_id, topic, skill_level, learning_style, weekly_hours, generation_status)
               select id, 'Topic', 'beginner', 'mixed', 5, 'ready' from users, generate_series(1, 200);
             insert into modules (plan_id, user_id, \"order\", title) select id, user_id, 1, 'M' from learning_plans;
             insert into tasks (module_id, user_id, \"order\", title) select id, user_id, 1, 'T' from modules;
             do $$ begin
               execute format('alter role waymark_request in database %I set log_statement = ''all''', current_database());
             end $$",
        )
        .await;
    // Its connections are opened now, and log what they are asked.
    let app = app.second_process(|options| options.workers(0)).await;
    let owner = owner.at(app.base());
    let folder = app.db().rows("select current_setting('data_directory') as folder").await;
    let folder: String = folder[0].try_get("", "folder").unwrap();
    let log = std::path::Path::new(&folder).with_file_name("pg.log");
    // Connected, signed in and prepared before what is counted.
    owner.get("/v1/plans?limit=1").await;
    for limit in [1, 100] {
        let start = std::fs::read(&log).unwrap().len();
        let page = owner.get(&format!("/v1/plans?limit={limit}")).await.json();
        assert_eq!(page["items"].as_array().unwrap().len(), limit);
        let log = String::from_utf8_lossy(&std::fs::read(&log).unwrap()[start..]).into_owned();
        let logged: Vec<&str> =
            log.lines().filter(|line| line.contains("LOG:  execute") || line.contains("LOG:  statement")).collect();
        let asked =
            logged.iter().filter(|line| !["BEGIN", "COMMIT", "set_config"].iter().any(|door| line.contains(door)));
        assert_eq!(asked.count(), 1, "{logged:#?}");
    }
}
