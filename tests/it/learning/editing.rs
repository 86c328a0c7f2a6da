//! Editing plans by hand: what each edit changes, what it refuses, and what many clients at once make of it.

use super::{dense, ready_plan, send, tasks, version};
use reqwest::Method;
use serde_json::{Value, json};
use waymark_testkit::actor::{Actor, Answer};
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Gate, ModelServer, Reply, StreamReply, plan_json};

async fn detail(owner: &Actor, plan: &str) -> Value {
    owner.get(&format!("/v1/plans/{plan}")).await.json()
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

async fn expecting(actor: &Actor, method: Method, path: &str, tag: &str, body: &Value) -> Answer {
    actor.send(actor.request(method, path).header("if-match", tag.to_owned()).json(body)).await
}

#[tokio::test]
async fn a_plans_inputs_are_changed_and_its_tag_is_the_one_of_a_read() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let path = format!("/v1/plans/{plan}");
    let before = owner.get(&path).await;
    let body = json!({ "topic": " Baking bread ", "notes": "No theory", "weeklyHours": 9, "learningStyle": "video" });
    let changed = expecting(&owner, Method::PATCH, &path, before.header("etag"), &body).await;
    assert_eq!(changed.status.as_u16(), 200, "{}", changed.text);
    let read = owner.get(&path).await;
    assert_eq!((changed.text.as_str(), changed.header("etag")), (read.text.as_str(), read.header("etag")));
    let (before, after) = (before.json(), read.json());
    assert_eq!(
        (&after["topic"], &after["weeklyHours"], &after["notes"]),
        (&json!("Baking bread"), &json!(9), &json!("No theory"))
    );
    assert_eq!(after["version"], before["version"].as_i64().unwrap() + 1);
    assert_eq!((&after["modules"], &after["skillLevel"]), (&before["modules"], &before["skillLevel"]));
    let cleared = send(&owner, Method::PATCH, &path, &json!({ "notes": null })).await.json();
    assert_eq!((&cleared["notes"], &cleared["topic"]), (&Value::Null, &json!("Baking bread")));
}

#[tokio::test]
async fn what_a_plan_may_not_become_is_refused_by_name() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let path = format!("/v1/plans/{plan}");
    let before = detail(&owner, &plan).await;
    for (body, field) in [
        (json!({}), "body"),
        (json!({ "skillLevel": "advanced" }), "skillLevel"),
        (json!({ "status": "ready" }), "status"),
        (json!({ "weeklyHours": 0 }), "weeklyHours"),
        (json!({ "deadlineDate": "2020-01-01" }), "deadlineDate"),
        (json!({ "startDate": "2020-01-01" }), "startDate"),
    ] {
        let refused = send(&owner, Method::PATCH, &path, &body).await;
        assert_eq!(
            (refused.problem(400).as_str(), &refused.json()["errors"][0]["field"]),
            ("VALIDATION_FAILED", &json!(field))
        );
    }
    let start: chrono::NaiveDate = before["startDate"].as_str().unwrap().parse().unwrap();
    let far = start + chrono::Days::new(60);
    let refused = send(&owner, Method::PATCH, &path, &json!({ "deadlineDate": far })).await;
    assert_eq!((refused.problem(403).as_str(), &refused.json()["limit"]), ("DURATION_EXCEEDED", &json!(2)));
    assert_eq!(detail(&owner, &plan).await, before);
}

#[tokio::test]
async fn modules_are_added_changed_moved_and_deleted_in_dense_order() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let first = ids(&detail(&owner, &plan).await["modules"]);
    let add = format!("/v1/plans/{plan}/modules");
    let added =
        send(&owner, Method::POST, &add, &json!({ "title": " Basics ", "position": 2, "estimatedMinutes": 0 })).await;
    assert_eq!(added.status.as_u16(), 201, "{}", added.text);
    let module = added.json()["module"].clone();
    assert_eq!((&module["title"], &module["order"], &module["tasks"]), (&json!("Basics"), &json!(2), &json!([])));
    assert_eq!((&module["status"], &module["tasksTotal"]), (&json!("not_started"), &json!(0)));
    let id = module["id"].as_str().unwrap().to_owned();
    let last =
        send(&owner, Method::POST, &add, &json!({ "title": "Last", "position": 999 })).await.json()["module"].clone();
    assert_eq!(last["order"], first.len() + 2);
    dense(&detail(&owner, &plan).await);

    let path = format!("/v1/modules/{id}");
    let changed = send(&owner, Method::PATCH, &path, &json!({ "description": "Start here", "estimatedMinutes": 600 }))
        .await
        .json();
    assert_eq!(
        (&changed["module"]["title"], &changed["module"]["description"]),
        (&json!("Basics"), &json!("Start here"))
    );
    let moved = send(&owner, Method::POST, &format!("{path}/move"), &json!({ "position": 1 })).await;
    let now = detail(&owner, &plan).await;
    assert_eq!((moved.json()["module"]["order"].clone(), &ids(&now["modules"])[0]), (json!(1), &id));
    assert_eq!(moved.json()["planVersion"], now["version"]);
    let moved =
        send(&owner, Method::POST, &format!("{path}/move"), &json!({ "position": 4_000_000_000_u64 })).await.json();
    assert_eq!(moved["module"]["order"], first.len() + 2);

    let gone = owner.delete(&path).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    assert_eq!(owner.delete(&path).await.problem(404), "NOT_FOUND");
    let now = detail(&owner, &plan).await;
    dense(&now);
    assert_eq!(ids(&now["modules"]), [first, vec![last["id"].as_str().unwrap().to_owned()]].concat());
    assert_eq!(gone.header("etag"), owner.get(&format!("/v1/plans/{plan}")).await.header("etag"));
}

#[tokio::test]
async fn tasks_are_added_changed_moved_between_modules_and_deleted_in_dense_order() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let modules = ids(&detail(&owner, &plan).await["modules"]);
    let add = format!("/v1/modules/{}/tasks", modules[0]);
    let body =
        json!({ "title": "Read", "estimatedMinutes": 1440, "position": 1, "pinned": true, "description": "a\nb" });
    let added = send(&owner, Method::POST, &add, &body).await;
    assert_eq!(added.status.as_u16(), 201, "{}", added.text);
    let task = added.json()["task"].clone();
    assert_eq!((&task["order"], &task["pinned"], &task["description"]), (&json!(1), &json!(true), &json!("a\nb")));
    assert_eq!(
        (&task["status"], &task["resources"], &added.json()["moduleId"]),
        (&json!("not_started"), &json!([]), &json!(modules[0]))
    );
    let id = task["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/tasks/{id}");
    let changed =
        send(&owner, Method::PATCH, &path, &json!({ "title": "Write", "pinned": false, "description": null }))
            .await
            .json();
    let task = &changed["task"];
    assert_eq!(
        (&task["title"], &task["pinned"], &task["estimatedMinutes"]),
        (&json!("Write"), &json!(false), &json!(1440))
    );
    assert_eq!(task["description"], Value::Null);
    // Progress hangs on through a move.
    send(&owner, Method::PUT, &format!("{path}/progress"), &json!({ "status": "in_progress" })).await;
    let there = json!({ "moduleId": modules[1], "position": 2 });
    let moved = send(&owner, Method::POST, &format!("{path}/move"), &there).await.json();
    assert_eq!((&moved["moduleId"], &moved["task"]["order"]), (&json!(modules[1]), &json!(2)));
    assert_eq!(moved["task"]["status"], "in_progress");
    let now = detail(&owner, &plan).await;
    dense(&now);
    assert_eq!(ids(&now["modules"][1]["tasks"])[1], id);
    let moved = send(&owner, Method::POST, &format!("{path}/move"), &json!({ "position": 99 })).await.json();
    assert_eq!(moved["task"]["order"], now["modules"][1]["tasks"].as_array().unwrap().len());
    assert_eq!(owner.delete(&path).await.status.as_u16(), 204);
    assert_eq!(send(&owner, Method::PATCH, &path, &json!({ "title": "x" })).await.problem(404), "NOT_FOUND");
    dense(&detail(&owner, &plan).await);
}

#[tokio::test]
async fn a_task_stays_within_its_plan_and_its_learner() {
    let app = App::start().await;
    let (owner, stranger) = (app.owner(), app.stranger());
    let (plan, other, theirs) = (ready_plan(&owner).await, ready_plan(&owner).await, ready_plan(&stranger).await);
    let task = tasks(&owner, &plan).await.remove(0);
    let before = detail(&owner, &plan).await;
    for (whose, elsewhere) in [(&owner, &other), (&stranger, &theirs)] {
        let module = ids(&detail(whose, elsewhere).await["modules"]).remove(0);
        let body = json!({ "moduleId": module, "position": 1 });
        let refused = send(&owner, Method::POST, &format!("/v1/tasks/{task}/move"), &body).await;
        assert_eq!(refused.problem(404), "NOT_FOUND");
    }
    let body = json!({ "title": "x" });
    for path in [format!("/v1/plans/{plan}/modules"), format!("/v1/modules/{}/tasks", ids(&before["modules"])[0])] {
        let body = json!({ "title": "x", "estimatedMinutes": 5 });
        let body = if path.ends_with("tasks") { body } else { json!({ "title": "x" }) };
        assert_eq!(send(&stranger, Method::POST, &path, &body).await.problem(404), "NOT_FOUND");
    }
    assert_eq!(send(&stranger, Method::PATCH, &format!("/v1/tasks/{task}"), &body).await.problem(404), "NOT_FOUND");
    assert_eq!(detail(&owner, &plan).await, before);
}

#[tokio::test]
async fn no_more_than_fits_is_added() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let modules = ids(&detail(&owner, &plan).await["modules"]);
    app.db()
        .run(&format!(
            "insert into modules (plan_id, user_id, \"order\", title) select id, user_id, n, 'M' from learning_plans, \
             generate_series({}, 50) n; \
             insert into tasks (module_id, user_id, \"order\", title) select id, user_id, n, 'T' from modules, \
             generate_series(1, 100) n where \"order\" = 50",
            modules.len() + 1
        ))
        .await;
    let full = ids(&detail(&owner, &plan).await["modules"]).pop().unwrap();
    let refused = send(&owner, Method::POST, &format!("/v1/plans/{plan}/modules"), &json!({ "title": "x" })).await;
    assert_eq!((refused.problem(409).as_str(), &refused.json()["limit"]), ("LIMIT_REACHED", &json!(50)));
    let body = json!({ "title": "x", "estimatedMinutes": 5 });
    let refused = send(&owner, Method::POST, &format!("/v1/modules/{full}/tasks"), &body).await;
    assert_eq!((refused.problem(409).as_str(), &refused.json()["used"]), ("LIMIT_REACHED", &json!(100)));
    let task = tasks(&owner, &plan).await.remove(0);
    let body = json!({ "moduleId": full, "position": 1 });
    let refused = send(&owner, Method::POST, &format!("/v1/tasks/{task}/move"), &body).await;
    assert_eq!(refused.problem(409), "LIMIT_REACHED");
    let last = ids(&detail(&owner, &plan).await["modules"][49]["tasks"]).pop().unwrap();
    let within = send(&owner, Method::POST, &format!("/v1/tasks/{last}/move"), &json!({ "position": 1 })).await;
    assert_eq!(within.status.as_u16(), 200, "within a full module: {}", within.text);
}

#[tokio::test]
async fn an_edit_of_an_older_state_is_refused_with_the_present_tag() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let path = format!("/v1/plans/{plan}");
    let old = owner.get(&path).await.header("etag").to_owned();
    let task = tasks(&owner, &plan).await.remove(0);
    // Progress is no edit: the tag changes, its version does not.
    send(&owner, Method::PUT, &format!("/v1/tasks/{task}/progress"), &json!({ "status": "completed" })).await;
    assert_ne!(owner.get(&path).await.header("etag"), old);
    let first = expecting(&owner, Method::PATCH, &path, &old, &json!({ "topic": "One" })).await;
    assert_eq!(first.status.as_u16(), 200, "{}", first.text);
    let module = ids(&first.json()["modules"]).remove(0);
    let task = format!("/v1/tasks/{task}");
    for (method, path, body) in [
        (Method::PATCH, path.clone(), json!({ "topic": "Two" })),
        (Method::POST, format!("{path}/modules"), json!({ "title": "x" })),
        (Method::PATCH, format!("/v1/modules/{module}"), json!({ "title": "x" })),
        (Method::POST, format!("/v1/modules/{module}/move"), json!({ "position": 2 })),
        (Method::POST, format!("/v1/modules/{module}/tasks"), json!({ "title": "x", "estimatedMinutes": 5 })),
        (Method::DELETE, format!("/v1/modules/{module}"), json!({})),
        (Method::PATCH, task.clone(), json!({ "title": "x" })),
        (Method::POST, format!("{task}/move"), json!({ "position": 2 })),
        (Method::DELETE, task.clone(), json!({})),
    ] {
        let late = expecting(&owner, method, &path, &old, &body).await;
        assert_eq!(late.problem(412), "PRECONDITION_FAILED", "{path}");
        assert_eq!(
            (late.header("etag"), &late.json()["currentVersion"]),
            (first.header("etag"), &first.json()["version"])
        );
    }
    assert_eq!(owner.get(&path).await.text, first.text);
    let any = expecting(&owner, Method::PATCH, &path, "*", &json!({ "weeklyHours": 7 })).await;
    assert_eq!(any.status.as_u16(), 200, "{}", any.text);
    let stale = format!("{old}, {}", first.header("etag"));
    let refused = expecting(&owner, Method::PATCH, &path, &stale, &json!({ "weeklyHours": 8 })).await;
    assert_eq!(refused.problem(412), "PRECONDITION_FAILED", "two older states");
    let one_of_two = format!("{old}, {}", any.header("etag"));
    let second = expecting(&owner, Method::PATCH, &path, &one_of_two, &json!({ "weeklyHours": 8 })).await;
    assert_eq!(second.status.as_u16(), 200, "an older state and the present one: {}", second.text);
    let weak = format!("W/{}", second.header("etag"));
    let refused = expecting(&owner, Method::PATCH, &path, &weak, &json!({ "weeklyHours": 7 })).await;
    assert_eq!(refused.problem(412), "PRECONDITION_FAILED", "a weak tag names no state to edit");
}

#[tokio::test]
async fn a_plan_that_is_not_ready_is_not_edited() {
    let gate = Gate::closed();
    let replies = vec![Reply::from(StreamReply::text("No.")), StreamReply::plan(&plan_json(3, 2)).gated(&gate).into()];
    let model = ModelServer::start(replies).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let failed = owner.create_plan().await;
    assert_eq!(owner.settled(&failed).await["status"], "failed");
    let generating = owner.create_plan().await;
    for (plan, code) in [(failed, "NOT_READY"), (generating, "GENERATION_RUNNING")] {
        let path = format!("/v1/plans/{plan}");
        let body = json!({ "topic": "Another one" });
        assert_eq!(send(&owner, Method::PATCH, &path, &body).await.problem(409), code);
        let body = json!({ "title": "x" });
        assert_eq!(send(&owner, Method::POST, &format!("{path}/modules"), &body).await.problem(409), code);
    }
    gate.open();
}

#[tokio::test]
async fn an_edit_during_a_regeneration_is_kept_when_it_is_pinned() {
    let gate = Gate::closed();
    let plan = StreamReply::plan(&plan_json(3, 2));
    let replies = vec![Reply::from(plan.clone()), plan.gated(&gate).into()];
    let model = ModelServer::start(replies).await;
    let app = App::with(|options| options.model(&model)).await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    owner.settled(&plan).await;
    let regenerate = owner.post(&format!("/v1/plans/{plan}/regenerate"), &json!({ "topic": "Baking bread" })).await;
    assert_eq!(regenerate.status.as_u16(), 202);
    let module = ids(&detail(&owner, &plan).await["modules"]).remove(0);
    let body = json!({ "title": "My own", "estimatedMinutes": 30, "pinned": true, "position": 1 });
    let added = send(&owner, Method::POST, &format!("/v1/modules/{module}/tasks"), &body).await;
    assert_eq!(added.status.as_u16(), 201, "{}", added.text);
    gate.open();
    owner.idle(&plan).await;
    let after = detail(&owner, &plan).await;
    dense(&after);
    let kept = added.json()["task"]["id"].clone();
    let all: Vec<&Value> =
        after["modules"].as_array().unwrap().iter().flat_map(|module| module["tasks"].as_array().unwrap()).collect();
    assert!(all.iter().any(|task| task["id"] == kept && task["title"] == "My own"), "{after}");
}

#[tokio::test]
async fn an_edit_with_a_key_is_made_once_and_told_alike() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let before = version(&owner, &plan).await;
    let path = format!("/v1/plans/{plan}/modules");
    let body = json!({ "title": "Basics" });
    let first = owner.post_once(&path, "k", &body).await;
    let module = first.json()["module"]["id"].as_str().unwrap().to_owned();
    // Also when the plan has gone on, and the repetition names a state of long ago.
    send(&owner, Method::PATCH, &format!("/v1/modules/{module}"), &json!({ "title": "Other" })).await;
    let stale =
        owner.request(Method::POST, &path).header("idempotency-key", "k").header("if-match", "\"old\"").json(&body);
    for again in [owner.post_once(&path, "k", &body).await, owner.send(stale).await] {
        assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, "true"));
        assert_eq!((again.text, again.headers.get("etag")), (first.text.clone(), first.headers.get("etag")));
    }
    assert_eq!(owner.post_once(&path, "k", &json!({ "title": "x" })).await.problem(422), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(version(&owner, &plan).await, before + 2);
    let delete = || owner.request(Method::DELETE, &format!("/v1/modules/{module}")).header("idempotency-key", "k");
    let (first, again) = (owner.send(delete()).await, owner.send(delete()).await);
    assert_eq!(
        (first.status.as_u16(), again.status.as_u16(), again.header("idempotency-replayed")),
        (204, 204, "true")
    );
    let refused = owner.post_once(&path, "unused", &json!({ "title": "" })).await;
    assert_eq!(refused.problem(400), "VALIDATION_FAILED");
    assert_eq!(app.db().number("select count(*) from idempotency_keys where key = 'unused'").await, 0);
}
