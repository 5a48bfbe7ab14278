//! The AWS clients: built once, with timeouts that end before a function's own.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use mixtape_settings::{LocalStores, S3Store, Settings};

use crate::meter::Meter;
use crate::traced::Traced;

/// One attempt at one call.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// The longest that one call to a store takes, with its retries. Every function may run for longer.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(8);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Attempts at one call. All calls of a client share a budget of 500 tokens beside that: a retry takes 5 (10 after a
/// timeout), a success gives back what its retry took, or 1, so that a store that is away is not asked over and over.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>, standard mode.
const MAX_ATTEMPTS: u32 = 4;

pub(crate) async fn load(local: Option<&LocalStores>) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT)
        .build();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS));
    let loader = match local {
        // Given here so that the SDK does not ask the instance metadata service, which would not answer.
        Some(stores) => loader.region(Region::from_static("us-east-1")).credentials_provider(
            Credentials::new(&stores.access_key, &stores.secret_key, None, None, "local"),
        ),
        None => loader,
    };
    loader.load().await
}

pub(crate) fn dynamodb(config: &SdkConfig, local: Option<&LocalStores>) -> aws_sdk_dynamodb::Client {
    let mut builder = aws_sdk_dynamodb::config::Builder::from(config).interceptor(Meter).interceptor(Traced);
    if let Some(stores) = local {
        builder = builder.endpoint_url(&stores.dynamodb);
    }
    aws_sdk_dynamodb::Client::from_conf(builder.build())
}

pub(crate) fn s3(config: &SdkConfig, settings: &Settings) -> aws_sdk_s3::Client {
    let mut builder = aws_sdk_s3::config::Builder::from(config).interceptor(Traced);
    if let Some(S3Store { endpoint, region, access_key, secret_key }) = &settings.s3 {
        builder = builder
            .endpoint_url(endpoint)
            .region(Region::new(region.clone()))
            .credentials_provider(Credentials::new(access_key, secret_key, None, None, "settings"))
            .force_path_style(true)
            // Not every store knows the checksums that the client adds of its own accord.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    } else if let Some(stores) = &settings.stores {
        builder = builder.endpoint_url(&stores.s3).force_path_style(true);
    }
    aws_sdk_s3::Client::from_conf(builder.build())
}
