//! Session tokens: who sent this request. Called by the HTTP layer's extractor once a request; taking the token out of
//! the header or cookie is the extractor's business.

mod claims;
mod compact;
mod error;
pub(crate) mod key_set;
mod signatures;
#[cfg(test)]
pub(crate) mod test_support;
#[cfg(test)]
mod tests;

pub use claims::VerifiedToken;
pub use error::TokenError;

use super::jwks::JwksCache;
use super::local_issuer::{ISSUER, LocalIssuer};
use chrono::{DateTime, Utc};
use claims::{Claims, Expected};
use compact::Compact;
use jsonwebtoken::{Algorithm, DecodingKey};
use signatures::Signatures;
use std::sync::Arc;

/// Whose session tokens a Clerk-mode verifier believes.
#[derive(Debug, Clone)]
pub struct ClerkTrust {
    /// The instance's Frontend API address, for example `https://clerk.example.com`. Compared with `iss` byte for byte.
    pub issuer: String,
    /// Origins that may have asked for a token (`azp`), for example `https://app.example.com`. When empty, `azp` is not
    /// looked at: right for a single application whose issuer mints tokens for nobody else, and worth a warning at
    /// start-up otherwise, because a token made for a neighbouring subdomain is then taken too.
    pub authorized_parties: Vec<String>,
}

/// Checks session tokens: one issuer, one algorithm, one source of keys.
///
/// The algorithm is fixed by the mode and never taken from the token, so neither `none` nor a public key used as an
/// HMAC secret gets anywhere. `aud` is not looked at: Clerk sets none of its own.
#[derive(Debug, Clone)]
pub struct TokenVerifier {
    expected: Arc<Expected>,
    keys: KeySource,
    signatures: Signatures,
}

#[derive(Debug, Clone)]
enum KeySource {
    /// RS256 keys that the issuer publishes.
    Published(JwksCache),
    /// The one Ed25519 key of this installation.
    Local { key_id: Arc<str>, key: Arc<DecodingKey> },
}

impl TokenVerifier {
    /// Believes a Clerk instance's tokens, RS256 only.
    pub fn clerk(trust: ClerkTrust, keys: JwksCache) -> Self {
        let parties = trust.authorized_parties.iter().map(|party| party.trim_end_matches('/').to_owned());
        let expected = Expected { issuer: trust.issuer, authorized_parties: parties.collect() };
        Self { expected: Arc::new(expected), keys: KeySource::Published(keys), signatures: Signatures::new() }
    }

    /// Believes this installation's own key and nothing else. For development: the HTTP layer must then stay on loopback.
    pub fn local(issuer: &LocalIssuer) -> Self {
        let expected = Expected { issuer: ISSUER.to_owned(), authorized_parties: Vec::new() };
        let keys = KeySource::Local { key_id: issuer.key_id().into(), key: Arc::new(issuer.decoding_key()) };
        Self { expected: Arc::new(expected), keys, signatures: Signatures::new() }
    }

    /// Whether the local key is what is trusted.
    pub fn is_local(&self) -> bool {
        matches!(self.keys, KeySource::Local { .. })
    }

    /// Tells who the bearer of `token` is, at the time `now`.
    ///
    /// # Errors
    /// Everything but [`TokenError::KeysUnavailable`] means that the bearer is not signed in. An expired token is the
    /// ordinary state of an idle browser tab: no reason to log above debug.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<VerifiedToken, TokenError> {
        let parts = Compact::parse(token)?;
        let (name, algorithm) = self.algorithm();
        if parts.header.alg != name {
            return Err(TokenError::WrongAlgorithm);
        }
        let key = self.key(parts.header.kid.as_deref()).await?;
        self.signatures.check(token, || parts.check_signature(&key, algorithm)).await?;
        Claims::parse(parts.payload)?.check(&self.expected, now)
    }

    fn algorithm(&self) -> (&'static str, Algorithm) {
        match self.keys {
            KeySource::Published(_) => ("RS256", Algorithm::RS256),
            KeySource::Local { .. } => ("EdDSA", Algorithm::EdDSA),
        }
    }

    async fn key(&self, wanted: Option<&str>) -> Result<Arc<DecodingKey>, TokenError> {
        match &self.keys {
            KeySource::Published(cache) => cache.key(wanted).await,
            KeySource::Local { key_id, key } if wanted.is_none_or(|id| id == &**key_id) => Ok(Arc::clone(key)),
            KeySource::Local { .. } => Err(TokenError::UnknownKey),
        }
    }
}
