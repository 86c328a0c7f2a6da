//! Answers that a client may keep and ask about: a strong tag of the body, and 304 when the client has it. A plan's tag
//! also says which version an edit was made of: `If-Match` refuses one that comes too late.

use crate::error::ApiError;
use actix_web::dev::Payload;
use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderMap, IF_MATCH, IF_NONE_MATCH};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use std::future::{Ready, ready};
use std::hash::{DefaultHasher, Hasher};
use waymark_services::plans::{PlanTag, Precondition};

/// The body with its tag, or 304 without it. `cache` is the `Cache-Control` of both.
pub fn answer(
    req: &HttpRequest,
    content_type: &'static str,
    cache: &'static str,
    body: impl Into<String>,
) -> HttpResponse {
    let body = body.into();
    tagged(req, content_type, cache, tag(body.as_bytes()), body)
}

/// As [`answer`], with a tag made elsewhere, quotes included.
pub fn tagged(
    req: &HttpRequest,
    content_type: &'static str,
    cache: &'static str,
    tag: String,
    body: String,
) -> HttpResponse {
    let known = has(req.headers(), &tag);
    let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    answer.insert_header((CACHE_CONTROL, cache)).insert_header((ETAG, tag));
    if known { answer.finish() } else { answer.content_type(content_type).body(body) }
}

/// A quick hash: it tells versions of one person's plan apart and keeps no secret.
fn tag(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    format!("\"{:016x}\"", hasher.finish())
}

/// The tag of a plan's state, for the `ETag` header.
pub fn of_plan(tag: &PlanTag) -> String {
    format!("\"{tag}\"")
}

/// `If-Match` of a request that edits a plan. Of a tag only the version counts: it is what edits change, while progress
/// makes another tag and harms no edit. A tag that is weak or no plan's matches nothing (RFC 9110, 13.1.1).
#[derive(Debug)]
pub struct IfMatch(pub Precondition);

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(precondition(req.headers()))))
    }
}

fn precondition(headers: &HeaderMap) -> Precondition {
    if !headers.contains_key(IF_MATCH) {
        return Precondition::None;
    }
    let tags = headers.get_all(IF_MATCH).flat_map(|value| value.to_str().unwrap_or_default().split(',')).map(str::trim);
    let mut versions = Vec::new();
    for tag in tags {
        if tag == "*" {
            return Precondition::None;
        }
        let text = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        versions.extend(text.and_then(PlanTag::version_of));
    }
    Precondition::OneOf(versions)
}

/// Whether `If-None-Match` names the tag; its comparison is the weak one (RFC 9110, 13.1.2).
fn has(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_client_that_has_the_body_gets_304_and_the_tag() {
        let first = answer(&TestRequest::default().to_http_request(), "application/json", "private, no-cache", "{}");
        assert_eq!(first.status(), 200);
        let tag = first.headers().get(ETAG).unwrap().to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let req = TestRequest::default().insert_header((IF_NONE_MATCH, known)).to_http_request();
            let again = answer(&req, "application/json", "private, no-cache", "{}");
            assert_eq!((again.status().as_u16(), again.headers().get(ETAG).unwrap().to_str().unwrap()), (304, &*tag));
        }
        let req = TestRequest::default().insert_header((IF_NONE_MATCH, tag)).to_http_request();
        assert_eq!(answer(&req, "application/json", "private, no-cache", "{ }").status(), 200);
    }

    #[test]
    fn of_if_match_the_versions_count_and_what_is_no_strong_tag_matches_nothing() {
        let of = |value: &'static str| {
            precondition(TestRequest::default().insert_header((IF_MATCH, value)).to_http_request().headers())
        };
        assert_eq!(precondition(TestRequest::default().to_http_request().headers()), Precondition::None);
        assert_eq!(of("*"), Precondition::None);
        let (one, two) = ("\"v7-0123456789abcdef\"", "\"x\", \"v7-0123456789abcdef\" , \"v9-0123456789abcdef\"");
        assert_eq!((of(one), of(two)), (Precondition::OneOf(vec![7]), Precondition::OneOf(vec![7, 9])));
        for nothing in ["", "v7", "W/\"v7-0123456789abcdef\"", "\"v7\"", "7"] {
            assert_eq!(of(nothing), Precondition::OneOf(vec![]), "{nothing}");
        }
    }
}
