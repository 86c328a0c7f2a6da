//! Addresses with their methods, and what is answered where nothing is. Used by the table of routes only.

use crate::error::ApiError;
use crate::rate_limits::RateClass;
use crate::state::AppState;
use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::guard::{Any, Get, Guard, Head, Method as IsMethod};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpResponse, Resource, Route, web};

/// A method of an address.
pub struct Verb {
    allow: &'static str,
    route: Route,
}

impl Verb {
    fn new(allow: &'static str, route: Route, guard: impl Guard + 'static) -> Self {
        Self { allow, route: route.guard(guard) }
    }
}

/// GET, and HEAD with it.
pub fn get(route: Route) -> Verb {
    Verb::new("GET, HEAD", route, Any(Get()).or(Head()))
}

/// GET alone: a stream has no length that HEAD could tell.
pub fn get_stream(route: Route) -> Verb {
    Verb::new("GET", route, Get())
}

/// POST
pub fn post(route: Route) -> Verb {
    Verb::new("POST", route, IsMethod(Method::POST))
}

/// PUT
pub fn put(route: Route) -> Verb {
    Verb::new("PUT", route, IsMethod(Method::PUT))
}

/// PATCH
pub fn patch(route: Route) -> Verb {
    Verb::new("PATCH", route, IsMethod(Method::PATCH))
}

/// DELETE
pub fn delete(route: Route) -> Verb {
    Verb::new("DELETE", route, IsMethod(Method::DELETE))
}

/// An address with its methods; others are answered with 405 and `Allow`.
pub fn address(path: &str, verbs: impl IntoIterator<Item = Verb>) -> Resource {
    let verbs: Vec<Verb> = verbs.into_iter().collect();
    let allow = verbs.iter().map(|verb| verb.allow).collect::<Vec<_>>().join(", ");
    let refuse = move || {
        let error = ApiError::method_not_allowed(&allow);
        async move { Err::<HttpResponse, ApiError>(error) }
    };
    let resource = verbs.into_iter().fold(web::resource(path), |resource, verb| resource.route(verb.route));
    resource.default_service(limited(RateClass::Others, web::to(refuse)))
}

/// Counts a route's requests by address: for routes without a person.
pub fn limited(class: RateClass, route: Route) -> Route {
    route.wrap(from_fn(move |req, next| count(class, req, next)))
}

/// Counts by address what a route of secret addresses does not find: who guesses is slowed down, and calendar programs that
/// share a proxy's address with everybody else are not. The route counts what it finds by its owner, and looks addresses up
/// a few at a time ([`crate::rate_limits::RateLimiter::lookup`]), for a miss is known only when the work is done.
pub fn limited_misses(class: RateClass, route: Route) -> Route {
    route.wrap(from_fn(move |req, next| count_miss(class, req, next)))
}

async fn count_miss(
    class: RateClass,
    req: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let answer = next.call(req).await?;
    let state = answer.request().app_data::<web::Data<AppState>>().cloned();
    let Some(state) = state.filter(|_| answer.status() == StatusCode::NOT_FOUND) else { return Ok(answer) };
    let asked = ServiceRequest::from_request(answer.request().clone());
    match state.limiter.address(class, &asked) {
        Ok(()) => Ok(answer),
        Err(error) => Ok(asked.error_response(error)),
    }
}

async fn count(class: RateClass, req: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = req.app_data::<web::Data<AppState>>().cloned();
    match state.map_or(Ok(()), |state| state.limiter.address(class, &req)) {
        Ok(()) => next.call(req).await,
        Err(error) => Ok(req.error_response(error)),
    }
}

/// Where no route is.
pub async fn nowhere() -> Result<HttpResponse, ApiError> {
    Err(ApiError::no_route())
}
