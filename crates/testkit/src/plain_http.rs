//! HTTP/1.1 on a plain socket for the doubles of outside services: a request is read whole, and answered whole or not at
//! all. Called by `stripe_server` and `clerk_server`.

mod faults;
mod hold;
mod request;

pub(crate) use faults::{Faults, Place};
pub use hold::Hold;
pub(crate) use request::Request;

use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Answers requests.
pub(crate) trait Service: Send + Sync + 'static {
    /// The answer; None cuts the connection instead.
    fn answer(&self, request: Request) -> impl Future<Output = Option<Answer>> + Send;
}

/// A whole answer with a JSON body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) const fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let body = self.body.to_string();
        let (status, length) = (self.status, body.len());
        let mut text =
            format!("HTTP/1.1 {status} Double\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n");
        for (name, value) in &self.headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        (text + "\r\n" + &body).into_bytes()
    }
}

/// A service on a free port of the loopback address, until this is dropped.
#[derive(Debug)]
pub(crate) struct Listening {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Listening {
    pub(crate) async fn start(service: Arc<impl Service>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        Self { address, accepting: tokio::spawn(accept(listener, service)) }
    }

    /// Such as `http://127.0.0.1:PORT`.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The value, whatever happened to another thread that held it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Accepts until aborted; the connections end with it.
async fn accept(listener: TcpListener, service: Arc<impl Service>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        connections.spawn(serve(socket, Arc::clone(&service)));
        while connections.try_join_next().is_some() {}
    }
}

/// Serves a connection until one side ends it. A client that hangs up early changes nothing: what it asked for happens.
async fn serve(mut socket: TcpStream, service: Arc<impl Service>) {
    let mut buffer = Vec::new();
    while let Ok(Some(request)) = request::read(&mut socket, &mut buffer).await {
        let Some(answer) = service.answer(request).await else { return };
        if socket.write_all(&answer.bytes()).await.is_err() {
            return;
        }
    }
}
