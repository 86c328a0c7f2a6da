//! Ids in a request's path.

use crate::error::{ApiError, ErrorCode};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};
use uuid::Uuid;
use waymark_domain::ids::{ModuleId, PlanId, TaskId};

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

/// The module's id in `/modules/{moduleId}`.
#[derive(Debug, Clone, Copy)]
pub struct ModulePath(pub ModuleId);

impl FromRequest for ModulePath {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = req.match_info().get("moduleId").and_then(uuid);
        let wrong = || ApiError::new(ErrorCode::InvalidId, "The module's id in the address is not a UUID.");
        ready(id.map(|id| Self(ModuleId(id))).ok_or_else(wrong))
    }
}

/// The task's id in `/tasks/{taskId}`.
#[derive(Debug, Clone, Copy)]
pub struct TaskPath(pub TaskId);

impl FromRequest for TaskPath {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = req.match_info().get("taskId").and_then(uuid);
        let wrong = || ApiError::new(ErrorCode::InvalidId, "The task's id in the address is not a UUID.");
        ready(id.map(|id| Self(TaskId(id))).ok_or_else(wrong))
    }
}

/// The plan's id and the revision's number in `/plans/{planId}/revisions/{number}`.
#[derive(Debug, Clone, Copy)]
pub struct RevisionPath {
    /// The plan.
    pub plan: PlanId,
    /// The revision, from 1.
    pub number: u32,
}

impl FromRequest for RevisionPath {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let plan = PlanPath::from_request(req, payload).into_inner();
        let number = req.match_info().get("number").and_then(revision);
        let wrong = || {
            ApiError::new(ErrorCode::InvalidId, "The revision's number in the address is not a whole number from 1.")
        };
        ready(plan.and_then(|plan| Ok(Self { plan: plan.0, number: number.ok_or_else(wrong)? })))
    }
}

/// A revision's number, from 1, in its usual form only.
pub fn revision(text: &str) -> Option<u32> {
    let number = text.parse().ok().filter(|number| (1..=i32::MAX.cast_unsigned()).contains(number))?;
    (number.to_string() == text).then_some(number)
}

/// A UUID in its usual form only: other spellings of one id would be other addresses of one plan.
pub fn uuid(text: &str) -> Option<Uuid> {
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

    #[test]
    fn only_the_usual_form_of_a_number_names_a_revision() {
        assert_eq!((revision("1"), revision("2147483647")), (Some(1), Some(2_147_483_647)));
        for wrong in ["", "0", "01", "+1", "-1", "1.0", "2147483648", "x"] {
            assert_eq!(revision(wrong), None, "{wrong}");
        }
    }
}
