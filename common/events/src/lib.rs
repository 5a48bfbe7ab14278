//! Event functions: what arrives, what is answered per record, and the loop that runs them in Lambda.
//!
//! Everything here can be delivered twice, late and out of order; handlers are written for that.

mod observe;
mod serve;
mod stream;

pub use observe::{Invocation, observe};
pub use serve::serve;
pub use stream::{Change, Failures, Record, StreamBatch, is_stream_batch};

/// Why an event could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The event is not of a form that this function takes. Trying again will not help.
    #[error("the event cannot be read: {0}")]
    Malformed(String),
    /// Something that the function needs is away. The same event may be handled later.
    #[error("{0}")]
    Retryable(String),
}

impl EventError {
    /// An error that may pass.
    pub fn retryable(error: impl std::fmt::Display) -> Self {
        Self::Retryable(error.to_string())
    }

    /// Which of them it is, for the log.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Retryable(_) => "retryable",
        }
    }
}

impl From<EventError> for lambda_runtime::Diagnostic {
    fn from(error: EventError) -> Self {
        let error_type = match &error {
            EventError::Malformed(_) => "Malformed",
            EventError::Retryable(_) => "Retryable",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}
