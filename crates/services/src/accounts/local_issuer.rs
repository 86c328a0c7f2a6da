//! The key with which an installation without an identity provider signs its own tokens. Called by the command line
//! (`serve`, `token`, `demo`) and by tests.
//!
//! Ed25519 rather than RSA: a key is made in microseconds and a token signed in as many, and because the identity
//! provider's tokens are RS256 only, a token of one kind can never pass for the other.

mod key_file;
#[cfg(test)]
mod tests;

pub use key_file::LocalKeyError;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::DecodingKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::Path;

/// The `iss` of local tokens.
pub const ISSUER: &str = "waymark-local";
/// How long a local token lasts unless told otherwise: a day's work. Nothing renews it, unlike a provider's 60 seconds.
pub const DEFAULT_TTL: TimeDelta = TimeDelta::hours(12);
/// The key's file, under the data folder.
pub const KEY_FILE: &str = "local-issuer.pem";

/// Signs session tokens that [`TokenVerifier::local`](super::tokens::TokenVerifier::local) believes.
pub struct LocalIssuer {
    key: Ed25519KeyPair,
    key_id: String,
}

impl LocalIssuer {
    /// Reads the key of this data folder, making folder and key (mode 0600) if there are none. Processes that do so at
    /// once end up with one key. Blocks on the disk: call at start.
    ///
    /// # Errors
    /// Names the file. A file that is not a key is never overwritten: tokens may depend on what it was.
    pub fn open(data_dir: &Path) -> Result<Self, LocalKeyError> {
        key_file::open_or_create(&data_dir.join(KEY_FILE)).map(Self::from_key)
    }

    /// A key that is written nowhere, for tests.
    ///
    /// # Errors
    /// When the machine has no randomness to give.
    pub fn ephemeral() -> Result<Self, LocalKeyError> {
        Ed25519KeyPair::generate().map(Self::from_key).map_err(|_| LocalKeyError::Generate)
    }

    fn from_key(key: Ed25519KeyPair) -> Self {
        let digest = Sha256::digest(key.public_key().as_ref());
        let key_id = format!("local-{}", URL_SAFE_NO_PAD.encode(digest));
        Self { key, key_id }
    }

    /// A token for `subject` that is valid from `now` for `ttl`. `email` and `name` become the claims of that name.
    pub fn sign(
        &self,
        subject: &str,
        email: Option<&str>,
        name: Option<&str>,
        ttl: TimeDelta,
        now: DateTime<Utc>,
    ) -> String {
        let expires_at = now.checked_add_signed(ttl).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let header = json!({ "typ": "JWT", "alg": "EdDSA", "kid": self.key_id });
        let claims = json!({
            "iss": ISSUER,
            "sub": subject,
            "email": email,
            "name": name,
            "iat": now.timestamp(),
            "nbf": now.timestamp(),
            "exp": expires_at.timestamp(),
        });
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub(super) fn key_id(&self) -> &str {
        &self.key_id
    }

    pub(super) fn decoding_key(&self) -> DecodingKey {
        DecodingKey::from_ed_der(self.key.public_key().as_ref())
    }
}

fn part(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

impl std::fmt::Debug for LocalIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalIssuer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}
