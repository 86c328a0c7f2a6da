//! The outside of a token: three base64url parts (RFC 7515, compact serialization). Used by the verifier only.

use super::TokenError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde_json::Value;

/// Longer than any header line that a proxy lets through; bounds the work that a stranger can ask for. Bytes.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The header parameters that decide something. Unknown ones are let be: Clerk sends `oiat` and announces more.
#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
    /// Extensions that must be understood (RFC 7515, 4.1.11). We understand none.
    crit: Option<Value>,
}

/// A token cut into its parts; nothing in it is trusted yet.
pub(super) struct Compact<'a> {
    pub(super) header: Header,
    pub(super) payload: &'a str,
    signed: &'a str,
    signature: &'a str,
}

impl<'a> Compact<'a> {
    pub(super) fn parse(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        if payload.contains('.') {
            return Err(TokenError::Malformed);
        }
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| TokenError::Malformed)?;
        if header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        Ok(Self { header, payload, signed, signature })
    }

    pub(super) fn check_signature(&self, key: &DecodingKey, algorithm: Algorithm) -> Result<(), TokenError> {
        match crypto::verify(self.signature, self.signed.as_bytes(), key, algorithm) {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(TokenError::BadSignature),
        }
    }
}

pub(super) fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed)
}
