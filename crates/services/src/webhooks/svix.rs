//! Svix's signatures, which the identity provider's webhooks carry: `svix-signature` is a list `v1,<base64> v1,<base64>`,
//! each the HMAC-SHA256 of `{svix-id}.{svix-timestamp}.{body}` under the base64-decoded part of the secret behind
//! `whsec_`. Called by the accounts use case.
//!
//! Source: <https://docs.svix.com/receiving/verifying-payloads/how-manual>. Where the recorded vectors differ from Svix's
//! own library they say why; above all, only `svix-*` headers are read, never their other names `webhook-*`.

use super::{SignatureError, check_age, check_digests, digest, seconds};
use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

/// Symmetric signatures. `v1a` is asymmetric, and its key is not what is configured here.
const VERSION: &str = "v1";
const SECRET_PREFIX: &str = "whsec_";
/// Secrets are pasted by people, who lose padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The three headers as they came.
#[derive(Debug, Clone, Copy, Default)]
pub struct SvixHeaders<'a> {
    /// `svix-id`: the message's, the same on every delivery. Part of what is signed.
    pub id: Option<&'a str>,
    /// `svix-timestamp`: seconds since 1970 of this delivery.
    pub timestamp: Option<&'a str>,
    /// `svix-signature`: the signatures, separated by spaces.
    pub signature: Option<&'a str>,
}

/// Tells whether `payload`, the raw body, was signed with one of `secrets` within five minutes of `now`. A secret that
/// [`is_usable`] refuses is passed over.
///
/// # Errors
/// [`SignatureError`]; `Malformed` is a timestamp that is not in digits, or a list without any `v1`.
pub fn verify(
    payload: &[u8],
    headers: &SvixHeaders<'_>,
    secrets: &[SecretString],
    now: DateTime<Utc>,
) -> Result<(), SignatureError> {
    let present = |header: Option<_>| header.filter(|value: &&str| !value.is_empty()).ok_or(SignatureError::Missing);
    let (id, timestamp) = (present(headers.id)?, present(headers.timestamp)?);
    let signatures = of_our_version(present(headers.signature)?)?;
    let signed_at = seconds(timestamp)?;
    let keys = secrets.iter().filter_map(|secret| key(secret.expose_secret()));
    check_digests(&signatures, keys.map(|key| base64_digest(payload, id, timestamp, &key)))?;
    check_age(signed_at, now)
}

/// The header `svix-signature` that makes [`verify`] accept `payload` with this id at the time `at`, whose whole seconds
/// are the header `svix-timestamp`. For tests and tools; nothing for a secret that is not [usable](is_usable).
pub fn sign(payload: &[u8], secret: &str, id: &str, at: DateTime<Utc>) -> Option<String> {
    let digest = base64_digest(payload, id, &at.timestamp().to_string(), &key(secret)?);
    Some(format!("{VERSION},{digest}"))
}

/// Whether a secret is base64 of at least one byte, with or without `whsec_`: worth asking when settings are read.
pub fn is_usable(secret: &SecretString) -> bool {
    key(secret.expose_secret()).is_some()
}

fn key(secret: &str) -> Option<Vec<u8>> {
    let key = LENIENT.decode(secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret)).ok()?;
    // Anybody can sign with an empty key.
    (!key.is_empty()).then_some(key)
}

fn base64_digest(payload: &[u8], id: &str, timestamp: &str, key: &[u8]) -> String {
    STANDARD.encode(digest(key, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", payload]))
}

fn of_our_version(list: &str) -> Result<Vec<&str>, SignatureError> {
    let versioned = list.split(' ').filter_map(|item| item.split_once(','));
    let ours: Vec<_> = versioned.filter(|(version, _)| *version == VERSION).map(|(_, digest)| digest).collect();
    if ours.is_empty() { Err(SignatureError::Malformed) } else { Ok(ours) }
}
