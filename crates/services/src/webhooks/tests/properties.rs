//! What holds for every payload and header: our own signatures pass, anything touched does not, nothing panics.

use super::super::{SignatureError, stripe, svix};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use proptest::sample::Index;
use secrecy::SecretString;

const SECRET: &str = "whsec_dmVjdG9ycyBvZiB3YXltYXJr";
const ID: &str = "msg_2property";

fn secrets() -> Vec<SecretString> {
    vec!["whsec_c29tZWJvZHkgZWxzZQ==".into(), SECRET.into()]
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn signed_at() -> impl Strategy<Value = DateTime<Utc>> {
    (1_500_000_000_i64..4_000_000_000).prop_map(at)
}

fn by_stripe(payload: &[u8], header: &str, now: DateTime<Utc>) -> Result<(), SignatureError> {
    stripe::verify(payload, Some(header), &secrets(), now)
}

fn by_svix(
    payload: &[u8],
    id: &str,
    timestamp: &str,
    signature: &str,
    now: DateTime<Utc>,
) -> Result<(), SignatureError> {
    let headers = svix::SvixHeaders { id: Some(id), timestamp: Some(timestamp), signature: Some(signature) };
    svix::verify(payload, &headers, &secrets(), now)
}

/// `text` with the character at `place` replaced by another one.
fn touched(text: &str, place: Index, by: char) -> Option<String> {
    let mut characters: Vec<_> = text.chars().collect();
    let place = place.index(characters.len());
    let changed = characters[place] != by;
    characters[place] = by;
    changed.then(|| characters.into_iter().collect())
}

/// Headers near the real thing and far from it.
fn any_header() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[tv01=, a-f\u{1F980}.+-]{0,60}",
        "(t=[0-9]{0,25}|v1=[0-9a-f]{0,70}|v0=x|,| ){0,6}",
        "(v1|v1a|v)?(,[A-Za-z0-9+/=]{0,50}| ){0,6}",
    ]
}

proptest! {
    #[test]
    fn what_we_sign_is_taken_for_five_minutes_either_way(
        payload: Vec<u8>, at in signed_at(), distance in -400_i64..400,
    ) {
        let now = at + chrono::TimeDelta::seconds(distance);
        let expected = if distance.abs() <= 300 { Ok(()) } else { Err(SignatureError::Expired) };
        prop_assert_eq!(by_stripe(&payload, &stripe::sign(&payload, SECRET, at), now), expected);
        let signature = svix::sign(&payload, SECRET, ID, at).unwrap();
        prop_assert_eq!(by_svix(&payload, ID, &at.timestamp().to_string(), &signature, now), expected);
    }

    #[test]
    fn a_payload_with_one_byte_changed_added_or_removed_is_refused(
        payload in proptest::collection::vec(any::<u8>(), 1..200), place: Index, by in 1_u8..=255, at in signed_at(),
    ) {
        let header = stripe::sign(&payload, SECRET, at);
        let (timestamp, signature) = (at.timestamp().to_string(), svix::sign(&payload, SECRET, ID, at).unwrap());
        let place = place.index(payload.len());
        let (mut changed, mut added, mut removed) = (payload.clone(), payload.clone(), payload);
        changed[place] ^= by;
        added.insert(place, by);
        removed.remove(place);
        for payload in [changed, added, removed] {
            prop_assert_eq!(by_stripe(&payload, &header, at), Err(SignatureError::Mismatch));
            prop_assert_eq!(by_svix(&payload, ID, &timestamp, &signature, at), Err(SignatureError::Mismatch));
        }
    }

    #[test]
    fn a_digest_with_one_character_changed_is_refused(
        payload: Vec<u8>, place: Index, at in signed_at(),
        by in prop_oneof![any::<char>(), proptest::char::range('0', 'z')],
    ) {
        let header = stripe::sign(&payload, SECRET, at);
        let (start, digest) = header.split_at(header.find("v1=").unwrap() + 3);
        if let Some(digest) = touched(digest, place, by) {
            prop_assert_eq!(by_stripe(&payload, &format!("{start}{digest}"), at), Err(SignatureError::Mismatch));
        }
        let signature = svix::sign(&payload, SECRET, ID, at).unwrap();
        if let Some(digest) = touched(signature.strip_prefix("v1,").unwrap(), place, by) {
            let outcome = by_svix(&payload, ID, &at.timestamp().to_string(), &format!("v1,{digest}"), at);
            prop_assert_eq!(outcome, Err(SignatureError::Mismatch));
        }
    }

    #[test]
    fn a_header_with_one_character_changed_anywhere_is_refused(
        payload: Vec<u8>, place: Index, at in signed_at(),
        by in prop_oneof![any::<char>(), proptest::char::range(' ', '~')],
    ) {
        if let Some(header) = touched(&stripe::sign(&payload, SECRET, at), place, by) {
            prop_assert!(by_stripe(&payload, &header, at).is_err(), "{}", header);
        }
        let (timestamp, signature) = (at.timestamp().to_string(), svix::sign(&payload, SECRET, ID, at).unwrap());
        if let Some(id) = touched(ID, place, by) {
            prop_assert!(by_svix(&payload, &id, &timestamp, &signature, at).is_err());
        }
        if let Some(timestamp) = touched(&timestamp, place, by) {
            prop_assert!(by_svix(&payload, ID, &timestamp, &signature, at).is_err());
        }
        if let Some(signature) = touched(&signature, place, by) {
            prop_assert!(by_svix(&payload, ID, &timestamp, &signature, at).is_err());
        }
    }

    #[test]
    fn no_header_panics_or_passes(
        payload: Vec<u8>, at in signed_at(), one in any_header(), two in any_header(), three in any_header(),
    ) {
        prop_assert!(by_stripe(&payload, &one, at).is_err());
        prop_assert!(by_svix(&payload, &one, &two, &three, at).is_err());
        prop_assert!(by_svix(&payload, ID, &at.timestamp().to_string(), &three, at).is_err());
    }
}
