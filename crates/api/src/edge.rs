//! The outermost middleware: request id, span and access log, headers every answer has, panics, and the one place where
//! an error's cause is logged and its problem body is completed.

use crate::error::{ApiError, ErrorCode, Place, with_causes};
use crate::state::AppState;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use futures_util::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

/// The header that carries a request's id, both ways.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's id: the client's when it has a sound form, else a new one.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

impl RequestId {
    fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|id| is_sound(id));
        Self(given.map_or_else(|| waymark_services::ids::new::<Uuid>().to_string(), str::to_owned))
    }
}

/// 1 to 64 letters, digits, dots, underscores and hyphens: nothing that could break a log line.
fn is_sound(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// Wraps every request; see the module.
pub async fn edge(req: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = req.app_data::<web::Data<AppState>>().cloned();
    let _in_flight = state.as_ref().map(|state| state.requests.token());
    let id = RequestId::of(req.headers());
    req.extensions_mut().insert(id.clone());
    let span = tracing::info_span!(
        "request",
        request_id = %id.0,
        method = %req.method(),
        user_id = tracing::field::Empty,
    );
    let place = Place { request_id: id.0, path: req.path().to_owned() };
    let started = Instant::now();
    let outcome = AssertUnwindSafe(next.call(req)).catch_unwind().instrument(span.clone()).await;
    let _entered = span.enter();
    let mut response = match outcome {
        Ok(Ok(response)) => complete(response, &place),
        Ok(Err(error)) => return Err(translate(&error).at(place).into()),
        Err(panic) => return Err(panicked(panic.as_ref()).at(place).into()),
    };
    add_headers(response.headers_mut(), &place);
    if state.is_some_and(|state| state.stopping.is_cancelled()) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let route = response.request().match_pattern();
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(route, status = response.status().as_u16(), millis, "answered");
    Ok(response)
}

/// Turns an answer that carries an error into its problem, and logs the cause.
fn complete(response: ServiceResponse<BoxBody>, place: &Place) -> ServiceResponse<BoxBody> {
    let Some(error) = response.response().error() else { return response };
    let foreign = error.as_error::<ApiError>().is_none().then(|| translate(error));
    let Some(error) = foreign.as_ref().or_else(|| error.as_error()) else { return response };
    log(error);
    let answer = error.answer(place);
    response.into_response(answer)
}

/// What the framework itself refuses, in our codes.
fn translate(error: &Error) -> ApiError {
    let cause = error.to_string();
    match error.as_response_error().status_code() {
        StatusCode::NOT_FOUND => ApiError::no_route(),
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(ErrorCode::PayloadTooLarge, "The body is too large."),
        status if status.is_client_error() => {
            ApiError::new(ErrorCode::ValidationFailed, "The request cannot be read.").because(cause)
        }
        _ => ApiError::internal(cause),
    }
}

fn log(error: &ApiError) {
    let (code, causes) = (error.code(), error.cause().map(|cause| with_causes(cause)));
    if error.code().status().is_server_error() {
        tracing::error!(%code, causes, "the request failed");
    } else {
        tracing::debug!(%code, causes, "the request was refused");
    }
}

fn panicked(panic: &(dyn Any + Send)) -> ApiError {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let error = ApiError::internal(format!("panic: {}", text.unwrap_or("without a text")));
    log(&error);
    error
}

fn add_headers(headers: &mut HeaderMap, place: &Place) {
    if let Ok(id) = HeaderValue::from_str(&place.request_id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Answers are private unless their handler says otherwise.
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Problem;
    use actix_web::body::to_bytes;
    use actix_web::middleware::from_fn;
    use actix_web::test as http;
    use actix_web::{App, HttpResponse};

    #[test]
    fn a_request_id_that_could_break_a_log_line_is_replaced() {
        let with = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_static(value));
            RequestId::of(&headers).0
        };
        assert_eq!(with("abc-1.2_X"), "abc-1.2_X");
        assert_ne!(with("a b"), "a b");
        assert_ne!(with("a\"b"), "a\"b");
        assert_eq!(with("").len(), 36);
    }
    #[actix_web::test]
    async fn a_panic_is_answered_with_500_and_the_requests_id() {
        let boom = || async { std::hint::black_box(None::<&str>).map(str::to_owned).expect("a defect") };
        let app = App::new().wrap(from_fn(edge)).route("/boom", web::get().to(boom));
        let app = http::init_service(app).await;
        let request = http::TestRequest::get().uri("/boom?token=x").insert_header((REQUEST_ID, "r-1"));
        let error = http::try_call_service(&app, request.to_request()).await.unwrap_err();
        let answer = error.error_response();
        assert_eq!(
            (answer.status().as_u16(), answer.headers().get(REQUEST_ID).unwrap().to_str().unwrap()),
            (500, "r-1")
        );
        let body = to_bytes(answer.into_body()).await.unwrap();
        let problem: Problem = serde_json::from_slice(&body).unwrap();
        assert_eq!((problem.code.as_str(), problem.instance.as_str()), ("INTERNAL", "/boom"));
        assert!(!String::from_utf8_lossy(&body).contains("a defect"));
    }

    #[actix_web::test]
    async fn what_the_framework_refuses_is_a_problem_too() {
        let refuse = || async { Err::<HttpResponse, _>(actix_web::error::ErrorPayloadTooLarge("big")) };
        let app = App::new().wrap(from_fn(edge)).route("/", web::get().to(refuse));
        let answer = http::call_service(&http::init_service(app).await, http::TestRequest::get().to_request()).await;
        assert_eq!(answer.status(), 413);
        assert_eq!(answer.headers().get("content-type").unwrap(), "application/problem+json");
        let problem: Problem = http::read_body_json(answer).await;
        assert_eq!(problem.code, "PAYLOAD_TOO_LARGE");
    }
}
