//! What the token tests share: RSA keys, hand-signed tokens, a clock set by hand and a scripted key server.

use crate::clock::Clock;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use url::Url;

pub(crate) const ISSUER: &str = "https://clerk.example.com";
pub(crate) const APP: &str = "https://app.example.com";

/// Two keys of the issuer's, made once: a 2048-bit key takes a while.
pub(crate) static KEY_A: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
pub(crate) static KEY_B: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

pub(crate) fn start_of_tests() -> DateTime<Utc> {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

pub(crate) fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn modulus(key: &RsaKeyPair) -> Vec<u8> {
    PublicKeyComponents::<Vec<u8>>::from(key.public_key()).n
}

pub(crate) fn jwk(kid: &str, key: &RsaKeyPair) -> Value {
    let parts = PublicKeyComponents::<Vec<u8>>::from(key.public_key());
    json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": base64url(parts.n), "e": base64url(parts.e) })
}

pub(crate) fn key_set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

pub(crate) fn signed_part(header: &Value, claims: &Value) -> String {
    format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()))
}

/// A token with any header and claims, signed with RS256.
pub(crate) fn rs256(header: &Value, claims: &Value, key: &RsaKeyPair) -> String {
    let signed = signed_part(header, claims);
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", base64url(signature))
}

pub(crate) fn header(kid: &str) -> Value {
    json!({ "typ": "JWT", "alg": "RS256", "kid": kid, "oiat": 1_795_341_600 })
}

/// The claims of a Clerk session token, version 2, as of [`start_of_tests`].
pub(crate) fn claims() -> Value {
    let now = start_of_tests().timestamp();
    json!({
        "azp": APP, "exp": now + 60, "fva": [3, -1], "iat": now, "iss": ISSUER, "jti": "f00", "nbf": now - 10,
        "sid": "sess_1", "sub": "user_1", "v": 2, "pla": "u:free", "o": { "id": "org_1", "rol": "admin", "slg": "acme" },
    })
}

/// A clock that stands still until told.
#[derive(Clone)]
pub(crate) struct ManualClock(Arc<Mutex<DateTime<Utc>>>);

impl ManualClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(start_of_tests())))
    }

    pub(crate) fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// What the key server says next, and until told otherwise.
#[derive(Clone)]
pub(crate) enum Answer {
    Keys(String),
    Status(u16, &'static str),
    /// Reads the request and never answers.
    Silence,
}

/// An HTTP server that counts its requests.
pub(crate) struct KeyServer {
    pub(crate) url: Url,
    answer: Arc<Mutex<Answer>>,
    requests: Arc<AtomicUsize>,
}

impl KeyServer {
    pub(crate) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/.well-known/jwks.json", listener.local_addr().unwrap()).parse().unwrap();
        let (answer, requests) = (Arc::new(Mutex::new(answer)), Arc::new(AtomicUsize::new(0)));
        let server = Self { url, answer: Arc::clone(&answer), requests: Arc::clone(&requests) };
        let tasks = TaskTracker::new();
        tasks.clone().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                requests.fetch_add(1, Ordering::SeqCst);
                let answer = answer.lock().unwrap().clone();
                tasks.spawn(serve(stream, answer));
            }
        });
        server
    }

    pub(crate) fn say(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, answer: Answer) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    let (status, body) = match answer {
        Answer::Keys(body) => (200, body),
        Answer::Status(status, body) => (status, body.to_owned()),
        Answer::Silence => return std::future::pending().await,
    };
    // No length: the end of the connection is the end of the body, which is how an endless one would come.
    let response = format!("HTTP/1.1 {status} Scripted\r\nconnection: close\r\n\r\n{body}");
    // A client that has heard enough may hang up first.
    drop(stream.write_all(response.as_bytes()).await);
}

/// The program's client, without a proxy that the machine may have set.
pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}
