//! Which reply a request gets.

use super::reply::Reply;
use super::request::Recorded;
use super::stream::StreamReply;
use std::collections::VecDeque;

/// Chooses replies, one a request.
pub struct Script(Box<dyn FnMut(&Recorded) -> Reply + Send>);

impl Script {
    /// The same reply to everything.
    pub fn always(reply: impl Into<Reply>) -> Self {
        let reply = reply.into();
        Self::by(move |_| reply.clone())
    }

    /// One reply after the other; after the last, 500.
    pub fn queue(replies: impl IntoIterator<Item = Reply>) -> Self {
        let mut replies: VecDeque<Reply> = replies.into_iter().collect();
        Self::by(move |_| replies.pop_front().unwrap_or_else(|| Reply::error(500, "the script is at its end")))
    }

    /// Whatever `choose` says.
    pub fn by(choose: impl FnMut(&Recorded) -> Reply + Send + 'static) -> Self {
        Self(Box::new(choose))
    }

    pub(super) fn next(&mut self, request: &Recorded) -> Reply {
        (self.0)(request)
    }
}

impl std::fmt::Debug for Script {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script(..)")
    }
}

impl From<Reply> for Script {
    fn from(reply: Reply) -> Self {
        Self::always(reply)
    }
}

impl From<StreamReply> for Script {
    fn from(reply: StreamReply) -> Self {
        Self::always(reply)
    }
}

impl From<Vec<Reply>> for Script {
    fn from(replies: Vec<Reply>) -> Self {
        Self::queue(replies)
    }
}
