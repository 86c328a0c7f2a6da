//! `Idempotency-Key`: a learner's request that may be sent twice and acts once. Every handler that changes something takes
//! [`IdempotencyKey`], gives its services the key together with the request's hash, and marks the answers that are
//! repetitions. Source: docs/API.md.

use crate::error::ApiError;
use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};
use std::future::{Ready, ready};
use waymark_domain::validation::FieldErrors;
use waymark_services::plans::RequestKey;

/// The header with the key.
pub const NAME: &str = "Idempotency-Key";
/// On an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Most characters of a key.
pub const LONGEST: usize = 255;

/// The key of a request, if it has one, and what else tells it apart from another request.
#[derive(Debug)]
pub struct IdempotencyKey(Option<Keyed>);

#[derive(Debug)]
struct Keyed {
    key: String,
    route: String,
    method: String,
    path: String,
    query: String,
}

impl IdempotencyKey {
    /// The key for a request with this body; without one, or where a route reads none, it is empty.
    pub fn over(self, body: &[u8]) -> Option<RequestKey> {
        let Keyed { key, route, method, path, query } = self.0?;
        let hash = hash([method.as_bytes(), path.as_bytes(), query.as_bytes(), body]);
        Some(RequestKey { key, route, hash })
    }
}

impl FromRequest for IdempotencyKey {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key = key(req.headers()).map(|key| {
            Self(key.map(|key| Keyed {
                key,
                route: format!("{} {}", req.method(), req.match_pattern().unwrap_or_default()),
                method: req.method().to_string(),
                path: req.path().to_owned(),
                query: req.query_string().to_owned(),
            }))
        });
        ready(key)
    }
}

/// Says of a repeated answer that it is one.
pub fn mark(mut answer: HttpResponse, replayed: bool) -> HttpResponse {
    if replayed {
        answer.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    answer
}

/// The header's value; a request with two of them names no single effect.
fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut errors = FieldErrors::default();
    let mut given = headers.get_all("idempotency-key");
    let first = given.next();
    if given.next().is_some() {
        errors.push(NAME, "is given twice");
    }
    let key = first.and_then(|value| errors.take(NAME, sound(value.as_bytes())));
    if errors.is_empty() { Ok(key) } else { Err(ApiError::invalid(errors)) }
}

fn sound(bytes: &[u8]) -> Result<String, &'static str> {
    let key = std::str::from_utf8(bytes)
        .ok()
        .filter(|key| (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()));
    key.map(str::to_owned).ok_or("must be 1 to 255 visible ASCII characters, without spaces")
}

/// SHA-256 in hex; each part is preceded by its length, so that nothing can move from one part into the next.
fn hash(parts: [&[u8]; 4]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

#[cfg(test)]
mod tests;
