//! Learning on a calendar: progress, schedules, edits, explanations, downloads and the feed.

mod calendar;
mod concurrency;
mod editing;
mod explanation;
mod export;
mod feed;
mod preferences;
mod progress;
mod reschedule;
mod schedule;

use reqwest::Method;
use serde_json::{Value, json};
use waymark_testkit::actor::{Actor, Answer};

/// Sends a JSON body by any method.
async fn send(actor: &Actor, method: Method, path: &str, body: &Value) -> Answer {
    actor.send(actor.request(method, path).json(body)).await
}

/// A plan that is there.
async fn ready_plan(actor: &Actor) -> String {
    let plan = actor.create_plan().await;
    assert_eq!(actor.settled(&plan).await["status"], "ready");
    plan
}

/// A plan's tasks in order.
async fn tasks(actor: &Actor, plan: &str) -> Vec<String> {
    let detail = actor.get(&format!("/v1/plans/{plan}")).await.json();
    let modules = detail["modules"].as_array().unwrap();
    let tasks = modules.iter().flat_map(|module| module["tasks"].as_array().unwrap());
    tasks.map(|task| task["id"].as_str().unwrap().to_owned()).collect()
}

/// A plan's version.
async fn version(actor: &Actor, plan: &str) -> i64 {
    actor.get(&format!("/v1/plans/{plan}")).await.json()["version"].as_i64().unwrap()
}

/// Asserts that modules and tasks are numbered from 1 without gaps.
fn dense(plan: &Value) {
    let numbered = |list: &Value| {
        for (place, one) in list.as_array().unwrap().iter().enumerate() {
            assert_eq!(one["order"], json!(place + 1), "{list}");
        }
    };
    numbered(&plan["modules"]);
    plan["modules"].as_array().unwrap().iter().for_each(|module| numbered(&module["tasks"]));
}
