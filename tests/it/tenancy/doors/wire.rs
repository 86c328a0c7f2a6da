//! A wire to PostgreSQL that counts round trips: requests of the client that the server ends with `ReadyForQuery`. A bare
//! Sync is none: the pool sends one when a connection has come back, behind the back of whoever used it.

use super::messages::Messages;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Listens on a port of its own and hands everything on to the server.
pub struct Wire {
    url: String,
    trips: Arc<AtomicUsize>,
}

impl Wire {
    /// A wire to the server of this address.
    pub async fn between(url: &str) -> Self {
        let (login, place) = url.split_once('@').expect("an address with a login");
        let (server, database) = place.split_once('/').expect("an address with a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let here = listener.local_addr().expect("an address");
        let trips = Arc::new(AtomicUsize::new(0));
        tokio::spawn(accept(listener, server.to_owned(), Arc::clone(&trips)));
        // In clear, or the messages could not be counted.
        Self { url: format!("{login}@{here}/{database}?sslmode=disable"), trips }
    }

    /// The address that leads through the wire.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Round trips so far, without those of connecting.
    pub fn round_trips(&self) -> usize {
        self.trips.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, server: String, trips: Arc<AtomicUsize>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(&server).await.expect("the server listens");
        tokio::spawn(hand_on(client, server, Arc::clone(&trips)));
    }
}

async fn hand_on(client: TcpStream, server: TcpStream, trips: Arc<AtomicUsize>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut requests = Requests::default();
    let mut chunk = vec![0; 8192];
    while let Ok(length @ 1..) = from_client.read(&mut chunk).await {
        // Counted first: whoever has the answer finds it counted.
        trips.fetch_add(requests.count(&chunk[..length]), Ordering::SeqCst);
        if to_server.write_all(&chunk[..length]).await.is_err() {
            return;
        }
    }
}

/// What the client asks for.
#[derive(Default)]
struct Requests {
    messages: Messages,
    /// Something that a Sync would end has been sent.
    working: bool,
}

impl Requests {
    fn count(&mut self, bytes: &[u8]) -> usize {
        self.messages.add(bytes);
        let mut trips = 0;
        while let Some((letter, _)) = self.messages.next() {
            match letter {
                b'Q' => trips += 1,
                b'S' => trips += usize::from(std::mem::take(&mut self.working)),
                // Parse, Bind, Describe, Execute, Close.
                b'P' | b'B' | b'D' | b'E' | b'C' => self.working = true,
                // The start, passwords, Flush, Terminate.
                _ => {}
            }
        }
        trips
    }
}

#[test]
fn requests_are_counted_however_they_are_cut() {
    let stream = b"\0\0\0\x08SSSS\
        p\0\0\0\x05SQ\0\0\0\x06S\0B\0\0\0\x06SSE\0\0\0\x04S\0\0\0\x04S\0\0\0\x04P\0\0\0\x05QS\0\0\0\x04X\0\0\0\x04";
    for size in 1..=stream.len() {
        let mut requests = Requests::default();
        let trips: usize = stream.chunks(size).map(|chunk| requests.count(chunk)).sum();
        assert_eq!(trips, 3, "pieces of {size}: a query, a bind with its execute, a parse, and a bare sync");
    }
}
