//! Signatures found right a moment ago. A client sends the same token again and again, and the arithmetic of a signature
//! is the dearest part of reading it. Used by the verifier only.
//!
//! Only the arithmetic is skipped: that the key is still trusted, and every claim, is looked at each time.

use super::TokenError;
use moka::future::Cache;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long a signature is remembered; an upper bound for what a key replaced under its old id can still do.
const REMEMBERED: Duration = Duration::from_mins(1);
/// Signatures remembered at most, about 100 bytes each.
const MOST: u64 = 20_000;

/// Digests of whole tokens whose signature was right.
#[derive(Debug, Clone)]
pub(super) struct Signatures(Cache<[u8; 32], ()>);

impl Signatures {
    pub(super) fn new() -> Self {
        Self(Cache::builder().max_capacity(MOST).time_to_live(REMEMBERED).build())
    }

    /// Runs `check` unless this very token passed it within the last minute. What failed is not remembered.
    pub(super) async fn check(
        &self,
        token: &str,
        check: impl FnOnce() -> Result<(), TokenError>,
    ) -> Result<(), TokenError> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        if self.0.get(&digest).await.is_none() {
            check()?;
            self.0.insert(digest, ()).await;
        }
        Ok(())
    }
}
