//! The domain's two services, and what their failures mean.

use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

use aws_sdk_cloudsearchdomain::Client;
use aws_sdk_cloudsearchdomain::config::http::HttpResponse;
use aws_sdk_cloudsearchdomain::config::retry::RetryConfig;
use aws_sdk_cloudsearchdomain::config::timeout::TimeoutConfig;
use aws_sdk_cloudsearchdomain::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudsearchdomain::operation::search::SearchOutput;
use aws_sdk_cloudsearchdomain::operation::search::builders::SearchFluentBuilder;
use aws_sdk_cloudsearchdomain::operation::upload_documents::UploadDocumentsError;
use aws_sdk_cloudsearchdomain::primitives::ByteStream;
use aws_sdk_cloudsearchdomain::types::ContentType;
use mixtape_store::SdkConfig;

use crate::error::IndexError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// One attempt at a search, and a search with its repetition. A request makes two searches one after the other.
const SEARCH_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const SEARCH_TIMEOUT: Duration = Duration::from_secs(5);
const SEARCH_ATTEMPTS: u32 = 2;
/// One upload, which is not repeated here: the caller knows what is still wanted by then.
pub(super) const UPLOAD_TIMEOUT: Duration = Duration::from_secs(25);

/// Where a domain is searched. Clones share the connections.
#[derive(Debug, Clone)]
pub(super) struct SearchService(Client);

/// Where a domain is filled. Clones share the connections.
#[derive(Debug, Clone)]
pub(super) struct DocumentService(Client);

/// Why a batch was not taken.
#[derive(Debug)]
pub(super) enum UploadError {
    /// CloudSearch read it and takes none of it.
    Refused(String),
    /// It was not done.
    Failed(IndexError),
    /// It may still be done, or have been.
    Unknown(IndexError),
}

impl SearchService {
    /// A client for this address, which signs as the stores' clients do. Nothing is sent yet.
    pub(super) fn new(config: &SdkConfig, endpoint: &str) -> Self {
        Self(client(config, endpoint, SEARCH_ATTEMPTS, SEARCH_ATTEMPT_TIMEOUT, SEARCH_TIMEOUT))
    }

    /// A search to be filled in and given to [`send`].
    pub(super) fn search(&self) -> SearchFluentBuilder {
        self.0.search()
    }
}

impl DocumentService {
    /// As [`SearchService::new`].
    pub(super) fn new(config: &SdkConfig, endpoint: &str) -> Self {
        Self(client(config, endpoint, 1, UPLOAD_TIMEOUT, UPLOAD_TIMEOUT))
    }

    /// Uploads a batch: all of it is done, or none.
    pub(super) async fn upload(&self, batch: Vec<u8>) -> Result<(), UploadError> {
        let request = self.0.upload_documents().content_type(ContentType::ApplicationJson);
        let error = match request.documents(ByteStream::from(batch)).send().await {
            Ok(output) => {
                for warning in output.warnings.unwrap_or_default() {
                    tracing::warn!(warning = warning.message, "CloudSearch took a batch with a warning");
                }
                return Ok(());
            }
            Err(error) => error,
        };
        let refusal = match (&error, status(&error)) {
            // Larger than CloudSearch takes.
            (SdkError::ServiceError(_), Some(413)) => Some("the batch is too large".to_owned()),
            (SdkError::ServiceError(service), Some(400..=499)) => match service.err() {
                UploadDocumentsError::DocumentServiceException(refusal) => {
                    Some(refusal.message.clone().unwrap_or_default())
                }
                _ => None,
            },
            _ => None,
        };
        if let Some(reason) = refusal {
            return Err(UploadError::Refused(reason));
        }
        // Otherwise only an answer says that nothing more will come of it.
        let is_over = is_unsent(&error) || matches!(error, SdkError::ServiceError(_));
        let error = failed(error);
        Err(if is_over { UploadError::Failed(error) } else { UploadError::Unknown(error) })
    }
}

fn client(
    config: &SdkConfig,
    endpoint: &str,
    attempts: u32,
    attempt_timeout: Duration,
    timeout: Duration,
) -> Client {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(attempt_timeout)
        .operation_timeout(timeout)
        .build();
    let config = aws_sdk_cloudsearchdomain::config::Builder::from(config)
        .endpoint_url(endpoint)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(attempts));
    Client::from_conf(config.build())
}

/// Sends a search.
pub(super) async fn send(request: SearchFluentBuilder) -> Result<SearchOutput, IndexError> {
    request.send().await.map_err(failed)
}

fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Whether a request surely did not reach the service.
fn is_unsent<E: Error + 'static>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::ConstructionFailure(_) => true,
        SdkError::DispatchFailure(_) => {
            let mut cause = error.source();
            while let Some(error) = cause {
                let io = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
                if matches!(
                    io,
                    Some(
                        ErrorKind::ConnectionRefused
                            | ErrorKind::HostUnreachable
                            | ErrorKind::NetworkUnreachable
                    )
                ) {
                    return true;
                }
                cause = error.source();
            }
            false
        }
        _ => false,
    }
}

/// Sorts an SDK error: timeouts, dispatch failures, 5xx and throttling may pass, the rest does not.
fn failed<E>(error: SdkError<E, HttpResponse>) -> IndexError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let is_transient = match &error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(service) => {
            let is_passing = status(&error).is_none_or(|status| status >= 500 || matches!(status, 408 | 429));
            let code = service.err().code().unwrap_or_default();
            is_passing
                || matches!(code, "Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "SlowDown")
        }
        _ => false,
    };
    let text = format!("CloudSearch: {}", mixtape_store::describe(&error));
    if is_transient { IndexError::Unavailable(text) } else { IndexError::Broken(text) }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudsearchdomain::config::{
        BehaviorVersion, Credentials, Region, SharedCredentialsProvider,
    };

    use super::*;

    #[tokio::test]
    async fn a_batch_that_was_never_sent_is_over() {
        // A port on which nobody listens any more.
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let credentials = Credentials::new("key", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let documents = DocumentService::new(&config, &format!("http://{address}"));
        let outcome = documents.upload(b"[]".to_vec()).await;
        assert!(matches!(outcome, Err(UploadError::Failed(IndexError::Unavailable(_)))), "{outcome:?}");
        let search = SearchService::new(&config, &format!("http://{address}"));
        let outcome = send(search.search().query("star")).await;
        assert!(matches!(outcome, Err(IndexError::Unavailable(_))), "{outcome:?}");
    }
}
