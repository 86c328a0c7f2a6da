//! A client that does not give up: a change is sent again with the same idempotency key, here or there, until somebody
//! answers it, and a stream is attached to again where it broke off.

use crate::chance::Chance;
use crate::history::Watched;
use crate::world::World;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use waymark_testkit::actor::Actor;
use waymark_testkit::sse::{SseClient, SseEvent};

/// After which a request is taken for lost: shorter than a process stands still, so that requests are repeated elsewhere
/// while their first copy is still under way.
const PATIENCE: Duration = Duration::from_millis(1_200);
/// After which something is wrong with the servers, not with the connection.
const LONGEST: Duration = Duration::from_mins(1);

/// A learner's way to the servers.
#[derive(Clone)]
pub struct Client {
    pub world: Arc<World>,
    pub chance: Chance,
    actor: Actor,
}

/// A request that may be sent many times.
#[derive(Clone)]
pub struct Request {
    pub what: &'static str,
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
    /// None for reads.
    pub key: Option<String>,
}

/// The answer to a request that was answered.
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Request {
    /// A read.
    pub fn get(path: impl Into<String>) -> Self {
        Self { what: "read", method: Method::GET, path: path.into(), body: None, key: None }
    }

    /// A change, sent with this key however often.
    pub fn change(what: &'static str, method: Method, path: impl Into<String>, key: String) -> Self {
        Self { what, method, path: path.into(), body: None, key: Some(key) }
    }

    /// With a body.
    pub fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }
}

impl Client {
    /// The client of the learner with this name.
    pub fn new(world: &Arc<World>, subject: &str, chance: Chance) -> Self {
        let actor = Actor::new("", Some(world.options.token(subject)));
        Self { world: Arc::clone(world), chance, actor }
    }

    fn prepare(&mut self, request: &Request) -> RequestBuilder {
        let base = self.world.base(&mut self.chance);
        let mut built = self.actor.at(&base).request(request.method.clone(), &request.path);
        if let Some(key) = &request.key {
            built = built.header("idempotency-key", key);
        }
        if let Some(body) = &request.body {
            built = built.json(body);
        }
        built
    }

    /// Sends until there is an answer that is no server's excuse.
    pub async fn insist(&mut self, request: &Request) -> Option<Answer> {
        let give_up = Instant::now() + LONGEST;
        while Instant::now() < give_up {
            if let Some(answer) = self.once(request).await {
                return Some(answer);
            }
            sleep(self.chance.millis(30, 120)).await;
        }
        self.world.history.odd(format!("{} {} was never answered", request.method, request.path));
        None
    }

    /// Sends once; none when there was no answer, or an excuse.
    pub async fn once(&mut self, request: &Request) -> Option<Answer> {
        let sent = self.prepare(request).timeout(PATIENCE).send();
        let Ok(response) = sent.await else {
            self.world.history.answered(request.what, "cut");
            return None;
        };
        self.read(request, response).await
    }

    async fn read(&self, request: &Request, response: Response) -> Option<Answer> {
        let status = response.status().as_u16();
        let text = response.text().await;
        let history = &self.world.history;
        history.answered(request.what, if text.is_ok() { status.to_string() } else { "cut".to_owned() });
        let text = text.ok()?;
        if status == 500 {
            history.odd(format!("{} {}: {text}", request.method, request.path));
        }
        if matches!(status, 400 | 401 | 405 | 422 | 429) {
            history.odd(format!("{} {} was refused: {text}", request.method, request.path));
        }
        (status < 500).then(|| Answer { status, body: serde_json::from_str(&text).unwrap_or_default() })
    }

    /// Sends until a stream is open, and follows it to its end through every broken connection. Gives the status instead
    /// when it is refused.
    pub async fn follow(&mut self, request: &Request) -> Result<Watched, u16> {
        let give_up = Instant::now() + LONGEST;
        let mut watched = Watched::new();
        let mut next = request.clone();
        while Instant::now() < give_up {
            let opened = timeout(PATIENCE, SseClient::try_open(self.prepare(&next))).await;
            let Ok(Ok(mut stream)) = opened else {
                self.world.history.answered(next.what, "cut");
                sleep(self.chance.millis(30, 120)).await;
                continue;
            };
            self.world.history.answered(next.what, stream.status.to_string());
            match stream.status {
                200 => {}
                // Everything was said, or the plan is gone.
                204 | 404 if !watched.is_empty() => return Ok(watched),
                500.. => {
                    if stream.status == 500 {
                        self.world.history.odd(format!("500 from {}", next.path));
                    }
                    sleep(self.chance.millis(30, 120)).await;
                    continue;
                }
                refused => return Err(refused),
            }
            let mut seen: Vec<SseEvent> = Vec::new();
            while let Ok(Some(event)) = timeout(LONGEST, stream.read()).await {
                seen.push(event);
            }
            let Some(last) = seen.last().cloned() else { continue };
            watched.push(seen);
            if last.is_terminal() {
                return Ok(watched);
            }
            let plan = last.data["planId"].as_str().unwrap_or_default();
            next = Request { what: "attach", ..Request::get(format!("/v1/plans/{plan}/events?after={}", last.id)) };
        }
        self.world.history.odd(format!("the stream of {} never ended", request.path));
        Ok(watched)
    }
}
