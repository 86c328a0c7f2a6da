//! A JSON object as a request's body: content type, size and syntax. What is in it is checked by [`super::Members`].

use super::Members;
use crate::error::{ApiError, ErrorCode};
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde_json::{Map, Value};

/// Most bytes of a body. Source: issue of the core, "Bad input".
pub const MAX_BODY: usize = 64 * 1024;
/// A body that is too large is read up to here and forgotten, so that a client that writes before it reads gets the answer.
const MAX_DISCARDED: usize = 1024 * 1024;

/// A JSON object.
#[derive(Debug)]
pub struct JsonBody {
    /// What is in it.
    pub members: Members,
    /// It as it came: an idempotency key is good for exactly these bytes.
    pub bytes: Bytes,
}

/// A webhook's body, byte for byte: its signature is over exactly these.
#[derive(Debug)]
pub struct RawBody(pub Bytes);

/// Most bytes of a webhook's body. Source: docs/API.md.
pub const MAX_RAW_BODY: usize = 256 * 1024;

impl FromRequest for RawBody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (announced, payload) = (announced(req), payload.take());
        Box::pin(async move { read(payload, announced, MAX_RAW_BODY).await.map(Self) })
    }
}

/// A JSON object that may be left out: no body at all is an object without members.
#[derive(Debug)]
pub struct OptionalJsonBody(pub JsonBody);

impl FromRequest for JsonBody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (json, announced, payload) = (is_json(req), announced(req), payload.take());
        Box::pin(async move { object(read(payload, announced, MAX_BODY).await?, json) })
    }
}

impl FromRequest for OptionalJsonBody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (json, announced, payload) = (is_json(req), announced(req), payload.take());
        Box::pin(async move {
            let bytes = read(payload, announced, MAX_BODY).await?;
            if bytes.is_empty() {
                return Ok(Self(JsonBody { members: Members::new(Map::new()), bytes }));
            }
            object(bytes, json).map(Self)
        })
    }
}

fn object(bytes: Bytes, json: bool) -> Result<JsonBody, ApiError> {
    if !json {
        let detail = "Send the body as JSON, with Content-Type: application/json.";
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, detail));
    }
    Ok(JsonBody { members: parse(&bytes)?, bytes })
}

fn is_json(req: &HttpRequest) -> bool {
    req.headers().contains_key(CONTENT_TYPE) && {
        let essence = req.content_type().trim().to_ascii_lowercase();
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
    }
}

fn announced(req: &HttpRequest) -> usize {
    let length = req.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

async fn read(mut payload: Payload, announced: usize, most: usize) -> Result<Bytes, ApiError> {
    let too_large = || ApiError::new(ErrorCode::PayloadTooLarge, format!("The body may have at most {most} bytes."));
    if announced > MAX_DISCARDED {
        return Err(too_large());
    }
    let (mut body, mut seen) = (BytesMut::new(), 0_usize);
    while let Some(chunk) = payload.next().await {
        let chunk = chunk
            .map_err(|error| ApiError::new(ErrorCode::InvalidJson, "The body broke off.").because(error.to_string()))?;
        seen += chunk.len();
        if seen > MAX_DISCARDED {
            return Err(too_large());
        }
        if seen <= most {
            body.extend_from_slice(&chunk);
        }
    }
    if seen > most { Err(too_large()) } else { Ok(body.freeze()) }
}

fn parse(bytes: &[u8]) -> Result<Members, ApiError> {
    let wrong = |detail: String| ApiError::new(ErrorCode::InvalidJson, detail);
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(members)) => Ok(Members::new(members)),
        Ok(_) => Err(wrong("The body is JSON, but not an object.".to_owned())),
        Err(error) => Err(wrong(format!("The body is not JSON: line {}, column {}.", error.line(), error.column()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    async fn extract(request: TestRequest) -> Result<JsonBody, &'static str> {
        let (req, mut payload) = request.to_http_parts();
        JsonBody::from_request(&req, &mut payload).await.map_err(|error| error.code().as_str())
    }

    async fn extract_optional(request: TestRequest) -> Result<Bytes, &'static str> {
        let (req, mut payload) = request.to_http_parts();
        let body = OptionalJsonBody::from_request(&req, &mut payload).await;
        body.map(|body| body.0.bytes).map_err(|error| error.code().as_str())
    }

    fn json(body: impl Into<Bytes>) -> TestRequest {
        TestRequest::post().insert_header(("content-type", "application/json; charset=utf-8")).set_payload(body)
    }

    #[actix_web::test]
    async fn an_object_is_read_and_anything_else_is_refused_with_its_code() {
        assert!(extract(json("{}")).await.is_ok());
        assert_eq!(extract(json("[]")).await.unwrap_err(), "INVALID_JSON");
        assert_eq!(extract(json("{")).await.unwrap_err(), "INVALID_JSON");
        assert_eq!(extract(json("")).await.unwrap_err(), "INVALID_JSON");
        assert_eq!(extract(json(&b"{\"a\": \"\xff\"}"[..])).await.unwrap_err(), "INVALID_JSON");
        let text = TestRequest::post().insert_header(("content-type", "text/plain")).set_payload("{}");
        assert_eq!(extract(text).await.unwrap_err(), "UNSUPPORTED_MEDIA_TYPE");
        assert_eq!(extract(TestRequest::post().set_payload("{}")).await.unwrap_err(), "UNSUPPORTED_MEDIA_TYPE");
    }

    #[actix_web::test]
    async fn a_body_that_may_be_left_out_is_checked_when_it_is_there() {
        assert_eq!(extract_optional(TestRequest::post()).await.unwrap(), "");
        assert_eq!(extract_optional(json("")).await.unwrap(), "");
        assert_eq!(extract_optional(json("{ }")).await.unwrap(), "{ }");
        assert_eq!(extract_optional(json("null")).await.unwrap_err(), "INVALID_JSON");
        assert_eq!(
            extract_optional(TestRequest::post().set_payload("{}")).await.unwrap_err(),
            "UNSUPPORTED_MEDIA_TYPE"
        );
    }

    #[actix_web::test]
    async fn sixty_four_kilobytes_are_accepted_and_one_byte_more_is_not() {
        let body = |size: usize| format!("{{{}}}", " ".repeat(size - 2));
        assert!(extract(json(body(MAX_BODY))).await.is_ok());
        assert_eq!(extract(json(body(MAX_BODY + 1))).await.unwrap_err(), "PAYLOAD_TOO_LARGE");
        assert_eq!(extract(json(body(3 * MAX_DISCARDED))).await.unwrap_err(), "PAYLOAD_TOO_LARGE");
    }
}
