//! A new version of a plan: what the learner has done survives it, what went before can be had back.

use reqwest::Method;
use serde_json::{Value, json};
use waymark_testkit::actor::Actor;
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Gate, ModelServer, Reply, Script, StreamReply, plan_json};

fn task(key: Option<&str>, title: &str) -> Value {
    json!({"key": key, "title": title, "description": "Anew.", "estimated_minutes": 20,
        "resources": [{"type": "doc", "title": title, "url": format!("https://example.net/{}", title.replace(' ', "-"))}]})
}

fn module(title: &str, tasks: &[Value]) -> Value {
    json!({"title": title, "description": null, "estimated_minutes": 60, "tasks": tasks})
}

/// The first answer is a plan of 2 x 3 tasks; the second a version that carries t2 and t5 on (t2 in another module),
/// leaves the others out and brings two new ones.
fn versions() -> Vec<Reply> {
    let second = json!({"modules": [
        module("Fresh start", &[task(None, "Brand new one"), task(Some("t5"), "Five, reworded")]),
        module("And on", &[task(Some("t2"), "Two, reworded"), task(None, "Brand new two")]),
    ]});
    vec![StreamReply::plan(&plan_json(2, 3)).into(), StreamReply::plan(&second).into()]
}

async fn ready(app: &App) -> (Actor, String) {
    let owner = app.owner();
    let plan = owner.create_plan().await;
    assert_eq!(owner.settled(&plan).await["status"], "ready");
    (owner, plan)
}

async fn detail(owner: &Actor, plan: &str) -> Value {
    owner.get(&format!("/v1/plans/{plan}")).await.json()
}

/// Every task's (id, title), module by module; fails unless places are dense from 1.
fn tasks(detail: &Value) -> Vec<(String, String)> {
    let mut tasks = Vec::new();
    for (module, place) in detail["modules"].as_array().unwrap().iter().zip(1..) {
        assert_eq!(module["order"], place);
        for (task, place) in module["tasks"].as_array().unwrap().iter().zip(1..) {
            assert_eq!(task["order"], place);
            tasks.push((task["id"].as_str().unwrap().to_owned(), task["title"].as_str().unwrap().to_owned()));
        }
    }
    tasks
}

async fn set_progress(app: &App, task: &str, status: &str) {
    let done = if status == "completed" { "'2026-01-02T03:04:05Z'" } else { "null" };
    app.db()
        .run(&format!(
            "insert into task_progress (task_id, user_id, status, completed_at)
             select id, user_id, '{status}', {done} from tasks where id = '{task}'"
        ))
        .await;
}

async fn regenerate(owner: &Actor, plan: &str, overrides: &Value) -> Value {
    let answer = owner.post(&format!("/v1/plans/{plan}/regenerate"), overrides).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.header("location"), format!("/api/v1/plans/{plan}/events"));
    answer.json()
}

#[tokio::test]
async fn a_new_version_keeps_what_is_done_and_carries_tasks_on_by_their_keys() {
    let model = ModelServer::start(versions()).await;
    let app = App::with(|options| options.model(&model)).await;
    let (owner, plan) = ready(&app).await;
    let before = tasks(&detail(&owner, &plan).await);
    let ids: Vec<String> = before.iter().map(|(id, _)| id.clone()).collect();
    set_progress(&app, &ids[0], "completed").await;
    set_progress(&app, &ids[4], "in_progress").await;
    app.db().run(&format!("update tasks set pinned = true where id = '{}'", ids[3])).await;
    app.db()
        .run(&format!(
            "update tasks set has_micro_explanation = true, explanation = '{{\"text\": \"because\"}}' where id = '{}'",
            ids[0]
        ))
        .await;
    app.db()
        .run(&format!(
            "insert into task_calendar_events (task_id, user_id, session, calendar_event_id, calendar_id)
             select id, user_id, 1, 'event', 'primary' from tasks where id = '{}'",
            ids[0]
        ))
        .await;

    let overrides = json!({"topic": "Rust, asynchronous", "weeklyHours": 8, "notes": "Mind the runtime."});
    regenerate(&owner, &plan, &overrides).await;
    assert_eq!(owner.idle(&plan).await["status"], "ready");
    let after = detail(&owner, &plan).await;
    let now = tasks(&after);
    let place = |id: &String| now.iter().position(|(now, _)| now == id);
    // Done and pinned tasks that the model left out, and the started one it reworded, are as they were.
    for index in [0, 3, 4] {
        assert_eq!(now[place(&ids[index]).unwrap()].1, before[index].1, "task {index}");
    }
    assert_eq!(now[place(&ids[1]).unwrap()].1, "Two, reworded", "carried on under its id");
    assert!(place(&ids[2]).is_none() && place(&ids[5]).is_none(), "what was open and left out is gone");
    assert_eq!(now.iter().filter(|(_, title)| title.starts_with("Brand new")).count(), 2);
    assert_eq!(now.len(), 6);
    assert_eq!(
        (&after["topic"], &after["weeklyHours"], &after["notes"]),
        (&overrides["topic"], &overrides["weeklyHours"], &overrides["notes"])
    );
    assert_eq!(after["progress"]["tasksCompleted"], 1);

    let kept = format!(
        "select count(*) from tasks t join task_progress g on g.task_id = t.id join task_calendar_events c on c.task_id = t.id
         where t.id = '{}' and g.completed_at = '2026-01-02T03:04:05Z' and t.explanation ->> 'text' = 'because'", ids[0]
    );
    assert_eq!(app.db().number(&kept).await, 1, "progress, explanation and calendar entry stay");
    let prompt = model.requests().last().unwrap().body.to_string();
    assert!(
        prompt.contains("t5") && prompt.contains("in_progress"),
        "the model is told of the present tasks: {prompt}"
    );
    let ledger = "select count(*) from usage_reservations where kind = 'regeneration' and state = 'settled'";
    assert_eq!(app.db().number(ledger).await, 1);
    assert_eq!(app.db().number("select regenerations_used::bigint from usage_metrics").await, 1);
    assert_eq!(app.db().number("select plans_generated::bigint from usage_metrics").await, 1);
}

#[tokio::test]
async fn a_version_is_listed_compared_and_brought_back() {
    let model = ModelServer::start(versions()).await;
    let app = App::with(|options| options.model(&model)).await;
    let (owner, plan) = ready(&app).await;
    let original = detail(&owner, &plan).await;
    let ids: Vec<String> = tasks(&original).into_iter().map(|(id, _)| id).collect();
    let created = regenerate(&owner, &plan, &json!({"topic": "Something else"})).await;
    owner.idle(&plan).await;

    let list = owner.get(&format!("/v1/plans/{plan}/revisions")).await.json();
    let revision = &list["items"][0];
    assert_eq!(
        (&revision["number"], &revision["tasksCount"], &revision["modulesCount"]),
        (&json!(1), &json!(6), &json!(2))
    );
    assert_eq!(revision["generationId"], created["generationId"]);
    let compared = owner.get(&format!("/v1/plans/{plan}/revisions/1/compare")).await.json();
    let count = |part: &str| compared[part].as_array().unwrap().len();
    assert_eq!((count("added"), count("kept"), count("removed")), (2, 2, 4));

    // What is done after the regeneration stays when the first version comes back.
    let new = tasks(&detail(&owner, &plan).await).into_iter().find(|(_, title)| title == "Brand new one").unwrap().0;
    set_progress(&app, &new, "completed").await;
    let restored = owner.post(&format!("/v1/plans/{plan}/revisions/1/restore"), &json!({})).await;
    assert_eq!(restored.status, 200, "{}", restored.text);
    assert_eq!(restored.json()["revision"], 2);
    let back = detail(&owner, &plan).await;
    let now: Vec<String> = tasks(&back).into_iter().map(|(id, _)| id).collect();
    assert!(now.contains(&new), "what was done since stays");
    assert_eq!(
        now.iter().filter(|id| **id != new).cloned().collect::<Vec<_>>(),
        ids,
        "and the rest is as it was, in its order"
    );
    assert_eq!(back["topic"], original["topic"]);

    app.db().run(&format!("delete from task_progress where task_id = '{new}'")).await;
    assert_eq!(owner.post(&format!("/v1/plans/{plan}/revisions/1/restore"), &json!({})).await.status, 200);
    let mut back = detail(&owner, &plan).await;
    for member in ["version", "updatedAt"] {
        back[member] = original[member].clone();
    }
    assert_eq!(back, original, "exactly as it was, ids of modules and tasks included");
    assert_eq!(owner.get(&format!("/v1/plans/{plan}/revisions/9")).await.problem(404), "NOT_FOUND");
}

#[tokio::test]
async fn a_task_that_comes_back_is_explained_as_it_was() {
    let model = ModelServer::start(versions()).await;
    let app = App::with(|options| options.model(&model)).await;
    let (owner, plan) = ready(&app).await;
    let third = tasks(&detail(&owner, &plan).await)[2].0.clone();
    let explained = r#"{"exercise": null, "explanation": "Because."}"#;
    app.db()
        .run(&format!(
            "update tasks set has_micro_explanation = true, explanation = '{explained}' where id = '{third}'"
        ))
        .await;
    let original = detail(&owner, &plan).await;
    regenerate(&owner, &plan, &json!({})).await;
    owner.idle(&plan).await;
    assert_eq!(app.db().number(&format!("select count(*) from tasks where id = '{third}'")).await, 0, "it is gone");
    assert_eq!(owner.post(&format!("/v1/plans/{plan}/revisions/1/restore"), &json!({})).await.status, 200);
    assert_eq!(detail(&owner, &plan).await["modules"], original["modules"]);
    let back = format!(
        "select count(*) from tasks where id = '{third}' and has_micro_explanation and explanation = '{explained}'"
    );
    assert_eq!(app.db().number(&back).await, 1);
}

#[tokio::test]
async fn a_failed_regeneration_leaves_the_plan_exactly_as_it_was() {
    let broken = || Reply::from(StreamReply::text("{\"modules\": [{\"title\": \"half a mod"));
    let model =
        ModelServer::start(vec![StreamReply::plan(&plan_json(2, 2)).into(), broken(), Reply::error(400, "no")]).await;
    let app = App::with(|options| options.model(&model)).await;
    let (owner, plan) = ready(&app).await;
    let before = owner.get(&format!("/v1/plans/{plan}")).await;
    for _ in 0..2 {
        regenerate(&owner, &plan, &json!({"topic": "Never to be seen"})).await;
        let events = owner.events(&plan, None).await.rest().await;
        assert_eq!(events.last().unwrap().kind, "error");
        assert_eq!(owner.idle(&plan).await["status"], "ready");
    }
    let after = owner.get(&format!("/v1/plans/{plan}")).await;
    assert_eq!((after.text, after.headers.get("etag")), (before.text, before.headers.get("etag")));
    assert_eq!(app.db().number("select count(*) from plan_revisions").await, 0);
    let ledger = "select count(*) from usage_reservations where kind = 'regeneration' and state = 'released'";
    assert_eq!(app.db().number(ledger).await, 2);
    assert_eq!(app.db().number("select regenerations_used::bigint from usage_metrics").await, 0);
}

#[tokio::test]
async fn a_canceled_regeneration_leaves_the_plan_and_can_be_asked_for_again() {
    let gate = Gate::closed();
    let mut answered = 0;
    let held = gate.clone();
    let model = ModelServer::start(Script::by(move |_| {
        answered += 1;
        let plan = StreamReply::plan(&plan_json(2, 2));
        if answered == 2 { plan.gated(&held).into() } else { plan.into() }
    }))
    .await;
    let app = App::with(|options| options.model(&model)).await;
    let (owner, plan) = ready(&app).await;
    let before = owner.get(&format!("/v1/plans/{plan}")).await.text;
    regenerate(&owner, &plan, &json!({})).await;
    model.wait_for(|counts| counts.requests == 2).await;
    let running = owner.post(&format!("/v1/plans/{plan}/regenerate"), &json!({})).await;
    assert_eq!(running.problem(409), "GENERATION_RUNNING", "one live job a plan");
    let restore = owner.post(&format!("/v1/plans/{plan}/revisions/1/restore"), &json!({})).await;
    assert_eq!(restore.problem(409), "GENERATION_RUNNING");
    let mut stream = owner.events(&plan, None).await;
    assert!(owner.post(&format!("/v1/plans/{plan}/cancel"), &json!({})).await.status.is_success());
    assert_eq!(stream.rest().await.last().unwrap().kind, "canceled");
    model.wait_for(|counts| counts.closed_early == 1).await;
    assert_eq!(owner.get(&format!("/v1/plans/{plan}")).await.text, before);
    regenerate(&owner, &plan, &json!({})).await;
    assert_eq!(owner.idle(&plan).await["status"], "ready");
    assert_eq!(app.db().number("select count(*) from plan_revisions").await, 1);
}

#[tokio::test]
async fn the_sixth_regeneration_of_a_month_is_refused_also_when_twenty_ask_at_once() {
    let model = ModelServer::start(StreamReply::plan(&plan_json(1, 1))).await;
    let app = App::with(|options| options.model(&model).hourly_generations(1000)).await;
    let (owner, plan) = ready(&app).await;
    let second = owner.create_plan().await;
    owner.settled(&second).await;
    let mut accepted = 0;
    for _ in 0..3 {
        let (path, other) = (format!("/v1/plans/{plan}/regenerate"), format!("/v1/plans/{second}/regenerate"));
        let body = json!({});
        let asked = (0..10).flat_map(|_| [owner.post(&path, &body), owner.post(&other, &body)]);
        for answer in futures_util::future::join_all(asked).await {
            match answer.status.as_u16() {
                202 => accepted += 1,
                403 => {
                    assert_eq!(
                        (answer.json()["limit"].as_i64(), answer.json()["code"].as_str()),
                        (Some(5), Some("QUOTA_EXCEEDED"))
                    );
                }
                _ => assert_eq!(answer.problem(409), "GENERATION_RUNNING"),
            }
        }
        owner.idle(&plan).await;
        owner.idle(&second).await;
    }
    assert_eq!(accepted, 5);
    assert_eq!(app.db().number("select regenerations_used::bigint from usage_metrics").await, 5);
}

#[tokio::test]
async fn a_task_finished_while_the_model_writes_is_not_lost() {
    let gate = Gate::closed();
    let mut replies = versions();
    let second = replies.pop().unwrap();
    let model = ModelServer::start(vec![
        replies.pop().unwrap(),
        StreamReply::plan(&json!({"modules": [
            module("Only new", &[task(None, "Brand new one")]),
        ]}))
        .gated(&gate)
        .into(),
        second,
    ])
    .await;
    let app = App::with(|options| options.model(&model)).await;
    let (owner, plan) = ready(&app).await;
    let last = tasks(&detail(&owner, &plan).await).pop().unwrap();
    regenerate(&owner, &plan, &json!({})).await;
    model.wait_for(|counts| counts.requests == 2).await;
    set_progress(&app, &last.0, "completed").await;
    gate.open();
    owner.idle(&plan).await;
    assert!(tasks(&detail(&owner, &plan).await).contains(&last));
}

/// A plan whose regeneration with `overrides` is in the middle of its answer until the gate opens.
async fn regenerating(overrides: &Value, before: &str) -> (App, ModelServer, Gate, String) {
    let gate = Gate::closed();
    let plan = StreamReply::plan(&plan_json(2, 3));
    let model = ModelServer::start(vec![Reply::from(plan.clone()), plan.gated(&gate).into()]).await;
    let app = App::with(|options| options.model(&model)).await;
    let (owner, plan) = ready(&app).await;
    app.db().run(before).await;
    regenerate(&owner, &plan, overrides).await;
    model.wait_for(|counts| counts.requests == 2).await;
    (app, model, gate, plan)
}

#[tokio::test]
async fn inputs_that_are_edited_while_the_model_writes_stay_beside_the_overrides() {
    let overrides = json!({ "topic": "Rust, asynchronous", "learningStyle": "video" });
    let (app, _model, gate, plan) = regenerating(&overrides, "select 1").await;
    let owner = app.owner();
    let edit = json!({ "weeklyHours": 11, "notes": "Less theory", "topic": "To be overridden" });
    let path = format!("/v1/plans/{plan}");
    let edited = owner.send(owner.request(Method::PATCH, &path).json(&edit)).await;
    assert_eq!(edited.status, 200, "{}", edited.text);
    gate.open();
    owner.idle(&plan).await;
    let after = detail(&owner, &plan).await;
    assert_eq!((&after["weeklyHours"], &after["notes"]), (&edit["weeklyHours"], &edit["notes"]));
    assert_eq!((&after["topic"], &after["learningStyle"]), (&overrides["topic"], &overrides["learningStyle"]));
    assert!(after["version"].as_i64() > edited.json()["version"].as_i64(), "the new version has come");
}

#[tokio::test]
async fn a_deadline_that_is_moved_while_the_model_writes_stays_moved() {
    let late = "update users set subscription_tier = 'pro';
                update learning_plans set start_date = current_date - 10, deadline_date = current_date - 1";
    let (app, _model, gate, plan) = regenerating(&json!({}), late).await;
    let owner = app.owner();
    let before = detail(&owner, &plan).await;
    let shifted = owner.post(&format!("/v1/plans/{plan}/reschedule"), &json!({ "apply": "shift" })).await;
    assert_eq!((shifted.status.as_u16(), &shifted.json()["changed"]), (200, &json!(true)), "{}", shifted.text);
    let said = shifted.json()["options"][0]["deadlineDate"].clone();
    assert_ne!(said, before["deadlineDate"]);
    gate.open();
    owner.idle(&plan).await;
    let after = detail(&owner, &plan).await;
    assert_eq!((&after["deadlineDate"], &after["startDate"]), (&said, &before["startDate"]));
}

#[tokio::test]
async fn a_module_without_tasks_comes_back_with_its_revision() {
    let model = ModelServer::start(versions()).await;
    let app = App::with(|options| options.model(&model)).await;
    let (owner, plan) = ready(&app).await;
    let path = format!("/v1/plans/{plan}");
    let added = owner.post(&format!("{path}/modules"), &json!({ "title": "To be filled" })).await;
    assert_eq!(added.status, 201, "{}", added.text);
    regenerate(&owner, &plan, &json!({})).await;
    owner.idle(&plan).await;
    let restored = owner.post(&format!("{path}/revisions/1/restore"), &json!({})).await;
    assert_eq!(restored.status, 200, "{}", restored.text);
    let modules = detail(&owner, &plan).await["modules"].clone();
    let back = modules.as_array().unwrap().last().unwrap().clone();
    assert_eq!((&back["id"], &back["tasks"]), (&added.json()["module"]["id"], &json!([])), "{modules}");
}

#[tokio::test]
async fn dates_are_checked_only_where_they_are_given_anew() {
    let model = ModelServer::start(StreamReply::plan(&plan_json(1, 1))).await;
    let app = App::with(|options| options.model(&model)).await;
    let (owner, plan) = ready(&app).await;
    app.db().run("update learning_plans set start_date = '2020-01-01', deadline_date = '2020-01-10'").await;
    let path = format!("/v1/plans/{plan}/regenerate");
    let refused = owner.post(&path, &json!({"startDate": "2020-02-01"})).await;
    assert_eq!(refused.problem(400), "VALIDATION_FAILED");
    assert_eq!(refused.json()["errors"][0]["field"], "startDate");
    let refused = owner.post(&path, &json!({"topic": "x", "colour": "blue"})).await;
    assert_eq!(refused.problem(400), "VALIDATION_FAILED");
    assert_eq!(refused.json()["errors"].as_array().unwrap().len(), 2, "{}", refused.text);
    regenerate(&owner, &plan, &json!({"notes": null})).await;
    assert_eq!(owner.idle(&plan).await["status"], "ready");
    assert_eq!(detail(&owner, &plan).await["startDate"], "2020-01-01");
}

#[tokio::test]
async fn revisions_do_not_pile_up() {
    let model = ModelServer::start(StreamReply::plan(&plan_json(1, 1))).await;
    let app = App::with(|options| options.model(&model)).await;
    let (owner, plan) = ready(&app).await;
    regenerate(&owner, &plan, &json!({})).await;
    owner.idle(&plan).await;
    let mut number = 1;
    for _ in 0..52 {
        let answer = owner.post(&format!("/v1/plans/{plan}/revisions/{number}/restore"), &json!({})).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        number = answer.json()["revision"].as_i64().unwrap();
    }
    assert_eq!(number, 53, "numbers are not given again");
    let list = owner.get(&format!("/v1/plans/{plan}/revisions")).await.json();
    let numbers: Vec<i64> = list["items"].as_array().unwrap().iter().map(|it| it["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (4..=53).rev().collect::<Vec<_>>(), "the newest fifty are there");
    assert_eq!(owner.get(&format!("/v1/plans/{plan}/revisions/3")).await.problem(404), "NOT_FOUND");
}
