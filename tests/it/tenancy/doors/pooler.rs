//! A transaction pooler of the old kind: many clients, one connection to the server, which changes hands whenever no
//! transaction is open. It knows nothing of prepared statements, so what one client named the next one finds.

use super::messages::Messages;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

/// The one connection; none until the first client has signed in.
type Shared = Arc<Mutex<Option<TcpStream>>>;

/// Listens and gives its address, for the login and database of `url`.
pub async fn pool(url: &str) -> String {
    let (login, place) = url.split_once('@').expect("an address with a login");
    let (server, database) = place.split_once('/').expect("an address with a database");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let here = listener.local_addr().expect("an address");
    let server = server.to_owned();
    tokio::spawn(async move {
        let shared = Shared::default();
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(serve(client, server.clone(), Arc::clone(&shared)));
        }
    });
    format!("{login}@{here}/{database}?sslmode=disable")
}

async fn serve(mut client: TcpStream, server: String, shared: Shared) -> std::io::Result<()> {
    let mut own = TcpStream::connect(server).await?;
    let mut requests = Messages::default();
    // Signing in ends with a `ReadyForQuery` that no message asked for.
    hand_on(&mut client, &mut own, &mut requests, 1).await?;
    shared.lock().await.get_or_insert(own);
    let mut chunk = vec![0; 8192];
    while let length @ 1.. = client.read(&mut chunk).await? {
        requests.add(&chunk[..length]);
        let first = awaited(&mut requests);
        // The server is this client's until its transaction is over. A goodbye asks for no answer.
        let mut server = shared.lock().await;
        if first > 0 {
            let server = server.as_mut().expect("somebody has signed in");
            server.write_all(&chunk[..length]).await?;
            hand_on(&mut client, server, &mut requests, first).await?;
        }
    }
    Ok(())
}

/// Hands on both ways until the server has answered everything and no transaction is open.
async fn hand_on(
    client: &mut TcpStream,
    server: &mut TcpStream,
    requests: &mut Messages,
    mut open_requests: usize,
) -> std::io::Result<()> {
    let mut answers = Messages::of_the_server();
    let (mut from_client, mut from_server) = (vec![0; 8192], vec![0; 8192]);
    let mut idle = false;
    while open_requests > 0 || !idle {
        tokio::select! {
            length = client.read(&mut from_client) => {
                let bytes = some(&from_client[..length?])?;
                server.write_all(bytes).await?;
                requests.add(bytes);
                open_requests += awaited(requests);
            }
            length = server.read(&mut from_server) => {
                let bytes = some(&from_server[..length?])?;
                client.write_all(bytes).await?;
                answers.add(bytes);
                while let Some((letter, body)) = answers.next() {
                    if letter == b'Z' {
                        open_requests -= 1;
                        idle = body == b"I";
                    }
                }
            }
        }
    }
    Ok(())
}

/// How many of these messages the server ends with `ReadyForQuery`.
fn awaited(requests: &mut Messages) -> usize {
    std::iter::from_fn(|| requests.next()).filter(|(letter, _)| matches!(letter, b'Q' | b'S')).count()
}

fn some(bytes: &[u8]) -> std::io::Result<&[u8]> {
    if bytes.is_empty() { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes) }
}
