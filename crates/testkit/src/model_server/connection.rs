//! One client's connection: reads requests, performs replies, and notices when the client hangs up.

use super::Shared;
use super::reply::{Frame, Reply, Step};
use super::request;
use std::future::pending;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// What becomes of the connection after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Keep,
    Close,
    Reset,
}

/// Serves a connection until one side ends it.
pub(super) async fn serve(mut socket: TcpStream, shared: &Shared) {
    // Every write leaves at once: the script decides what a packet is.
    let _ = socket.set_nodelay(true);
    let mut buffer = Vec::new();
    while let Ok(Some(request)) = request::read(&mut socket, &mut buffer).await {
        let reply = shared.reply_to(request);
        let (mut input, mut output) = socket.split();
        let performed = tokio::select! {
            biased;
            performed = Performance::of(&reply, &mut output).run() => performed.ok(),
            () = hung_up(&mut input, &mut buffer) => None,
        };
        match performed {
            None => {
                shared.count(|counts| counts.closed_early += 1);
                return;
            }
            Some(after) => {
                shared.count(|counts| counts.replied += 1);
                if after == After::Reset {
                    let _ = socket.set_zero_linger();
                }
                if after != After::Keep {
                    return;
                }
            }
        }
    }
}

/// Ends when the client closes or breaks the connection; what it sends meanwhile is kept for later.
async fn hung_up(input: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) {
    while let Ok(1..) = input.read_buf(buffer).await {}
}

/// A reply being written.
struct Performance<'a, W> {
    reply: &'a Reply,
    output: &'a mut W,
    /// Bytes of the body that wait for a full chunk.
    pending: Vec<u8>,
}

impl<'a, W: AsyncWrite + Unpin> Performance<'a, W> {
    const fn of(reply: &'a Reply, output: &'a mut W) -> Self {
        Self { reply, output, pending: Vec::new() }
    }

    async fn run(mut self) -> io::Result<After> {
        for step in &self.reply.before {
            if let Some(after) = self.step(step).await? {
                return Ok(after);
            }
        }
        self.output.write_all(self.head().as_bytes()).await?;
        for step in &self.reply.body {
            if let Some(after) = self.step(step).await? {
                return Ok(after);
            }
        }
        self.flush(0).await?;
        self.output.write_all(b"0\r\n\r\n").await?;
        Ok(After::Keep)
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} Scripted\r\ntransfer-encoding: chunked\r\n", self.reply.status);
        for (name, value) in &self.reply.headers {
            head.extend([name.as_str(), ": ", value, "\r\n"]);
        }
        head + "\r\n"
    }

    /// Performs a step; says what follows when it ends the reply.
    async fn step(&mut self, step: &Step) -> io::Result<Option<After>> {
        if let Step::Write(bytes) = step {
            self.pending.extend_from_slice(bytes);
            let least = if let Frame::Bytes(size) = self.reply.frame { size } else { 0 };
            self.flush(least).await?;
            return Ok(None);
        }
        self.flush(0).await?;
        match step {
            Step::Write(_) => {}
            Step::Pass(gate) => gate.pass().await,
            Step::Pause(time) => tokio::time::sleep(*time).await,
            Step::Hang => pending().await,
            Step::Reset => return Ok(Some(After::Reset)),
            Step::Cut => return Ok(Some(After::Close)),
        }
        Ok(None)
    }

    /// Writes what is pending in chunks, leaving fewer than `least` bytes behind.
    async fn flush(&mut self, least: usize) -> io::Result<()> {
        let size = if let Frame::Bytes(size) = self.reply.frame { size.max(1) } else { usize::MAX };
        while !self.pending.is_empty() && self.pending.len() >= least {
            let chunk: Vec<u8> = self.pending.drain(..size.min(self.pending.len())).collect();
            let mut framed = format!("{:x}\r\n", chunk.len()).into_bytes();
            framed.extend(chunk);
            framed.extend(b"\r\n");
            self.output.write_all(&framed).await?;
        }
        Ok(())
    }
}
