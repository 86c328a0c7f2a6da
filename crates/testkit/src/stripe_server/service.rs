//! A request's way: the front door, its idempotency key, its effect, and the faults that the test asked for.

use super::keys::Keys;
use super::params::Params;
use super::refusal::Refusal;
use super::state::State;
use super::{API_VERSION, KEY};
use crate::plain_http::{Answer, Faults, Place, Request, Service, lock};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// One request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Such as `POST`.
    pub method: String,
    /// Without its query.
    pub path: String,
    /// Of its query and its form, such as `metadata[user_id]`.
    pub params: BTreeMap<String, String>,
    /// Of its header.
    pub idempotency_key: Option<String>,
    /// Whether it got the stored answer of an earlier one.
    pub replayed: bool,
}

/// What the connections share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) faults: Faults,
    pub(super) journal: Mutex<Vec<Recorded>>,
    keys: Mutex<Keys>,
}

/// An answer, and what becomes of the idempotency key.
struct Outcome {
    answer: Answer,
    /// Whether this request was the first with its key.
    began: bool,
    /// Whether the key keeps the answer.
    kept: bool,
}

impl Outcome {
    const fn passing(answer: Answer) -> Self {
        Self { answer, began: false, kept: false }
    }
}

impl Service for Shared {
    async fn answer(&self, request: Request) -> Option<Answer> {
        let place = Place::of(&request);
        let params = Params::read(&request);
        // The header has an effect on POST only: what the others do twice, they do once.
        let sent = request.header("idempotency-key").map(str::to_owned);
        let key = sent.as_deref().filter(|_| request.method == "POST");
        let at = self.record(&request, &params, sent.clone());
        let (hold, dropped) = (self.faults.take_hold(&place), self.faults.take_drop(&place));
        let outcome = self.outcome(&request, &place, &params, key, at);
        if let Some(hold) = hold {
            hold.wait().await;
        }
        if let Some(key) = key.filter(|_| outcome.began) {
            lock(&self.keys).end(key, outcome.kept.then(|| outcome.answer.clone()));
        }
        let answer = outcome.answer.with("request-id", super::id("req_")).with("stripe-version", API_VERSION);
        (!dropped).then_some(answer)
    }
}

impl Shared {
    /// Writes a request down; returns its place in the journal.
    fn record(&self, request: &Request, params: &Params, idempotency_key: Option<String>) -> usize {
        let mut journal = lock(&self.journal);
        journal.push(Recorded {
            method: request.method.clone(),
            path: request.path.clone(),
            params: params.0.clone(),
            idempotency_key,
            replayed: false,
        });
        journal.len() - 1
    }

    fn outcome(&self, request: &Request, place: &Place, params: &Params, key: Option<&str>, at: usize) -> Outcome {
        if let Err(refusal) = admit(request) {
            return Outcome::passing(refusal.answer());
        }
        if let Some(status) = self.faults.take_failure(place, |status| !begins(status)) {
            return Outcome::passing(Refusal::scripted(status).answer());
        }
        if let Some(key) = key {
            match lock(&self.keys).begin(key, &request.path, params) {
                Ok(None) => {}
                Ok(Some(first)) => {
                    lock(&self.journal)[at].replayed = true;
                    return Outcome::passing(first.with("idempotent-replayed", "true"));
                }
                Err(refusal) => return Outcome::passing(refusal.answer()),
            }
        }
        if let Some(status) = self.faults.take_failure(place, begins) {
            return Outcome { answer: Refusal::scripted(status).answer(), began: true, kept: true };
        }
        match lock(&self.state).perform(&request.method, &request.path, params) {
            Ok(object) => Outcome { answer: Answer::json(200, object), began: true, kept: true },
            Err(refusal) => Outcome { answer: refusal.answer(), began: true, kept: refusal.executed },
        }
    }
}

/// Whether a request that fails like this had begun, so that its answer is stored and replayed. The others were turned
/// away at the front door.
const fn begins(status: u16) -> bool {
    matches!(status, 402 | 500)
}

/// Stricter than Stripe in two things, so that a slip shows: the version and, on POST, the idempotency key must be there.
fn admit(request: &Request) -> Result<(), Refusal> {
    match request.bearer() {
        Some(KEY) => {}
        Some(_) => return Err(Refusal::unauthorized("Invalid API Key provided.")),
        None => return Err(Refusal::unauthorized("You did not provide an API key.")),
    }
    match request.header("stripe-version") {
        Some(API_VERSION) => {}
        Some(other) => {
            return Err(Refusal::invalid(format!("Invalid Stripe API version: {other}, not {API_VERSION}.")));
        }
        None => return Err(Refusal::invalid("Every request names its Stripe-Version here.")),
    }
    if request.method == "POST" && request.header("idempotency-key").is_none_or(str::is_empty) {
        return Err(Refusal::invalid("Every POST has an Idempotency-Key here."));
    }
    Params::check_form(request)
}
