//! Which headers are keys, and which requests are the same.

use super::*;
use crate::error::Place;
use actix_web::test::TestRequest;
use actix_web::{App, test as http, web};
use std::collections::BTreeSet;

fn headers(values: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(HeaderName::from_static("idempotency-key"), HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

fn offences(values: &[&[u8]]) -> Vec<(String, u16)> {
    let problem = key(&headers(values)).unwrap_err().problem(&Place::default());
    problem.errors.into_iter().map(|error| (error.field, problem.status)).collect()
}

#[test]
fn a_key_is_visible_ascii_of_up_to_255_characters() {
    let longest = "k".repeat(LONGEST);
    for sound in ["k", "0199a1c2-3d4e-7f50-8a6b-9c0d1e2f3a4b", "\"quoted\"", "!~", &longest] {
        assert_eq!(key(&headers(&[sound.as_bytes()])).unwrap().as_deref(), Some(sound));
    }
    assert_eq!(key(&headers(&[])).unwrap(), None);
    let too_long = "k".repeat(LONGEST + 1);
    for wrong in [&b""[..], b"a b", b"a\tb", "schl\u{fc}ssel".as_bytes(), b"\xff", too_long.as_bytes()] {
        assert_eq!(offences(&[wrong]), [(NAME.to_owned(), 400)], "{wrong:?}");
    }
}

#[test]
fn a_key_that_is_given_twice_is_refused_even_when_both_are_equal() {
    assert_eq!(offences(&[b"k", b"k"]), [(NAME.to_owned(), 400)]);
    assert_eq!(offences(&[b"a b", b"k"]).len(), 2);
}

#[test]
fn a_hash_depends_on_every_part_and_on_where_it_ends() {
    let hashes: BTreeSet<String> = [
        [&b"POST"[..], b"/a", b"q", b"{}"],
        [b"PUT", b"/a", b"q", b"{}"],
        [b"POST", b"/b", b"q", b"{}"],
        [b"POST", b"/a", b"", b"{}"],
        [b"POST", b"/a", b"q", b"{ }"],
        [b"POST", b"/aq", b"", b"{}"],
        [b"POST", b"/a", b"q{", b"}"],
    ]
    .into_iter()
    .map(hash)
    .collect();
    assert_eq!(hashes.len(), 7);
    assert!(hashes.iter().all(|hash| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit())));
}

#[actix_web::test]
async fn the_route_is_the_pattern_and_the_hash_is_of_the_address() {
    let tell = |key: IdempotencyKey, body: web::Bytes| async move {
        key.over(&body).map_or_else(|| "none".to_owned(), |key| format!("{}|{}|{}", key.key, key.route, key.hash))
    };
    let scope = web::scope("/api").route("/v1/plans/{planId}/cancel", web::post().to(tell));
    let app = http::init_service(App::new().service(scope)).await;
    let send = async |path: &str, key: Option<&'static str>| {
        let mut request = TestRequest::post().uri(path).set_payload("{}");
        if let Some(key) = key {
            request = request.insert_header((NAME, key));
        }
        String::from_utf8(http::call_and_read_body(&app, request.to_request()).await.to_vec()).unwrap()
    };
    assert_eq!(send("/api/v1/plans/1/cancel", None).await, "none");
    let one = send("/api/v1/plans/1/cancel", Some("k")).await;
    let expected = hash([b"POST", b"/api/v1/plans/1/cancel", b"", b"{}"]);
    assert_eq!(one, format!("k|POST /api/v1/plans/{{planId}}/cancel|{expected}"));
    assert_ne!(send("/api/v1/plans/2/cancel", Some("k")).await, one);
    assert_ne!(send("/api/v1/plans/1/cancel?model=x", Some("k")).await, one);
}

#[test]
fn only_a_repeated_answer_says_so() {
    let mark = |replayed| mark(HttpResponse::NoContent().finish(), replayed);
    assert!(mark(false).headers().get(&REPLAYED).is_none());
    assert_eq!(mark(true).headers().get(&REPLAYED).unwrap(), "true");
}
