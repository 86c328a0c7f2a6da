//! Requests as they come from a connection.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Most bytes of a request's head.
const MAX_HEAD: usize = 64 * 1024;

/// One request.
#[derive(Debug)]
pub(crate) struct Request {
    /// Such as `POST`.
    pub(crate) method: String,
    /// Without its query.
    pub(crate) path: String,
    /// Empty when there is none.
    pub(crate) query: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The first header with this lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The token of `Authorization: Bearer`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }

    fn parse(head: &str) -> Option<Self> {
        let mut lines = head.split("\r\n");
        let mut first = lines.next()?.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        Some(Self { method, path: path.to_owned(), query: query.to_owned(), headers, body: Vec::new() })
    }
}

/// Reads the next request; `buffer` holds what was read beyond the one before. None when the client is done.
///
/// # Errors
/// A broken connection, or something that is not HTTP/1.1 with a `Content-Length`.
pub(super) async fn read(input: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> io::Result<Option<Request>> {
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if buffer.len() > MAX_HEAD {
            return Err(invalid("the request's head is too long"));
        }
        if input.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head: Vec<u8> = buffer.drain(..head_end + 4).collect();
    let mut request = Request::parse(String::from_utf8_lossy(&head).trim_end()).ok_or_else(|| invalid("not HTTP"))?;
    if request.header("transfer-encoding").is_some() {
        return Err(invalid("a body without a length"));
    }
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while buffer.len() < length {
        if input.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    request.body = buffer.drain(..length).collect();
    Ok(Some(request))
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
