//! The calendar feed: an address without a token, and events that calendar programs can follow.

use super::calendar::{Event, events};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;
use waymark_testkit::actor::{Actor, Answer};
use waymark_testkit::app::App;

/// A learner with a plan, and the plan.
async fn ready(app: &App) -> (Actor, String) {
    let owner = app.owner();
    let plan = owner.create_plan().await;
    assert_eq!(owner.settled(&plan).await["status"], "ready");
    (owner, plan)
}

/// Makes a feed; the path of its address below `/api`.
async fn subscribe(owner: &Actor, plan: &str) -> String {
    let made = owner.post(&format!("/v1/plans/{plan}/calendar-feed"), &json!({})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    path(&made)
}

fn path(made: &Answer) -> String {
    let url = made.json()["url"].as_str().expect("an address").to_owned();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    url.split_once("/api").expect("an address below /api").1.to_owned()
}

async fn read(app: &App, feed: &str) -> BTreeMap<String, Event> {
    let answer = app.anonymous().get(feed).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/calendar; charset=utf-8"));
    events(&answer.text)
}

#[tokio::test]
async fn a_feed_is_read_without_a_token_and_its_state_is_known_by_tag_and_date() {
    let app = App::start().await;
    let (owner, plan) = ready(&app).await;
    let feed = subscribe(&owner, &plan).await;
    let nobody = app.anonymous();
    let first = nobody.get(&feed).await;
    assert_eq!(first.status, 200);
    assert!(!events(&first.text).is_empty());
    assert!(first.header("cache-control").starts_with("private"), "{}", first.header("cache-control"));
    assert_eq!(nobody.get(&feed).await.text, first.text, "nothing has changed, so not a byte has");
    for (name, value) in [("if-none-match", first.header("etag")), ("if-modified-since", first.header("last-modified"))]
    {
        let known = nobody.send(nobody.request(Method::GET, &feed).header(name, value)).await;
        assert_eq!((known.status.as_u16(), known.text.as_str()), (304, ""), "{name}: {value}");
        assert_eq!(known.header("etag"), first.header("etag"));
    }
    let long_ago = nobody.request(Method::GET, &feed).header("if-modified-since", "Mon, 01 Jan 2024 00:00:00 GMT");
    assert_eq!(nobody.send(long_ago).await.status, 200);
    // A new name is a new state, although no session has changed.
    app.db().run("update learning_plans set topic = 'Bread, slowly', updated_at = now() + interval '2 seconds'").await;
    let renamed = nobody.send(nobody.request(Method::GET, &feed).header("if-none-match", first.header("etag"))).await;
    assert!(renamed.text.contains("X-WR-CALNAME:Bread\\, slowly\r\n"), "{}", renamed.text);
    assert_ne!(renamed.header("last-modified"), first.header("last-modified"));
}

#[tokio::test]
async fn a_sequence_grows_with_each_change_of_its_session_and_of_no_other() {
    let app = App::start().await;
    let (owner, plan) = ready(&app).await;
    let feed = subscribe(&owner, &plan).await;
    let mut before = read(&app, &feed).await;
    assert!(before.len() > 3 && before.values().all(|event| event.sequence == 0 && !event.cancelled));
    let first_task =
        "select t.id from tasks t join modules m on m.id = t.module_id order by m.\"order\", t.\"order\" limit 1";
    for (what, change) in [
        ("nothing", "select 1".to_owned()),
        ("a title", format!("update tasks set title = 'Another title' where id = ({first_task})")),
        (
            "a task done",
            format!(
                "insert into task_progress (task_id, user_id, status, completed_at) select id, user_id, 'completed', now() from tasks where id = ({first_task})"
            ),
        ),
        ("a task undone", "delete from task_progress".to_owned()),
        ("a task deleted", format!("delete from tasks where id = ({first_task})")),
    ] {
        app.db().run(&change).await;
        let after = read(&app, &feed).await;
        for (uid, was) in &before {
            let is = after.get(uid).unwrap_or_else(|| panic!("{what}: an event is gone without a word"));
            let says = |event: &Event| (event.start, event.end, event.summary.clone(), event.cancelled);
            let changed = says(was) != says(is);
            assert_eq!(is.sequence - was.sequence, i64::from(changed), "{what}: {was:?} {is:?}");
        }
        let changes = after.iter().filter(|(uid, event)| before.get(*uid) != Some(*event)).count();
        assert_eq!(changes == 0, what == "nothing", "{what}");
        before = after;
    }
    let cancelled = before.values().filter(|event| event.cancelled).count();
    assert!(cancelled > 0);
    // After thirty days every program has heard of it.
    app.db()
        .run("update calendar_feed_entries set cancelled_at = now() - interval '31 days', last_modified = now() - interval '31 days' where cancelled_at is not null")
        .await;
    let after = read(&app, &feed).await;
    assert_eq!(after.len(), before.len() - cancelled);
    // The file says the same as the feed.
    let file = owner.get(&format!("/v1/plans/{plan}/export?format=ics")).await;
    assert_eq!(events(&file.text), after);
}

#[tokio::test]
async fn two_programs_that_ask_at_once_count_a_change_once() {
    let app = App::start().await;
    let (owner, plan) = ready(&app).await;
    let feed = subscribe(&owner, &plan).await;
    let other = app.second_process(|options| options.workers(0)).await;
    for round in 0..2 {
        app.db().run(&format!("update tasks set title = title || '{round}'")).await;
        let asks = (0..16).map(|number| {
            let (nobody, feed) = (app.anonymous(), feed.clone());
            let nobody = if number % 2 == 0 { nobody } else { nobody.at(other.base()) };
            async move { events(&nobody.get(&feed).await.text) }
        });
        for seen in futures_util::future::join_all(asks).await {
            assert!(seen.values().all(|event| event.sequence == round), "{seen:?}");
        }
    }
}

#[tokio::test]
async fn an_address_that_is_changed_or_taken_back_is_found_no_longer() {
    let app = App::start().await;
    let (owner, plan) = ready(&app).await;
    let (first, nobody) = (subscribe(&owner, &plan).await, app.anonymous());
    let second = subscribe(&owner, &plan).await;
    assert_ne!(first, second);
    assert_eq!(nobody.get(&second).await.status, 200);
    let gone = nobody.get(&first).await;
    assert_eq!(gone.problem(404), "NOT_FOUND");
    let never = nobody.get(&format!("/calendar/{}.ics", "A".repeat(43))).await;
    let nonsense = nobody.get("/calendar/nonsense.ics").await;
    let said = |answer: &Answer| (answer.status, answer.json()["detail"].clone(), answer.json()["title"].clone());
    assert_eq!((said(&gone), said(&nonsense)), (said(&never), said(&never)), "in the same words");

    let address = format!("/v1/plans/{plan}/calendar-feed");
    for stranger in [app.stranger()] {
        assert_eq!(stranger.delete(&address).await.problem(404), "NOT_FOUND");
        assert_eq!(stranger.post(&address, &json!({})).await.problem(404), "NOT_FOUND");
    }
    assert_eq!(nobody.get(&second).await.status, 200, "a stranger changes nothing");
    for _ in 0..2 {
        assert_eq!(owner.delete(&address).await.status, 204);
    }
    assert_eq!(nobody.get(&second).await.problem(404), "NOT_FOUND");
    let third = subscribe(&owner, &plan).await;
    owner.delete(&format!("/v1/plans/{plan}")).await;
    assert_eq!(nobody.get(&third).await.problem(404), "NOT_FOUND");
}

#[tokio::test]
async fn a_secret_is_stored_nowhere_not_even_for_a_repetition() {
    let app = App::start().await;
    let (owner, plan) = ready(&app).await;
    let address = format!("/v1/plans/{plan}/calendar-feed");
    let first = path(&owner.post_once(&address, "k-1", &json!({})).await);
    let second = path(&owner.post_once(&address, "k-1", &json!({})).await);
    assert_ne!(first, second, "nobody knows the first one any more");
    let nobody = app.anonymous();
    assert_eq!((nobody.get(&first).await.status.as_u16(), nobody.get(&second).await.status.as_u16()), (404, 200));
    for feed in [first, second] {
        let secret = feed.trim_start_matches("/calendar/").trim_end_matches(".ics");
        for table in ["idempotency_keys", "learning_plans", "calendar_feed_entries", "audit_log"] {
            let found = format!("select count(*) from {table} t where t::text like '%{secret}%'");
            assert_eq!(app.db().number(&found).await, 0, "{table}");
        }
    }
}

#[tokio::test]
async fn those_who_guess_addresses_are_slowed_down() {
    let app = App::with(waymark_testkit::app::Options::rate_limits).await;
    let nobody = app.anonymous();
    let guess = format!("/calendar/{}.ics", "B".repeat(43));
    let mut answers = Vec::new();
    for _ in 0..31 {
        answers.push(nobody.get(&guess).await.status.as_u16());
    }
    assert_eq!(answers.pop(), Some(429), "{answers:?}");
    assert!(answers.iter().all(|status| *status == 404), "{answers:?}");
}
