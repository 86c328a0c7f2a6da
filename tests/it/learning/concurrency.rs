//! Thirty-two clients edit one plan at once, through two processes: the order stays dense and unique, every edit that was
//! answered with success is there, and whoever edits an old state is told.

use super::{dense, ready_plan, send, version};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waymark_testkit::actor::{Actor, Answer};
use waymark_testkit::app::App;

const CLIENTS: usize = 32;
/// Edits of each client.
const ROUNDS: usize = 3;

async fn detail(owner: &Actor, plan: &str) -> Value {
    owner.get(&format!("/v1/plans/{plan}")).await.json()
}

fn titles(plan: &Value) -> Vec<String> {
    let modules = plan["modules"].as_array().unwrap();
    let tasks = modules.iter().flat_map(|module| module["tasks"].as_array().unwrap());
    modules.iter().chain(tasks).map(|one| one["title"].as_str().unwrap().to_owned()).collect()
}

/// What client `number` does in a round: a third of them add a module, a task, or move something, anywhere.
fn edit(number: usize, round: usize, plan: &str, before: &Value) -> (String, Value) {
    let modules = before["modules"].as_array().unwrap();
    let module = &modules[(number * 7 + round) % modules.len()];
    let module_id = module["id"].as_str().unwrap();
    let position = 1 + (number * 5 + round * 3) % 9;
    let title = format!("by {number} in {round}");
    match number % 4 {
        0 if round == 0 => (format!("/v1/plans/{plan}/modules"), json!({ "title": title, "position": position })),
        1 | 0 => (
            format!("/v1/modules/{module_id}/tasks"),
            json!({ "title": title, "estimatedMinutes": 30, "position": position }),
        ),
        2 => (format!("/v1/modules/{module_id}/move"), json!({ "position": position })),
        _ => {
            let tasks = module["tasks"].as_array().unwrap();
            let task = tasks[number % tasks.len()]["id"].as_str().unwrap();
            let to = modules[(number + round) % modules.len()]["id"].as_str().unwrap();
            (format!("/v1/tasks/{task}/move"), json!({ "moduleId": to, "position": position }))
        }
    }
}

/// The title that an edit brings in, if it brings one.
fn title(body: &Value) -> Option<String> {
    body["title"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn clients_that_expect_nothing_come_one_after_the_other_and_lose_nothing() {
    let app = App::start().await;
    let other = app.second_process(|options| options.workers(0)).await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let before = detail(&owner, &plan).await;
    let clients = (0..CLIENTS).map(|number| {
        let actor = if number % 2 == 0 { owner.clone() } else { owner.at(other.base()) };
        let (plan, before) = (&plan, &before);
        async move {
            let mut added = Vec::new();
            for round in 0..ROUNDS {
                let (path, body) = edit(number, round, plan, before);
                let answer = send(&actor, Method::POST, &path, &body).await;
                assert!(answer.status.is_success(), "{path}: {}", answer.text);
                added.push((title(&body), answer.json()["planVersion"].as_i64().unwrap()));
            }
            added
        }
    });
    let done: Vec<_> = join_all(clients).await.concat();
    let after = detail(&owner, &plan).await;
    dense(&after);
    assert_unique(&app).await;
    let start = before["version"].as_i64().unwrap();
    let versions: BTreeSet<i64> = done.iter().map(|(_, version)| *version).collect();
    let edits = i64::try_from(CLIENTS * ROUNDS).unwrap();
    assert_eq!(versions, (start + 1..=start + edits).collect(), "each edit has a version of its own");
    assert_eq!(after["version"], start + edits);
    let expected: BTreeSet<String> =
        titles(&before).into_iter().chain(done.into_iter().filter_map(|(title, _)| title)).collect();
    let mut found = titles(&after);
    found.sort_unstable();
    let mut expected: Vec<_> = expected.into_iter().collect();
    expected.extend(repeated(&titles(&before)));
    expected.sort_unstable();
    assert_eq!(found, expected, "nothing is lost, nothing is there twice");
}

/// What a list holds more often than once, as often as it does so too often.
fn repeated(list: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    list.iter().filter(|one| !seen.insert(one.as_str())).cloned().collect()
}

#[tokio::test]
async fn of_clients_that_edit_the_same_state_one_wins_and_all_others_are_told() {
    let app = App::start().await;
    let other = app.second_process(|options| options.workers(0)).await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let path = format!("/v1/plans/{plan}");
    let tag = owner.get(&path).await.header("etag").to_owned();
    let before = detail(&owner, &plan).await;
    let answers = join_all((0..CLIENTS).map(|number| {
        let actor = if number % 2 == 0 { owner.clone() } else { owner.at(other.base()) };
        let (path, body) = edit(number, 0, &plan, &before);
        let request = actor.request(Method::POST, &path).header("if-match", tag.clone()).json(&body);
        async move { actor.send(request).await }
    }))
    .await;
    let (winners, losers): (Vec<Answer>, Vec<Answer>) =
        answers.into_iter().partition(|answer| answer.status.is_success());
    assert_eq!((winners.len(), losers.len()), (1, CLIENTS - 1));
    let now = owner.get(&path).await;
    for loser in losers {
        assert_eq!(loser.problem(412), "PRECONDITION_FAILED");
        assert_eq!(
            (loser.header("etag"), &loser.json()["currentVersion"]),
            (now.header("etag"), &now.json()["version"])
        );
    }
    assert_eq!(winners[0].header("etag"), now.header("etag"));
    assert_eq!(version(&owner, &plan).await, before["version"].as_i64().unwrap() + 1);
    dense(&now.json());
}

#[tokio::test]
async fn clients_that_read_again_when_told_all_get_their_edit_in() {
    let app = App::start().await;
    let other = app.second_process(|options| options.workers(0)).await;
    let owner = app.owner();
    let plan = ready_plan(&owner).await;
    let module = detail(&owner, &plan).await["modules"][0].clone();
    let (id, had) = (module["id"].as_str().unwrap(), module["tasks"].as_array().unwrap().len());
    let start = version(&owner, &plan).await;
    let clients = (0..CLIENTS).map(|number| {
        let actor = if number % 2 == 0 { owner.clone() } else { owner.at(other.base()) };
        let plan = &plan;
        async move {
            let path = format!("/v1/modules/{id}/tasks");
            let body = json!({ "title": format!("by {number}"), "estimatedMinutes": 5, "position": 1 });
            let mut tag = actor.get(&format!("/v1/plans/{plan}")).await.header("etag").to_owned();
            for tries in 1.. {
                let request = actor.request(Method::POST, &path).header("if-match", tag).json(&body);
                let answer = actor.send(request).await;
                if answer.status.is_success() {
                    return tries;
                }
                assert_eq!(answer.problem(412), "PRECONDITION_FAILED");
                tag = answer.header("etag").to_owned();
            }
            unreachable!("it goes on until it succeeds")
        }
    });
    let tries: Vec<usize> = join_all(clients).await;
    assert!(tries.iter().all(|tries| *tries <= CLIENTS), "each refusal means that another one got in: {tries:?}");
    let after = detail(&owner, &plan).await;
    dense(&after);
    let tasks = after["modules"][0]["tasks"].as_array().unwrap();
    let by: BTreeSet<&str> =
        tasks.iter().map(|task| task["title"].as_str().unwrap()).filter(|title| title.starts_with("by ")).collect();
    assert_eq!((by.len(), tasks.len()), (CLIENTS, had + CLIENTS));
    assert_eq!(after["version"], start + i64::try_from(CLIENTS).unwrap());
}

/// The same, as the database sees it.
async fn assert_unique(app: &App) {
    let gaps = "select count(*) from (
                  select count(*) as n, max(\"order\") as last, count(distinct \"order\") as places from modules group by plan_id
                  union all
                  select count(*), max(\"order\"), count(distinct \"order\") from tasks group by module_id) s
                where n <> last or n <> places";
    assert_eq!(app.db().number(gaps).await, 0);
}
