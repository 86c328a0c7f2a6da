//! The one place that builds HTTP clients for calls to the outside.

use std::time::Duration;

/// A client with a connect time-out and no total one: streams are long, and their owners set their own deadlines.
///
/// # Errors
/// When TLS cannot be set up.
pub fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .user_agent(concat!("waymark/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// A client for the long answers of language models: as [`client`], but HTTP/1.1 only. Every stream then has a connection
/// of its own, so a server's limit of streams per HTTP/2 connection never queues a generation, and dropping an answer
/// closes the connection, which every provider takes as a cancel.
///
/// # Errors
/// When TLS cannot be set up.
pub fn model_client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .user_agent(concat!("waymark/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .http1_only()
        .build()
}
