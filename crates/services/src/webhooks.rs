//! Who signed a webhook: the payment provider's and the identity provider's signatures over raw bodies. Called by the
//! billing and accounts use cases before anything of a body is read.
//!
//! Both are HMAC-SHA256 over a timestamp and the bytes as they came, and both name several signatures while a secret is
//! being rotated. What is compared is the digest's text, so a signature has one spelling; comparing takes the same time
//! wherever two digests differ. Each secret costs one pass over the body, however many signatures a header names.
//!
//! The signature is judged before the timestamp: [`SignatureError::Expired`] says that an authentic message came late, or
//! that a clock is wrong; never that somebody guessed.

pub mod stripe;
pub mod svix;
#[cfg(test)]
mod tests;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use chrono::{DateTime, Utc};

/// How far a timestamp may be from now, before or after it, in whole seconds: the default of both providers' libraries.
const TOLERANCE_SECONDS: u64 = 300;

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A header is absent or empty.
    #[error("the request is not signed")]
    Missing,
    /// No timestamp or no signature of a known scheme can be read.
    #[error("the signature cannot be read")]
    Malformed,
    /// Signed with one of the secrets, more than five minutes ago or ahead.
    #[error("the signature is more than five minutes old or ahead")]
    Expired,
    /// Not signed with any of the secrets, or not these bytes.
    #[error("the signature is not ours")]
    Mismatch,
}

/// Seconds since 1970 as both providers write them: digits, nothing else.
fn seconds(text: &str) -> Result<i64, SignatureError> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain).ok_or(SignatureError::Malformed)
}

fn digest(key: &[u8], parts: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    context.sign()
}

/// Whether one of the digests that came is one of those that the secrets make.
fn check_digests(given: &[&str], expected: impl Iterator<Item = String>) -> Result<(), SignatureError> {
    let is_given = |expected: String| {
        given.iter().any(|given| verify_slices_are_equal(given.as_bytes(), expected.as_bytes()).is_ok())
    };
    if expected.into_iter().any(is_given) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

fn check_age(signed_at: i64, now: DateTime<Utc>) -> Result<(), SignatureError> {
    // Towards the past whole seconds count, as in the providers' libraries: 300.999 seconds are 300.
    let distance = now.timestamp().abs_diff(signed_at);
    if distance <= TOLERANCE_SECONDS { Ok(()) } else { Err(SignatureError::Expired) }
}
