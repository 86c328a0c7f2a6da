//! Every way a model server can fail gives its class, its attempt record, its plan status and its terminal event.

use serde_json::{Value, json};
use std::time::Duration;
use waymark_testkit::app::App;
use waymark_testkit::model_server::{Frame, ModelServer, Reply, Script, Step, StreamReply, UsageChunks, plan_json};

/// What comes of a script: the class of the last attempt (none for a plan), how many attempts, whether a retry makes sense.
struct Expected {
    class: Option<&'static str>,
    attempts: usize,
    retryable: bool,
}

const READY: Expected = Expected { class: None, attempts: 1, retryable: false };

const fn fails(class: &'static str, attempts: usize, retryable: bool) -> Expected {
    Expected { class: Some(class), attempts, retryable }
}

async fn check(name: &str, script: impl Into<Script>, expected: Expected) {
    let model = ModelServer::start(script).await;
    // A short patience for the scripts that say nothing; retries inside an attempt and between attempts without pauses.
    let app = App::with(|options| options.model(&model).impatient()).await;
    let owner = app.owner();
    let events = owner.stream_plan().await.rest().await;
    let plan = events[0].data["planId"].as_str().unwrap_or_else(|| panic!("{name}: {events:?}")).to_owned();
    let last = events.last().unwrap();
    let attempts = owner.get(&format!("/v1/plans/{plan}/attempts")).await.json();
    let attempts: &Vec<Value> = attempts["items"].as_array().unwrap();
    assert_eq!(attempts.len(), expected.attempts, "{name}: {attempts:?}");
    let (attempt, status) = (attempts.last().unwrap(), owner.settled(&plan).await["status"].clone());
    match expected.class {
        None => {
            assert_eq!(last.kind, "complete", "{name}: {last:?}");
            assert_eq!((&attempt["status"], &attempt["classification"]), (&json!("success"), &Value::Null), "{name}");
            assert_eq!(status, "ready", "{name}");
        }
        Some(class) => {
            assert_eq!(last.kind, "error", "{name}: {last:?}");
            assert_eq!((&attempt["status"], &attempt["classification"]), (&json!("failure"), &json!(class)), "{name}");
            assert_eq!(status, "failed", "{name}");
            assert_eq!(last.data["classification"], class, "{name}");
            assert_eq!(last.data["retryable"], expected.retryable, "{name}");
            let stored = owner.get(&format!("/v1/plans/{plan}")).await.json();
            assert_eq!(stored["modules"], json!([]), "{name}: nothing partial is stored");
        }
    }
    let mut ids: Vec<i64> = events.iter().map(|event| event.id).collect();
    assert!(ids.is_sorted(), "{name}: {ids:?}");
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "{name}");
    app.stop().await;
}

fn plan() -> StreamReply {
    StreamReply::plan(&plan_json(3, 2))
}

fn half() -> StreamReply {
    let text = plan_json(3, 2).to_string();
    let end = text.char_indices().nth(text.chars().count() / 2).unwrap().0;
    StreamReply::text(&text[..end])
}

#[tokio::test]
async fn a_plan_in_chunks_of_any_size_arrives() {
    for bytes in [1, 3, 7, 64, 1_000, 65_536] {
        check(&format!("{bytes} bytes"), plan().frame_bytes(bytes), READY).await;
    }
    check("one character an event", plan().delta_chars(1), READY).await;
}

#[tokio::test]
async fn oddities_of_real_servers_are_tolerated() {
    check("escapes", plan().ascii().frame_bytes(5), READY).await;
    check("comments", plan().comments(), READY).await;
    check("carriage returns", plan().line_end("\r\n"), READY).await;
    check("a byte order mark", plan().bom(), READY).await;
    check("no [DONE]", plan().without_done(), READY).await;
    check("no last blank line", plan().unterminated(), READY).await;
    check("empty choices", plan().odd_chunks(), READY).await;
    check("reasoning", plan().reasoning(), READY).await;
    check("prose, thoughts and fences", plan().wrapped().delta_chars(3), READY).await;
    check("usage in every chunk", plan().usage(UsageChunks::Every), READY).await;
    check("an answer in one piece", Reply::whole(&plan_json(3, 2)), READY).await;
}

#[tokio::test]
async fn refusals_before_the_first_byte_get_their_class() {
    check("401", Reply::error(401, "no"), fails("provider_error", 3, true)).await;
    check("402", Reply::error(402, "pay"), fails("capped", 1, false)).await;
    check("429", Reply::rate_limited(None), fails("rate_limit", 3, true)).await;
    check("500", Reply::error(500, "no"), fails("provider_error", 3, true)).await;
    check("reset", Reply::reset(), fails("provider_error", 3, true)).await;
    check("silence", Reply::silent(), fails("timeout", 3, true)).await;
}

#[tokio::test]
async fn a_refusal_that_passes_is_sent_again_within_the_attempt() {
    let replies = vec![Reply::error(503, "busy"), Reply::rate_limited(Some("0")), plan().into()];
    check("503, 429, plan", replies, READY).await;
    let replies = vec![Reply::refuses_response_format("json_schema"), plan().into()];
    check("a server without response_format", replies, READY).await;
}

#[tokio::test]
async fn streams_that_break_get_their_class() {
    check("silence after the head", Reply::silent_after_head(), fails("timeout", 3, true)).await;
    check("silence in the middle", plan().then(700, [Step::Hang]), fails("timeout", 3, true)).await;
    check("cut off", plan().then(700, [Step::Cut]), fails("provider_error", 3, true)).await;
    check("reset", plan().then(700, [Step::Reset]), fails("provider_error", 3, true)).await;
    check("an error", plan().then_error(700, &json!("server_error"), "broke"), fails("provider_error", 3, true)).await;
    check("finish error", half().finish(Some("error")), fails("provider_error", 3, true)).await;
    check("finish length", half().finish(Some("length")), fails("capped", 1, false)).await;
}

#[tokio::test]
async fn a_slow_drip_is_patient_with_bytes_but_not_for_ever() {
    // A character every 20 ms never falls silent, but the whole takes longer than an impatient attempt may.
    check("drip", plan().delta_chars(1).drip(Duration::from_millis(20)), fails("timeout", 3, true)).await;
}

#[tokio::test]
async fn answers_that_are_no_plan_get_their_class() {
    check("prose", StreamReply::text("I am sorry, I cannot do that."), fails("validation", 1, false)).await;
    check("no modules", StreamReply::text("{\"modules\": []}"), fails("validation", 1, false)).await;
    check("unclosed", StreamReply::text("{\"modules\": [{\"title\": \"A\""), fails("validation", 1, false)).await;
    check("a web page", Reply::web_page(), fails("provider_error", 3, true)).await;
    check("ten megabytes of garbage", Reply::garbage(10_000_000), fails("provider_error", 3, true)).await;
    let long = format!("{{\"modules\": [ {}", "x".repeat(300_000));
    check("too long", StreamReply::text(&long).delta_chars(5_000), fails("capped", 1, false)).await;
    check("garbage in events", Reply::garbage_events(50).framed(Frame::Bytes(11)), fails("provider_error", 3, true))
        .await;
}

#[tokio::test]
async fn a_plan_that_is_complete_survives_a_break_after_it() {
    check("reset after the plan", plan().then_after_finish([Step::Cut]), READY).await;
}
