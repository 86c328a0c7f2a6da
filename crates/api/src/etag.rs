//! Answers that a client may keep and ask about: a strong tag of the body, and 304 when the client has it.

use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderMap, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse};
use std::hash::{DefaultHasher, Hasher};

/// The body with its tag, or 304 without it. `cache` is the `Cache-Control` of both.
pub fn answer(
    req: &HttpRequest,
    content_type: &'static str,
    cache: &'static str,
    body: impl Into<String>,
) -> HttpResponse {
    let body = body.into();
    let tag = tag(body.as_bytes());
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
}
