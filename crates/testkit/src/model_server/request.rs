//! Requests as the server reads them from a connection.

use serde_json::Value;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Most bytes of a request's head.
const MAX_HEAD: usize = 64 * 1024;

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Such as `POST`.
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body as JSON; null when it is none.
    pub body: Value,
}

impl Recorded {
    /// The first header with this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn parse(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        Some(Self { method, path, headers, body: Value::Null })
    }
}

/// Reads the next request; `buffer` holds what was read beyond the one before. None when the client is done.
///
/// # Errors
/// A broken connection, or something that is not HTTP/1.1 with a `Content-Length`.
pub(super) async fn read(input: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> io::Result<Option<Recorded>> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if buffer.len() > MAX_HEAD {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the request's head is too long"));
        }
        if input.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head: Vec<u8> = buffer.drain(..head_end + 4).collect();
    let mut request = Recorded::parse(String::from_utf8_lossy(&head).trim_end())
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not HTTP"))?;
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while buffer.len() < length {
        if input.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let body: Vec<u8> = buffer.drain(..length).collect();
    request.body = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Some(request))
}
