//! A JSON Web Key Set (RFC 7517) reduced to the keys that may check our tokens. Used by the key cache only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// More than any issuer publishes; bounds memory if the address answers nonsense.
const MAX_KEYS: usize = 64;
/// What RS256 asks for (RFC 7518, 3.3), and the largest that the cryptographic library takes. Bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// RS256 keys by key id; never empty.
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: Vec<(Option<String>, Arc<DecodingKey>)>,
}

#[derive(Deserialize)]
struct Document {
    // One key that we cannot read must not cost us the others.
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    n: String,
    e: String,
}

impl KeySet {
    /// Reads a published document; `None` when it is not one or holds no key for us.
    pub(crate) fn parse(document: &[u8]) -> Option<Self> {
        let document: Document = serde_json::from_slice(document).ok()?;
        let keys: Vec<_> = document.keys.into_iter().take(MAX_KEYS).filter_map(usable).collect();
        (!keys.is_empty()).then_some(Self { keys })
    }

    /// The key with this id; without an id, the only key there is.
    pub(crate) fn find(&self, wanted: Option<&str>) -> Option<Arc<DecodingKey>> {
        let found = match (wanted, self.keys.as_slice()) {
            (Some(wanted), keys) => keys.iter().find(|(id, _)| id.as_deref() == Some(wanted)),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        found.map(|(_, key)| Arc::clone(key))
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }
}

fn usable(key: Value) -> Option<(Option<String>, Arc<DecodingKey>)> {
    let jwk: Jwk = serde_json::from_value(key).ok()?;
    let for_signatures = jwk.usage.is_none_or(|usage| usage == "sig");
    let for_rs256 = jwk.alg.is_none_or(|alg| alg == "RS256");
    if jwk.kty != "RSA" || !for_signatures || !for_rs256 {
        return None;
    }
    let modulus = unsigned(&jwk.n)?;
    let exponent = unsigned(&jwk.e)?;
    if !RSA_BITS.contains(&bits(&modulus)) || !is_sound_exponent(&exponent) {
        return None;
    }
    Some((jwk.kid, Arc::new(DecodingKey::from_rsa_raw_components(&modulus, &exponent))))
}

/// A big-endian number without leading zeros. Some issuers send them; the library refuses them.
fn unsigned(base64url: &str) -> Option<Vec<u8>> {
    let mut bytes = URL_SAFE_NO_PAD.decode(base64url.trim_end_matches('=')).ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    Some(bytes.split_off(zeros))
}

fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

/// Odd and at least 3: with an exponent of 1 anybody can sign.
fn is_sound_exponent(exponent: &[u8]) -> bool {
    exponent.last().is_some_and(|last| last % 2 == 1) && exponent != [1] && exponent.len() <= 8
}
