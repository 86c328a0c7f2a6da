//! The adapter of the chat-completions dialect against the scripted model server: every deviation of servers and
//! networks that it has to bear, and what it sends.

use chrono::NaiveDate;
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use waymark_domain::generation::{FailureClass, ModelId, TokenUsage};
use waymark_domain::plans::{LearningStyle, SkillLevel};
use waymark_services::clock::SystemClock;
use waymark_services::generation::openai::{Flavour, OpenAiConfig, OpenAiProvider};
use waymark_services::generation::provider::{
    CostReport, ModelChunk, ModelProvider, ModelRequest, ModelStream, PlanBrief, ProviderError,
};
use waymark_testkit::model_server::{
    Gate, ModelServer, Reply, Script, Step, StreamReply, UsageChunks, plan_json, plan_segments,
};

const KEY: &str = "sk-test-0123456789";

fn config(server: &ModelServer) -> OpenAiConfig {
    let mut config = OpenAiConfig::new(server.base_url().parse().unwrap(), Some(KEY.into()));
    config.retry.first_wait = Duration::from_millis(1);
    config.tail_grace = Duration::from_millis(50);
    config
}

fn adapter(server: &ModelServer) -> OpenAiProvider {
    OpenAiProvider::new(config(server), Arc::new(SystemClock)).unwrap()
}

fn openrouter(server: &ModelServer) -> OpenAiProvider {
    let config = OpenAiConfig { flavour: Flavour::OpenRouter, ..config(server) };
    OpenAiProvider::new(config, Arc::new(SystemClock)).unwrap()
}

fn request() -> ModelRequest {
    let brief = PlanBrief {
        topic: "Rust".to_owned(),
        notes: Some("no videos".to_owned()),
        skill_level: SkillLevel::Beginner,
        learning_style: LearningStyle::Reading,
        weekly_hours: 5,
        start_date: NaiveDate::from_ymd_opt(2026, 12, 1).unwrap(),
        deadline_date: NaiveDate::from_ymd_opt(2026, 12, 14).unwrap(),
        task_capacity: Some(10),
        present: Vec::new(),
    };
    ModelRequest { model: ModelId::parse("test/model").unwrap(), brief }
}

/// One answer, read to its end.
struct Answer {
    chunks: Vec<ModelChunk>,
    end: Result<(), ProviderError>,
}

impl Answer {
    fn text(&self) -> String {
        let texts = self.chunks.iter().filter_map(|chunk| match chunk {
            ModelChunk::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    fn usage(&self) -> Option<TokenUsage> {
        let mut usages = self.chunks.iter().filter_map(|chunk| match chunk {
            ModelChunk::Usage(usage) => Some(*usage),
            _ => None,
        });
        usages.next_back()
    }

    fn error(self) -> ProviderError {
        self.end.expect_err("the answer should have failed")
    }
}

async fn read(mut stream: ModelStream) -> Answer {
    let mut chunks = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(chunk) => chunks.push(chunk),
            Err(error) => {
                assert!(stream.next().await.is_none(), "nothing follows an error");
                return Answer { chunks, end: Err(error) };
            }
        }
    }
    assert_eq!(chunks.last(), Some(&ModelChunk::Finished), "a stream without an error ends with Finished");
    Answer { chunks, end: Ok(()) }
}

async fn ask(adapter: &OpenAiProvider) -> Answer {
    match adapter.stream(request()).await {
        Ok(stream) => read(stream).await,
        Err(error) => Answer { chunks: Vec::new(), end: Err(error) },
    }
}

/// What one call makes of a script, and how many requests it took.
async fn outcome(script: impl Into<Script>) -> (Answer, usize) {
    let server = ModelServer::start(script).await;
    let answer = ask(&adapter(&server)).await;
    (answer, server.requests().len())
}

fn plan() -> Value {
    plan_json(3, 2)
}

fn plan_text() -> String {
    plan_segments(&plan()).concat()
}

fn reply() -> StreamReply {
    StreamReply::plan(&plan())
}

async fn assert_whole(script: impl Into<Script>) -> Answer {
    let (answer, requests) = outcome(script).await;
    answer.end.as_ref().expect("the answer should be whole");
    assert_eq!(answer.text(), plan_text());
    assert_eq!(requests, 1);
    answer
}

async fn assert_fails(script: impl Into<Script>, class: FailureClass, requests: usize) -> ProviderError {
    let (answer, made) = outcome(script).await;
    let error = answer.error();
    assert_eq!((error.class, made), (class, requests), "{error}");
    error
}

#[tokio::test]
async fn the_text_is_the_same_wherever_the_bytes_are_split() {
    for bytes in [1, 2, 3, 5, 16, 333, 4096, 65536] {
        assert_whole(reply().frame_bytes(bytes)).await;
        assert_whole(reply().frame_bytes(bytes).ascii().delta_chars(7)).await;
    }
}

#[tokio::test]
async fn line_ends_marks_comments_odd_chunks_and_reasoning_change_nothing() {
    for line_end in ["\n", "\r\n", "\r"] {
        let odd = reply().line_end(line_end).bom().comments().odd_chunks().reasoning();
        let answer = assert_whole(odd.clone()).await;
        assert!(answer.chunks.contains(&ModelChunk::Alive));
        assert_whole(odd.frame_bytes(1)).await;
    }
}

#[tokio::test]
async fn an_answer_names_its_call_its_usage_and_its_end() {
    let answer = assert_whole(reply()).await;
    let call = ModelChunk::Call { request_id: Some("gen-test".to_owned()), model: Some("test/model".to_owned()) };
    assert_eq!(answer.chunks.first(), Some(&call));
    assert_eq!(answer.usage().map(|usage| usage.input_tokens), Some(100));
    assert_eq!(answer.usage().and_then(|usage| usage.provider_cost_microusd), None);
}

#[tokio::test]
async fn a_cost_is_micro_dollars_and_the_last_usage_counts() {
    let answer = assert_whole(reply().usage(UsageChunks::Every).cost(0.001_234_5)).await;
    let usage = answer.usage().unwrap();
    assert_eq!(usage.provider_cost_microusd, Some(1235));
    assert!(usage.output_tokens > 10);
    assert_eq!(assert_whole(reply().usage(UsageChunks::None)).await.usage(), None);
}

#[tokio::test]
async fn an_answer_is_whole_with_a_finish_reason_or_with_done() {
    assert_whole(reply().without_done()).await;
    assert_whole(reply().without_done().usage(UsageChunks::None)).await;
    assert_whole(reply().finish(None)).await;
    assert_whole(reply().finish(Some(""))).await;
    assert_whole(reply().finish(Some("eos"))).await;
    assert_whole(reply().finish(None).unterminated()).await;
    assert_whole(reply().without_done().usage(UsageChunks::None).unterminated()).await;
}

#[tokio::test]
async fn an_answer_with_neither_is_cut_off() {
    let error = assert_fails(reply().finish(None).without_done(), FailureClass::ProviderError, 1).await;
    assert!(!error.resend);
}

#[tokio::test]
async fn a_whole_answer_is_not_held_back_by_a_silent_connection() {
    assert_whole(reply().then_after_finish([Step::Hang])).await;
    assert_whole(reply().then_after_finish([Step::Cut])).await;
}

#[tokio::test]
async fn a_whole_answer_is_not_spoilt_by_a_reset_after_its_end() {
    let gate = Gate::closed();
    let server = ModelServer::start(reply().then_after_finish([Step::Pass(gate.clone()), Step::Reset])).await;
    let patient = OpenAiConfig { tail_grace: Duration::from_secs(20), ..config(&server) };
    let mut stream = OpenAiProvider::new(patient, Arc::new(SystemClock)).unwrap().stream(request()).await.unwrap();
    // The finish reason has no text: it shows as a sign of life.
    while stream.next().await.unwrap().unwrap() != ModelChunk::Alive {}
    gate.open();
    assert_eq!(read(stream).await.chunks, [ModelChunk::Finished]);
}

#[tokio::test]
async fn bad_finish_reasons_fail_after_their_usage() {
    let (answer, _) = outcome(reply().finish(Some("length"))).await;
    assert!(answer.usage().is_some());
    assert_eq!(answer.error().class, FailureClass::Capped);
    assert_fails(reply().finish(Some("content_filter")), FailureClass::Validation, 1).await;
    assert_fails(reply().finish(Some("error")), FailureClass::ProviderError, 1).await;
}

#[tokio::test]
async fn an_error_in_the_stream_is_resent_only_before_any_text() {
    let code = json!(502);
    let broken = || Reply::from(reply().reasoning().then_error(0, &code, "upstream broke"));
    let (answer, requests) = outcome(vec![broken(), broken(), reply().into()]).await;
    assert_eq!((answer.text(), requests), (plan_text(), 3));
    let error = assert_fails(Script::always(broken()), FailureClass::ProviderError, 3).await;
    assert!(error.detail.contains("upstream broke"), "{error}");
    assert_fails(reply().then_error(60, &code, "x"), FailureClass::ProviderError, 1).await;
    assert_fails(reply().then_error(60, &json!("rate_limit_exceeded"), "x"), FailureClass::RateLimit, 1).await;
    assert_fails(reply().then_error(0, &json!(400), "x"), FailureClass::Validation, 1).await;
}

#[tokio::test]
async fn busy_and_broken_servers_are_asked_twice_more() {
    for status in [408, 409, 429, 500, 502, 503, 529] {
        let (answer, requests) =
            outcome(vec![Reply::error(status, "no"), Reply::error(status, "no"), reply().into()]).await;
        assert_eq!((answer.text(), requests), (plan_text(), 3), "{status}");
    }
    let error = assert_fails(Reply::error(500, "no"), FailureClass::ProviderError, 3).await;
    assert_eq!(error.status, Some(500));
    assert_fails(Reply::error(408, "no"), FailureClass::Timeout, 3).await;
    assert_fails(Reply::rate_limited(None), FailureClass::RateLimit, 3).await;
}

#[tokio::test]
async fn what_waiting_cannot_mend_is_asked_once() {
    assert_fails(Reply::error(400, "no"), FailureClass::Validation, 1).await;
    assert_fails(Reply::error(404, "no such model"), FailureClass::Validation, 1).await;
    assert_fails(Reply::error(401, "no"), FailureClass::ProviderError, 1).await;
    assert_fails(Reply::error(402, "no credits"), FailureClass::Capped, 1).await;
    assert_fails(Reply::web_page(), FailureClass::ProviderError, 1).await;
    let redirect = Reply::error(302, "gone").header("location", "http://127.0.0.1:9/");
    assert_fails(redirect, FailureClass::ProviderError, 1).await;
}

#[tokio::test]
async fn a_long_retry_after_is_handed_on_and_a_short_one_kept() {
    let error = assert_fails(Reply::rate_limited(Some("60")), FailureClass::RateLimit, 1).await;
    assert_eq!(error.retry_after, Some(Duration::from_mins(1)));
    let (answer, requests) = outcome(vec![Reply::rate_limited(Some("0")), reply().into()]).await;
    assert_eq!((answer.text(), requests), (plan_text(), 2));
}

#[tokio::test]
async fn broken_connections_are_resent_only_before_any_text() {
    for broken in [Reply::reset(), reply().then(0, [Step::Reset]).into(), reply().then(0, [Step::Cut]).into()] {
        let (answer, requests) = outcome(vec![broken, reply().into()]).await;
        answer.end.as_ref().unwrap();
        assert_eq!((answer.text(), requests), (plan_text(), 2));
    }
    let (answer, requests) = outcome(reply().then(200, [Step::Cut])).await;
    assert_eq!(answer.text(), plan_text().chars().take(200).collect::<String>());
    assert_eq!((answer.error().class, requests), (FailureClass::ProviderError, 1));
}

#[tokio::test]
async fn a_reset_after_some_text_ends_the_answer() {
    let gate = Gate::closed();
    let server = ModelServer::start(reply().then(200, [Step::Pass(gate.clone()), Step::Reset])).await;
    let mut stream = adapter(&server).stream(request()).await.unwrap();
    while !matches!(stream.next().await, Some(Ok(ModelChunk::Text(_)))) {}
    gate.open();
    let error = read(stream).await.error();
    assert_eq!((error.class, error.resend), (FailureClass::ProviderError, false));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_provider_error() {
    let server = ModelServer::start(reply()).await;
    let adapter = adapter(&server);
    ask(&adapter).await.end.unwrap();
    server.stop().await;
    let error = ask(&adapter).await.error();
    assert_eq!((error.class, error.resend), (FailureClass::ProviderError, true));
    assert!(!error.detail.contains("127.0.0.1"), "{error}");
}

#[tokio::test]
async fn garbage_is_a_provider_error_and_is_not_read_to_its_end() {
    let server = ModelServer::start(Reply::garbage(10_000_000)).await;
    let error = ask(&adapter(&server)).await.error();
    assert_eq!(error.class, FailureClass::ProviderError);
    server.wait_for(|counts| counts.closed_early == 1 && counts.open_connections == 0).await;
    let error = assert_fails(Reply::garbage_events(100_000), FailureClass::ProviderError, 1).await;
    assert!(!error.detail.contains("}{"), "the content is the learner's: {error}");
}

#[tokio::test]
async fn an_empty_answer_is_asked_for_again() {
    let (answer, requests) = outcome(vec![StreamReply::text("").into(), reply().into()]).await;
    assert_eq!((answer.text(), requests), (plan_text(), 2));
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let answer = assert_whole(Reply::whole(&plan())).await;
    assert_eq!(answer.usage().map(|usage| usage.output_tokens), Some(200));
    let error = json!({ "error": { "code": 429, "message": "slow down" } });
    assert_fails(Reply::json(200, &error), FailureClass::RateLimit, 3).await;
}

#[tokio::test]
async fn prose_around_the_plan_is_handed_on() {
    let (answer, _) = outcome(reply().wrapped()).await;
    let text = answer.text();
    assert!(text.starts_with("<think>") && text.contains(&plan_text()), "{text}");
}

#[tokio::test]
async fn text_arrives_while_the_model_still_writes() {
    let gate = Gate::closed();
    let server = ModelServer::start(reply().gated(&gate)).await;
    let mut stream = adapter(&server).stream(request()).await.unwrap();
    let mut text = String::new();
    let mut expected = String::new();
    for segment in plan_segments(&plan()) {
        expected.push_str(&segment);
        gate.release(1);
        while text.len() < expected.len() {
            if let ModelChunk::Text(piece) = stream.next().await.unwrap().unwrap() {
                text.push_str(&piece);
            }
        }
        assert_eq!(text, expected, "the server sends nothing beyond the gate");
    }
    read(stream).await.end.unwrap();
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection() {
    let server = ModelServer::start(reply().then(100, [Step::Hang])).await;
    let mut stream = adapter(&server).stream(request()).await.unwrap();
    while !matches!(stream.next().await, Some(Ok(ModelChunk::Text(_)))) {}
    assert_eq!(server.counts().open_connections, 1);
    drop(stream);
    server.wait_for(|counts| counts.closed_early == 1 && counts.open_connections == 0).await;
}

#[tokio::test]
async fn dropping_a_call_that_waits_for_its_answer_closes_the_connection() {
    let server = ModelServer::start(Reply::silent()).await;
    let adapter = adapter(&server);
    tokio::select! {
        _ = adapter.stream(request()) => panic!("the server is silent"),
        _ = server.wait_for(|counts| counts.requests == 1) => {}
    }
    server.wait_for(|counts| counts.closed_early == 1 && counts.open_connections == 0).await;
}

#[tokio::test]
async fn dropping_a_stream_that_waits_for_its_first_event_closes_the_connection() {
    let server = ModelServer::start(Reply::silent_after_head()).await;
    let stream = adapter(&server).stream(request()).await.unwrap();
    drop(stream);
    server.wait_for(|counts| counts.closed_early == 1 && counts.open_connections == 0).await;
}

#[tokio::test]
async fn a_refused_response_format_is_left_out_and_not_tried_again() {
    let script = Script::by(|request| match request.body["response_format"]["type"].as_str() {
        Some(kind) => Reply::refuses_response_format(kind),
        None => reply().into(),
    });
    let server = ModelServer::start(script).await;
    let adapter = adapter(&server);
    assert_eq!(ask(&adapter).await.text(), plan_text());
    assert_eq!(ask(&adapter).await.text(), plan_text());
    let kinds: Vec<Value> =
        server.requests().iter().map(|request| request.body["response_format"]["type"].clone()).collect();
    assert_eq!(kinds, [json!("json_schema"), json!("json_object"), Value::Null, Value::Null]);
}

#[tokio::test]
async fn the_request_asks_for_a_stream_with_usage_in_the_plans_form() {
    let server = ModelServer::start(reply()).await;
    ask(&adapter(&server)).await.end.unwrap();
    let [sent] = server.requests().try_into().unwrap();
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(sent.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(sent.header("x-openrouter-title"), None);
    assert_eq!((&sent.body["stream"], &sent.body["model"]), (&json!(true), &json!("test/model")));
    assert_eq!(sent.body["stream_options"], json!({ "include_usage": true }));
    assert_eq!(sent.body["response_format"]["json_schema"]["strict"], true);
    assert_eq!(sent.body["response_format"]["json_schema"]["schema"]["required"], json!(["modules"]));
    assert_eq!(sent.body.get("provider"), None);
    assert_eq!(sent.body["messages"][0]["role"], "system");
    assert!(sent.body["messages"][1]["content"].as_str().unwrap().contains("no videos"));
}

#[tokio::test]
async fn openrouter_gets_its_extras_and_names_the_call_in_a_header() {
    let server = ModelServer::start(Reply::from(reply()).header("X-Generation-Id", "gen-from-header")).await;
    let answer = ask(&openrouter(&server)).await;
    let call = ModelChunk::Call { request_id: Some("gen-from-header".to_owned()), model: None };
    assert_eq!(answer.chunks.first(), Some(&call));
    let [sent] = server.requests().try_into().unwrap();
    assert_eq!(sent.header("x-openrouter-title"), Some("Waymark"));
    assert_eq!(sent.body["provider"], json!({ "require_parameters": true }));
}

#[tokio::test]
async fn the_cost_of_a_call_can_be_asked_for_afterwards() {
    let server = ModelServer::start(reply()).await;
    let record =
        json!({ "id": "gen-1", "total_cost": 0.003, "native_tokens_prompt": 7, "native_tokens_completion": 9 });
    server.generation_cost("gen 1&x", &record);
    let cost = openrouter(&server).generation_cost("gen 1&x").await;
    let usage = TokenUsage { input_tokens: 7, output_tokens: 9, provider_cost_microusd: Some(3000) };
    assert_eq!(cost, CostReport::Known(usage));
    assert_eq!(server.cost_questions(), ["gen 1&x"]);
    assert_eq!(server.counts().requests, 0, "a question is no call");
}

#[tokio::test]
async fn a_record_that_is_not_there_yet_is_asked_for_once_a_time() {
    let server = ModelServer::start(reply()).await;
    let without_cost = Reply::cost_record(&json!({ "id": "gen-1", "tokens_prompt": 7 }));
    let known = Reply::cost_record(&json!({ "total_cost": 0.1 }));
    let later = [404, 408, 429, 500, 503].map(|status| Reply::error(status, "later")).into_iter();
    let later: Vec<Reply> = later.chain([Reply::reset(), Reply::web_page(), without_cost, known]).collect();
    let not_yet = later.len() - 1;
    server.generation_cost_replies("gen-1", later);
    let adapter = openrouter(&server);
    for asked in 1..=not_yet {
        assert_eq!(adapter.generation_cost("gen-1").await, CostReport::NotYet);
        assert_eq!(server.counts().cost_questions, asked);
    }
    assert!(matches!(adapter.generation_cost("gen-1").await, CostReport::Known(_)));
}

#[tokio::test]
async fn a_server_without_records_is_told_apart_from_one_that_has_none_yet() {
    let server = ModelServer::start(reply()).await;
    assert_eq!(adapter(&server).generation_cost("gen-1").await, CostReport::Unsupported);
    assert_eq!(server.counts().cost_questions, 0, "other servers are not asked");
    server.generation_cost_replies("gen-1", [Reply::error(405, "no"), Reply::error(501, "no")]);
    for _ in 0..2 {
        assert_eq!(openrouter(&server).generation_cost("gen-1").await, CostReport::Unsupported);
    }
}

#[tokio::test]
async fn a_record_that_does_not_come_is_waited_for_five_seconds() {
    let server = ModelServer::start(reply()).await;
    server.generation_cost_replies("gen-1", [Reply::silent()]);
    let adapter = openrouter(&server);
    let asked = adapter.generation_cost("gen-1");
    let within = tokio::time::timeout(Duration::from_secs(8), asked).await;
    assert_eq!(within, Ok(CostReport::NotYet));
}

#[tokio::test]
async fn the_key_is_not_in_an_error_even_when_the_provider_repeats_it() {
    let echo = format!("Incorrect API key provided: {KEY}.\r\nSee \u{1b}[1mthe docs. {}", "x".repeat(1000));
    let error = assert_fails(Reply::error(401, &echo), FailureClass::ProviderError, 1).await;
    assert!(error.detail.contains("Incorrect API key provided: ***."), "{error}");
    assert!(error.detail.chars().count() <= 300 && !error.detail.chars().any(char::is_control));
    let error = assert_fails(reply().then_error(60, &json!(401), &echo), FailureClass::ProviderError, 1).await;
    assert!(!error.detail.contains(KEY), "{error}");
}

#[tokio::test]
async fn calls_at_once_have_connections_of_their_own() {
    let gate = Gate::closed();
    let server = ModelServer::start(reply().gated(&gate)).await;
    let adapter = adapter(&server);
    let calls = futures_util::future::join_all((0..50).map(|_| ask(&adapter)));
    let all_in = async {
        server.wait_for(|counts| counts.requests == 50 && counts.open_connections == 50).await;
        gate.open();
    };
    let (answers, ()) = tokio::join!(calls, all_in);
    assert!(answers.iter().all(|answer| answer.text() == plan_text()));
}
