//! Why an answer is no plan.

use waymark_domain::generation::FailureClass;

/// Why an answer was refused. Says where, never what: the answer's text does not belong in logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// More characters than the limit.
    #[error("the answer is too long")]
    TooLong,
    /// Nested deeper than the limit.
    #[error("the answer is nested too deep")]
    TooDeep,
    /// One module larger than the limit.
    #[error("a module is too large")]
    ModuleTooLarge,
    /// A module, or the plan around the modules, is not JSON.
    #[error("module {module} or what follows it is not JSON, at byte {offset}")]
    Malformed {
        /// The module's number, from 1.
        module: u32,
        /// Bytes of the answer up to there.
        offset: u64,
    },
    /// Nothing in the answer is JSON.
    #[error("the answer has no JSON object")]
    NoObject,
    /// The answer ended before its plan did.
    #[error("the answer ended before its plan was complete")]
    Unclosed,
    /// There is JSON, but without modules.
    #[error("the answer has no modules")]
    NoModules,
}

impl ParseError {
    /// The failure class of the attempt that got this answer.
    pub const fn class(&self) -> FailureClass {
        match self {
            Self::TooLong | Self::ModuleTooLarge => FailureClass::Capped,
            Self::TooDeep | Self::Malformed { .. } | Self::NoObject | Self::Unclosed | Self::NoModules => {
                FailureClass::Validation
            }
        }
    }
}
