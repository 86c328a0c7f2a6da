//! Stripe's signatures: the header `Stripe-Signature`, `t=1795413600,v1=5257a8...,v1=...`, each `v1` the hex HMAC-SHA256
//! of `{t}.{body}` under the endpoint's secret as it is written. Called by the billing use case.
//!
//! Source: <https://docs.stripe.com/webhooks#verify-manually>. Where the recorded vectors differ from Stripe's own library
//! they say why.

use super::{SignatureError, check_age, check_digests, digest, seconds};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

/// The one scheme there is; `v0` marks test signatures of old and proves nothing.
const SCHEME: &str = "v1";

/// Tells whether `payload`, the raw body, was signed with one of `secrets` within five minutes of `now`. A blank secret
/// is none: anybody can sign with it.
///
/// # Errors
/// [`SignatureError`]; the header is `Malformed` without a timestamp in digits or without any `v1`.
pub fn verify(
    payload: &[u8],
    header: Option<&str>,
    secrets: &[SecretString],
    now: DateTime<Utc>,
) -> Result<(), SignatureError> {
    let header = header.filter(|header| !header.is_empty()).ok_or(SignatureError::Missing)?;
    let Header { timestamp, signatures } = Header::parse(header)?;
    let signed_at = seconds(timestamp)?;
    let secrets = secrets.iter().map(ExposeSecret::expose_secret).filter(|secret| !secret.trim().is_empty());
    check_digests(&signatures, secrets.map(|secret| hex_digest(payload, timestamp, secret)))?;
    check_age(signed_at, now)
}

/// The header that makes [`verify`] accept `payload` at the time `at`, cut to seconds. For tests and tools.
pub fn sign(payload: &[u8], secret: &str, at: DateTime<Utc>) -> String {
    let timestamp = at.timestamp().to_string();
    let digest = hex_digest(payload, &timestamp, secret);
    format!("t={timestamp},{SCHEME}={digest}")
}

fn hex_digest(payload: &[u8], timestamp: &str, secret: &str) -> String {
    hex::encode(digest(secret.as_bytes(), &[timestamp.as_bytes(), b".", payload]))
}

struct Header<'a> {
    timestamp: &'a str,
    signatures: Vec<&'a str>,
}

impl<'a> Header<'a> {
    /// Unknown names are passed over; the last `t` counts.
    fn parse(header: &'a str) -> Result<Self, SignatureError> {
        let (mut timestamp, mut signatures) = (None, Vec::new());
        for (name, value) in header.split(',').filter_map(|item| item.split_once('=')) {
            match name {
                "t" => timestamp = Some(value),
                SCHEME => signatures.push(value),
                _ => {}
            }
        }
        match timestamp {
            Some(timestamp) if !signatures.is_empty() => Ok(Self { timestamp, signatures }),
            _ => Err(SignatureError::Malformed),
        }
    }
}
