//! Who is asking: the session token of a request becomes a [`UserCtx`]. Wrapped around every route that is a person's,
//! so that nothing of the request is looked at before the person is known.

use crate::edge::RequestId;
use crate::error::ApiError;
use crate::rate_limits::RateClass;
use crate::state::AppState;
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, Route, web};
use std::future::{Ready, ready};
use std::rc::Rc;
use waymark_domain::accounts::UserCtx;

/// The cookie in which the identity provider keeps its session token.
pub const SESSION_COOKIE: &str = "__session";

/// The person who asks; only inside [`signed_in`].
#[derive(Debug, Clone)]
pub struct Person(pub Rc<UserCtx>);

impl FromRequest for Person {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let person = req.extensions().get::<Self>().cloned();
        ready(person.ok_or_else(|| ApiError::internal("a route for people is not wrapped in signed_in")))
    }
}

/// Makes a route a person's: without an accepted token it answers 401.
pub fn signed_in(route: Route) -> Route {
    route.wrap(from_fn(identify))
}

async fn identify(req: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    match person(&req).await {
        Ok(person) => {
            req.extensions_mut().insert(person);
            next.call(req).await
        }
        Err(error) => Ok(req.error_response(error)),
    }
}

async fn person(req: &ServiceRequest) -> Result<Person, ApiError> {
    let state = req.app_data::<web::Data<AppState>>().ok_or_else(|| ApiError::internal("no application state"))?;
    let id = req.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let ctx = match token(req) {
        Some(token) => state.services.accounts().authenticate(&token, &id).await.map_err(ApiError::from),
        None => Err(ApiError::unauthenticated("Send a session token: Authorization: Bearer, or the __session cookie.")),
    };
    let ctx = ctx.or_else(|error| {
        // Guessing tokens is counted by address; a person who is known is counted as such.
        state.limiter.address(RateClass::Others, req)?;
        Err(error)
    })?;
    tracing::Span::current().record("user_id", tracing::field::display(ctx.user_id));
    state.limiter.person(class(req.method()), ctx.user_id)?;
    Ok(Person(Rc::new(ctx)))
}

fn class(method: &Method) -> RateClass {
    if method.is_safe() { RateClass::Reads } else { RateClass::Mutations }
}

/// The bearer token, else the cookie.
fn token(req: &ServiceRequest) -> Option<String> {
    let header = req.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
    });
    bearer
        .or_else(|| req.cookie(SESSION_COOKIE).map(|cookie| cookie.value().to_owned()))
        .filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::cookie::Cookie;
    use actix_web::test::TestRequest;

    #[test]
    fn the_bearer_token_wins_over_the_cookie() {
        let cookie = || Cookie::new(SESSION_COOKIE, "from-cookie");
        let both = TestRequest::default().insert_header(("authorization", "bearer from-header")).cookie(cookie());
        assert_eq!(token(&both.to_srv_request()).as_deref(), Some("from-header"));
        assert_eq!(token(&TestRequest::default().cookie(cookie()).to_srv_request()).as_deref(), Some("from-cookie"));
        let basic = TestRequest::default().insert_header(("authorization", "Basic abc"));
        assert_eq!(token(&basic.to_srv_request()), None);
        let empty = TestRequest::default().insert_header(("authorization", "Bearer "));
        assert_eq!(token(&empty.to_srv_request()), None);
    }
}
