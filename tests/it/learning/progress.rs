//! Recording progress: kept, repeated, taken back, all or none.

use super::{ready_plan, send, tasks};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use waymark_testkit::actor::Actor;
use waymark_testkit::app::App;

async fn record(actor: &Actor, task: &str, status: &str) -> Value {
    let answer = send(actor, Method::PUT, &format!("/v1/tasks/{task}/progress"), &json!({ "status": status })).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    answer.json()
}

fn items(tasks: &[String], status: &str) -> Value {
    json!({ "items": tasks.iter().map(|task| json!({ "taskId": task, "status": status })).collect::<Vec<_>>() })
}

#[tokio::test]
async fn what_is_done_keeps_its_time_when_it_is_said_again_and_loses_it_when_it_is_taken_back() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let task = tasks(&owner, &plan).await.remove(0);
    let first = record(&owner, &task, "completed").await;
    let done = first["items"][0]["completedAt"].clone();
    assert!(done.is_string() && first["items"][0]["taskId"] == task.as_str(), "{first}");
    assert_eq!((&first["planId"], &first["progress"]["tasksCompleted"]), (&json!(plan), &json!(1)));
    assert_eq!(record(&owner, &task, "completed").await, first, "said again");
    let taken_back = record(&owner, &task, "in_progress").await;
    assert_eq!(taken_back["items"][0]["completedAt"], Value::Null);
    assert_eq!(
        (&taken_back["progress"]["status"], &taken_back["progress"]["tasksCompleted"]),
        (&json!("in_progress"), &json!(0))
    );
    let again = record(&owner, &task, "completed").await;
    assert_ne!(again["items"][0]["completedAt"], done, "a new completion");
    assert_eq!(record(&owner, &task, "not_started").await["progress"]["status"], "not_started");
    assert_eq!(app.db().number("select count(*) from task_progress").await, 1);
}

#[tokio::test]
async fn plan_and_modules_tell_how_far_they_are() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let path = format!("/v1/plans/{plan}");
    let before = owner.get(&path).await.json();
    let of_first: Vec<String> = before["modules"][0]["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| task["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        (&before["progress"]["status"], &before["modules"][0]["status"]),
        (&json!("not_started"), &json!("not_started"))
    );
    let many = format!("{path}/progress");
    let answer = send(&owner, Method::PUT, &many, &items(&of_first, "completed")).await.json();
    let named: Vec<_> =
        answer["items"].as_array().unwrap().iter().map(|item| item["taskId"].as_str().unwrap()).collect();
    assert_eq!(named, of_first, "in the order of the request");
    let after = owner.get(&path).await.json();
    let module = &after["modules"][0];
    assert_eq!(
        (&module["status"], &module["tasksCompleted"], &module["tasksTotal"]),
        (&json!("completed"), &json!(of_first.len()), &json!(of_first.len()))
    );
    assert_eq!((&after["modules"][1]["status"], &after["progress"]), (&json!("not_started"), &answer["progress"]));
    assert_eq!((&after["version"], &after["progress"]["status"]), (&before["version"], &json!("in_progress")));
    send(&owner, Method::PUT, &many, &items(&tasks(&owner, &plan).await, "completed")).await;
    let summary = owner.get("/v1/plans").await.json()["items"][0].clone();
    assert_eq!((&summary["completionPercent"], &summary["tasksCompleted"]), (&json!(100), &summary["tasksCount"]));
    assert_eq!(owner.get(&path).await.json()["progress"]["status"], "completed");
}

#[tokio::test]
async fn one_foreign_task_among_many_and_nothing_is_recorded() {
    let app = App::start().await;
    let (owner, stranger) = (app.owner(), app.stranger());
    let (plan, other, theirs) = (ready_plan(&owner).await, ready_plan(&owner).await, ready_plan(&stranger).await);
    let mine = tasks(&owner, &plan).await;
    let foreign = [tasks(&owner, &other).await.remove(0), tasks(&stranger, &theirs).await.remove(0), plan.clone()];
    for task in foreign {
        let body = items(&[mine[0].clone(), task], "completed");
        let refused = send(&owner, Method::PUT, &format!("/v1/plans/{plan}/progress"), &body).await;
        assert_eq!(refused.problem(404), "NOT_FOUND");
    }
    let body = json!({ "status": "completed" });
    let refused = send(&stranger, Method::PUT, &format!("/v1/tasks/{}/progress", mine[0]), &body).await;
    assert_eq!(refused.problem(404), "NOT_FOUND");
    let twice = items(&[mine[0].clone(), mine[0].clone()], "completed");
    let refused = send(&owner, Method::PUT, &format!("/v1/plans/{plan}/progress"), &twice).await;
    assert_eq!(
        (refused.problem(400).as_str(), &refused.json()["errors"][0]["field"]),
        ("VALIDATION_FAILED", &json!("items[1].taskId"))
    );
    let none = send(&owner, Method::PUT, &format!("/v1/plans/{plan}/progress"), &json!({ "items": [] })).await;
    assert_eq!(none.problem(400), "VALIDATION_FAILED");
    assert_eq!(app.db().number("select count(*) from task_progress").await, 0);
}

#[tokio::test]
async fn a_repeated_request_gives_its_first_answer_whatever_was_recorded_since() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let task = tasks(&owner, &plan).await.remove(0);
    let put = |status: &str| {
        let path = format!("/v1/tasks/{task}/progress");
        owner.request(Method::PUT, &path).header("idempotency-key", "k").json(&json!({ "status": status }))
    };
    let first = owner.send(put("completed")).await;
    record(&owner, &task, "not_started").await;
    let again = owner.send(put("completed")).await;
    assert_eq!((again.text, again.headers["idempotency-replayed"].to_str().unwrap()), (first.text, "true"));
    assert_eq!(owner.send(put("in_progress")).await.problem(422), "IDEMPOTENCY_KEY_REUSED");
    let left = owner.get(&format!("/v1/plans/{plan}")).await.json()["progress"]["tasksCompleted"].clone();
    assert_eq!(left, 0, "the repetition did nothing");
}

#[tokio::test]
async fn many_devices_record_at_once_and_nothing_is_lost_or_locked_up() {
    let app = App::start().await;
    let other = app.second_process(|options| options.workers(0)).await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let all = tasks(&owner, &plan).await;
    let mut backwards = all.clone();
    backwards.reverse();
    let path = format!("/v1/plans/{plan}/progress");
    let answers = join_all((0..24).map(|number| {
        let actor = if number % 2 == 0 { owner.clone() } else { owner.at(other.base()) };
        // Some name the tasks from the front, some from the back: their locks come in the same order all the same.
        let body = items(if number % 3 == 0 { &backwards } else { &all }, "completed");
        let path = path.clone();
        async move { send(&actor, Method::PUT, &path, &body).await }
    }))
    .await;
    for answer in &answers {
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    }
    let done = owner.get(&format!("/v1/plans/{plan}")).await.json();
    assert_eq!(done["progress"]["tasksCompleted"], all.len());
}

#[tokio::test]
async fn progress_and_deletion_of_the_same_tasks_do_not_wait_for_each_other_for_ever() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let mut all = tasks(&owner, &plan).await;
    all.reverse();
    let detail = owner.get(&format!("/v1/plans/{plan}")).await.json();
    let modules = detail["modules"].as_array().unwrap().clone();
    let path = format!("/v1/plans/{plan}/progress");
    let body = items(&all, "completed");
    let records = join_all((0..8).map(|_| send(&owner, Method::PUT, &path, &body)));
    let deletions = join_all(modules.iter().map(|module| {
        let path = format!("/v1/modules/{}", module["id"].as_str().unwrap());
        let owner = owner.clone();
        async move { owner.delete(&path).await }
    }));
    let (records, deletions) = futures_util::future::join(records, deletions).await;
    for deletion in deletions {
        assert_eq!(deletion.status.as_u16(), 204, "{}", deletion.text);
    }
    for record in records {
        assert!([200, 404].contains(&record.status.as_u16()), "{}", record.text);
    }
    assert_eq!(app.db().number("select count(*) from tasks").await, 0);
}
