//! The calendar feed: an address without a token, and events that calendar programs can follow.

use super::calendar::{Event, events};
use reqwest::Method;
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use waymark_testkit::actor::{Actor, Answer};
use waymark_testkit::app::App;

/// A learner with a plan, and the plan.
async fn ready(app: &App) -> (Actor, String) {
    ready_for(app.owner()).await
}

async fn ready_for(owner: Actor) -> (Actor, String) {
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
    assert_eq!(nobody.get(&feed).await.header("last-modified"), "", "another change could have this date");
    settle_down(&app).await;
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
    let name = json!({ "topic": "Bread, slowly" });
    let renamed = owner.send(owner.request(Method::PATCH, &format!("/v1/plans/{plan}")).json(&name)).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
    for header in ["etag", "last-modified"] {
        let condition = if header == "etag" { "if-none-match" } else { "if-modified-since" };
        let renamed = nobody.send(nobody.request(Method::GET, &feed).header(condition, first.header(header))).await;
        assert!(renamed.text.contains("X-WR-CALNAME:Bread\\, slowly\r\n"), "{}", renamed.text);
    }
}

/// Makes every change of the feed one that lies back.
async fn settle_down(app: &App) {
    app.db().run("update learning_plans set updated_at = now() - interval '1 hour'").await;
    app.db()
        .run("update calendar_feed_entries set last_modified = date_trunc('second', now()) - interval '1 hour'")
        .await;
}

#[tokio::test]
async fn changes_within_one_second_are_each_seen_by_who_asks_what_is_new_since_the_last() {
    let app = App::start().await;
    let (owner, plan) = ready(&app).await;
    let (feed, nobody) = (subscribe(&owner, &plan).await, app.anonymous());
    for round in 0..10 {
        // The program says what it was told, or else when it was answered.
        let seen = nobody.get(&feed).await;
        let since = [seen.header("last-modified"), seen.header("date")].into_iter().find(|date| !date.is_empty());
        let name = json!({ "topic": format!("Bread {round}") });
        let renamed = owner.send(owner.request(Method::PATCH, &format!("/v1/plans/{plan}")).json(&name)).await;
        assert_eq!(renamed.status, 200, "{}", renamed.text);
        let request = nobody.request(Method::GET, &feed).header("if-modified-since", since.expect("a date"));
        let now = nobody.send(request).await;
        assert!(now.text.contains(&format!("X-WR-CALNAME:Bread {round}\r\n")), "{round}: {} {}", now.status, now.text);
    }
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

/// The first task, in the plan's order.
async fn first_task(owner: &Actor, plan: &str) -> String {
    let detail = owner.get(&format!("/v1/plans/{plan}")).await.json();
    detail["modules"][0]["tasks"][0]["id"].as_str().expect("a task").to_owned()
}

#[tokio::test]
async fn a_reader_that_an_edit_overtakes_shows_the_edit_and_nothing_older() {
    let app = App::start().await;
    let (owner, plan) = ready(&app).await;
    let (feed, task) = (subscribe(&owner, &plan).await, first_task(&owner, &plan).await);
    read(&app, &feed).await;
    let rename = |title: &str| format!("update tasks set title = '{title}' where id = '{task}'");
    app.db().run(&rename("Older")).await;
    let superuser = app.db().superuser().await;
    let held = superuser.begin().await.unwrap();
    held.execute_unprepared("select from learning_plans for no key update").await.unwrap();
    let slow = tokio::spawn({
        let (nobody, feed) = (app.anonymous(), feed.clone());
        async move { events(&nobody.get(&feed).await.text) }
    });
    waymark_testkit::wait::until("the reader waits for the plan", async || {
        let waiting = "select count(*) from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        (app.db().number(waiting).await == 1).then_some(())
    })
    .await;
    held.execute_unprepared(&rename("Newer")).await.unwrap();
    held.commit().await.unwrap();
    let slow = slow.await.unwrap();
    assert_eq!(slow, read(&app, &feed).await, "both show the same");
    let changed: Vec<_> = slow.values().filter(|event| event.sequence > 0).collect();
    assert!(!changed.is_empty());
    assert!(changed.iter().all(|event| event.summary.starts_with("Newer") && event.sequence == 1), "{changed:?}");
}

#[tokio::test]
async fn while_programs_ask_each_edit_has_one_sequence_and_a_later_one_a_higher() {
    const EDITS: i64 = 25;
    let app = App::start().await;
    let (owner, plan) = ready(&app).await;
    let (feed, task) = (subscribe(&owner, &plan).await, first_task(&owner, &plan).await);
    let other = app.second_process(|options| options.workers(0)).await;
    let done = AtomicBool::new(false);
    let edits = async {
        for number in 1..=EDITS {
            let title = json!({ "title": format!("Edit {number:02}") });
            let edited = owner.send(owner.request(Method::PATCH, &format!("/v1/tasks/{task}")).json(&title)).await;
            assert_eq!(edited.status, 200, "{}", edited.text);
        }
        done.store(true, Ordering::Relaxed);
    };
    let programs = (0..6).map(|number| {
        let nobody = if number % 2 == 0 { app.anonymous() } else { app.anonymous().at(other.base()) };
        let (feed, done) = (&feed, &done);
        async move {
            let mut seen = Vec::new();
            while !done.load(Ordering::Relaxed) {
                seen.push(events(&nobody.get(feed).await.text));
            }
            seen
        }
    });
    let (seen, ()) = tokio::join!(futures_util::future::join_all(programs), edits);
    let last = read(&app, &feed).await;
    let mut edits_of = BTreeMap::new();
    for (uid, event) in seen.into_iter().flatten().chain([last.clone()]).flatten() {
        if event.summary.starts_with("Edit ") {
            let edit = edits_of.entry(uid).or_insert_with(BTreeMap::new);
            let said = edit.entry(event.sequence).or_insert_with(|| event.summary.clone());
            assert_eq!(*said, event.summary, "a sequence says one thing");
        }
    }
    assert!(!edits_of.is_empty());
    for edits in edits_of.values() {
        assert!(edits.len() > 1, "somebody asked in between: {edits:?}");
        assert!(edits.values().is_sorted_by(|earlier, later| earlier < later), "{edits:?}");
        assert!(edits.last_key_value().unwrap().1.starts_with(&format!("Edit {EDITS}")));
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

#[tokio::test]
async fn guesses_take_few_of_the_databases_connections_and_a_program_beside_them_is_answered() {
    let app = App::start().await;
    let (owner, plan) = ready(&app).await;
    let feed = subscribe(&owner, &plan).await;
    let superuser = app.db().superuser().await;
    let held = superuser.begin().await.unwrap();
    held.execute_unprepared("lock table learning_plans in access exclusive mode").await.unwrap();
    let guesses: Vec<_> = (0..20)
        .map(|_| {
            let nobody = app.anonymous();
            let guess = format!("/calendar/{}.ics", "A".repeat(43));
            tokio::spawn(async move { nobody.get(&guess).await.status.as_u16() })
        })
        .collect();
    let program = tokio::spawn({
        let (nobody, feed) = (app.anonymous(), feed.clone());
        async move { nobody.get(&feed).await.status.as_u16() }
    });
    let looking = "select count(*) from pg_stat_activity where datname = current_database()
                   and wait_event_type = 'Lock' and query like '%calendar_feed_hash%'";
    waymark_testkit::wait::until("guesses wait", async || (app.db().number(looking).await == 2).then_some(())).await;
    // A few more statements of ours: time for a third one to come, if it could.
    for _ in 0..20 {
        assert_eq!(app.db().number(looking).await, 2);
    }
    held.rollback().await.unwrap();
    for guess in guesses {
        assert_eq!(guess.await.unwrap(), 404);
    }
    assert_eq!(program.await.unwrap(), 200);
}

#[tokio::test]
async fn programs_behind_one_address_are_counted_by_whose_plan_it_is() {
    let app = App::with(waymark_testkit::app::Options::rate_limits).await;
    let (owner, plan) = ready(&app).await;
    let (stranger, theirs) = ready_for(app.stranger()).await;
    let (feed, other) = (subscribe(&owner, &plan).await, subscribe(&stranger, &theirs).await);
    let nobody = app.anonymous();
    let asks = futures_util::future::join_all((0..130).map(|_| nobody.get(&feed))).await;
    let refused: Vec<_> = asks.iter().filter(|answer| answer.status == 429).collect();
    // The owner has used some of the 120 a minute already.
    assert!((1..=60).contains(&refused.len()), "{} of 130 were refused", refused.len());
    assert_eq!(refused[0].problem(429), "RATE_LIMITED");
    assert!(refused[0].header("ratelimit-policy").starts_with("\"reads\""));
    assert!(asks.iter().all(|answer| [200, 429].contains(&answer.status.as_u16())));
    assert_eq!(nobody.get(&other).await.status, 200, "another learner's feed at the same address");
    assert_eq!(nobody.get(&format!("/calendar/{}.ics", "B".repeat(43))).await.status, 404, "nobody has guessed yet");
}
