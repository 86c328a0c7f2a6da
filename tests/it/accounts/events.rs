//! Events of the identity provider: their effect, once, in any order, all of it or nothing.

use super::{OWNER, SECOND_PROCESS, Stage};
use futures_util::future::join_all;
use serde_json::{Value, json};
use waymark_testkit::clerk_server::ClerkEvent;
use waymark_testkit::process::{CrashAt, Process};

const CREATED: &str = "user.created";
const UPDATED: &str = "user.updated";

#[tokio::test]
async fn a_person_is_made_changed_and_erased_as_events_tell() {
    let stage = Stage::new().await;
    stage.tell(&stage.event(CREATED, OWNER, Some("Ada@Example.com"), 1)).await;
    assert_eq!(stage.email(OWNER).await.as_deref(), Some("ada@example.com"), "in lower case");
    let profile = stage.app.owner().get("/v1/user/profile").await.json();
    assert_eq!((&profile["email"], &profile["tier"]), (&json!("ada@example.com"), &json!("free")));
    stage.tell(&stage.event(UPDATED, OWNER, Some("countess@example.com"), 2)).await;
    let changed = stage.app.owner().get("/v1/user/profile").await.json();
    assert_eq!((&changed["email"], &changed["id"]), (&json!("countess@example.com"), &profile["id"]));
    stage.tell(&stage.deletion(OWNER)).await;
    assert_eq!(stage.identity(OWNER).await, None);
    assert_eq!(stage.app.owner().get("/v1/user/profile").await.problem(403), "ACCOUNT_ERASED");
    assert_eq!(stage.count("clerk_webhook_events").await, 3);
}

#[tokio::test]
async fn an_event_has_its_effect_once_however_often_it_comes_and_wherever() {
    let stage = Stage::new().await;
    let other = stage.app.second_process(|options| options).await;
    let event = stage.event(CREATED, OWNER, Some("ada@example.com"), 1);
    let everywhere = [stage.app.base(), other.base()].repeat(10);
    let statuses = join_all(everywhere.iter().map(|base| stage.clerk.deliver(base, &event))).await;
    assert_eq!(statuses, [200; 20]);
    assert_eq!((stage.count("users").await, stage.count("clerk_webhook_events").await), (1, 1));
    stage.app.db().run("update users set email = 'changed@example.com'").await;
    stage.tell(&event).await;
    assert_eq!(stage.email(OWNER).await.as_deref(), Some("changed@example.com"), "it did nothing");

    let deletion = stage.deletion(OWNER);
    let statuses = join_all(everywhere.iter().map(|base| stage.clerk.deliver(base, &deletion))).await;
    assert_eq!(statuses, [200; 20]);
    assert_eq!(stage.count("audit_log where action = 'account.erased'").await, 1);
}

#[tokio::test]
async fn the_same_news_under_another_key_does_no_harm() {
    let stage = Stage::new().await;
    let again = |event: &ClerkEvent| ClerkEvent { id: format!("{}_again", event.id), payload: event.payload.clone() };
    let created = stage.event(CREATED, OWNER, Some("ada@example.com"), 1);
    for event in [&created, &again(&created)] {
        stage.tell(event).await;
        assert_eq!(stage.email(OWNER).await.as_deref(), Some("ada@example.com"));
    }
    let deletion = stage.deletion(OWNER);
    for event in [&deletion, &again(&deletion), &again(&again(&created))] {
        stage.tell(event).await;
        assert_eq!((stage.identity(OWNER).await, stage.count("deleted_users").await), (None, 1));
    }
    assert_eq!(stage.count("audit_log where action = 'account.erased'").await, 1);
}

#[tokio::test]
async fn a_change_makes_a_person_of_whom_nothing_was_told_and_older_news_change_nothing() {
    let stage = Stage::new().await;
    stage.tell(&stage.event(UPDATED, OWNER, Some("new@example.com"), 5)).await;
    assert_eq!(stage.email(OWNER).await.as_deref(), Some("new@example.com"));
    stage.tell(&stage.event(CREATED, OWNER, Some("old@example.com"), 1)).await;
    stage.tell(&stage.event(UPDATED, OWNER, None, 4)).await;
    assert_eq!(stage.email(OWNER).await.as_deref(), Some("new@example.com"));
    stage.tell(&stage.event(UPDATED, OWNER, None, 6)).await;
    assert_eq!(stage.email(OWNER).await, None);
}

#[tokio::test]
async fn a_person_of_the_token_is_the_person_of_the_events() {
    let stage = Stage::new().await;
    let id = stage.app.owner().get("/v1/user/profile").await.json()["id"].clone();
    stage.tell(&stage.event(UPDATED, OWNER, Some("ada@example.com"), 1)).await;
    let profile = stage.app.owner().get("/v1/user/profile").await.json();
    assert_eq!((&profile["id"], &profile["email"]), (&id, &json!("ada@example.com")));
    assert_eq!(stage.count("users").await, 1);
}

/// Every order of a list.
fn orders<T: Clone>(list: &[T]) -> Vec<Vec<T>> {
    if list.is_empty() {
        return vec![Vec::new()];
    }
    (0..list.len())
        .flat_map(|at| {
            let mut rest = list.to_vec();
            let first = rest.remove(at);
            orders(&rest).into_iter().map(move |order| [vec![first.clone()], order].concat())
        })
        .collect()
}

#[tokio::test]
async fn whoever_is_deleted_is_gone_in_every_order_of_their_events() {
    let stage = Stage::new().await;
    let other = stage.app.second_process(|options| options).await;
    for (number, order) in orders(&[0, 1, 2]).into_iter().enumerate() {
        let subject = format!("user_{number}");
        let events = [
            stage.event(CREATED, &subject, Some(&format!("{number}@example.com")), 1),
            stage.event(UPDATED, &subject, Some(&format!("{number}.new@example.com")), 2),
            stage.deletion(&subject),
        ];
        for (turn, &which) in order.iter().enumerate() {
            let base = if turn % 2 == 0 { stage.app.base() } else { other.base() };
            assert_eq!(stage.clerk.deliver(base, &events[which]).await, 200);
            let gone = order[..=turn].contains(&2);
            assert_eq!(stage.identity(&subject).await.is_none(), gone, "{order:?} {turn}");
        }
        assert_eq!(stage.app.learner(&subject).get("/v1/user/profile").await.problem(403), "ACCOUNT_ERASED");
    }
    assert_eq!((stage.count("users").await, stage.count("deleted_users").await), (0, 6));
}

#[tokio::test]
async fn whoever_is_deleted_is_gone_when_all_their_events_come_at_once() {
    let stage = Stage::new().await;
    let other = stage.app.second_process(|options| options).await;
    for round in 0..20 {
        let subject = format!("user_{round}");
        let events = [
            stage.event(CREATED, &subject, Some(&format!("{round}@example.com")), 1),
            stage.event(UPDATED, &subject, Some(&format!("{round}@example.com")), 2),
            stage.deletion(&subject),
        ];
        let deliveries = events.iter().flat_map(|event| [stage.app.base(), other.base()].map(|base| (base, event)));
        let statuses = join_all(deliveries.map(|(base, event)| stage.clerk.deliver(base, event))).await;
        assert_eq!(statuses, [200; 6]);
        assert_eq!(stage.identity(&subject).await, None);
    }
    assert_eq!((stage.count("users").await, stage.count("clerk_webhook_events").await), (0, 60));
}

#[tokio::test]
async fn what_concerns_nobody_here_is_taken_in() {
    let stage = Stage::new().await;
    for (kind, data) in [
        ("session.created", json!({"id": "sess_1", "user_id": OWNER})),
        ("organization.deleted", json!({"id": 7})),
        ("user.deleted", json!({"id": null, "object": "user", "deleted": true})),
        ("user.deleted", json!({"object": "user", "deleted": true})),
        ("a.type.to.come", Value::Null),
    ] {
        stage.tell(&stage.clerk.event(kind, &data)).await;
    }
    assert_eq!((stage.count("users").await, stage.count("deleted_users").await), (0, 0));
    assert_eq!(stage.count("clerk_webhook_events").await, 5, "they are on record");
}

#[tokio::test]
async fn a_signed_event_that_cannot_be_read_is_refused_and_not_taken_in() {
    let stage = Stage::new().await;
    let data = |data: &Value| json!({"type": CREATED, "data": data}).to_string();
    for payload in [
        String::new(),
        "[]".to_owned(),
        "null".to_owned(),
        r#"{"type": "user.created""#.to_owned(),
        r#"{"data": {"id": "user_1"}}"#.to_owned(),
        r#"{"type": 7, "data": {"id": "user_1"}}"#.to_owned(),
        r#"{"type": "", "data": {"id": "user_1"}}"#.to_owned(),
        json!({"type": "x\0", "data": {}}).to_string(),
        json!({"type": "x".repeat(256), "data": {}}).to_string(),
        data(&Value::Null),
        data(&json!({"id": ""})),
        data(&json!({"id": "user_\0"})),
        data(&json!({"id": "x".repeat(256)})),
        data(&json!({"id": 7})),
        data(&json!({"id": "user_1", "email_addresses": "ada@example.com"})),
        json!({"type": "user.deleted", "data": {"id": 7}}).to_string(),
        json!({"type": "user.deleted", "data": {"id": ""}}).to_string(),
    ] {
        let event = ClerkEvent { id: "msg_1".to_owned(), payload };
        assert_eq!(stage.clerk.deliver(stage.app.base(), &event).await, 400, "{}", event.payload);
    }
    let long = ClerkEvent { id: "m".repeat(256), ..stage.event(CREATED, OWNER, None, 1) };
    assert_eq!(stage.clerk.deliver(stage.app.base(), &long).await, 400);
    assert_eq!((stage.count("users").await, stage.count("clerk_webhook_events").await), (0, 0));
}

#[tokio::test]
async fn an_event_that_fails_in_the_middle_leaves_nothing_and_is_done_when_it_comes_again() {
    let stage = Stage::new().await;
    let created = stage.event(CREATED, OWNER, Some("ada@example.com"), 1);
    let deletion = stage.deletion(OWNER);
    for (event, table, refusal) in
        [(&created, "users", "check (email is null)"), (&deletion, "audit_log", "check (action <> 'account.erased')")]
    {
        let before = (stage.count("users").await, stage.count("clerk_webhook_events").await);
        stage.app.db().run(&format!("alter table {table} add constraint refusal {refusal}")).await;
        assert_eq!(stage.clerk.deliver(stage.app.base(), event).await, 500);
        assert_eq!((stage.count("users").await, stage.count("clerk_webhook_events").await), before);
        assert_eq!(stage.count("deleted_users").await, 0);
        stage.app.db().run(&format!("alter table {table} drop constraint refusal")).await;
        stage.tell(event).await;
    }
    assert_eq!((stage.identity(OWNER).await, stage.count("deleted_users").await), (None, 1));
}

#[tokio::test]
async fn an_event_whose_process_is_killed_before_the_commit_is_done_when_it_comes_again() {
    let stage = Stage::new().await;
    let crash = CrashAt { point: "clerk.before_commit", visit: 2 };
    let doomed = Process::doomed(SECOND_PROCESS, stage.app.options(), Some(crash)).await.expect("it serves");
    assert_eq!(stage.clerk.deliver(doomed.base(), &stage.event(CREATED, OWNER, None, 1)).await, 200);
    let deletion = stage.deletion(OWNER);
    assert_eq!(stage.clerk.try_deliver(doomed.base(), &deletion).await, None, "it died");
    assert_eq!((stage.count("users").await, stage.count("deleted_users").await), (1, 0));
    stage.tell(&deletion).await;
    assert_eq!((stage.count("users").await, stage.count("deleted_users").await), (0, 1));
    assert_eq!(stage.count("audit_log where action = 'account.erased'").await, 1);
}
