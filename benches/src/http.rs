//! A client that costs next to nothing: requests are bytes made once, answers are looked at only as far as needed. Used
//! by every measurement over HTTP.

use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A GET without a body.
pub fn get(path: &str, token: &str) -> Vec<u8> {
    format!("GET /api{path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n").into_bytes()
}

/// A POST of JSON.
pub fn post(path: &str, token: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /api{path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// One kept connection.
#[derive(Debug)]
pub struct Connection {
    socket: TcpStream,
    buffer: Vec<u8>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// The body as JSON; an error when the status is not `expected`.
    ///
    /// # Errors
    /// Says status and body.
    pub fn json(&self, expected: u16) -> io::Result<serde_json::Value> {
        if self.status != expected {
            return Err(odd(&format!("answered {}: {}", self.status, String::from_utf8_lossy(self.body))));
        }
        Ok(serde_json::from_slice(self.body)?)
    }
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn open(addr: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(addr).await?;
        socket.set_nodelay(true)?;
        Ok(Self { socket, buffer: Vec::new() })
    }

    /// Sends a request and reads the answer, which has a content length.
    ///
    /// # Errors
    /// A broken connection, or an answer of another form.
    pub async fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.send(request).await?;
        let (status, start) = self.head().await?;
        let length = self.buffer.get(..start).and_then(content_length).ok_or_else(|| odd("no content length"))?;
        while self.buffer.len() < start + length {
            self.fill().await?;
        }
        let body = self.buffer.get(start..start + length).unwrap_or_default();
        Ok(Answer { status, body })
    }

    /// Sends a request whose answer is a stream, and reads the stream's head.
    ///
    /// # Errors
    /// A broken connection, or a status other than 200.
    pub async fn attach(&mut self, request: &[u8]) -> io::Result<()> {
        self.send(request).await?;
        match self.head().await? {
            (200, _) => Ok(()),
            (status, _) => Err(odd(&format!("the stream answered {status}"))),
        }
    }

    /// Reads on until `marker` has come; what lay in front of it is dropped.
    ///
    /// # Errors
    /// The stream ended before.
    pub async fn until(&mut self, marker: &str) -> io::Result<()> {
        loop {
            let found = self.buffer.windows(marker.len()).position(|part| part == marker.as_bytes());
            if let Some(at) = found {
                self.buffer.drain(..at + marker.len());
                return Ok(());
            }
            self.fill().await?;
        }
    }

    async fn send(&mut self, request: &[u8]) -> io::Result<()> {
        self.buffer.clear();
        self.socket.write_all(request).await
    }

    /// Status, and where the body starts.
    async fn head(&mut self) -> io::Result<(u16, usize)> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|part| part == b"\r\n\r\n") {
                let status = self.buffer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
                return Ok((status.ok_or_else(|| odd("no status"))?, end + 4));
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        // Room for a whole plan, so that one read usually has it all; a stream's clients stay small.
        if self.buffer.capacity() == self.buffer.len() {
            self.buffer.reserve(if self.buffer.is_empty() { 512 } else { 32 * 1024 });
        }
        match self.socket.read_buf(&mut self.buffer).await? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection")),
            _ => Ok(()),
        }
    }
}

fn content_length(head: &[u8]) -> Option<usize> {
    let head = std::str::from_utf8(head).ok()?;
    let field = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    field?.trim().parse().ok()
}

fn odd(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}
