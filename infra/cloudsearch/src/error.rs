//! Why a domain could not be set up.

use aws_sdk_cloudsearch::error::{BuildError, DisplayErrorContext, SdkError};

/// The domain is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    #[error("{action}: {cause}")]
    Call { action: String, cause: String },
    #[error("{0} is not what CloudSearch takes")]
    Invalid(#[from] BuildError),
    /// Changes were asked for and take longer. Running it again goes on waiting.
    #[error(
        "the domain {domain} is still being processed after {seconds} s; run this again to go on waiting"
    )]
    TimedOut { domain: String, seconds: u64 },
    /// What the domain held does not fit the new fields.
    #[error("CloudSearch refused the change of {0}: documents in the domain do not fit it")]
    FailedToValidate(String),
    #[error("the domain {0} is being deleted")]
    Deleted(String),
    #[error("CloudSearch did not name the domain's {0}")]
    Missing(&'static str),
}

impl SetUpError {
    pub(crate) fn call<E, R>(action: impl Into<String>) -> impl FnOnce(SdkError<E, R>) -> Self
    where
        E: std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        move |error| Self::Call { action: action.into(), cause: DisplayErrorContext(error).to_string() }
    }
}
