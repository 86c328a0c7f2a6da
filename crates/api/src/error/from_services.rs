//! From a service's business words to a code and a sentence. No match has a catch-all arm: a new variant is a new
//! decision.

use super::{ApiError, ErrorCode};
use crate::etag;
use crate::rate_limits::{RateClass, refusal};
use crate::routes::schedules;
use actix_web::http::header::ETAG;
use std::time::Duration;
use waymark_domain::generation::FailureClass;
use waymark_domain::quota::QuotaRefusal;
use waymark_domain::validation::{FieldError, FieldErrors};
use waymark_services::StoreError;
use waymark_services::accounts::clerk::ClerkEventError;
use waymark_services::accounts::tokens::TokenError;
use waymark_services::accounts::{AccountsError, AuthError};
use waymark_services::billing::BillingError;
use waymark_services::plans::PlansError;
use waymark_services::webhooks::SignatureError;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy(_) => Self::unavailable(error),
            // Erased while this process still believed in them.
            _ if error.is_ownerless() => account_erased(),
            StoreError::Conflict { .. }
            | StoreError::Denied(_)
            | StoreError::Inconsistent { .. }
            | StoreError::WrongCount { .. }
            | StoreError::Fenced
            | StoreError::Query(_) => Self::internal(error),
        }
    }
}

impl From<PlansError> for ApiError {
    fn from(error: PlansError) -> Self {
        match error {
            PlansError::NotFound => Self::new(ErrorCode::NotFound, "There is no such plan, or no such revision of it."),
            PlansError::Quota(refusal) => refusal.into(),
            PlansError::ModelInvalid => model_invalid(),
            PlansError::ModelNotAllowed => model_not_allowed(),
            PlansError::RateLimited { limit, retry_after } => refusal(RateClass::AiGeneration, limit, retry_after),
            PlansError::NotGenerating => Self::new(ErrorCode::NotGenerating, "This plan is not being generated."),
            PlansError::NotFailed => {
                Self::new(ErrorCode::NotFailed, "This plan has not failed; regenerate it instead.")
            }
            PlansError::NotReady => Self::new(ErrorCode::NotReady, "This plan has failed; retry it instead."),
            PlansError::GenerationRunning => {
                Self::new(ErrorCode::GenerationRunning, "This plan is being generated; wait for the end, or cancel it.")
            }
            PlansError::Changed(tag) => Self::new(
                ErrorCode::PreconditionFailed,
                "The plan has changed since; read it again, and edit what it is now.",
            )
            .with_current_version(tag.version)
            .header(ETAG.as_str(), etag::of_plan(&tag)),
            PlansError::LimitReached { what, limit } => {
                let full = i64::try_from(limit).unwrap_or(i64::MAX);
                Self::new(ErrorCode::LimitReached, format!("There are {limit} {what} already, and no more fit."))
                    .with_quota(full, full)
            }
            PlansError::CannotReschedule(obstacle) => {
                Self::new(ErrorCode::RescheduleNotPossible, schedules::why(obstacle))
            }
            PlansError::ExplanationRunning => {
                Self::new(ErrorCode::ExplanationRunning, "This task is being explained; ask again in a while.")
            }
            PlansError::NoRandomness => Self::internal(error),
            PlansError::NotExplained { class, retry_after } => not_explained(class, retry_after),
            PlansError::KeyReused => key_reused(),
            PlansError::Dates(rule) => Self::invalid(FieldErrors(vec![FieldError {
                field: rule.field().to_owned(),
                message: rule.to_string(),
            }])),
            PlansError::AccountGone => account_erased(),
            PlansError::Store(error) => error.into(),
        }
    }
}

impl From<BillingError> for ApiError {
    fn from(error: BillingError) -> Self {
        let field = |name: &str, message: &str| {
            Self::invalid(FieldErrors(vec![FieldError { field: name.to_owned(), message: message.to_owned() }]))
        };
        match error {
            BillingError::UnknownPrice => Self::new(ErrorCode::PriceInvalid, "None of our prices has this id."),
            BillingError::ForeignAddress(member) => {
                field(member, "must be relative, or of the web application's own origin")
            }
            BillingError::NoAppUrl => not_configured("Billing needs APP_URL, which is not set."),
            BillingError::AlreadySubscribed => Self::new(
                ErrorCode::AlreadySubscribed,
                "You have a subscription already; change or end it in the portal: POST /api/v1/stripe/create-portal.",
            ),
            BillingError::Unclear => Self::new(
                ErrorCode::PaymentProviderFailed,
                "What the payment provider has of you is not understood here, so nothing was done. Tell the operator.",
            ),
            BillingError::NoCustomer => Self::new(
                ErrorCode::NoCustomer,
                "You have not bought anything yet; begin with POST /api/v1/stripe/create-checkout.",
            ),
            BillingError::AccountGone => account_erased(),
            BillingError::KeyReused => key_reused(),
            BillingError::Signature(error) => signature(error),
            BillingError::Malformed(what) => malformed(what),
            BillingError::Provider(error) if error.is_transient() => Self::unavailable(error),
            BillingError::Provider(error) => {
                Self::new(ErrorCode::PaymentProviderFailed, "The payment provider did not accept our request.")
                    .because(error)
            }
            BillingError::Store(error) => error.into(),
        }
    }
}

impl From<ClerkEventError> for ApiError {
    fn from(error: ClerkEventError) -> Self {
        match error {
            ClerkEventError::NotConfigured => not_configured("CLERK_WEBHOOK_SECRET is not set."),
            ClerkEventError::Signature(error) => signature(error),
            ClerkEventError::Malformed(what) => malformed(what),
            ClerkEventError::Store(error) => error.into(),
        }
    }
}

/// The answer of a feature that is off.
pub(crate) fn not_configured(detail: &'static str) -> ApiError {
    ApiError::new(ErrorCode::NotConfigured, detail)
}

fn signature(error: SignatureError) -> ApiError {
    ApiError::new(ErrorCode::SignatureInvalid, sentence(&error.to_string()))
}

fn malformed(what: &'static str) -> ApiError {
    ApiError::new(ErrorCode::InvalidJson, format!("The event cannot be read: {what}."))
}

/// The model's failure: told as one of the model's, or as a busy service when asking again soon makes sense.
fn not_explained(class: FailureClass, retry_after: Option<Duration>) -> ApiError {
    match class {
        FailureClass::RateLimit | FailureClass::Canceled => {
            let wait = retry_after.unwrap_or(Duration::from_secs(1));
            ApiError::unavailable(format!("explanation: {class}")).retry_after(wait)
        }
        FailureClass::Timeout => failed("The model took too long to explain the task. Try again."),
        FailureClass::ProviderError => failed("The model's provider could not complete the explanation. Try again."),
        FailureClass::Validation | FailureClass::Capped => failed("The model did not return a usable explanation."),
    }
}

fn failed(detail: &'static str) -> ApiError {
    ApiError::new(ErrorCode::GenerationFailed, detail)
}

impl From<AccountsError> for ApiError {
    fn from(error: AccountsError) -> Self {
        match error {
            AccountsError::Gone => account_erased(),
            AccountsError::ModelInvalid => model_invalid(),
            AccountsError::ModelNotAllowed => model_not_allowed(),
            AccountsError::KeyReused => key_reused(),
            AccountsError::Store(error) => error.into(),
        }
    }
}

fn model_invalid() -> ApiError {
    ApiError::new(ErrorCode::ModelInvalid, "The catalogue has no such model; GET /api/v1/models lists them.")
}

fn model_not_allowed() -> ApiError {
    ApiError::new(ErrorCode::ModelNotAllowed, "Your tier does not include this model.")
}

fn key_reused() -> ApiError {
    ApiError::new(
        ErrorCode::IdempotencyKeyReused,
        "This Idempotency-Key stands for another request; take a new key for each new request.",
    )
}

impl From<QuotaRefusal> for ApiError {
    fn from(refusal: QuotaRefusal) -> Self {
        let (code, limit, used) = match refusal {
            QuotaRefusal::ActivePlans { limit, used } | QuotaRefusal::Regenerations { limit, used } => {
                (ErrorCode::QuotaExceeded, limit.into(), used.into())
            }
            QuotaRefusal::Duration { limit, used } => (ErrorCode::DurationExceeded, limit.into(), used.into()),
            QuotaRefusal::Budget { limit, used } => (ErrorCode::BudgetExceeded, limit, used),
        };
        Self::new(code, sentence(&refusal.to_string())).with_quota(limit, used)
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Token(TokenError::KeysUnavailable) => Self::unavailable(TokenError::KeysUnavailable),
            AuthError::Token(TokenError::Expired) => Self::unauthenticated("The session token has expired."),
            AuthError::Token(
                reason @ (TokenError::Malformed
                | TokenError::WrongAlgorithm
                | TokenError::UnknownKey
                | TokenError::BadSignature
                | TokenError::NotYetValid
                | TokenError::WrongIssuer
                | TokenError::WrongParty { .. }
                | TokenError::Pending),
            ) => Self::unauthenticated("The session token is not accepted.").because(reason),
            AuthError::Erased => account_erased(),
            // The cache of accounts shares one error between all who waited for it.
            AuthError::Store(error) if error.is_transient() => Self::unavailable(error),
            AuthError::Store(error) => Self::internal(error),
        }
    }
}

/// The answer to a token whose person is gone.
pub(crate) fn account_erased() -> ApiError {
    ApiError::new(ErrorCode::AccountErased, "This account no longer exists.")
}

/// A capital at the front and a full stop at the end.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;
    use std::sync::Arc;
    use waymark_domain::plans::DateRuleError;

    fn code(error: impl Into<ApiError>) -> (&'static str, u16) {
        let code = error.into().code();
        (code.as_str(), code.status().as_u16())
    }

    #[test]
    fn each_refusal_by_tier_has_its_code_with_limit_and_use() {
        assert_eq!(code(QuotaRefusal::ActivePlans { limit: 3, used: 3 }), ("QUOTA_EXCEEDED", 403));
        assert_eq!(code(QuotaRefusal::Regenerations { limit: 5, used: 5 }), ("QUOTA_EXCEEDED", 403));
        assert_eq!(code(QuotaRefusal::Duration { limit: 2, used: 9 }), ("DURATION_EXCEEDED", 403));
        assert_eq!(code(QuotaRefusal::Budget { limit: 500_000, used: 500_001 }), ("BUDGET_EXCEEDED", 403));
        let problem = ApiError::from(QuotaRefusal::Duration { limit: 2, used: 9 }).problem(&Place::default());
        assert_eq!((problem.limit, problem.used), (Some(2), Some(9)));
        assert_eq!(problem.detail, "This tier's plans last at most 2 weeks, this one would last 9.");
    }

    #[test]
    fn a_bad_token_is_401_and_missing_keys_are_503() {
        assert_eq!(code(AuthError::Token(TokenError::Expired)), ("UNAUTHENTICATED", 401));
        assert_eq!(code(AuthError::Token(TokenError::BadSignature)), ("UNAUTHENTICATED", 401));
        assert_eq!(code(AuthError::Token(TokenError::KeysUnavailable)), ("UNAVAILABLE", 503));
        assert_eq!(code(AuthError::Erased), ("ACCOUNT_ERASED", 403));
        assert_eq!(code(AuthError::Store(Arc::new(StoreError::Fenced))), ("INTERNAL", 500));
    }

    #[test]
    fn a_plan_in_another_state_and_a_used_key_have_their_codes() {
        assert_eq!(code(PlansError::NotGenerating), ("NOT_GENERATING", 409));
        assert_eq!(code(PlansError::NotFailed), ("NOT_FAILED", 409));
        assert_eq!(code(PlansError::NotReady), ("NOT_READY", 409));
        assert_eq!(code(PlansError::GenerationRunning), ("GENERATION_RUNNING", 409));
        assert_eq!(code(PlansError::KeyReused), ("IDEMPOTENCY_KEY_REUSED", 422));
    }

    #[test]
    fn a_date_that_does_not_fit_the_plan_names_its_member() {
        let start = chrono::NaiveDate::from_ymd_opt(2026, 12, 1).unwrap();
        let error = ApiError::from(PlansError::Dates(DateRuleError::DeadlineBeforeStart { start }));
        let problem = error.problem(&Place::default());
        assert_eq!((problem.code.as_str(), problem.errors[0].field.as_str()), ("VALIDATION_FAILED", "deadlineDate"));
    }

    #[test]
    fn a_refused_model_says_whether_it_exists() {
        assert_eq!(code(PlansError::ModelInvalid), ("MODEL_INVALID", 400));
        assert_eq!(code(PlansError::ModelNotAllowed), ("MODEL_NOT_ALLOWED_FOR_TIER", 403));
        assert_eq!(code(PlansError::NotFound), ("NOT_FOUND", 404));
    }
}
