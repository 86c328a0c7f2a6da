//! Why a session token was refused. The HTTP layer turns it into 401 or 503; `reason` goes into the log.

use thiserror::Error;

/// A refused token. Neither the text nor the fields ever hold the token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Not a compact JWS, or a required claim is missing or of the wrong type.
    #[error("the token is malformed")]
    Malformed,
    /// Signed by a method that this server does not take.
    #[error("the token's algorithm is not accepted")]
    WrongAlgorithm,
    /// No published key has this id.
    #[error("the token's key is not known")]
    UnknownKey,
    /// The signature does not match.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// Past `exp`.
    #[error("the token has expired")]
    Expired,
    /// Before `nbf`, or issued in the future.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `iss` is somebody else.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// Asked for by an origin that is not on the list.
    #[error("the token was issued to another application ({azp})")]
    WrongParty {
        /// The origin, so that an operator sees what the list lacks.
        azp: String,
    },
    /// Signed in, but a step of the sign-in is still open (`sts` is `pending`).
    #[error("the session is pending")]
    Pending,
    /// The issuer's keys could not be had: our trouble, not the bearer's. Worth asking again in a second.
    #[error("the issuer's keys are unavailable")]
    KeysUnavailable,
}

impl TokenError {
    /// A stable word for logs and metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::WrongAlgorithm => "wrong_algorithm",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongIssuer => "wrong_issuer",
            Self::WrongParty { .. } => "wrong_party",
            Self::Pending => "pending",
            Self::KeysUnavailable => "keys_unavailable",
        }
    }
}
