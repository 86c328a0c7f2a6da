//! Both verifiers against recorded vectors, whose signatures and verdicts are the providers' own libraries'.

mod properties;

use super::{SignatureError, stripe, svix};
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct File<V> {
    library: String,
    vectors: Vec<V>,
}

/// What every vector has. The library takes one secret; it accepts when it does with one of them.
#[derive(Deserialize)]
struct Vector {
    name: String,
    secrets: Vec<String>,
    #[serde(flatten)]
    payload: Payload,
    /// Milliseconds since 1970.
    now_ms: i64,
    vendor: Verdict,
    ours: Ours,
    /// Why ours is another verdict than the library's.
    differs: Option<String>,
}

#[derive(Deserialize)]
enum Payload {
    #[serde(rename = "payload")]
    Text(String),
    #[serde(rename = "payload_hex")]
    Hex(String),
    /// Too long to be recorded.
    #[serde(rename = "payload_rule")]
    Rule { start: String, unit: String, times: usize, end: String },
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Valid,
    Refused,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Ours {
    Valid,
    Missing,
    Malformed,
    Expired,
    Mismatch,
}

#[derive(Deserialize)]
struct StripeVector {
    #[serde(flatten)]
    of: Vector,
    header: Option<String>,
}

#[derive(Deserialize)]
struct SvixVector {
    #[serde(flatten)]
    of: Vector,
    headers: BTreeMap<String, String>,
}

impl Vector {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.now_ms).unwrap()
    }

    fn secrets(&self) -> Vec<SecretString> {
        self.secrets.iter().map(|secret| SecretString::from(secret.as_str())).collect()
    }

    fn payload(&self) -> Vec<u8> {
        match &self.payload {
            Payload::Text(text) => text.clone().into_bytes(),
            Payload::Hex(digits) => hex::decode(digits).unwrap(),
            Payload::Rule { start, unit, times, end } => format!("{start}{}{end}", unit.repeat(*times)).into_bytes(),
        }
    }

    fn judge(&self, outcome: Result<(), SignatureError>) {
        let expected = match self.ours {
            Ours::Valid => Ok(()),
            Ours::Missing => Err(SignatureError::Missing),
            Ours::Malformed => Err(SignatureError::Malformed),
            Ours::Expired => Err(SignatureError::Expired),
            Ours::Mismatch => Err(SignatureError::Mismatch),
        };
        assert_eq!(outcome, expected, "{}", self.name);
        let verdict = if outcome.is_ok() { Verdict::Valid } else { Verdict::Refused };
        match &self.differs {
            None => assert_eq!(verdict, self.vendor, "{}: not the library's verdict, and no reason given", self.name),
            Some(why) => assert_ne!(verdict, self.vendor, "{}: is the library's verdict, though: {why}", self.name),
        }
    }
}

#[test]
fn stripes_own_signatures_are_judged_as_its_library_judges_them() {
    let file: File<StripeVector> = serde_json::from_str(include_str!("vectors/stripe.json")).unwrap();
    assert!(file.library.starts_with("stripe ") && file.vectors.len() > 60);
    for StripeVector { of, header } in &file.vectors {
        of.judge(stripe::verify(&of.payload(), header.as_deref(), &of.secrets(), of.now()));
    }
}

#[test]
fn svixs_own_signatures_are_judged_as_its_library_judges_them() {
    let file: File<SvixVector> = serde_json::from_str(include_str!("vectors/svix.json")).unwrap();
    assert!(file.library.starts_with("svix ") && file.vectors.len() > 60);
    for SvixVector { of, headers } in &file.vectors {
        let header = |name: &str| headers.get(name).map(String::as_str);
        let headers = svix::SvixHeaders {
            id: header("svix-id"),
            timestamp: header("svix-timestamp"),
            signature: header("svix-signature"),
        };
        of.judge(svix::verify(&of.payload(), &headers, &of.secrets(), of.now()));
    }
}

#[test]
fn a_secret_of_svixs_that_is_no_base64_or_empty_is_told_apart() {
    for good in ["whsec_c2VjcmV0", "c2VjcmV0", "whsec_c2VjcmV0cw==", "whsec_c2VjcmV0cw"] {
        assert!(svix::is_usable(&good.into()), "{good}");
    }
    for bad in ["", "whsec_", "whsec_secret!", " whsec_c2VjcmV0", "whsec_c2VjcmV0\n"] {
        assert!(!svix::is_usable(&bad.into()), "{bad:?}");
    }
}

#[test]
fn an_error_tells_nothing_but_its_kind() {
    let shown = [SignatureError::Missing, SignatureError::Malformed, SignatureError::Expired, SignatureError::Mismatch];
    let texts: std::collections::BTreeSet<_> = shown.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), shown.len());
}
