//! What can go wrong with a store, as a caller needs to tell it apart.

use std::error::Error;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// A store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store did not answer, or answered that it cannot at the moment. The same call may work later.
    #[error("the store is away: {0}")]
    Unavailable(String),
    /// Too many writers at once; every retry lost. The same call may work later, and nothing was written.
    #[error("too much contention: {0}")]
    Contended(String),
    /// The store refused the call as such: a bug or a missing permission of ours.
    #[error("the store refused the call: {0}")]
    Refused(String),
    /// What was read is not what this version writes.
    #[error("an item cannot be read: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Sorts an SDK error: timeouts, dispatch failures, 5xx and throttling may pass, the rest does not.
    pub(crate) fn from_sdk<E, R>(error: SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let is_transient = match &error {
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
            SdkError::ServiceError(service) => is_transient_code(service.err().code()),
            _ => false,
        };
        let text = describe(&error);
        if is_transient { Self::Unavailable(text) } else { Self::Refused(text) }
    }
}

/// The error of a service and what caused it, in a line for the log. Not the debug form, which has the service's whole
/// answer in it.
pub fn describe<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    if let SdkError::ServiceError(service) = error {
        let (code, message) = (service.err().code(), service.err().message());
        return format!("{}: {}", code.unwrap_or("an error without a code"), message.unwrap_or("no message"));
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn is_transient_code(code: Option<&str>) -> bool {
    matches!(
        code,
        Some(
            "InternalServerError"
                | "InternalError"
                | "LimitExceededException"
                | "ProvisionedThroughputExceededException"
                | "RequestLimitExceeded"
                | "RequestTimeout"
                | "ServiceUnavailable"
                | "SlowDown"
                | "ThrottlingException"
                | "TransactionInProgressException"
        ) | None
    )
}

impl From<serde_dynamo::Error> for StoreError {
    fn from(error: serde_dynamo::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}
