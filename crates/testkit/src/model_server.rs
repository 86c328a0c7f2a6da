//! A scripted model server: real HTTP/1.1 and server-sent events over a plain socket, so that every byte boundary, pause
//! and break is the test's to choose. Used by the tests of the model adapter, of the generation flow, and by benches.
//!
//! ```no_run
//! # async fn example() {
//! use waymark_testkit::model_server::{Gate, ModelServer, StreamReply, plan_json};
//!
//! let gate = Gate::closed();
//! let server = ModelServer::start(StreamReply::plan(&plan_json(3, 2)).gated(&gate)).await;
//! // .. start a generation against server.base_url() ..
//! gate.release(1); // the first module leaves; the others wait
//! // .. see its event ..
//! gate.open(); // everything else
//! # }
//! ```

mod connection;
mod costs;
mod gate;
mod plan;
mod reply;
mod request;
mod script;
mod stream;

pub use gate::Gate;
pub use plan::{plan_json, plan_segments};
pub use reply::{Frame, Reply, Step};
pub use request::Recorded;
pub use script::Script;
pub use stream::{StreamReply, UsageChunks};

use costs::Costs;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// How long [`ModelServer::wait_for`] waits; far more than any test needs.
const DEADLINE: Duration = Duration::from_secs(20);

/// A running server; dropping it closes every connection.
#[derive(Debug)]
pub struct ModelServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What happened so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests read; questions about a call's cost are counted apart.
    pub requests: usize,
    /// Questions about a call's cost.
    pub cost_questions: usize,
    /// Connections open now.
    pub open_connections: usize,
    /// Replies during which the client hung up.
    pub closed_early: usize,
    /// Replies sent as scripted, to their end.
    pub replied: usize,
}

/// What the connections share.
#[derive(Debug)]
struct Shared {
    script: Mutex<Script>,
    journal: Mutex<Vec<Recorded>>,
    costs: Mutex<Costs>,
    counts: watch::Sender<Counts>,
}

impl Shared {
    /// Writes a request down and asks the script for its reply, or the records of costs when it is about one.
    fn reply_to(&self, request: Recorded) -> Reply {
        if let Some(id) = costs::asked_for(&request) {
            let reply = self.costs.lock().unwrap_or_else(PoisonError::into_inner).reply(id);
            self.count(|counts| counts.cost_questions += 1);
            return reply;
        }
        let reply = self.script.lock().unwrap_or_else(PoisonError::into_inner).next(&request);
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        self.count(|counts| counts.requests += 1);
        reply
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        self.counts.send_modify(change);
    }
}

impl ModelServer {
    /// Starts on a free port of the loopback address.
    ///
    /// # Panics
    /// When no port can be bound.
    pub async fn start(script: impl Into<Script>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared {
            script: Mutex::new(script.into()),
            journal: Mutex::default(),
            costs: Mutex::default(),
            counts: watch::Sender::new(Counts::default()),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, accepting }
    }

    /// Closes the port and every connection, and returns when that is done.
    pub async fn stop(mut self) {
        self.accepting.abort();
        let _ = (&mut self.accepting).await;
    }

    /// The base address for an adapter: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Every request so far, in order.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.journal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What happened so far.
    pub fn counts(&self) -> Counts {
        *self.shared.counts.borrow()
    }

    /// Sets the provider's record of a call, as `GET /v1/generation?id=` tells it from now on: `usage` has the record's
    /// members, such as `total_cost` in US dollars and `native_tokens_prompt`. Calls without a record are answered 404.
    pub fn generation_cost(&self, id: &str, usage: &Value) {
        self.generation_cost_replies(id, [Reply::cost_record(usage)]);
    }

    /// Sets what questions about a call's cost are answered with, one after the other; the last reply stays.
    pub fn generation_cost_replies(&self, id: &str, replies: impl IntoIterator<Item = Reply>) {
        self.shared.costs.lock().unwrap_or_else(PoisonError::into_inner).set(id, replies);
    }

    /// The ids that costs were asked for, in order.
    pub fn cost_questions(&self) -> Vec<String> {
        self.shared.costs.lock().unwrap_or_else(PoisonError::into_inner).asked()
    }

    /// Connections open now.
    pub fn open_connections(&self) -> usize {
        self.counts().open_connections
    }

    /// Replies during which the client hung up.
    pub fn closed_early(&self) -> usize {
        self.counts().closed_early
    }

    /// Waits until `condition` holds.
    ///
    /// # Panics
    /// When it does not within 20 seconds; says the counts.
    pub async fn wait_for(&self, condition: impl FnMut(&Counts) -> bool) -> Counts {
        let mut counts = self.shared.counts.subscribe();
        let waited = tokio::time::timeout(DEADLINE, counts.wait_for(condition)).await;
        match waited {
            Ok(Ok(counts)) => *counts,
            _ => panic!("waited in vain; {:?}", self.counts()),
        }
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Accepts until the server is dropped; the connections end with it.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        shared.count(|counts| counts.open_connections += 1);
        connections.spawn(async move {
            connection::serve(socket, &shared).await;
            shared.count(|counts| counts.open_connections -= 1);
        });
        while connections.try_join_next().is_some() {}
    }
}
