//! One call from its first request to its last chunk, with the resends that happen before any text has arrived.
//!
//! Dropping the session drops the response, and with it the connection: that is how a call is cancelled.

use super::answer::Answer;
use super::errors;
use super::events::{Event, Events};
use super::request::Call;
use super::retry::Retries;
use super::send::{Body, Opened, Sender};
use super::wire::{Chunk, WireError};
use crate::generation::provider::{ModelChunk, ModelStream, ProviderError};
use futures_util::stream::{self, StreamExt};
use std::collections::VecDeque;
use std::sync::Arc;

/// A call under way.
pub(super) struct Session {
    sender: Arc<Sender>,
    call: Call,
    retries: Retries,
    answer: Answer,
    /// None once nothing more will be read.
    events: Option<Box<Events>>,
    ready: VecDeque<ModelChunk>,
    /// The verdict, given out after all that is ready.
    verdict: Option<Result<(), ProviderError>>,
}

impl Session {
    /// Sends the request, again if need be, until the provider accepts it.
    ///
    /// # Errors
    /// The last failure, when the budget of resends is used up or nothing can mend it.
    pub(super) async fn open(sender: Arc<Sender>, call: Call) -> Result<Self, ProviderError> {
        let retries = Retries::new(&sender.retry);
        let mut session = Self {
            sender,
            call,
            retries,
            answer: Answer::default(),
            events: None,
            ready: VecDeque::new(),
            verdict: None,
        };
        session.send().await?;
        Ok(session)
    }

    pub(super) fn into_stream(self) -> ModelStream {
        stream::unfold(self, |mut session| async move { session.next().await.map(|item| (item, session)) }).boxed()
    }

    /// Sends until an answer begins.
    async fn send(&mut self) -> Result<(), ProviderError> {
        loop {
            match self.sender.open(&self.call).await {
                Ok(opened) => {
                    self.begin(opened);
                    return Ok(());
                }
                Err(error) => self.wait_to_resend(error).await?,
            }
        }
    }

    async fn wait_to_resend(&mut self, error: ProviderError) -> Result<(), ProviderError> {
        let Some(wait) = self.retries.wait_after(&error) else { return Err(error) };
        tracing::debug!(model = %self.call.model, %error, ?wait, "sending a call again");
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn begin(&mut self, Opened { request_id, body }: Opened) {
        self.answer = Answer::of(request_id);
        self.ready.extend(self.answer.call());
        match body {
            Body::Events(events) => self.events = Some(events),
            Body::Whole(chunk) => {
                let taken = self.answer.take(*chunk, &mut self.ready);
                self.answer.terminate();
                self.verdict = Some(taken.and_then(|()| self.answer.end()));
            }
        }
    }

    async fn next(&mut self) -> Option<Result<ModelChunk, ProviderError>> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Some(Ok(chunk));
            }
            match self.verdict.take() {
                Some(Ok(())) => return Some(Ok(ModelChunk::Finished)),
                Some(Err(error)) => {
                    let error = self.resend_or_fail(error).await;
                    if let Some(error) = error {
                        let detail = self.sender.without_key(&error.detail);
                        return Some(Err(ProviderError { detail, ..error }));
                    }
                }
                None if self.events.is_none() => return None,
                None => self.read().await,
            }
        }
    }

    /// Sends again when nothing of the answer has arrived and the budget allows; else the error to end with.
    async fn resend_or_fail(&mut self, error: ProviderError) -> Option<ProviderError> {
        if self.answer.has_text() {
            return Some(ProviderError { resend: false, ..error });
        }
        if let Err(error) = self.wait_to_resend(error).await {
            return Some(error);
        }
        self.send().await.err()
    }

    /// Reads one event. The verdict closes the connection.
    async fn read(&mut self) {
        let over = match self.read_event().await {
            Ok(true) => return,
            Ok(false) => self.answer.end(),
            Err(error) => Err(error),
        };
        self.events = None;
        self.verdict = Some(over);
    }

    /// Whether more may come.
    async fn read_event(&mut self) -> Result<bool, ProviderError> {
        let Some(events) = &mut self.events else { return Ok(false) };
        let event = if self.answer.has_finish() {
            // All of the text is here: neither silence nor a broken connection can spoil it any more.
            match tokio::time::timeout(self.sender.tail_grace, events.next()).await {
                Ok(Ok(event)) => event,
                Ok(Err(_)) | Err(_) => Event::End,
            }
        } else {
            events.next().await?
        };
        match event {
            Event::Data(data) => self.take(&data),
            Event::Error(data) => Err(named_error(&data)),
            Event::Alive => {
                self.ready.push_back(ModelChunk::Alive);
                Ok(true)
            }
            Event::End => Ok(false),
        }
    }

    fn take(&mut self, data: &str) -> Result<bool, ProviderError> {
        match data.trim() {
            "[DONE]" => {
                self.answer.terminate();
                return Ok(false);
            }
            "" => self.ready.push_back(ModelChunk::Alive),
            data => {
                let chunk = Chunk::parse(data).map_err(|error| self.unreadable(&error))?;
                self.answer.take(chunk, &mut self.ready)?;
            }
        }
        Ok(true)
    }

    /// The parser's error names a place, never the content, which is the learner's.
    fn unreadable(&self, error: &serde_json::Error) -> ProviderError {
        // At the end of input the event was cut off with the stream, which may go better another time.
        errors::broken(error.is_eof() && !self.answer.has_text(), &format!("an event is not JSON: {error}"))
    }
}

/// An event named `error`: the error object itself, or one that holds it, or plain words.
fn named_error(data: &str) -> ProviderError {
    let told = WireError::in_body(data).or_else(|| WireError::in_body(&format!("{{\"error\":{data}}}")));
    told.map_or_else(|| errors::broken(true, data), WireError::into_error)
}
