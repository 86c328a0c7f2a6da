//! Streamed answers in the dialect's form, with every deviation that servers show in the wild.

mod writer;

use super::gate::Gate;
use super::plan::plan_segments;
use super::reply::{Frame, Reply, Step};
use serde_json::{Value, json};
use std::time::Duration;
use writer::Writer;

/// Where usage is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageChunks {
    /// Nowhere.
    None,
    /// In a last chunk without choices.
    Last,
    /// In every chunk, growing, and in a last one.
    Every,
}

/// How the stream ends after the text.
#[derive(Debug, Clone)]
enum Ending {
    /// Finish reason, usage and `[DONE]`, as far as they are wanted.
    Clean,
    /// An event with a top-level error; nothing follows.
    Error(Value),
    /// Steps that break or hold a reply.
    Steps(Vec<Step>),
    /// The finish reason, and then such steps.
    Finished(Vec<Step>),
}

/// A streamed answer. Begins well-formed; each method changes one thing.
#[expect(clippy::struct_excessive_bools, reason = "independent deviations, each switched on by its own method")]
#[derive(Debug, Clone)]
pub struct StreamReply {
    /// The text; a gate stands before each piece.
    segments: Vec<String>,
    delta_chars: usize,
    frame: Frame,
    line_end: &'static str,
    bom: bool,
    ascii: bool,
    comments: bool,
    odd_chunks: bool,
    reasoning: bool,
    done: bool,
    unterminated: bool,
    finish: Option<String>,
    usage: UsageChunks,
    cost: Option<f64>,
    gate: Option<Gate>,
    drip: Option<Duration>,
    ending: Ending,
}

impl StreamReply {
    /// A well-formed answer with this plan: finish reason `stop`, usage in a last chunk, `[DONE]`.
    pub fn plan(plan: &Value) -> Self {
        Self::segments(plan_segments(plan))
    }

    /// A well-formed answer with this text, whatever it is.
    pub fn text(text: &str) -> Self {
        Self::segments(vec![text.to_owned()])
    }

    fn segments(segments: Vec<String>) -> Self {
        Self {
            segments,
            delta_chars: 40,
            frame: Frame::Writes,
            line_end: "\n",
            bom: false,
            ascii: false,
            comments: false,
            odd_chunks: false,
            reasoning: false,
            done: true,
            unterminated: false,
            finish: Some("stop".to_owned()),
            usage: UsageChunks::Last,
            cost: None,
            gate: None,
            drip: None,
            ending: Ending::Clean,
        }
    }

    /// So many characters of text in each event.
    #[must_use]
    pub fn delta_chars(mut self, chars: usize) -> Self {
        self.delta_chars = chars.max(1);
        self
    }

    /// The body in HTTP chunks of exactly so many bytes: 1 splits every character and every escape.
    #[must_use]
    pub fn frame_bytes(mut self, bytes: usize) -> Self {
        self.frame = Frame::Bytes(bytes.max(1));
        self
    }

    /// Line ends other than `\n`: `\r\n` or `\r`.
    #[must_use]
    pub fn line_end(mut self, line_end: &'static str) -> Self {
        self.line_end = line_end;
        self
    }

    /// A byte order mark in front.
    #[must_use]
    pub fn bom(mut self) -> Self {
        self.bom = true;
        self
    }

    /// Everything beyond ASCII as `\u` escapes, pairs of surrogates included.
    #[must_use]
    pub fn ascii(mut self) -> Self {
        self.ascii = true;
        self
    }

    /// Comments between the events.
    #[must_use]
    pub fn comments(mut self) -> Self {
        self.comments = true;
        self
    }

    /// Chunks without choices, without a delta, with null content, and with content in parts, between the others.
    #[must_use]
    pub fn odd_chunks(mut self) -> Self {
        self.odd_chunks = true;
        self
    }

    /// Reasoning in front of the text, in both members servers use for it.
    #[must_use]
    pub fn reasoning(mut self) -> Self {
        self.reasoning = true;
        self
    }

    /// The text wrapped as chatty models do: thoughts, a sentence, a code fence around it, a sentence after it.
    #[must_use]
    pub fn wrapped(mut self) -> Self {
        if let Some(first) = self.segments.first_mut() {
            let lead = "<think>The learner wants {\"modules\": [..]}, so I plan.</think>\nHere is the plan:\n```json\n";
            first.insert_str(0, lead);
        }
        if let Some(last) = self.segments.last_mut() {
            last.push_str("\n```\nHave fun with {it}!");
        }
        self
    }

    /// No `[DONE]`.
    #[must_use]
    pub fn without_done(mut self) -> Self {
        self.done = false;
        self
    }

    /// No blank line after the last event.
    #[must_use]
    pub fn unterminated(mut self) -> Self {
        self.unterminated = true;
        self
    }

    /// Another finish reason, or none.
    #[must_use]
    pub fn finish(mut self, reason: Option<&str>) -> Self {
        self.finish = reason.map(str::to_owned);
        self
    }

    /// Usage elsewhere.
    #[must_use]
    pub fn usage(mut self, usage: UsageChunks) -> Self {
        self.usage = usage;
        self
    }

    /// A cost in the last usage, in US dollars.
    #[must_use]
    pub fn cost(mut self, dollars: f64) -> Self {
        self.cost = Some(dollars);
        self
    }

    /// Each module, and what follows the last one, waits for the gate: after `release(k)` the text has been sent up to
    /// the end of module `k`, and after one more release all of it.
    #[must_use]
    pub fn gated(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// A pause before each event with text.
    #[must_use]
    pub fn drip(mut self, pause: Duration) -> Self {
        self.drip = Some(pause);
        self
    }

    /// Only the first `chars` characters of the text, and then these steps instead of a proper end. In front of a
    /// reset a client that is to see the text needs a gate: what it has not read by then is lost.
    #[must_use]
    pub fn then(mut self, chars: usize, steps: impl IntoIterator<Item = Step>) -> Self {
        self.truncate(chars);
        self.ending = Ending::Steps(steps.into_iter().collect());
        self
    }

    /// All of the text and the finish reason, and then these steps instead of usage and `[DONE]`.
    #[must_use]
    pub fn then_after_finish(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.ending = Ending::Finished(steps.into_iter().collect());
        self
    }

    /// Only the first `chars` characters of the text, and then an error inside the stream.
    #[must_use]
    pub fn then_error(mut self, chars: usize, code: &Value, message: &str) -> Self {
        self.truncate(chars);
        self.ending = Ending::Error(json!({ "code": code, "message": message }));
        self
    }

    fn truncate(&mut self, chars: usize) {
        let mut room = chars;
        for segment in &mut self.segments {
            *segment = segment.chars().take(room).collect();
            room -= segment.chars().count();
        }
    }

    pub(super) fn into_reply(self) -> Reply {
        let frame = self.frame;
        Reply::of(200, "text/event-stream", Writer::of(self).write()).framed(frame)
    }
}
