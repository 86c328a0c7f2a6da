//! Every error code with its status, class and title: the list that `docs/ERRORS.md` explains.

use actix_web::http::StatusCode;

/// What kind of failure a code is; clients decide by it what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The input is at fault; sending it again changes nothing.
    Validation,
    /// Sign in, then try again.
    Authentication,
    /// Signed in, but not allowed.
    Permission,
    /// A limit of the tier is reached.
    Quota,
    /// There is no such thing, or not for this person.
    NotFound,
    /// The thing is in another state.
    Conflict,
    /// Too many requests; wait for `Retry-After`.
    RateLimit,
    /// Try again later.
    Unavailable,
    /// A defect of the server.
    Internal,
}

impl ErrorClass {
    /// The spelling in `classification`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::Quota => "quota",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::RateLimit => "rate_limit",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

macro_rules! codes {
    ($( $(#[$meta:meta])* $name:ident = $text:literal, $status:ident, $class:ident, $title:literal; )+) => {
        /// A stable code for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $( $(#[$meta])* $name ),+ }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The spelling in `code`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// The HTTP status.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            /// The kind of failure.
            pub const fn class(self) -> ErrorClass {
                match self { $(Self::$name => ErrorClass::$class),+ }
            }

            /// The code in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }
        }
    };
}

codes! {
    /// Members of the body or parameters of the query break a rule.
    ValidationFailed = "VALIDATION_FAILED", BAD_REQUEST, Validation, "The input is not valid";
    /// The body is not a JSON object.
    InvalidJson = "INVALID_JSON", BAD_REQUEST, Validation, "The body is not a JSON object";
    /// An id in the path is not a UUID, or a number there is none.
    InvalidId = "INVALID_ID", BAD_REQUEST, Validation, "The id in the address cannot be read";
    /// The model is not in the catalogue.
    ModelInvalid = "MODEL_INVALID", BAD_REQUEST, Validation, "There is no such model";
    /// The price is not on sale.
    PriceInvalid = "PRICE_INVALID", BAD_REQUEST, Validation, "There is no such price";
    /// A webhook that nobody we know has signed.
    SignatureInvalid = "SIGNATURE_INVALID", BAD_REQUEST, Authentication, "The signature is not accepted";
    /// No token, or one that is not believed.
    Unauthenticated = "UNAUTHENTICATED", UNAUTHORIZED, Authentication, "Sign in first";
    /// The account is erased.
    AccountErased = "ACCOUNT_ERASED", FORBIDDEN, Permission, "The account no longer exists";
    /// The model is for higher tiers.
    ModelNotAllowed = "MODEL_NOT_ALLOWED_FOR_TIER", FORBIDDEN, Permission, "The tier does not include this model";
    /// As many plans as the tier allows.
    QuotaExceeded = "QUOTA_EXCEEDED", FORBIDDEN, Quota, "The tier's limit is reached";
    /// The month's money for models is spent.
    BudgetExceeded = "BUDGET_EXCEEDED", FORBIDDEN, Quota, "The month's AI budget is used up";
    /// A longer plan than the tier allows.
    DurationExceeded = "DURATION_EXCEEDED", FORBIDDEN, Quota, "The plan is longer than the tier allows";
    /// No such address, or no such thing of this person.
    NotFound = "NOT_FOUND", NOT_FOUND, NotFound, "Not found";
    /// The address has other methods.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", METHOD_NOT_ALLOWED, Validation, "The method is not allowed here";
    /// Nothing is being generated.
    NotGenerating = "NOT_GENERATING", CONFLICT, Conflict, "The plan is not being generated";
    /// Only what has failed can be retried.
    NotFailed = "NOT_FAILED", CONFLICT, Conflict, "The plan has not failed";
    /// Only what is ready can be regenerated or restored.
    NotReady = "NOT_READY", CONFLICT, Conflict, "The plan is not ready";
    /// One generation at a time.
    GenerationRunning = "GENERATION_RUNNING", CONFLICT, Conflict, "The plan is being generated";
    /// As many as fit.
    LimitReached = "LIMIT_REACHED", CONFLICT, Conflict, "No more fit";
    /// This way of catching up is not open.
    RescheduleNotPossible = "RESCHEDULE_NOT_POSSIBLE", CONFLICT, Conflict, "The plan cannot be rescheduled like this";
    /// One explanation of a task at a time.
    ExplanationRunning = "EXPLANATION_RUNNING", CONFLICT, Conflict, "The task is being explained";
    /// One subscription at a time.
    AlreadySubscribed = "ALREADY_SUBSCRIBED", CONFLICT, Conflict, "There is a subscription already";
    /// Nothing was ever bought.
    NoCustomer = "NO_CUSTOMER", CONFLICT, Conflict, "Nothing was bought yet";
    /// `If-Match` names an older state.
    PreconditionFailed = "PRECONDITION_FAILED", PRECONDITION_FAILED, Conflict, "The plan has changed since";
    /// More than 64 KB, for webhooks 256 KB.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", PAYLOAD_TOO_LARGE, Validation, "The body is too large";
    /// Not `application/json`.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE", UNSUPPORTED_MEDIA_TYPE, Validation, "The body must be JSON";
    /// The key stands for another request.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", UNPROCESSABLE_ENTITY, Conflict, "The idempotency key was used before";
    /// Too many requests.
    RateLimited = "RATE_LIMITED", TOO_MANY_REQUESTS, RateLimit, "Too many requests";
    /// A defect of ours.
    Internal = "INTERNAL", INTERNAL_SERVER_ERROR, Internal, "The server failed";
    /// The payment provider refused what we asked.
    PaymentProviderFailed = "PAYMENT_PROVIDER_FAILED", BAD_GATEWAY, Unavailable, "The payment provider refused";
    /// The feature's settings are missing.
    NotConfigured = "NOT_CONFIGURED", SERVICE_UNAVAILABLE, Unavailable, "The feature is not configured";
    /// Busy, starting or stopping.
    Unavailable = "UNAVAILABLE", SERVICE_UNAVAILABLE, Unavailable, "Try again in a moment";
    /// The model failed us; also in a stream's last event.
    GenerationFailed = "GENERATION_FAILED", BAD_GATEWAY, Unavailable, "The model gave no usable answer";
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_explains_every_code_and_no_other() {
        let documented: Vec<&str> =
            include_str!("../../../../docs/ERRORS.md").lines().filter_map(|line| line.strip_prefix("### ")).collect();
        let known: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(documented, known);
    }
}
