//! What the model answers: a plan that stops before the last brace of its first module until the measurement says so.

use serde_json::json;
use std::sync::Arc;
use waymark_testkit::model_server::{Gate, Recorded, Reply, Script, Step, plan_json, plan_segments};

/// Characters of an event, about a model's token or two.
const PIECE: usize = 8;
/// Opens every topic; the number of the generation follows.
const TOPIC: &str = "Course number ";

/// The waits of every generation.
#[derive(Debug, Clone)]
pub struct Doors(Arc<[Door]>);

#[derive(Debug, Clone)]
struct Door {
    first_module: Gate,
    rest: Gate,
}

impl Doors {
    /// For so many generations.
    pub fn new(generations: usize) -> Self {
        Self((0..generations).map(|_| Door { first_module: Gate::closed(), rest: Gate::closed() }).collect())
    }

    /// The topic by which a generation's request is known.
    #[expect(clippy::unused_self, reason = "what the script looks for is this type's business")]
    pub fn topic(&self, number: usize) -> String {
        format!("{TOPIC}{number:06}")
    }

    /// Lets the first module's last brace out.
    pub fn close_module(&self, number: usize) {
        if let Some(door) = self.0.get(number) {
            door.first_module.open();
        }
    }

    /// Lets everything else out.
    pub fn finish(&self, number: usize) {
        if let Some(door) = self.0.get(number) {
            door.rest.open();
        }
    }

    /// Answers each request by its topic.
    pub fn script(&self) -> Script {
        let doors = self.clone();
        let plan = plan_segments(&plan_json(3, 4));
        Script::by(move |request| {
            doors.of(request).map_or_else(|| Reply::error(500, "an unknown topic"), |door| door.reply(&plan))
        })
    }

    fn of(&self, request: &Recorded) -> Option<&Door> {
        let body = request.body.to_string();
        let number = body.split_once(TOPIC)?.1.get(..6)?.parse::<usize>().ok()?;
        self.0.get(number)
    }
}

impl Door {
    fn reply(&self, segments: &[String]) -> Reply {
        let (first, rest) = segments.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        let (head, brace) = first.split_at(first.len().saturating_sub(1));
        let mut steps = events(head);
        steps.push(Step::Pass(self.first_module.clone()));
        steps.extend(events(brace));
        steps.push(Step::Pass(self.rest.clone()));
        steps.extend(events(&rest.concat()));
        steps.push(event(&json!({}), Some("stop")));
        steps.push(Step::Write(b"data: [DONE]\n\n".to_vec()));
        Reply::of(200, "text/event-stream", steps)
    }
}

fn events(text: &str) -> Vec<Step> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(PIECE).map(|piece| event(&json!({ "content": String::from_iter(piece) }), None)).collect()
}

fn event(delta: &serde_json::Value, finish: Option<&str>) -> Step {
    let chunk = json!({
        "id": "gen", "object": "chat.completion.chunk", "model": "test/model",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
    });
    Step::Write(format!("data: {chunk}\n\n").into_bytes())
}
