//! Downloads: the same plan as Markdown, JSON and calendar, whatever its titles hold.

use super::calendar::events;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use reqwest::Method;
use sea_orm::ConnectionTrait as _;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use waymark_testkit::actor::Actor;
use waymark_testkit::app::App;

/// Titles that break what escapes badly; a title has at most 1000 characters, a topic 200.
fn hostile() -> Vec<String> {
    let plain = [
        "line\nbreak\r\nEND:VEVENT\r\nBEGIN:VALARM",
        "one, two; three: \\four\\n",
        "naïve 学习 🎓👩‍🏫 שלום",
        "<script>alert(1)</script> &lt;b&gt;",
        "=1+1|@SUM(A1)",
        "# 1. `code` **bold** [link](https://x.example) - [x]",
    ];
    plain.into_iter().map(str::to_owned).chain(["🎓é,;\\".repeat(100)]).collect()
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Headings and bold texts of a document; fails on HTML, code, tables and the like.
fn read(document: &str) -> (Vec<String>, Vec<String>) {
    let (mut headings, mut bold, mut text) = (Vec::new(), Vec::new(), String::new());
    for event in Parser::new_ext(document, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        match event {
            Event::Start(Tag::Heading { .. } | Tag::Strong) => text.clear(),
            Event::Text(part) => text.push_str(&part),
            Event::End(TagEnd::Heading(_)) => headings.push(std::mem::take(&mut text)),
            Event::End(TagEnd::Strong) => bold.push(std::mem::take(&mut text)),
            Event::Start(Tag::Paragraph | Tag::List(None) | Tag::Item | Tag::Link { .. })
            | Event::End(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::TaskListMarker(_) => {}
            other => panic!("{other:?} in a plan's Markdown"),
        }
    }
    (headings, bold)
}

#[tokio::test]
async fn hostile_titles_come_through_every_form_as_they_are() {
    let app = App::start().await;
    let owner = app.owner();
    let plan = owner.create_plan().await;
    owner.settled(&plan).await;
    let tasks = usize::try_from(app.db().number("select count(*) from tasks").await).unwrap();
    for title in hostile() {
        let quoted = title.replace('\'', "''");
        app.db().run(&format!("update tasks set title = '{quoted}', description = '{quoted}'")).await;
        app.db().run(&format!("update learning_plans set topic = left('{quoted}', 200)")).await;
        app.db().run(&format!("update modules set title = '{quoted}'")).await;
        let shown = words(&title);
        let markdown = owner.get(&format!("/v1/plans/{plan}/export?format=md")).await;
        let (headings, bold) = read(&markdown.text);
        assert_eq!(headings[0], words(&title.chars().take(200).collect::<String>()), "{title:?}");
        assert_eq!(headings[1], format!("1. {shown}"));
        assert_eq!(bold, vec![shown.clone(); tasks]);
        let calendar = owner.get(&format!("/v1/plans/{plan}/export?format=ics")).await;
        for event in events(&calendar.text).values() {
            let summary = event.summary.split(" (").next().unwrap_or_default();
            assert!(event.summary == shown || event.summary.starts_with(&shown), "{summary:?} is not {shown:?}");
            assert!(event.description.starts_with(&shown), "{:?}", event.description);
        }
        let json = owner.get(&format!("/v1/plans/{plan}/export?format=json")).await.json();
        assert_eq!(json["plan"]["modules"][0]["tasks"][0]["title"], Value::from(title));
    }
}

#[tokio::test]
async fn a_download_has_a_name_a_type_and_a_tag_and_shows_what_is_done() {
    let app = App::start().await;
    let (owner, stranger) = (app.owner(), app.stranger());
    let plan = owner.create_plan().await;
    owner.settled(&plan).await;
    app.db()
        .run("insert into task_progress (task_id, user_id, status, completed_at) select id, user_id, 'completed', '2026-11-20' from tasks order by id limit 1")
        .await;
    for (format, content_type) in
        [("md", "text/markdown; charset=utf-8"), ("json", "application/json"), ("ics", "text/calendar; charset=utf-8")]
    {
        let path = format!("/v1/plans/{plan}/export?format={format}");
        let file = owner.get(&path).await;
        assert_eq!((file.status.as_u16(), file.header("content-type")), (200, content_type));
        let name = format!("attachment; filename=\"waymark-rust-programming.{format}\"");
        assert_eq!(file.header("content-disposition"), name);
        let again = owner.send(owner.request(Method::GET, &path).header("if-none-match", file.header("etag"))).await;
        assert_eq!(again.status, 304);
        assert_eq!(stranger.get(&path).await.problem(404), "NOT_FOUND");
    }
    let markdown = owner.get(&format!("/v1/plans/{plan}/export?format=md")).await.text;
    assert_eq!(markdown.matches("- [x] **").count(), 1, "{markdown}");
    assert!(markdown.contains("minutes, done 2026-11-20)") && markdown.contains("## Calendar (UTC)"), "{markdown}");
    let json = owner.get(&format!("/v1/plans/{plan}/export?format=json")).await.json();
    assert_eq!(json["plan"], owner.get(&format!("/v1/plans/{plan}")).await.json(), "the plan as it is read");
    let schedule = owner.get(&format!("/v1/plans/{plan}/schedule")).await.json();
    assert_eq!(json["schedule"]["weeks"], schedule["weeks"]);
    assert!(!json["schedule"]["weeks"].as_array().unwrap().is_empty());
    for wrong in ["", "?format=pdf", "?format=md&x=1"] {
        let refused = owner.get(&format!("/v1/plans/{plan}/export{wrong}")).await;
        assert_eq!(refused.problem(400), "VALIDATION_FAILED");
    }
}

/// The minutes of a file's open tasks, and those that its schedule is of.
async fn minutes(owner: &Actor, plan: &str) -> (u64, u64) {
    let file = owner.get(&format!("/v1/plans/{plan}/export?format=json")).await;
    assert_eq!(file.status, 200, "{}", file.text);
    let json = file.json();
    let modules = json["plan"]["modules"].as_array().unwrap();
    let tasks = modules.iter().flat_map(|module| module["tasks"].as_array().unwrap());
    let planned = tasks.map(|task| task["estimatedMinutes"].as_u64().unwrap()).sum();
    (planned, json["schedule"]["totals"]["minutes"].as_u64().unwrap())
}

#[tokio::test]
async fn a_file_shows_one_moment_while_the_plan_is_being_edited() {
    // Without names for statements, as behind some poolers: there a transaction begins in more steps.
    for statements in [256, 0] {
        let app = App::with(|options| options.statement_cache(statements)).await;
        let owner = app.owner();
        let plan = owner.create_plan().await;
        owner.settled(&plan).await;
        let done = AtomicBool::new(false);
        let reading = async {
            for _ in 0..40 {
                let (planned, scheduled) = minutes(&owner, &plan).await;
                assert_eq!(planned, scheduled, "the plan and its schedule are of different moments");
            }
            done.store(true, Ordering::Relaxed);
        };
        let editing = async {
            let superuser = app.db().superuser().await;
            while !done.load(Ordering::Relaxed) {
                let flip = "update tasks set estimated_minutes = 90 - estimated_minutes % 90";
                superuser.execute_unprepared(flip).await.unwrap();
            }
        };
        app.db().run("update tasks set estimated_minutes = 30").await;
        tokio::join!(reading, editing);
    }
}
