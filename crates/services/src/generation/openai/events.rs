//! Server-sent events out of a response's bytes, bounded. Used by the session.
//!
//! The parser is `sse_stream`; around it stand what it leaves out: caps on sizes, signs of life for comments, and an end
//! of stream that completes a last event nobody terminated.

use super::errors::{self, broken};
use crate::generation::provider::ProviderError;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use sse_stream::SseByteStream;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use waymark_domain::generation::FailureClass;

/// Most bytes of one event, in about. A plan's largest text delta is far below.
const MAX_EVENT_BYTES: usize = 1024 * 1024;
/// Most bytes of one answer: every token may come wrapped in some 300 bytes of JSON, and reasoning comes besides.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// What came.
#[derive(Debug, PartialEq)]
pub(super) enum Event {
    /// An event's data.
    Data(String),
    /// An event named `error`, with its data.
    Error(String),
    /// Bytes, but no whole event yet: a comment or a piece.
    Alive,
    /// The body ended in good order.
    End,
}

/// The events of one response.
pub(super) struct Events {
    parser: SseByteStream<BoxStream<'static, Result<Bytes, BodyError>>>,
    meter: Arc<Meter>,
    /// What the meter showed when the last event was given out.
    shown: usize,
}

#[derive(Debug, thiserror::Error)]
enum BodyError {
    #[error("{0}")]
    Read(String),
    #[error("an event is longer than {MAX_EVENT_BYTES} bytes")]
    EventTooLong,
    #[error("the answer is longer than {MAX_ANSWER_BYTES} bytes")]
    AnswerTooLong,
}

/// Bytes read, counted where they arrive and looked at where events come out.
#[derive(Debug, Default)]
struct Meter {
    all: AtomicUsize,
    since_event: AtomicUsize,
}

impl Meter {
    fn admit(&self, bytes: Bytes) -> Result<Bytes, BodyError> {
        let before = self.all.fetch_add(bytes.len(), Ordering::Relaxed);
        let pending = self.since_event.fetch_add(bytes.len(), Ordering::Relaxed);
        if before + bytes.len() > MAX_ANSWER_BYTES {
            return Err(BodyError::AnswerTooLong);
        }
        if pending + bytes.len() > MAX_EVENT_BYTES {
            return Err(BodyError::EventTooLong);
        }
        Ok(bytes)
    }
}

impl Events {
    /// Reads events from the bytes of a body; dropping them drops the body.
    pub(super) fn new<S, E>(body: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: std::error::Error,
    {
        let meter = Arc::new(Meter::default());
        let counter = Arc::clone(&meter);
        let body = body.map(move |piece| match piece {
            Ok(bytes) => counter.admit(bytes),
            Err(error) => Err(BodyError::Read(errors::chain(&error))),
        });
        // The parser drops an event that no blank line ends; a clean end of the body ends it as well.
        let end = stream::once(async { Ok(Bytes::from_static(b"\n\n")) });
        Self { parser: SseByteStream::new(body.chain(end).boxed()), meter, shown: 0 }
    }

    /// The next event. Safe to drop while it waits.
    ///
    /// # Errors
    /// A body that breaks off, is too long or is not UTF-8.
    pub(super) async fn next(&mut self) -> Result<Event, ProviderError> {
        std::future::poll_fn(|cx| {
            let polled = Pin::new(&mut self.parser).poll_next(cx);
            let read = self.meter.all.load(Ordering::Relaxed);
            let grew = std::mem::replace(&mut self.shown, read) != read;
            match polled {
                Poll::Ready(Some(Ok(event))) => {
                    self.meter.since_event.store(0, Ordering::Relaxed);
                    let data = event.data.unwrap_or_default();
                    Poll::Ready(Ok(if event.event.as_deref() == Some("error") {
                        Event::Error(data)
                    } else {
                        Event::Data(data)
                    }))
                }
                Poll::Ready(Some(Err(error))) => Poll::Ready(Err(body_failure(&error))),
                Poll::Ready(None) => Poll::Ready(Ok(Event::End)),
                // Ready although the parser waits: whoever asks again waits then, and its waker is registered.
                Poll::Pending if grew => Poll::Ready(Ok(Event::Alive)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

fn body_failure(error: &sse_stream::Error) -> ProviderError {
    let sse_stream::Error::Body(cause) = error else {
        return broken(false, &format!("not a stream of events: {error}"));
    };
    match cause.downcast_ref::<BodyError>() {
        Some(error @ BodyError::AnswerTooLong) => errors::failure(FailureClass::Capped, false, &error.to_string()),
        Some(error @ BodyError::EventTooLong) => broken(false, &error.to_string()),
        _ => broken(true, &format!("the stream broke off: {cause}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    async fn read(pieces: Vec<Vec<u8>>) -> Result<Vec<String>, ProviderError> {
        let body = stream::iter(pieces.into_iter().map(|piece| Ok::<_, Infallible>(Bytes::from(piece))));
        let mut events = Events::new(body);
        let mut data = Vec::new();
        loop {
            match events.next().await? {
                Event::Data(text) => data.push(text),
                Event::Error(text) => data.push(format!("error {text}")),
                Event::Alive => {}
                Event::End => return Ok(data),
            }
        }
    }

    async fn read_text(text: &str) -> Vec<String> {
        let whole = read(vec![text.as_bytes().to_vec()]).await.unwrap();
        let bytewise = read(text.bytes().map(|byte| vec![byte]).collect()).await.unwrap();
        assert_eq!(whole, bytewise);
        whole
    }

    #[tokio::test]
    async fn line_ends_a_mark_and_comments_make_no_difference() {
        assert_eq!(read_text("data: ä\n\n: hm\n\ndata: b\n\n").await, ["ä", "b"]);
        assert_eq!(read_text("\u{feff}data: ä\r\n\r\n: hm\r\n\r\ndata: b\r\n\r\n").await, ["ä", "b"]);
        assert_eq!(read_text("data: ä\r\rdata: b\r\r").await, ["ä", "b"]);
    }

    #[tokio::test]
    async fn a_last_event_without_its_blank_line_counts() {
        assert_eq!(read_text("data: a\n\ndata: b").await, ["a", "b"]);
        assert_eq!(read_text("data: a\r\n\r\ndata: b\r").await, ["a", "b"]);
    }

    #[tokio::test]
    async fn an_event_named_error_is_told_apart() {
        assert_eq!(read_text("event: error\ndata: x\n\n").await, ["error x"]);
    }

    #[tokio::test]
    async fn an_endless_line_is_cut_off_early() {
        let pieces = vec![vec![b'x'; 64 * 1024]; 1000];
        let error = read(pieces).await.unwrap_err();
        assert_eq!((error.class, error.resend), (FailureClass::ProviderError, false));
    }

    #[tokio::test]
    async fn an_endless_answer_reaches_the_cap() {
        let mut event = vec![b'x'; 512 * 1024];
        event.splice(..5, *b"data:");
        event.extend(*b"\n\n");
        let error = read(vec![event; 100]).await.unwrap_err();
        assert_eq!(error.class, FailureClass::Capped);
    }

    #[tokio::test]
    async fn bytes_that_are_not_text_are_an_error() {
        let error = read(vec![b"data: \xff\xfe\n\n".to_vec()]).await.unwrap_err();
        assert_eq!(error.class, FailureClass::ProviderError);
    }
}
