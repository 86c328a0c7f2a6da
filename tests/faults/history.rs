//! What clients saw: which requests were answered how, which plans they were told of, what their streams said. The checker
//! holds it against the database.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use waymark_testkit::sse::SseEvent;

/// What one stream's reader saw, connection by connection.
pub type Watched = Vec<Vec<SseEvent>>;

/// Something done to a task that must last as long as its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// The plan it belongs to.
    pub plan: String,
    /// The status it was given.
    pub status: Option<&'static str>,
    /// Whether it was pinned.
    pub pinned: bool,
}

/// What is remembered of a run.
#[derive(Debug, Default)]
pub struct Seen {
    /// Plans that clients were told of, by the idempotency key they were asked for with.
    pub plans: HashMap<String, String>,
    /// Plans whose deletion was confirmed.
    pub deleted: Vec<String>,
    /// Tasks by id.
    pub touched: HashMap<String, Touched>,
    /// Streams.
    pub streams: Vec<Watched>,
    /// What should not have happened at all.
    pub oddities: Vec<String>,
    /// Answers by kind of request and answer; `cut` is a connection without one.
    pub answers: BTreeMap<&'static str, BTreeMap<String, u64>>,
}

/// Shared by everybody who asks.
#[derive(Debug, Default)]
pub struct History(Mutex<Seen>);

impl History {
    /// The memory itself.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an answer.
    pub fn answered(&self, what: &'static str, answer: impl Into<String>) {
        *self.seen().answers.entry(what).or_default().entry(answer.into()).or_default() += 1;
    }

    /// Remembers which plan a key stands for; one key stands for one plan, however often it is sent.
    pub fn stands_for(&self, key: &str, plan: &str) {
        let mut seen = self.seen();
        let known = seen.plans.entry(key.to_owned()).or_insert_with(|| plan.to_owned()).clone();
        if known != plan {
            seen.oddities.push(format!("the key {key} stood for {known} and for {plan}"));
        }
    }

    /// Remembers what should not have happened, once.
    pub fn odd(&self, what: String) {
        let mut seen = self.seen();
        if !seen.oddities.contains(&what) {
            seen.oddities.push(what);
        }
    }
}

impl Seen {
    /// Requests that were answered with a status below 500.
    pub fn requests(&self) -> u64 {
        let answers = self.answers.values().flatten();
        answers.filter(|(answer, _)| !matches!(answer.as_bytes(), [b'5', ..] | b"cut")).map(|(_, count)| count).sum()
    }
}
