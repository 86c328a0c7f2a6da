//! Ids in a request's path.

use crate::error::{ApiError, ErrorCode};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};
use uuid::Uuid;
use waymark_domain::ids::PlanId;

/// The plan's id in `/plans/{planId}`.
#[derive(Debug, Clone, Copy)]
pub struct PlanPath(pub PlanId);

impl FromRequest for PlanPath {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = req.match_info().get("planId").and_then(uuid);
        let wrong = || ApiError::new(ErrorCode::InvalidId, "The plan's id in the address is not a UUID.");
        ready(id.map(|id| Self(PlanId(id))).ok_or_else(wrong))
    }
}

/// A UUID in its usual form only: other spellings of one id would be other addresses of one plan.
fn uuid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_usual_form_of_a_uuid_is_an_id() {
        assert!(uuid("0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e0f").is_some());
        assert!(uuid("0192f0c17a2b7c3d8e4f5a6b7c8d9e0f").is_none());
        assert!(uuid("{0192f0c1-7a2b-7c3d-8e4f-5a6b7c8d9e0f}").is_none());
        assert!(uuid("nonsense").is_none());
    }
}
