//! A plan laid into its learner's weeks: read, stored, laid anew when something changes, in the times that count.

use super::{ready_plan, send, tasks, version};
use reqwest::Method;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use waymark_testkit::actor::{Actor, plan_request};
use waymark_testkit::app::{App, Options};
use waymark_testkit::wait;

async fn schedule(actor: &Actor, plan: &str) -> Value {
    let answer = actor.get(&format!("/v1/plans/{plan}/schedule")).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    answer.json()
}

fn sessions(schedule: &Value) -> Vec<Value> {
    let list = |value: &Value, member: &str| value[member].as_array().unwrap().clone();
    let days = list(schedule, "weeks").into_iter().flat_map(|week| list(&week, "days"));
    days.flat_map(|day| list(&day, "sessions")).collect()
}

fn order(schedule: &Value) -> Vec<String> {
    let mut ids: Vec<String> = sessions(schedule).iter().map(|s| s["taskId"].as_str().unwrap().to_owned()).collect();
    ids.dedup();
    ids
}

/// Two evenings a week.
fn evenings(timezone: &str) -> Value {
    json!({ "timezone": timezone, "availability": {
        "sessions": [{ "weekday": "tuesday", "start": "19:00", "minutes": 120 },
                     { "weekday": "thursday", "start": "19:00", "minutes": 120 }],
        "blackoutDates": [] } })
}

async fn put(actor: &Actor, plan: &str, body: &Value) -> Value {
    let answer = send(actor, Method::PUT, &format!("/v1/plans/{plan}/schedule"), body).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text);
    answer.json()
}

async fn progress(actor: &Actor, task: &str, status: &str) {
    let body = json!({ "status": status });
    assert_eq!(send(actor, Method::PUT, &format!("/v1/tasks/{task}/progress"), &body).await.status.as_u16(), 200);
}

#[tokio::test]
async fn every_minute_of_a_new_plan_has_a_place_in_its_order() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let laid = schedule(&owner, &plan).await;
    let detail = owner.get(&format!("/v1/plans/{plan}")).await.json();
    let minutes: BTreeMap<&str, u64> = detail["modules"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|module| module["tasks"].as_array().unwrap())
        .map(|task| (task["id"].as_str().unwrap(), task["estimatedMinutes"].as_u64().unwrap()))
        .collect();
    let mut placed: BTreeMap<String, u64> = BTreeMap::new();
    for session in sessions(&laid) {
        *placed.entry(session["taskId"].as_str().unwrap().to_owned()).or_default() +=
            session["minutes"].as_u64().unwrap();
    }
    assert_eq!(laid["fit"]["fits"], true, "{laid}");
    assert_eq!(placed.iter().map(|(id, minutes)| (id.as_str(), *minutes)).collect::<BTreeMap<_, _>>(), minutes);
    assert_eq!(order(&laid), tasks(&owner, &plan).await);
    assert_eq!(
        (&laid["planId"], &laid["timesOf"], &laid["timezone"]),
        (&json!(plan), &json!("default"), &json!("UTC"))
    );
    assert_eq!(laid["start"], detail["startDate"]);
    let first = &sessions(&laid)[0];
    assert!(first["startLocal"].as_str().unwrap().ends_with("T09:00:00"), "{first}");
}

#[tokio::test]
async fn the_stored_schedule_is_given_again_byte_for_byte_until_something_changes() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let path = format!("/v1/plans/{plan}/schedule");
    let first = owner.get(&path).await;
    let again = owner.get(&path).await;
    assert_eq!((&first.text, first.header("etag")), (&again.text, again.header("etag")));
    let rows = "select count(*) from plan_schedules";
    assert_eq!(app.db().number(rows).await, 1);
    let tag = first.header("etag").to_owned();
    let unchanged = owner.send(owner.request(Method::GET, &path).header("if-none-match", &tag)).await;
    assert_eq!((unchanged.status.as_u16(), unchanged.text.as_str()), (304, ""));
    // What is stored is what is read, not what would be computed.
    app.db().run("update plan_schedules set schedule_json = jsonb_set(schedule_json, '{totals,sessions}', '99')").await;
    assert_eq!(schedule(&owner, &plan).await["totals"]["sessions"], 99);
    let renamed = send(&owner, Method::PATCH, &format!("/v1/plans/{plan}"), &json!({ "weeklyHours": 9 })).await;
    assert_eq!(renamed.status.as_u16(), 200, "{}", renamed.text);
    assert_ne!(schedule(&owner, &plan).await["inputsHash"], first.json()["inputsHash"]);
    assert_eq!(app.db().number(rows).await, 2);
}

#[tokio::test]
async fn only_a_handful_of_computed_schedules_are_kept() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    for zone in ["UTC", "Asia/Tokyo", "Europe/Paris", "America/Lima", "Africa/Cairo", "Asia/Kolkata", "Australia/Perth"]
    {
        let answer = owner.get(&format!("/v1/plans/{plan}/schedule?timezone={zone}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["timezone"]), (200, &json!(zone)));
    }
    assert_eq!(app.db().number("select count(*) from plan_schedules").await, 5);
}

#[tokio::test]
async fn a_plans_own_times_win_over_the_preferences_and_null_goes_back_to_those() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let mut preferences = evenings("America/Lima");
    preferences["availability"]["sessions"][0]["start"] = json!("06:30");
    assert_eq!(send(&owner, Method::PATCH, "/v1/user/preferences", &preferences).await.status.as_u16(), 200);
    let theirs = schedule(&owner, &plan).await;
    assert_eq!((&theirs["timesOf"], &theirs["timezone"]), (&json!("account"), &json!("America/Lima")));
    let before = version(&owner, &plan).await;
    let own = put(&owner, &plan, &evenings("Europe/Berlin")).await;
    assert_eq!((&own["timesOf"], &own["timezone"]), (&json!("plan"), &json!("Europe/Berlin")));
    assert_eq!(own["availability"], evenings("Europe/Berlin")["availability"]);
    assert_eq!(own, schedule(&owner, &plan).await);
    assert_eq!(version(&owner, &plan).await, before + 1);
    for session in sessions(&own) {
        let start = session["startLocal"].as_str().unwrap().parse::<chrono::NaiveDateTime>().unwrap();
        assert!(["Tue", "Thu"].contains(&start.format("%a").to_string().as_str()), "{session}");
        assert!((19..21).contains(&start.format("%H").to_string().parse().unwrap()), "{session}");
    }
    let utc = put(&owner, &plan, &json!({ "timezone": "UTC", "availability": null })).await;
    assert_eq!((&utc["timesOf"], &utc["timezone"]), (&json!("account"), &json!("UTC")));
    assert_eq!(utc, schedule(&owner, &plan).await);
    let sessions = &evenings("UTC")["availability"];
    for nowhere in [json!({ "timezone": null, "availability": sessions }), json!({ "availability": sessions })] {
        let own = put(&owner, &plan, &nowhere).await;
        assert_eq!((&own["timesOf"], &own["timezone"]), (&json!("plan"), &json!("America/Lima")));
    }
    let back = put(&owner, &plan, &json!({ "timezone": null, "availability": null })).await;
    assert_eq!((&back["timesOf"], &back["timezone"]), (&json!("account"), &json!("America/Lima")));
}

#[tokio::test]
async fn a_plan_that_is_deleted_while_it_is_laid_out_is_not_found() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let superuser = app.db().superuser().await;
    let deletion = superuser.begin().await.unwrap();
    deletion.execute_unprepared("delete from learning_plans").await.unwrap();
    let (reader, path) = (owner.clone(), format!("/v1/plans/{plan}/schedule"));
    let read = tokio::spawn(async move { reader.get(&path).await });
    let waiting =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    wait::until("the schedule is about to be stored", async || (app.db().number(waiting).await == 1).then_some(()))
        .await;
    deletion.commit().await.unwrap();
    assert_eq!(read.await.unwrap().problem(404), "NOT_FOUND");
}

#[tokio::test]
async fn another_zone_is_asked_for_by_name_and_a_wrong_one_is_refused() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let tokyo = owner.get(&format!("/v1/plans/{plan}/schedule?timezone=Asia/Tokyo")).await.json();
    let first = sessions(&tokyo)[0].clone();
    assert!(first["startLocal"].as_str().unwrap().ends_with("T09:00:00"), "{first}");
    assert!(first["start"].as_str().unwrap().ends_with("T00:00:00Z"), "{first}");
    for wrong in ["timezone=Mars/Olympus", "timezone=", "zone=UTC"] {
        let refused = owner.get(&format!("/v1/plans/{plan}/schedule?{wrong}")).await;
        assert_eq!(refused.problem(400), "VALIDATION_FAILED", "{wrong}");
    }
}

#[tokio::test]
async fn what_is_done_is_left_out_and_moves_nothing_and_what_is_begun_comes_first() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let ids = tasks(&owner, &plan).await;
    let before = sessions(&schedule(&owner, &plan).await);
    progress(&owner, &ids[0], "completed").await;
    let after = sessions(&schedule(&owner, &plan).await);
    let rest: Vec<Value> = before.into_iter().filter(|session| session["taskId"] != ids[0].as_str()).collect();
    assert_eq!(after, rest);
    progress(&owner, &ids[3], "in_progress").await;
    let begun = order(&schedule(&owner, &plan).await);
    assert_eq!(begun[..2], [ids[3].clone(), ids[1].clone()]);
    for id in &ids {
        progress(&owner, id, "completed").await;
    }
    let done = schedule(&owner, &plan).await;
    assert_eq!((&done["weeks"], &done["end"], &done["fit"]["fits"]), (&json!([]), &Value::Null, &json!(true)));
}

#[tokio::test]
async fn what_does_not_fit_says_how_much_from_which_task_on_and_what_would_help() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let hours = send(&owner, Method::PATCH, &format!("/v1/plans/{plan}"), &json!({ "weeklyHours": 1 })).await;
    assert_eq!(hours.status.as_u16(), 200);
    let laid = schedule(&owner, &plan).await;
    let (fit, totals) = (&laid["fit"], &laid["totals"]);
    assert_eq!(fit["fits"], false, "{fit}");
    let short = totals["minutes"].as_u64().unwrap() - totals["minutesPlaced"].as_u64().unwrap();
    assert_eq!(fit["minutesShort"], json!(short));
    assert!(tasks(&owner, &plan).await.contains(&fit["firstMissing"].as_str().unwrap().to_owned()));
    let needed = fit["weeklyHoursNeeded"].as_u64().unwrap();
    for (hours, fits) in [(needed - 1, false), (needed, true)] {
        send(&owner, Method::PATCH, &format!("/v1/plans/{plan}"), &json!({ "weeklyHours": hours })).await;
        assert_eq!(schedule(&owner, &plan).await["fit"]["fits"], fits, "{hours}");
    }
}

#[tokio::test]
async fn times_are_refused_with_every_offence_and_a_lost_race_with_412() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let path = format!("/v1/plans/{plan}/schedule");
    let bad = json!({ "timezone": "Nowhere", "colour": 1, "availability": { "sessions": [
        { "weekday": "monday", "start": "23:30", "minutes": 45 }] } });
    let refused = send(&owner, Method::PUT, &path, &bad).await;
    assert_eq!(refused.problem(400), "VALIDATION_FAILED");
    let problem = refused.json();
    let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    for named in ["timezone", "colour", "availability.sessions[0].minutes"] {
        assert!(fields.contains(&named), "{fields:?}");
    }
    let tag = owner.get(&format!("/v1/plans/{plan}")).await.header("etag").to_owned();
    let with = |tag: &str| owner.request(Method::PUT, &path).header("if-match", tag).json(&evenings("UTC"));
    let set = owner.send(with(&tag)).await;
    assert_eq!(set.status.as_u16(), 200, "{}", set.text);
    let late = owner.send(with(&tag)).await;
    assert_eq!(late.problem(412), "PRECONDITION_FAILED");
    assert_eq!(late.json()["currentVersion"], json!(version(&owner, &plan).await));
    assert_eq!(owner.send(with(set.header("etag"))).await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_repeated_request_sets_the_times_once() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let path = format!("/v1/plans/{plan}/schedule");
    let before = version(&owner, &plan).await;
    let once = |body: Value| owner.request(Method::PUT, &path).header("idempotency-key", "times-1").json(&body);
    let first = owner.send(once(evenings("UTC"))).await;
    let again = owner.send(once(evenings("UTC"))).await;
    assert_eq!((first.json(), again.header("idempotency-replayed")), (again.json(), "true"));
    assert_eq!(version(&owner, &plan).await, before + 1);
    assert_eq!(owner.send(once(evenings("Asia/Tokyo"))).await.problem(422), "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn a_plan_that_is_not_there_yet_has_no_schedule() {
    let app = App::with(|options: Options| options.workers(0)).await;
    let owner = app.owner();
    let plan = owner.post("/v1/plans", &plan_request()).await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/plans/{plan}/schedule");
    assert_eq!(owner.get(&path).await.problem(409), "GENERATION_RUNNING");
    assert_eq!(send(&owner, Method::PUT, &path, &evenings("UTC")).await.problem(409), "GENERATION_RUNNING");
    let catch_up = owner.post(&format!("/v1/plans/{plan}/reschedule"), &json!({})).await;
    assert_eq!(catch_up.problem(409), "GENERATION_RUNNING");
    assert_eq!(app.stranger().get(&path).await.problem(404), "NOT_FOUND");
}
