//! One fetch of a key set, bounded in time and size. Used by the key cache only.

use crate::accounts::tokens::key_set::KeySet;
use reqwest::{Client, StatusCode};
use std::time::Duration;
use thiserror::Error;
use url::Url;

/// A real key set is under 4 KB; more than this is not one. Bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// Why there are no keys.
#[derive(Debug, Error)]
pub(super) enum FetchError {
    #[error("the request failed")]
    Http(#[from] reqwest::Error),
    #[error("the answer was {0}")]
    Status(StatusCode),
    #[error("the answer is longer than {MAX_BODY_BYTES} bytes")]
    TooLong,
    #[error("the answer holds no RSA key for signatures")]
    NoKeys,
}

/// Fetches and reads the key set; `timeout` is for the whole of it.
pub(super) async fn fetch(http: &Client, url: &Url, timeout: Duration) -> Result<KeySet, FetchError> {
    let mut response = http.get(url.clone()).timeout(timeout).send().await?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(FetchError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    KeySet::parse(&body).ok_or(FetchError::NoKeys)
}

/// The error with its causes, for the log: what an operator needs ("connection refused") is at the end of the chain.
pub(super) fn with_causes(error: &FetchError) -> String {
    let first: &dyn std::error::Error = error;
    let chain = std::iter::successors(Some(first), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
