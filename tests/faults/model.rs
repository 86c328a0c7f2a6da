//! A model server that answers as models do on a bad day: plans at random, and errors, silences and broken streams. When it
//! is told to be well, plans only.

use crate::chance::Chance;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use waymark_testkit::model_server::{ModelServer, Recorded, Reply, Script, Step, StreamReply};

/// The server, and what it decides by.
pub struct Model {
    pub server: ModelServer,
    mind: Arc<Mind>,
}

struct Mind {
    well: AtomicBool,
    chance: Mutex<Chance>,
    /// Calls that were accepted, and so are paid for, by the plan's tag.
    accepted: Mutex<HashMap<String, u64>>,
}

impl Model {
    /// Starts it, unwell.
    pub async fn start(chance: Chance) -> Self {
        let mind =
            Arc::new(Mind { well: AtomicBool::new(false), chance: Mutex::new(chance), accepted: Mutex::default() });
        let asked = Arc::clone(&mind);
        let server = ModelServer::start(Script::by(move |request| asked.reply(request))).await;
        server.generation_cost(
            "gen-test",
            &json!({ "total_cost": 0.000_7, "native_tokens_prompt": 90, "native_tokens_completion": 210 }),
        );
        Self { server, mind }
    }

    /// Whether it only sends plans.
    pub fn set_well(&self, well: bool) {
        self.mind.well.store(well, Ordering::Relaxed);
    }

    /// Calls that were accepted, by the plan's tag.
    pub fn accepted(&self) -> HashMap<String, u64> {
        lock(&self.mind.accepted).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mind {
    fn reply(&self, request: &Recorded) -> Reply {
        let asked = asked(request);
        let mut chance = lock(&self.chance);
        let well = self.well.load(Ordering::Relaxed);
        let (reply, accepted) = if well {
            (good(&mut chance, &asked, 0), true)
        } else if chance.percent(55) {
            (good(&mut chance, &asked, 25), true)
        } else {
            bad(&mut chance)
        };
        if accepted && let Some(tag) = asked["topic"].as_str().and_then(tag) {
            *lock(&self.accepted).entry(tag).or_default() += 1;
        }
        reply
    }
}

/// The part of a topic that tells plans apart: `#7-3#`.
pub fn tag(topic: &str) -> Option<String> {
    topic.split('#').nth(1).map(str::to_owned)
}

/// The learner's request, as the prompt holds it.
fn asked(request: &Recorded) -> Value {
    let messages = request.body["messages"].as_array().into_iter().flatten();
    let texts = messages.filter_map(|message| message["content"].as_str());
    let mut blocks = texts.filter_map(|text| {
        let (_, rest) = text.split_once("<learner_request>\n")?;
        serde_json::from_str(rest.split_once("\n</learner_request>")?.0).ok()
    });
    blocks.next().unwrap_or_default()
}

/// A plan. One that replaces another carries some of its tasks on, and now and then names one twice or one that is not.
fn plan(chance: &mut Chance, asked: &Value) -> Value {
    let present = asked["present_plan"].as_array().into_iter().flatten();
    let tasks = present.flat_map(|module| module["tasks"].as_array().into_iter().flatten());
    let mut keys: Vec<Value> = tasks.map(|task| task["key"].clone()).collect();
    let regenerates = !keys.is_empty();
    let modules: Vec<Value> = (0..=chance.below(4))
        .map(|_| {
            let tasks: Vec<Value> = (0..=chance.below(4))
                .map(|_| {
                    let mut task = task(chance);
                    if regenerates {
                        task["key"] = match chance.below(20) {
                            0 => json!("t999"),
                            1 => json!("t1"),
                            2..12 if !keys.is_empty() => keys.swap_remove(chance.below(keys.len())),
                            _ => Value::Null,
                        };
                    }
                    task
                })
                .collect();
            json!({ "title": format!("Module {}", chance.below(6)), "estimated_minutes": 60, "tasks": tasks })
        })
        .collect();
    json!({ "modules": modules })
}

/// Few titles and few links, so that many tasks share them.
fn task(chance: &mut Chance) -> Value {
    let links: Vec<Value> = (0..chance.below(4))
        .map(|_| {
            let url = format!("https://example.org/page/{}", chance.below(30));
            json!({ "type": "article", "title": "A page", "url": url })
        })
        .collect();
    json!({ "title": format!("Task {}", chance.below(30)), "description": "Do it.", "estimated_minutes": 30, "resources": links })
}

/// Now and then so slow that it outlasts a lease while the text waits in the buffers of a process that stands still.
fn stream(chance: &mut Chance, asked: &Value, slow: usize) -> StreamReply {
    let stream = StreamReply::plan(&plan(chance, asked)).cost(0.000_5);
    if chance.percent(slow) {
        stream.drip(chance.millis(30, 90)).delta_chars(150)
    } else {
        stream.drip(chance.millis(1, 12)).delta_chars(40 + chance.below(120))
    }
}

fn good(chance: &mut Chance, asked: &Value, slow: usize) -> Reply {
    match chance.below(12) {
        0 => Reply::whole(&plan(chance, asked)),
        // The tokens are never told: the cost is an estimate until the record of the call is asked for.
        1 | 2 => stream(chance, asked, slow).then_after_finish([Step::Cut]).into(),
        _ => stream(chance, asked, slow).into(),
    }
}

/// An answer that is no plan, and whether it accepts the call.
fn bad(chance: &mut Chance) -> (Reply, bool) {
    let nothing = Value::Null;
    let chars = 60 + chance.below(300);
    match chance.below(13) {
        0 => (Reply::error(500, "out of order"), false),
        1 => (Reply::rate_limited(Some("0")), false),
        2 => (Reply::rate_limited(Some("1")), false),
        3 => (Reply::reset(), false),
        4 => (Reply::silent(), false),
        5 => (Reply::silent_after_head(), true),
        6..10 => (StreamReply::text("{\"modules\": [{\"title\": }]}").into(), true),
        10 => (stream(chance, &nothing, 20).then(chars, [Step::Hang]).into(), true),
        11 => (stream(chance, &nothing, 20).then_error(chars, &json!(502), "the upstream broke").into(), true),
        _ => (stream(chance, &nothing, 20).then(chars, [Step::Cut]).into(), true),
    }
}
