//! What is sent to whom, and what each answer comes to, against a server of a few lines.

use super::*;
use crate::accounts::tokens::test_support::http;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

const GOOGLE: IntegrationProvider = IntegrationProvider::GoogleCalendar;
const NOTION: IntegrationProvider = IntegrationProvider::Notion;
const TOKEN: &str = "1//0a+b/c=&d é";

#[derive(Clone, Copy)]
enum Answer {
    Say(u16, &'static str),
    /// The head and less of the body than it promises.
    Cut(u16),
    HangUp,
    Silence,
}

/// What the server read: the head in lower case but for its values, and the body.
#[derive(Clone, Debug)]
struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

struct Scene {
    base: Url,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Scene {
    async fn new(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, tasks) = (Arc::clone(&requests), TaskTracker::new());
        tasks.clone().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tasks.spawn(serve(stream, answer, Arc::clone(&seen)));
            }
        });
        Self { base, requests }
    }

    fn config(&self) -> RevokeConfig {
        let notion = (self.base.clone(), "client".to_owned(), "s3cret".into());
        RevokeConfig { google_oauth_base: self.base.clone(), notion: Some(notion) }
    }

    fn revoker(&self) -> Revoker {
        Revoker::with(self.config(), http(), TIMEOUT)
    }

    async fn revoke(&self, provider: IntegrationProvider) -> Result<(), RevokeError> {
        self.revoker().revoke(provider, TOKEN).await
    }

    fn only_request(&self) -> Request {
        let requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

async fn read(stream: &mut TcpStream) -> Request {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let line = lines.next().unwrap().to_owned();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").unwrap().1.parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    Request { line, headers, body: String::from_utf8(body).unwrap() }
}

async fn serve(mut stream: TcpStream, answer: Answer, seen: Arc<Mutex<Vec<Request>>>) {
    let request = read(&mut stream).await;
    seen.lock().unwrap().push(request);
    let (status, length, body) = match answer {
        Answer::Say(status, body) => (status, body.len(), body),
        Answer::Cut(status) => (status, 100, "{\"error\":"),
        Answer::HangUp => return,
        Answer::Silence => return std::future::pending().await,
    };
    let head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {length}\r\nlocation: /elsewhere\r\n\r\n");
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
}

#[tokio::test]
async fn google_is_sent_the_token_in_a_form() {
    let scene = Scene::new(Answer::Say(200, "{}")).await;
    scene.revoke(GOOGLE).await.unwrap();
    let request = scene.only_request();
    assert_eq!(request.line, "POST /revoke HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(request.header("authorization"), None);
    let form: Vec<_> = url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
    assert_eq!(form, [("token".to_owned(), TOKEN.to_owned())]);
}

#[tokio::test]
async fn notion_is_sent_the_token_by_its_client() {
    let scene = Scene::new(Answer::Say(200, r#"{"request_id":"b2a9"}"#)).await;
    scene.revoke(NOTION).await.unwrap();
    let request = scene.only_request();
    assert_eq!(request.line, "POST /v1/oauth/revoke HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("notion-version"), Some("2026-03-11"));
    let basic = format!("Basic {}", STANDARD.encode("client:s3cret"));
    assert_eq!(request.header("authorization"), Some(basic.as_str()));
    assert_eq!(serde_json::from_str::<Value>(&request.body).unwrap(), json!({ "token": TOKEN }));
}

#[tokio::test]
async fn a_base_may_have_a_path_with_or_without_a_slash() {
    for path in ["/proxy", "/proxy/"] {
        let scene = Scene::new(Answer::Say(200, "")).await;
        let config = RevokeConfig { google_oauth_base: scene.base.join(path).unwrap(), notion: None };
        Revoker::with(config, http(), TIMEOUT).revoke(GOOGLE, TOKEN).await.unwrap();
        assert_eq!(scene.only_request().line, "POST /proxy/revoke HTTP/1.1");
    }
}

#[tokio::test]
async fn a_token_that_is_not_valid_any_more_is_given_back_already() {
    let google = r#"{"error":"invalid_token","error_description":"Token expired or revoked"}"#;
    Scene::new(Answer::Say(400, google)).await.revoke(GOOGLE).await.unwrap();
    for notion in [
        r#"{"object":"error","status":400,"code":"invalid_grant","message":"Token is revoked."}"#,
        r#"{"error":"invalid_grant","request_id":"b2a9"}"#,
    ] {
        Scene::new(Answer::Say(400, notion)).await.revoke(NOTION).await.unwrap();
    }
}

#[tokio::test]
async fn a_refusal_is_final_and_named() {
    let cases = [
        (GOOGLE, 400, r#"{"error":"invalid_grant"}"#, "400 invalid_grant"),
        (GOOGLE, 400, r#"{"error":{"code":400,"message":"Bad Request"}}"#, "400"),
        (GOOGLE, 400, r#"{"error":"1//0a+b/c=&d"}"#, "400"),
        (GOOGLE, 401, r#"{"error":"invalid_token"}"#, "401 invalid_token"),
        (GOOGLE, 404, "<html>", "404"),
        (GOOGLE, 302, "", "302"),
        (NOTION, 400, r#"{"code":"invalid_token"}"#, "400 invalid_token"),
        (NOTION, 400, r#"{"code":"missing_version","message":"..."}"#, "400 missing_version"),
        (NOTION, 401, r#"{"error":"invalid_client"}"#, "401 invalid_client"),
        (NOTION, 403, "[]", "403"),
    ];
    for (provider, status, body, told) in cases {
        let scene = Scene::new(Answer::Say(status, body)).await;
        let error = scene.revoke(provider).await.unwrap_err();
        assert!(!error.is_transient(), "{status} {body}");
        assert_eq!(error.to_string(), format!("access cannot be given back: {told}"), "{status} {body}");
        scene.only_request();
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let body: &'static str =
        Box::leak(format!(r#"{{"error":"invalid_token","more":"{}"}}"#, "x".repeat(20_000)).into());
    let error = Scene::new(Answer::Say(400, body)).await.revoke(GOOGLE).await.unwrap_err();
    assert_eq!(error.to_string(), "access cannot be given back: 400");
}

#[tokio::test]
async fn an_outage_is_worth_another_try() {
    let answers =
        [408, 425, 429, 500, 502, 503, 504, 529].map(|status| Answer::Say(status, r#"{"error":"invalid_token"}"#));
    for answer in answers.into_iter().chain([Answer::Cut(400), Answer::HangUp]) {
        for provider in [GOOGLE, NOTION] {
            let error = Scene::new(answer).await.revoke(provider).await.unwrap_err();
            assert!(error.is_transient(), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_says_nothing_is_not_waited_for() {
    let scene = Scene::new(Answer::Silence).await;
    let revoker = Revoker::with(scene.config(), http(), Duration::from_millis(100));
    let error = revoker.revoke(GOOGLE, TOKEN).await.unwrap_err();
    let RevokeError::Unavailable(Outage::Request(error)) = error else { panic!("{error:?}") };
    assert!(error.is_timeout());
    assert_eq!(TIMEOUT, Duration::from_secs(10));
}

#[tokio::test]
async fn nobody_listening_is_worth_another_try() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let config = RevokeConfig { google_oauth_base: format!("http://{free}").parse().unwrap(), notion: None };
    let error = Revoker::with(config, http(), TIMEOUT).revoke(GOOGLE, TOKEN).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn without_a_client_notion_is_not_asked() {
    let scene = Scene::new(Answer::Say(200, "")).await;
    let config = RevokeConfig { notion: None, ..scene.config() };
    let error = Revoker::with(config, http(), TIMEOUT).revoke(NOTION, TOKEN).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
    assert!(scene.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_address_that_cannot_be_asked_is_no_outage() {
    let config = RevokeConfig { google_oauth_base: "mailto:ada@example.com".parse().unwrap(), notion: None };
    let error = Revoker::with(config, http(), TIMEOUT).revoke(GOOGLE, TOKEN).await.unwrap_err();
    assert!(!error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn neither_token_nor_secret_is_shown() {
    for answer in [Answer::Say(400, r#"{"error":"1//0a+b/c=&d"}"#), Answer::Say(503, ""), Answer::HangUp] {
        let scene = Scene::new(answer).await;
        for provider in [GOOGLE, NOTION] {
            let shown = format!("{:?} {:?}", scene.revoker(), scene.revoke(provider).await.unwrap_err());
            assert!(!shown.contains("s3cret") && !shown.contains("0a+b") && !shown.contains("0a%2Bb"), "{shown}");
        }
    }
}
