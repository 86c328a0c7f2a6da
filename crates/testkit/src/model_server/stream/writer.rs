//! Turns a [`StreamReply`] into the steps of a reply.

use super::super::reply::Step;
use super::{Ending, StreamReply, UsageChunks};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Turns a stream into steps.
pub(super) struct Writer {
    reply: StreamReply,
    steps: Vec<Step>,
    tokens: usize,
}

impl Writer {
    pub(super) const fn of(reply: StreamReply) -> Self {
        Self { reply, steps: Vec::new(), tokens: 0 }
    }

    pub(super) fn write(mut self) -> Vec<Step> {
        if self.reply.bom {
            self.steps.push(Step::Write("\u{feff}".into()));
        }
        self.opening();
        for segment in std::mem::take(&mut self.reply.segments) {
            self.steps.extend(self.reply.gate.clone().map(Step::Pass));
            self.segment(&segment);
        }
        match self.reply.ending.clone() {
            Ending::Clean => self.clean_end(),
            Ending::Steps(steps) => self.steps.extend(steps),
            Ending::Finished(steps) => {
                self.finish();
                self.steps.extend(steps);
            }
            Ending::Error(error) => {
                let choices = json!([{ "index": 0, "delta": { "content": "" }, "finish_reason": "error" }]);
                self.chunk(&json!({ "error": error, "choices": choices }));
            }
        }
        self.steps
    }

    fn opening(&mut self) {
        if self.reply.comments {
            self.raw(": TEST PROCESSING");
        }
        if self.reply.odd_chunks {
            for odd in [json!({ "choices": [] }), json!({ "choices": [{}] }), json!({ "choices": [{ "delta": null }] })]
            {
                self.chunk(&odd);
            }
        }
        if self.reply.reasoning {
            self.delta(&json!({ "reasoning": "Let me think: {\"modules\": []}" }), None);
            self.delta(&json!({ "reasoning_content": "and think", "content": null }), None);
        }
    }

    fn segment(&mut self, text: &str) {
        let mut rest = text.chars().peekable();
        while rest.peek().is_some() {
            let piece: String = rest.by_ref().take(self.reply.delta_chars).collect();
            self.steps.extend(self.reply.drip.map(Step::Pause));
            self.tokens += 1;
            if self.reply.odd_chunks && self.tokens.is_multiple_of(3) {
                self.delta(&json!({ "content": null }), None);
                self.delta(&json!({ "content": [{ "type": "text", "text": piece }] }), None);
            } else {
                self.delta(&json!({ "role": "assistant", "content": piece }), None);
            }
            if self.reply.comments && self.tokens.is_multiple_of(5) {
                self.raw(": still here");
            }
        }
    }

    fn finish(&mut self) {
        if let Some(reason) = self.reply.finish.clone() {
            self.delta(&json!({}), Some(&reason));
        }
    }

    fn clean_end(&mut self) {
        self.finish();
        if self.reply.usage != UsageChunks::None {
            self.chunk(&json!({ "choices": [], "usage": self.usage(self.reply.cost) }));
        }
        if self.reply.done {
            self.raw("data: [DONE]");
        }
        if self.reply.unterminated
            && let Some(Step::Write(last)) = self.steps.last_mut()
        {
            let blank_line = self.reply.line_end.len() * 2;
            last.truncate(last.len().saturating_sub(blank_line));
        }
    }

    fn usage(&self, cost: Option<f64>) -> Value {
        let mut usage = json!({ "prompt_tokens": 100, "completion_tokens": self.tokens });
        if let (Some(cost), Some(members)) = (cost, usage.as_object_mut()) {
            members.insert("cost".to_owned(), json!(cost));
        }
        usage
    }

    fn delta(&mut self, delta: &Value, finish: Option<&str>) {
        let mut chunk = json!({ "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] });
        if self.reply.usage == UsageChunks::Every
            && let Some(members) = chunk.as_object_mut()
        {
            members.insert("usage".to_owned(), self.usage(None));
        }
        self.chunk(&chunk);
    }

    /// A chunk with the members that all of them have.
    fn chunk(&mut self, chunk: &Value) {
        let mut whole = json!({ "id": "gen-test", "object": "chat.completion.chunk", "model": "test/model" });
        if let (Some(whole), Some(chunk)) = (whole.as_object_mut(), chunk.as_object()) {
            whole.extend(chunk.clone());
        }
        let text = if self.reply.ascii { escaped(&whole.to_string()) } else { whole.to_string() };
        self.raw(&format!("data: {text}"));
    }

    fn raw(&mut self, line: &str) {
        let end = self.reply.line_end;
        self.steps.push(Step::Write(format!("{line}{end}{end}").into_bytes()));
    }
}

/// JSON with everything beyond ASCII as `\u` escapes, which only occur in strings.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}
