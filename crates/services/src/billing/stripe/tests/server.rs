//! A scripted HTTP server: gives its replies in order and remembers what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use url::Url;

/// What is said to one request.
pub(super) enum Reply {
    Answer(u16, &'static [(&'static str, &'static str)], String),
    /// Hangs up without a word.
    Cut,
    /// Says that more is coming, and hangs up.
    Broken,
    /// Never says anything.
    Silence,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    /// By names in small letters.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: String,
    /// Number of the connection, from 0.
    pub(super) connection: usize,
}

impl Asked {
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The members of the body, or of the query where there is no body.
    pub(super) fn members(&self) -> BTreeMap<String, String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let form = if self.body.is_empty() { query } else { &self.body };
        url::form_urlencoded::parse(form.as_bytes()).into_owned().collect()
    }
}

#[derive(Clone)]
pub(super) struct Server {
    pub(super) url: Url,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub(super) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()).parse().unwrap(),
            replies: Arc::new(Mutex::new(replies.into_iter().collect())),
            asked: Arc::default(),
        };
        let (tasks, serving) = (TaskTracker::new(), server.clone());
        tasks.clone().spawn(async move {
            let mut connection = 0;
            while let Ok((stream, _)) = listener.accept().await {
                tasks.spawn(serving.clone().serve(stream, connection));
                connection += 1;
            }
        });
        server
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    async fn serve(self, stream: TcpStream, connection: usize) {
        let mut stream = BufStream::new(stream);
        while let Some(asked) = read(&mut stream, connection).await {
            self.asked.lock().unwrap().push(asked);
            let reply = self.replies.lock().unwrap().pop_front();
            let response = match reply {
                Some(Reply::Answer(status, headers, body)) => {
                    let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
                    let headers = lines.collect::<Vec<_>>().concat();
                    format!("HTTP/1.1 {status} Scripted\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
                }
                Some(Reply::Cut) => return,
                Some(Reply::Broken) => "HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n{\"id\":".to_owned(),
                Some(Reply::Silence) => return std::future::pending().await,
                None => "HTTP/1.1 418 Unexpected\r\ncontent-length: 0\r\n\r\n".to_owned(),
            };
            let broken = response.contains("9999");
            // A client that has given up may have hung up first.
            if stream.write_all(response.as_bytes()).await.is_err() || stream.flush().await.is_err() || broken {
                return;
            }
        }
    }
}

async fn read(stream: &mut BufStream<TcpStream>, connection: usize) -> Option<Asked> {
    let mut first = String::new();
    if stream.read_line(&mut first).await.ok()? == 0 {
        return None;
    }
    let mut words = first.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Asked { method, target, headers, body: String::from_utf8(body).unwrap(), connection })
}
