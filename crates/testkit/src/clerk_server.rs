//! A double of Clerk's backend API and of its webhooks, which Svix sends: users over real HTTP, events with signatures,
//! made from Clerk's and Svix's documentation. Used by the tests of accounts.

mod signature;
#[cfg(test)]
mod tests;
mod users;

use crate::hooks;
use crate::plain_http::{Answer, Faults, Hold, Listening, Place, Request, Service, lock};
use chrono::{DateTime, Utc};
use reqwest::Url;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// The one API key.
const KEY: &str = "sk_test_clerk_double";
/// The one secret of the webhook endpoint.
const WEBHOOK_SECRET: &str = "whsec_YSBkb3VibGUgb2YgdGhlIHNlbmRlciwgZm9yIHRlc3Rz";

/// A running double; dropping it closes every connection.
#[derive(Debug)]
pub struct ClerkServer {
    shared: Arc<Shared>,
    listening: Listening,
}

/// A webhook's message. Its id stays the same however often it is delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClerkEvent {
    /// The `svix-id`, such as `msg_...`.
    pub id: String,
    /// The body that is posted.
    pub payload: String,
}

/// One request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClerkRequest {
    /// Such as `GET`.
    pub method: String,
    /// Without its query.
    pub path: String,
    /// Whether it had the right key.
    pub authorized: bool,
}

/// What the connections share.
#[derive(Debug, Default)]
struct Shared {
    users: Mutex<BTreeMap<String, Value>>,
    faults: Faults,
    journal: Mutex<Vec<ClerkRequest>>,
}

impl ClerkServer {
    /// Starts on a free port of the loopback address, with nobody in it.
    ///
    /// # Panics
    /// When no port can be bound.
    pub async fn start() -> Self {
        let shared = Arc::<Shared>::default();
        Self { listening: Listening::start(Arc::clone(&shared)).await, shared }
    }

    /// Its base address, for `CLERK_API_BASE`.
    pub fn url(&self) -> Url {
        self.listening.origin().parse().expect("an address")
    }

    /// The API key that it accepts.
    pub const fn key(&self) -> &str {
        KEY
    }

    /// The secret that its webhooks are signed with.
    pub const fn webhook_secret(&self) -> &str {
        WEBHOOK_SECRET
    }

    /// Makes a user, or changes it: its primary e-mail address, verified, or none at all. Returns the object, which is
    /// also the data of `user.created` and `user.updated`.
    pub fn user(&self, id: &str, email: Option<&str>) -> Value {
        let mut users = lock(&self.shared.users);
        let user = users::user(id, email, users.get(id), Utc::now());
        users.insert(id.to_owned(), user.clone());
        user
    }

    /// Stores a user object as it is, for other shapes.
    pub fn put_user(&self, id: &str, user: Value) {
        lock(&self.shared.users).insert(id.to_owned(), user);
    }

    /// Deletes a user. Returns the data of `user.deleted`.
    pub fn delete_user(&self, id: &str) -> Value {
        lock(&self.shared.users).remove(id);
        users::deleted(id)
    }

    /// A message with this data, such as of `user.created`.
    pub fn event(&self, kind: &str, data: &Value) -> ClerkEvent {
        let payload = json!({
            "data": data,
            "event_attributes": {"http_request": {"client_ip": "", "user_agent": ""}},
            "instance_id": "ins_double",
            "object": "event",
            "timestamp": Utc::now().timestamp_millis(),
            "type": kind,
        });
        ClerkEvent { id: format!("msg_{}", Uuid::now_v7().simple()), payload: payload.to_string() }
    }

    /// Posts a message, signed now, to the application at this base address. Returns the status.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn deliver(&self, base_url: &str, event: &ClerkEvent) -> u16 {
        self.try_deliver(base_url, event).await.expect("an answer to the webhook")
    }

    /// Posts a message as [`Self::deliver`] does; None when there was no answer, as from a process that died.
    pub async fn try_deliver(&self, base_url: &str, event: &ClerkEvent) -> Option<u16> {
        let headers = self.signed(event, WEBHOOK_SECRET, Utc::now());
        hooks::post(base_url, "/api/webhooks/clerk", &headers, &event.payload).await
    }

    /// The headers of a message that is sent at `at` to an endpoint with this secret: its id, time and signature.
    ///
    /// # Panics
    /// When the secret is not `whsec_` and base64.
    pub fn signed(&self, event: &ClerkEvent, secret: &str, at: DateTime<Utc>) -> [(&'static str, String); 3] {
        [
            ("svix-id", event.id.clone()),
            ("svix-timestamp", at.timestamp().to_string()),
            ("svix-signature", signature::signature(&event.id, &event.payload, secret, at)),
        ]
    }

    /// Every request, in the order they came.
    pub fn requests(&self) -> Vec<ClerkRequest> {
        lock(&self.shared.journal).clone()
    }

    /// Turns the next `count` requests away whose path begins so.
    pub fn fail_next(&self, path_prefix: &str, count: usize, status: u16) {
        self.shared.faults.fail(path_prefix, count, status);
    }

    /// Cuts the connection instead of answering the next `count` such requests.
    pub fn drop_next(&self, path_prefix: &str, count: usize) {
        self.shared.faults.drop_answers(path_prefix, count);
    }

    /// Computes the answer to the next such request when it comes, and sends it when released.
    pub fn hold(&self, path_prefix: &str) -> Hold {
        self.shared.faults.hold(path_prefix)
    }
}

impl Service for Shared {
    async fn answer(&self, request: Request) -> Option<Answer> {
        let place = Place::of(&request);
        let authorized = request.bearer() == Some(KEY);
        let recorded = ClerkRequest { method: request.method.clone(), path: request.path.clone(), authorized };
        lock(&self.journal).push(recorded);
        let answer = match self.faults.take_failure(&place, |_| true) {
            _ if !authorized => error(401, "clerk_key_invalid", "The provided Clerk Secret Key is invalid."),
            Some(status) => error(status, "scripted", "The test asked for this failure."),
            None => self.user(&request),
        };
        if let Some(hold) = self.faults.take_hold(&place) {
            hold.wait().await;
        }
        (!self.faults.take_drop(&place)).then_some(answer)
    }
}

impl Shared {
    fn user(&self, request: &Request) -> Answer {
        let id = request.path.strip_prefix("/v1/users/").filter(|_| request.method == "GET");
        match id.and_then(|id| lock(&self.users).get(id).cloned()) {
            Some(user) => Answer::json(200, user),
            None => error(404, "resource_not_found", "not found"),
        }
    }
}

/// An error in Clerk's shape.
fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, json!({"errors": [{"code": code, "message": message, "long_message": message, "meta": {}}]}))
}
