//! A reply as a list of steps: what is written, and what happens between the writes.

use super::gate::Gate;
use super::plan::plan_segments;
use super::stream::StreamReply;
use serde_json::{Value, json};
use std::time::Duration;

/// One step of a reply's body, or of the wait in front of its head.
#[derive(Debug, Clone)]
pub enum Step {
    /// Write these bytes of the body.
    Write(Vec<u8>),
    /// Wait until the gate lets this pass.
    Pass(Gate),
    /// Wait.
    Pause(Duration),
    /// Say nothing more until the client hangs up.
    Hang,
    /// Break the connection with a reset. What the client has not read by then may be lost.
    Reset,
    /// Close the connection without the body's proper end.
    Cut,
}

/// How the body's bytes are cut into HTTP chunks. Each chunk is written by itself, and clients hand chunks on one by
/// one, so this also decides where a client sees the bytes split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// One chunk a write.
    Writes,
    /// Chunks of exactly so many bytes, across the writes; a shorter one only before a wait and at the end.
    Bytes(usize),
}

/// What the server does with one request.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) before: Vec<Step>,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) frame: Frame,
    pub(super) body: Vec<Step>,
}

impl Reply {
    /// A reply of these steps with this status and content type.
    pub fn of(status: u16, content_type: &str, body: Vec<Step>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { before: Vec::new(), status, headers, frame: Frame::Writes, body }
    }

    /// JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::of(status, "application/json", vec![Step::Write(body.to_string().into_bytes())])
    }

    /// An error in the dialect's form; the code is the status.
    pub fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "error": { "code": status, "message": message } }))
    }

    /// 429, with `Retry-After` when given.
    pub fn rate_limited(retry_after: Option<&str>) -> Self {
        let reply = Self::error(429, "rate limited");
        if let Some(value) = retry_after { reply.header("retry-after", value) } else { reply }
    }

    /// 400 of a server that does not know this kind of `response_format`.
    pub fn refuses_response_format(kind: &str) -> Self {
        Self::error(400, &format!("response_format.type '{kind}' is not supported by this model"))
    }

    /// The plan at once, as a server that does not stream sends it.
    pub fn whole(plan: &Value) -> Self {
        Self::json(
            200,
            &json!({
                "id": "gen-whole", "object": "chat.completion", "model": "test/model",
                "choices": [{
                    "index": 0, "finish_reason": "stop",
                    "message": { "role": "assistant", "content": plan_segments(plan).concat() },
                }],
                "usage": { "prompt_tokens": 100, "completion_tokens": 200 },
            }),
        )
    }

    /// A provider's record of a call: `usage` under `data`, as `GET /v1/generation` tells it.
    pub fn cost_record(usage: &Value) -> Self {
        Self::json(200, &json!({ "data": usage }))
    }

    /// A web page, as a wrong base address gives.
    pub fn web_page() -> Self {
        let page = b"<!doctype html><title>Welcome</title><p>Not an API.".to_vec();
        Self::of(200, "text/html; charset=utf-8", vec![Step::Write(page)])
    }

    /// So many bytes without a line end, under the content type of events.
    pub fn garbage(bytes: usize) -> Self {
        let block = vec![b'x'; 64 * 1024];
        let mut body = vec![Step::Write(block.clone()); bytes / block.len()];
        body.push(Step::Write(vec![b'x'; bytes % block.len()]));
        Self::of(200, "text/event-stream", body)
    }

    /// Events whose data is no JSON.
    pub fn garbage_events(count: usize) -> Self {
        let event = Step::Write(b"data: }{ not json\n\n".to_vec());
        Self::of(200, "text/event-stream", vec![event; count])
    }

    /// Not even a head.
    pub fn silent() -> Self {
        Self::of(200, "text/event-stream", Vec::new()).after(Step::Hang)
    }

    /// A head, and then nothing.
    pub fn silent_after_head() -> Self {
        Self::of(200, "text/event-stream", vec![Step::Hang])
    }

    /// A reset instead of a head.
    pub fn reset() -> Self {
        Self::of(200, "text/event-stream", Vec::new()).after(Step::Reset)
    }

    /// The reply with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The reply, with a step before its head.
    #[must_use]
    pub fn after(mut self, step: Step) -> Self {
        self.before.push(step);
        self
    }

    /// The reply with its body cut into HTTP chunks this way.
    #[must_use]
    pub fn framed(mut self, frame: Frame) -> Self {
        self.frame = frame;
        self
    }
}

impl From<StreamReply> for Reply {
    fn from(stream: StreamReply) -> Self {
        stream.into_reply()
    }
}
