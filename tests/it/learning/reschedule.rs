//! Catching up: what is behind, what can be done, and that taking an option gives what it said, once.

use super::{dense, ready_plan, send, tasks, version};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waymark_testkit::actor::Actor;
use waymark_testkit::app::App;

/// A plan that began ten days ago and ends in `days`, with an hour of every day, in which nothing was done. The hour is
/// half a day away from now, so that none begins or ends while a test runs. The learner's tier knows no longest plan.
async fn behind(app: &App, actor: &Actor, days: i32) -> String {
    let plan = ready_plan(actor).await;
    let every_day = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let hour = (chrono::Utc::now() + chrono::Duration::hours(12)).format("%H:00").to_string();
    let sessions = every_day.map(|weekday| json!({ "weekday": weekday, "start": hour, "minutes": 60 }));
    let times = json!({ "timezone": "UTC", "availability": { "sessions": sessions, "blackoutDates": [] } });
    let set = send(actor, Method::PUT, &format!("/v1/plans/{plan}/schedule"), &times).await;
    assert_eq!(set.status.as_u16(), 200, "{}", set.text);
    let past = format!(
        "update learning_plans set weekly_hours = 4, start_date = current_date - 10, deadline_date = current_date + {days}
          where id = '{plan}'"
    );
    app.db().run(&past).await;
    app.db().run("update users set subscription_tier = 'pro'").await;
    plan
}

async fn reschedule(actor: &Actor, plan: &str, body: Value) -> Value {
    let answer = actor.post(&format!("/v1/plans/{plan}/reschedule"), &body).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    answer.json()
}

fn option(answer: &Value, kind: &str) -> Value {
    answer["options"].as_array().unwrap().iter().find(|option| option["kind"] == kind).unwrap().clone()
}

async fn schedule(actor: &Actor, plan: &str) -> Value {
    actor.get(&format!("/v1/plans/{plan}/schedule")).await.json()
}

async fn detail(actor: &Actor, plan: &str) -> Value {
    actor.get(&format!("/v1/plans/{plan}")).await.json()
}

/// The plan is what the option said it would be.
async fn is_what_was_said(actor: &Actor, plan: &str, said: &Value) {
    let (laid, detail) = (schedule(actor, plan).await, detail(actor, plan).await);
    assert_eq!((&laid["fit"]["fits"], &laid["end"]), (&json!(true), &said["endDate"]), "{said}");
    assert_eq!((&detail["deadlineDate"], &detail["weeklyHours"]), (&said["deadlineDate"], &said["weeklyHours"]));
    let now = chrono::Utc::now();
    for session in laid["weeks"].as_array().unwrap().iter().flat_map(|week| week["days"].as_array().unwrap()) {
        let start = session["sessions"][0]["start"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        assert!(start > now - chrono::Duration::minutes(5), "{session} is past");
    }
}

/// Asking again finds nothing to do, and taking the same option again changes nothing.
async fn nothing_is_left_to_do(actor: &Actor, plan: &str, kind: &str) {
    let (before, tag) = (schedule(actor, plan).await, version(actor, plan).await);
    let again = reschedule(actor, plan, json!({ "apply": kind })).await;
    assert_eq!((&again["needed"], &again["changed"], &again["revision"]), (&json!(false), &json!(false), &Value::Null));
    assert_eq!(again["planVersion"], json!(tag));
    assert_eq!((schedule(actor, plan).await, version(actor, plan).await), (before, tag));
}

#[tokio::test]
async fn who_is_on_time_has_nothing_to_do() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let start = "update learning_plans set start_date = current_date + 1, deadline_date = current_date + 60";
    app.db().run(start).await;
    let offer = reschedule(&owner, &plan, json!({})).await;
    assert_eq!(
        (&offer["needed"], &offer["behind"]["minutes"], &offer["applied"]),
        (&json!(false), &json!(0), &Value::Null)
    );
    for kind in ["shift", "compress", "drop"] {
        nothing_is_left_to_do(&owner, &plan, kind).await;
    }
}

#[tokio::test]
async fn the_offer_says_how_far_behind_the_learner_is_and_changes_nothing() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = behind(&app, &owner, 30).await;
    let before = (detail(&owner, &plan).await, schedule(&owner, &plan).await);
    let answer = owner.post(&format!("/v1/plans/{plan}/reschedule"), &json!({})).await;
    let offer = answer.json();
    assert_eq!(offer["needed"], true, "{offer}");
    // Four hours in the first week; in the second the days that are past have the next ones.
    assert!(offer["behind"]["minutes"].as_u64().unwrap() >= 240, "{offer}");
    assert!(offer["behind"]["since"].as_str().unwrap().ends_with(":00:00Z"), "{offer}");
    let kinds: Vec<_> = offer["options"].as_array().unwrap().iter().map(|option| &option["kind"]).collect();
    assert_eq!(kinds, ["shift", "compress", "drop"]);
    assert_eq!((detail(&owner, &plan).await, schedule(&owner, &plan).await), before);
    assert_eq!(answer.header("etag"), owner.get(&format!("/v1/plans/{plan}")).await.header("etag"));
    // A body may be left out.
    let path = format!("/v1/plans/{plan}/reschedule");
    assert_eq!(owner.send(owner.request(Method::POST, &path)).await.json()["options"], offer["options"]);
}

#[tokio::test]
async fn a_later_end_is_what_was_offered_and_once() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = behind(&app, &owner, 1).await;
    let offered = option(&reschedule(&owner, &plan, json!({})).await, "shift");
    assert_eq!((&offered["possible"], &offered["droppedTasks"]), (&json!(true), &json!([])), "{offered}");
    let before = version(&owner, &plan).await;
    let done = reschedule(&owner, &plan, json!({ "apply": "shift" })).await;
    assert_eq!(
        (&done["applied"], &done["changed"], &done["planVersion"]),
        (&json!("shift"), &json!(true), &json!(before + 1))
    );
    assert_eq!(option(&done, "shift"), offered);
    is_what_was_said(&owner, &plan, &offered).await;
    nothing_is_left_to_do(&owner, &plan, "shift").await;
    nothing_is_left_to_do(&owner, &plan, "drop").await;
}

#[tokio::test]
async fn what_was_finished_in_the_second_of_a_rescheduling_was_finished_before_it() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = behind(&app, &owner, 1).await;
    let task = tasks(&owner, &plan).await.remove(0);
    let body = json!({ "status": "completed" });
    send(&owner, Method::PUT, &format!("/v1/tasks/{task}/progress"), &body).await;
    let said = option(&reschedule(&owner, &plan, json!({ "apply": "shift" })).await, "shift");
    is_what_was_said(&owner, &plan, &said).await;
    assert_eq!(reschedule(&owner, &plan, json!({})).await["needed"], false);
    nothing_is_left_to_do(&owner, &plan, "shift").await;
}

#[tokio::test]
async fn a_later_end_is_not_later_than_the_tiers_longest_plan() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = behind(&app, &owner, 1).await;
    let later = option(&reschedule(&owner, &plan, json!({})).await, "shift");
    app.db().run("update users set subscription_tier = 'free'").await;
    let before = detail(&owner, &plan).await;
    let offered = option(&reschedule(&owner, &plan, json!({})).await, "shift");
    assert_eq!((&offered["possible"], &offered["obstacle"]), (&json!(false), &json!("beyond_tier")), "{offered}");
    let refused = owner.post(&format!("/v1/plans/{plan}/reschedule"), &json!({ "apply": "shift" })).await;
    assert_eq!(refused.problem(409), "RESCHEDULE_NOT_POSSIBLE");
    assert!(refused.json()["detail"].as_str().unwrap().contains("longest plan"), "{}", refused.text);
    assert_eq!(detail(&owner, &plan).await, before);
    // What is refused here is what an edit by hand is refused, and what is taken can be edited and regenerated.
    let path = format!("/v1/plans/{plan}");
    let by_hand = json!({ "deadlineDate": later["deadlineDate"] });
    assert_eq!(send(&owner, Method::PATCH, &path, &by_hand).await.problem(403), "DURATION_EXCEEDED");
    app.db().run("update learning_plans set start_date = current_date - 1").await;
    let taken = reschedule(&owner, &plan, json!({ "apply": "shift" })).await;
    assert_eq!(option(&taken, "shift")["possible"], true, "{taken}");
    let by_hand = json!({ "deadlineDate": detail(&owner, &plan).await["deadlineDate"] });
    assert_eq!(send(&owner, Method::PATCH, &path, &by_hand).await.status.as_u16(), 200);
    assert_eq!(owner.post(&format!("{path}/regenerate"), &json!({})).await.status.as_u16(), 202);
}

#[tokio::test]
async fn more_hours_are_what_was_offered_and_once() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = behind(&app, &owner, 30).await;
    // So that the present hours do not do, but every day's hour does.
    app.db().run("update learning_plans set weekly_hours = 1").await;
    let minutes = detail(&owner, &plan).await["progress"]["minutesTotal"].as_u64().unwrap();
    let days = minutes.div_ceil(60) + 4;
    app.db().run(&format!("update learning_plans set deadline_date = current_date + {days}")).await;
    let offered = option(&reschedule(&owner, &plan, json!({})).await, "compress");
    assert!(offered["possible"] == true && offered["weeklyHours"].as_u64().unwrap() > 1, "{offered}");
    reschedule(&owner, &plan, json!({ "apply": "compress" })).await;
    is_what_was_said(&owner, &plan, &offered).await;
    assert_eq!(
        tasks(&owner, &plan).await.len() as u64,
        detail(&owner, &plan).await["progress"]["tasksTotal"].as_u64().unwrap()
    );
    nothing_is_left_to_do(&owner, &plan, "compress").await;
}

#[tokio::test]
async fn dropped_tasks_go_from_the_end_the_plan_is_put_aside_and_can_be_brought_back() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = behind(&app, &owner, 7).await;
    let before = tasks(&owner, &plan).await;
    let last = before.last().unwrap();
    let pinned = send(&owner, Method::PATCH, &format!("/v1/tasks/{last}"), &json!({ "pinned": true })).await;
    assert_eq!(pinned.status.as_u16(), 200, "{}", pinned.text);
    let offered = option(&reschedule(&owner, &plan, json!({})).await, "drop");
    let dropped: BTreeSet<&str> =
        offered["droppedTasks"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert!(!dropped.is_empty() && !dropped.contains(last.as_str()), "{offered}");
    let done = reschedule(&owner, &plan, json!({ "apply": "drop" })).await;
    assert_eq!(
        (&done["changed"], &done["revision"], option(&done, "drop")),
        (&json!(true), &json!(1), offered.clone())
    );
    let left: Vec<String> = before.iter().filter(|id| !dropped.contains(id.as_str())).cloned().collect();
    assert_eq!(tasks(&owner, &plan).await, left);
    dense(&detail(&owner, &plan).await);
    is_what_was_said(&owner, &plan, &offered).await;
    nothing_is_left_to_do(&owner, &plan, "drop").await;
    let restored = owner.post(&format!("/v1/plans/{plan}/revisions/1/restore"), &json!({})).await;
    assert_eq!(restored.status.as_u16(), 200, "{}", restored.text);
    assert_eq!(tasks(&owner, &plan).await, before);
}

#[tokio::test]
async fn what_is_not_possible_says_why_and_changes_nothing() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = behind(&app, &owner, -1).await;
    let before = (detail(&owner, &plan).await, schedule(&owner, &plan).await);
    for kind in ["compress", "drop"] {
        let refused = owner.post(&format!("/v1/plans/{plan}/reschedule"), &json!({ "apply": kind })).await;
        assert_eq!(refused.problem(409), "RESCHEDULE_NOT_POSSIBLE", "{kind}");
        assert!(refused.json()["detail"].as_str().unwrap().contains("deadline has passed"), "{}", refused.text);
    }
    let offer = reschedule(&owner, &plan, json!({})).await;
    assert_eq!(
        (&option(&offer, "drop")["possible"], &option(&offer, "drop")["obstacle"]),
        (&json!(false), &json!("deadline_passed"))
    );
    assert_eq!((detail(&owner, &plan).await, schedule(&owner, &plan).await), before);
    let unknown = owner.post(&format!("/v1/plans/{plan}/reschedule"), &json!({ "apply": "cram", "now": 1 })).await;
    assert_eq!(unknown.problem(400), "VALIDATION_FAILED");
    assert_eq!(app.db().number("select count(*) from plan_revisions").await, 0);
}

#[tokio::test]
async fn an_option_taken_of_an_older_state_is_refused_with_the_present_one() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = behind(&app, &owner, 7).await;
    let path = format!("/v1/plans/{plan}/reschedule");
    let old = owner.get(&format!("/v1/plans/{plan}")).await.header("etag").to_owned();
    send(&owner, Method::PATCH, &format!("/v1/plans/{plan}"), &json!({ "notes": "Less theory" })).await;
    for kind in ["shift", "compress", "drop"] {
        let request = owner.request(Method::POST, &path).header("if-match", &old).json(&json!({ "apply": kind }));
        let late = owner.send(request).await;
        assert_eq!(late.problem(412), "PRECONDITION_FAILED", "{kind}");
        let present = owner.get(&format!("/v1/plans/{plan}")).await;
        assert_eq!(
            (late.header("etag"), &late.json()["currentVersion"]),
            (present.header("etag"), &present.json()["version"])
        );
    }
}

#[tokio::test]
async fn ten_who_drop_at_once_drop_once() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = behind(&app, &owner, 7).await;
    let answers = join_all((0..10).map(|_| reschedule(&owner, &plan, json!({ "apply": "drop" })))).await;
    assert_eq!(answers.iter().filter(|answer| answer["changed"] == true).count(), 1);
    assert_eq!(app.db().number("select count(*) from plan_revisions").await, 1);
    dense(&detail(&owner, &plan).await);
}

#[tokio::test]
async fn a_repeated_request_is_done_once_and_answers_the_same() {
    let app = App::start().await;
    let owner = app.owner();
    for kind in ["shift", "drop"] {
        let plan = behind(&app, &owner, 7).await;
        let path = format!("/v1/plans/{plan}/reschedule");
        let first = owner.post_once(&path, &format!("{kind}-1"), &json!({ "apply": kind })).await;
        let again = owner.post_once(&path, &format!("{kind}-1"), &json!({ "apply": kind })).await;
        assert_eq!((first.status.as_u16(), first.json()), (200, again.json()));
        assert_eq!(again.header("idempotency-replayed"), "true");
        // The tag is that of the state the answer tells of, also when the plan has gone on since.
        assert_eq!(first.header("etag"), owner.get(&format!("/v1/plans/{plan}")).await.header("etag"));
        send(&owner, Method::PATCH, &format!("/v1/plans/{plan}"), &json!({ "notes": "Less theory" })).await;
        let again = owner.post_once(&path, &format!("{kind}-1"), &json!({ "apply": kind })).await;
        assert_eq!((again.header("etag"), again.json()), (first.header("etag"), first.json()));
        let other = owner.post_once(&path, &format!("{kind}-1"), &json!({ "apply": "compress" })).await;
        assert_eq!(other.problem(422), "IDEMPOTENCY_KEY_REUSED");
    }
}

#[tokio::test]
async fn an_answer_that_an_older_program_stored_is_repeated_without_a_tag() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = behind(&app, &owner, 7).await;
    let path = format!("/v1/plans/{plan}/reschedule");
    let first = owner.post_once(&path, "shift-1", &json!({ "apply": "shift" })).await;
    assert_ne!(first.header("etag"), "", "{}", first.text);
    assert_eq!(app.db().number("select count(*) from idempotency_keys where response ? 'tag'").await, 1);
    app.db().run("update idempotency_keys set response = response - 'tag'").await;
    let again = owner.post_once(&path, "shift-1", &json!({ "apply": "shift" })).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, first.json()), "{}", again.text);
    assert_eq!((again.header("idempotency-replayed"), again.header("etag")), ("true", ""));
}
