//! The inside of a token whose signature is right: who, until when, from whom. Used by the verifier only.

use super::TokenError;
use super::compact::decode;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Number, Value};

/// How far two clocks may disagree, on `exp`, `nbf` and `iat` alike: what Clerk's own libraries allow.
const LEEWAY: TimeDelta = TimeDelta::seconds(5);

/// The bearer of a session token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    /// The identity provider's key for the person (`sub`); never empty.
    pub subject: String,
    /// The session at the provider (`sid`).
    pub session_id: Option<String>,
    /// The custom claim `email`: there only if the operator added it to the session token.
    pub email: Option<String>,
    /// The custom claim `name`, likewise.
    pub name: Option<String>,
    /// When the token ends, without leeway. A long stream need not end with it.
    pub expires_at: DateTime<Utc>,
}

/// What the claims are held against.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) issuer: String,
    pub(super) authorized_parties: Vec<String>,
}

/// The claims that matter, the same in Clerk's versions 1 and 2: they differ in the organisation's, which we do not read.
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: String,
    sub: String,
    exp: NumericDate,
    nbf: Option<NumericDate>,
    iat: Option<NumericDate>,
    azp: Option<String>,
    sts: Option<String>,
    sid: Option<String>,
    // Operators write these two: a wrong type is a missing claim, not a locked-out user.
    email: Option<Value>,
    name: Option<Value>,
}

impl Claims {
    pub(super) fn parse(payload: &str) -> Result<Self, TokenError> {
        serde_json::from_slice(&decode(payload)?).map_err(|_| TokenError::Malformed)
    }

    /// Call only after the signature was checked.
    pub(super) fn check(self, expected: &Expected, now: DateTime<Utc>) -> Result<VerifiedToken, TokenError> {
        if self.iss != expected.issuer {
            return Err(TokenError::WrongIssuer);
        }
        self.check_times(now)?;
        self.check_party(&expected.authorized_parties)?;
        if self.sts.as_deref() == Some("pending") {
            return Err(TokenError::Pending);
        }
        if self.sub.is_empty() {
            return Err(TokenError::Malformed);
        }
        Ok(VerifiedToken {
            subject: self.sub,
            session_id: self.sid,
            email: text(self.email),
            name: text(self.name),
            expires_at: self.exp.0,
        })
    }

    /// RFC 7519, 4.1.4: `exp` itself is already too late.
    fn check_times(&self, now: DateTime<Utc>) -> Result<(), TokenError> {
        if now - self.exp.0 >= LEEWAY {
            return Err(TokenError::Expired);
        }
        let too_early = |time: &NumericDate| time.0 - now > LEEWAY;
        if self.nbf.as_ref().is_some_and(too_early) || self.iat.as_ref().is_some_and(too_early) {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }

    /// `azp` may be absent: Clerk leaves it out when the request that made the token had no Origin.
    fn check_party(&self, allowed: &[String]) -> Result<(), TokenError> {
        match &self.azp {
            Some(azp) if !allowed.is_empty() && !allowed.contains(azp) => {
                Err(TokenError::WrongParty { azp: azp.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// A custom claim's text; a template without a value gives null or an empty string.
fn text(claim: Option<Value>) -> Option<String> {
    match claim {
        Some(Value::String(text)) if !text.trim().is_empty() => Some(text),
        _ => None,
    }
}

/// Seconds since 1970, whole or with a fraction (RFC 7519, section 2).
struct NumericDate(DateTime<Utc>);

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(deserializer)?;
        let seconds = number.as_i64().or_else(|| number.as_f64().and_then(whole_seconds));
        let time = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        time.map(Self).ok_or_else(|| de::Error::custom("time out of range"))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked first, and the fraction is dropped on purpose"
)]
fn whole_seconds(seconds: f64) -> Option<i64> {
    // Far beyond every real token and exact in a double.
    const LIMIT: f64 = 1e12;
    (seconds.abs() < LIMIT).then_some(seconds.floor() as i64)
}
