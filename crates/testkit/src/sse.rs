//! A client of server-sent events that notices what a browser would: ids, types, data, comments.

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct SseEvent {
    /// `id:`
    pub id: i64,
    /// `event:`
    pub kind: String,
    /// `data:`, one JSON line.
    pub data: Value,
}

impl SseEvent {
    /// Whether the stream ends with this event.
    pub fn is_terminal(&self) -> bool {
        matches!(self.kind.as_str(), "complete" | "error" | "canceled")
    }
}

/// An open stream.
pub struct SseClient {
    /// Status of the answer.
    pub status: u16,
    /// Headers of the answer.
    pub headers: HeaderMap,
    /// Comments seen so far.
    pub comments: usize,
    body: BoxStream<'static, reqwest::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl SseClient {
    /// Sends the request and reads the answer's head.
    pub async fn open(request: RequestBuilder) -> Self {
        let opened = crate::wait::within("a stream's head", Self::try_open(request)).await;
        opened.expect("the server answers")
    }

    /// As [`SseClient::open`], where the server may be gone; waits as long as it takes.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn try_open(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, comments: 0, body: response.bytes_stream().boxed(), buffer: Vec::new() })
    }

    /// The next event; none when the stream has ended.
    pub async fn next(&mut self) -> Option<SseEvent> {
        crate::wait::within("an event", self.read()).await
    }

    /// As [`SseClient::next`], however long it takes.
    pub async fn read(&mut self) -> Option<SseEvent> {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                if let Some(event) = self.block(&String::from_utf8(block).expect("UTF-8")) {
                    return Some(event);
                }
            }
            match self.body.next().await {
                Some(Ok(bytes)) => self.buffer.extend_from_slice(&bytes),
                Some(Err(_)) | None => return None,
            }
        }
    }

    fn block(&mut self, block: &str) -> Option<SseEvent> {
        let (mut id, mut kind, mut data) = (None, None, None);
        for line in block.lines() {
            match line.split_once(": ") {
                Some(("id", value)) => id = value.parse().ok(),
                Some(("event", value)) => kind = Some(value.to_owned()),
                Some(("data", value)) => {
                    assert!(data.is_none(), "data is one line");
                    data = Some(serde_json::from_str(value).expect("data is JSON"));
                }
                Some(("", _)) => self.comments += 1,
                _ => {}
            }
        }
        Some(SseEvent { id: id?, kind: kind?, data: data? })
    }

    /// Reads until an event of this type, returning all up to it.
    pub async fn until(&mut self, kind: &str) -> Vec<SseEvent> {
        let mut seen = Vec::new();
        while let Some(event) = self.next().await {
            let found = event.kind == kind;
            seen.push(event);
            if found {
                return seen;
            }
        }
        panic!("the stream ended without {kind}: {seen:?}")
    }

    /// Reads to the end.
    pub async fn rest(&mut self) -> Vec<SseEvent> {
        let mut seen = Vec::new();
        while let Some(event) = self.next().await {
            seen.push(event);
        }
        seen
    }
}
