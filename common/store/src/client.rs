//! The AWS clients: built once, with timeouts that end before a function's own.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::Credentials;
use aws_sdk_s3::config::{RequestChecksumCalculation, ResponseChecksumValidation};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use mixtape_settings::{Authorities, LocalStores, S3Store, Settings};

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

/// The five roots of Amazon Trust Services, which are what a trust store of one's own should hold for AWS. A test compares
/// their public keys with those that are published. <https://www.amazontrust.com/repository/>
const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

pub(crate) async fn load(settings: &Settings) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(CALL_TIMEOUT)
        .build();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS));
    let loader = match settings.authorities {
        Authorities::Amazon => loader.http_client(trusting_amazon()),
        Authorities::Machine => loader,
    };
    let loader = match &settings.stores {
        // Given here so that the SDK does not ask the instance metadata service, which would not answer.
        Some(stores) => loader.region(Region::from_static("us-east-1")).credentials_provider(
            Credentials::new(&stores.access_key, &stores.secret_key, None, None, "local"),
        ),
        None => loader,
    };
    loader.load().await
}

/// As the SDK's own, which trusts everybody whom the machine trusts.
fn trusting_amazon() -> SharedHttpClient {
    let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    let context = TlsContext::builder().with_trust_store(roots).build();
    // It fails for what only other providers of TLS can be told.
    let context = context.expect("a trust store is all that is set");
    let builder = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
    builder.tls_context(context).build_https()
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

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use sha2::{Digest, Sha256};

    use super::AMAZON_ROOTS;

    /// SHA-256 of the public keys (SubjectPublicKeyInfo) of the roots 1 to 4 and of Starfield's G2, from
    /// <https://www.amazontrust.com/repository/>.
    const PUBLISHED: [&str; 5] = [
        "fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2",
        "7f4296fc5b6a4e3b35d3c369623e364ab1af381d8fa7121533c9d6c633ea2461",
        "36abc32656acfc645c61b71613c4bf21c787f5cabbee48348d58597803d7abc9",
        "f7ecded5c66047d28ed6466b543c40e0743abe81d109254dcf845d4c2c7853c5",
        "2b071c59a0a0ae76b0eadb2bad23bad4580b69c3601b630c2eaf0613afa83f92",
    ];

    /// Digests of all sequences in what is encoded by DER, one of which is the public key.
    fn digests_of_sequences(der: &[u8]) -> Vec<String> {
        let sequence = |start: usize| {
            let rest = &der[start..];
            let length = match *rest {
                [0x30, length @ ..=0x7f, ..] => 2 + usize::from(length),
                [0x30, 0x81, length, ..] => 3 + usize::from(length),
                [0x30, 0x82, high, low, ..] => 4 + usize::from(u16::from_be_bytes([high, low])),
                _ => return None,
            };
            rest.get(..length)
        };
        let hex = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        (0..der.len()).filter_map(sequence).map(hex).collect()
    }

    #[test]
    fn amazons_authorities_have_the_keys_that_amazon_publishes() {
        let certificates: Vec<Vec<u8>> = AMAZON_ROOTS
            .split("-----BEGIN CERTIFICATE-----")
            .skip(1)
            .map(|text| text.split("-----END").next().unwrap().split_whitespace().collect::<String>())
            .map(|text| BASE64.decode(text).unwrap())
            .collect();
        assert_eq!(certificates.len(), PUBLISHED.len());
        for (certificate, published) in certificates.iter().zip(PUBLISHED) {
            assert!(
                digests_of_sequences(certificate).iter().any(|digest| digest == published),
                "{published}"
            );
        }
    }
}
