//! Who asks: nobody, or a learner with a token. Speaks plain HTTP, as any client would.

use crate::sse::SseClient;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

/// Somebody who sends requests to one application.
#[derive(Debug, Clone)]
pub struct Actor {
    base: String,
    token: Option<String>,
    client: reqwest::Client,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("a JSON body, not {:?}", self.text))
    }

    /// A header's text, empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The problem's code; fails unless the answer is problem JSON of this status.
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let body = self.json();
        assert_eq!(body["status"], status);
        assert_eq!(body["requestId"], self.header("x-request-id"));
        body["code"].as_str().expect("a code").to_owned()
    }
}

/// A sound request for a plan.
pub fn plan_request() -> Value {
    json!({"topic": "Rust programming", "skillLevel": "beginner", "weeklyHours": 5, "learningStyle": "mixed"})
}

impl Actor {
    /// Somebody with `token`, or nobody.
    pub fn new(base: impl Into<String>, token: Option<String>) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { base: base.into(), token, client }
    }

    /// The same person at another server process.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// A request under `/api`, to be completed and sent.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}/api{path}", self.base));
        match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("the server answers");
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, text: response.text().await.expect("a body") }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// POST with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// POST with any body and content type.
    pub async fn post_raw(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.send(self.request(Method::POST, path).header(CONTENT_TYPE, content_type).body(body)).await
    }

    /// Creates a plan in the background; returns its id.
    pub async fn create_plan(&self) -> String {
        let answer = self.post("/v1/plans", &plan_request()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    /// Asks for a plan and reads its stream.
    pub async fn stream_plan(&self) -> SseClient {
        SseClient::open(self.request(Method::POST, "/v1/plans/stream").json(&plan_request())).await
    }

    /// Attaches to a plan's stream, after `last_event_id` if given.
    pub async fn events(&self, plan: &str, last_event_id: Option<i64>) -> SseClient {
        let mut request = self.request(Method::GET, &format!("/v1/plans/{plan}/events"));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        SseClient::open(request).await
    }

    /// POST with a JSON body and an idempotency key.
    pub async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).header("idempotency-key", key).json(body)).await
    }

    /// Waits until no job of the plan waits or runs, also none that regenerates it; returns its state.
    pub async fn idle(&self, plan: &str) -> Value {
        crate::wait::until("the plan is left alone", async || {
            let status = self.get(&format!("/v1/plans/{plan}/status")).await.json();
            status["job"].is_null().then_some(status)
        })
        .await
    }

    /// Waits until the plan has left `generating`; returns its state.
    pub async fn settled(&self, plan: &str) -> Value {
        crate::wait::until("the plan is settled", async || {
            let status = self.get(&format!("/v1/plans/{plan}/status")).await.json();
            (status["status"] != "generating").then_some(status)
        })
        .await
    }
}
