//! What an operator chooses, as one struct. In Lambda it is read from the environment, on one machine from flags.
//!
//! This is the only place that reads environment variables. It knows no AWS type and no handler.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

/// Everything that differs between two deployments.
#[derive(Debug, Clone)]
pub struct Settings {
    /// First part of every table's name: `{prefix}-tracks`.
    pub table_prefix: String,
    /// The bucket that holds objects and the search index.
    pub bucket: String,
    /// Whether strangers may make accounts.
    pub registration: Registration,
    /// Whether the catalogue can be read without an identity.
    pub catalogue: Catalogue,
    /// Which search backend answers and is fed.
    pub search: SearchBackend,
    /// How many items each section of the home page holds.
    pub home: HomeCounts,
    /// How long one shuffle of the home page lasts.
    pub shuffle_every: Duration,
    /// What may be uploaded, and how it is played.
    pub media: MediaSettings,
    /// A local folder for copies of the search index; it may be lost at any time.
    pub scratch_dir: PathBuf,
    /// What is said of invocations.
    pub telemetry: TelemetrySettings,
    /// Where the stores are, when they are not AWS's.
    pub stores: Option<LocalStores>,
    /// Where objects are kept, when neither S3 nor the embedded store keeps them.
    pub s3: Option<S3Store>,
    /// Who vouches for the stores, where they are reached by TLS.
    pub authorities: Authorities,
}

/// Certificate authorities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorities {
    /// Amazon's own, for all of AWS but some of its partitions. They are compiled in: parsing those of a machine takes
    /// longer than the rest of a cold start.
    Amazon,
    /// Those of the file that `SSL_CERT_FILE` names, or all that the machine trusts.
    Machine,
}

/// A store that is compatible with S3, wherever it is.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Store {
    /// Its base address, for example `https://s3.example.org`. Players and uploads are sent there too.
    pub endpoint: String,
    pub region: String,
    pub access_key: String,
    pub secret_key: String,
}

impl std::fmt::Debug for S3Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever logs the settings must not log the secret.
        f.debug_struct("S3Store").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// What is said of invocations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TelemetrySettings {
    /// What metrics are told apart by from those of other deployments; without it, there are none.
    pub service: Option<String>,
    /// The least that is logged.
    pub log_level: LogLevel,
    /// Where the daemon of X-Ray listens, for example `169.254.79.129:2000`, in a function that is traced.
    pub xray_daemon: Option<String>,
}

/// The least that is logged. There is nothing finer: libraries then log what they send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
}

/// Embedded stores on loopback ports.
#[derive(Clone)]
pub struct LocalStores {
    /// Base address of the DynamoDB endpoint, for example `http://127.0.0.1:40001`.
    pub dynamodb: String,
    /// Base address of the S3 endpoint.
    pub s3: String,
    pub access_key: String,
    pub secret_key: String,
}

impl std::fmt::Debug for LocalStores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { dynamodb, s3, .. } = self;
        f.debug_struct("LocalStores").field("dynamodb", dynamodb).field("s3", s3).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    Open,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Catalogue {
    Public,
    Private,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchBackend {
    /// The Tantivy index whose files lie in the bucket.
    Embedded,
    /// An Amazon CloudSearch domain. The endpoints are base addresses, with `https://`.
    CloudSearch { search_endpoint: String, document_endpoint: String },
}

/// Items per section of the home page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HomeCounts {
    pub featured_artists: usize,
    pub trending_tracks: usize,
    pub discover_tracks: usize,
    pub new_tracks: usize,
    pub albums: usize,
}

impl Default for HomeCounts {
    fn default() -> Self {
        Self { featured_artists: 3, trending_tracks: 3, discover_tracks: 12, new_tracks: 12, albums: 12 }
    }
}

/// What may be uploaded, and how it is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaSettings {
    /// Bytes of one file, at most.
    pub max_file_bytes: u64,
    /// Bytes of the files of one account, at most.
    pub max_account_bytes: u64,
    /// Base address, without a slash at the end, of a CDN whose origin is the bucket. Only a public catalogue is played
    /// through it.
    pub cdn: Option<String>,
}

impl Default for MediaSettings {
    fn default() -> Self {
        Self { max_file_bytes: 1 << 30, max_account_bytes: 100 << 30, cdn: None }
    }
}

/// The environment does not hold what it must.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    #[error("the environment variable {name} must be {expected}")]
    Wrong { name: &'static str, expected: &'static str },
}

/// Most items that a section of the home page can be set to.
const MAX_SECTION: usize = 50;
/// Largest file that S3 copies at once: 5 GiB.
const LARGEST_FILE: u64 = 5 << 30;

impl Settings {
    /// Reads the settings of a deployed function: `TABLE_PREFIX` and `BUCKET` must be set; `REGISTRATION`,
    /// `CATALOGUE`, `SEARCH_BACKEND`, `SHUFFLE_EVERY_SECONDS`, `HOME_*`, `MAX_FILE_BYTES`, `MAX_ACCOUNT_BYTES`,
    /// `MEDIA_CDN`, `METRICS_SERVICE` and Lambda's `AWS_LAMBDA_LOG_LEVEL` have defaults. With `SEARCH_BACKEND` set to
    /// `cloudsearch`, `CLOUDSEARCH_SEARCH_ENDPOINT` and `CLOUDSEARCH_DOCUMENT_ENDPOINT` must be set too; with
    /// `S3_ENDPOINT` set, `S3_ACCESS_KEY_ID` and `S3_SECRET_ACCESS_KEY`. Without `S3_ENDPOINT` and `SSL_CERT_FILE`, only
    /// Amazon's authorities are trusted.
    ///
    /// # Errors
    /// A variable is missing or holds a value that is not one of its choices.
    pub fn from_env() -> Result<Self, SettingsError> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let variables = |name: &'static str| std::env::var(name).ok();
        Self::read(variables)
    }

    /// As [`Settings::from_env`], from a map.
    ///
    /// # Errors
    /// As [`Settings::from_env`].
    pub fn from_map(variables: &HashMap<String, String>) -> Result<Self, SettingsError> {
        Self::read(|name| variables.get(name).cloned())
    }

    fn read(variable: impl Fn(&'static str) -> Option<String>) -> Result<Self, SettingsError> {
        let required =
            |name| variable(name).filter(|value| !value.is_empty()).ok_or(SettingsError::Missing(name));
        let address = |name| match required(name)? {
            address if address.starts_with("https://") || address.starts_with("http://") => Ok(address),
            // As CloudSearch describes it.
            address if !address.contains("://") => Ok(format!("https://{address}")),
            _ => Err(SettingsError::Wrong { name, expected: "an address with https://" }),
        };
        let count = |name, default: usize| match variable(name) {
            None => Ok(default),
            Some(text) => match text.parse::<usize>() {
                Ok(count) if count <= MAX_SECTION => Ok(count),
                _ => Err(SettingsError::Wrong { name, expected: "a number from 0 to 50" }),
            },
        };
        let defaults = HomeCounts::default();
        let bytes = |name, default: u64, most: u64| match variable(name) {
            None => Ok(default),
            Some(text) => match text.parse::<u64>() {
                Ok(bytes) if (1..=most).contains(&bytes) => Ok(bytes),
                _ => Err(SettingsError::Wrong {
                    name,
                    expected: "a number of bytes; a file has at most 5 GiB",
                }),
            },
        };
        let media = MediaSettings::default();
        let s3 = s3_store(&variable)?;
        // Another store has the certificate of whoever it chose.
        let has_others = s3.is_some() || variable("SSL_CERT_FILE").is_some_and(|file| !file.is_empty());
        Ok(Self {
            table_prefix: required("TABLE_PREFIX")?,
            bucket: required("BUCKET")?,
            registration: match variable("REGISTRATION").as_deref() {
                None | Some("open") => Registration::Open,
                Some("closed") => Registration::Closed,
                Some(_) => {
                    return Err(SettingsError::Wrong { name: "REGISTRATION", expected: "open or closed" });
                }
            },
            catalogue: match variable("CATALOGUE").as_deref() {
                None | Some("public") => Catalogue::Public,
                Some("private") => Catalogue::Private,
                Some(_) => {
                    return Err(SettingsError::Wrong { name: "CATALOGUE", expected: "public or private" });
                }
            },
            search: match variable("SEARCH_BACKEND").as_deref() {
                None | Some("embedded") => SearchBackend::Embedded,
                Some("cloudsearch") => SearchBackend::CloudSearch {
                    search_endpoint: address("CLOUDSEARCH_SEARCH_ENDPOINT")?,
                    document_endpoint: address("CLOUDSEARCH_DOCUMENT_ENDPOINT")?,
                },
                Some(_) => {
                    let expected = "embedded or cloudsearch";
                    return Err(SettingsError::Wrong { name: "SEARCH_BACKEND", expected });
                }
            },
            home: HomeCounts {
                featured_artists: count("HOME_FEATURED_ARTISTS", defaults.featured_artists)?,
                trending_tracks: count("HOME_TRENDING_TRACKS", defaults.trending_tracks)?,
                discover_tracks: count("HOME_DISCOVER_TRACKS", defaults.discover_tracks)?,
                new_tracks: count("HOME_NEW_TRACKS", defaults.new_tracks)?,
                albums: count("HOME_ALBUMS", defaults.albums)?,
            },
            shuffle_every: match variable("SHUFFLE_EVERY_SECONDS").map(|text| text.parse::<u64>()) {
                None => Duration::from_secs(3 * 60 * 60),
                Some(Ok(seconds)) if (1..=86_400).contains(&seconds) => Duration::from_secs(seconds),
                Some(_) => {
                    let expected = "a number of seconds from 1 to 86400";
                    return Err(SettingsError::Wrong { name: "SHUFFLE_EVERY_SECONDS", expected });
                }
            },
            media: MediaSettings {
                max_file_bytes: bytes("MAX_FILE_BYTES", media.max_file_bytes, LARGEST_FILE)?,
                max_account_bytes: bytes("MAX_ACCOUNT_BYTES", media.max_account_bytes, u64::MAX >> 1)?,
                cdn: match variable("MEDIA_CDN").filter(|address| !address.is_empty()) {
                    None => None,
                    Some(address) if address.starts_with("https://") || address.starts_with("http://") => {
                        Some(address.trim_end_matches('/').to_owned())
                    }
                    Some(_) => {
                        let expected = "an address with https://";
                        return Err(SettingsError::Wrong { name: "MEDIA_CDN", expected });
                    }
                },
            },
            telemetry: TelemetrySettings {
                service: variable("METRICS_SERVICE").filter(|service| !service.is_empty()),
                // Lambda sets it where tracing is on.
                xray_daemon: variable("AWS_XRAY_DAEMON_ADDRESS").filter(|address| !address.is_empty()),
                log_level: match variable("AWS_LAMBDA_LOG_LEVEL").as_deref() {
                    Some("ERROR" | "FATAL") => LogLevel::Error,
                    Some("WARN") => LogLevel::Warn,
                    _ => LogLevel::Info,
                },
            },
            scratch_dir: variable("SCRATCH_DIR").map_or_else(|| PathBuf::from("/tmp/mixtape"), PathBuf::from),
            stores: None,
            s3,
            authorities: if has_others { Authorities::Machine } else { Authorities::Amazon },
        })
    }
}

fn s3_store(variable: impl Fn(&'static str) -> Option<String>) -> Result<Option<S3Store>, SettingsError> {
    let given = |name| variable(name).filter(|value| !value.is_empty());
    let required = |name| given(name).ok_or(SettingsError::Missing(name));
    let Some(endpoint) = given("S3_ENDPOINT") else { return Ok(None) };
    if !endpoint.starts_with("https://") && !endpoint.starts_with("http://") {
        return Err(SettingsError::Wrong { name: "S3_ENDPOINT", expected: "an address with https://" });
    }
    Ok(Some(S3Store {
        endpoint,
        region: given("S3_REGION").unwrap_or_else(|| "auto".to_owned()),
        access_key: required("S3_ACCESS_KEY_ID")?,
        secret_key: required("S3_SECRET_ACCESS_KEY")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let fixed = [("TABLE_PREFIX", "mixtape"), ("BUCKET", "bucket")];
        let variables =
            fixed.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::from_map(&variables.collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn another_object_store_needs_its_credentials_and_keeps_them_to_itself() {
        let endpoint = ("S3_ENDPOINT", "https://s3.example.org");
        let key = ("S3_ACCESS_KEY_ID", "somebody");
        let secret = ("S3_SECRET_ACCESS_KEY", "hush");
        // As the template sets them where no such store is named.
        assert_eq!(read(&[("S3_ENDPOINT", ""), ("S3_ACCESS_KEY_ID", "")]).unwrap().s3, None);
        let store = read(&[endpoint, key, secret]).unwrap().s3.unwrap();
        assert_eq!((store.region.as_str(), store.secret_key.as_str()), ("auto", "hush"));
        assert!(!format!("{store:?}").contains("hush"));
        assert_eq!(read(&[endpoint, key, secret]).unwrap().authorities, Authorities::Machine);
        for (variables, reason) in [
            (vec![endpoint, secret], "the environment variable S3_ACCESS_KEY_ID is not set"),
            (vec![endpoint, key], "the environment variable S3_SECRET_ACCESS_KEY is not set"),
            (
                vec![("S3_ENDPOINT", "s3.example.org"), key, secret],
                "the environment variable S3_ENDPOINT must be an address with https://",
            ),
        ] {
            assert_eq!(read(&variables).unwrap_err(), reason);
        }
    }

    #[test]
    fn amazons_authorities_are_trusted_alone_unless_a_file_of_others_is_named() {
        assert_eq!(read(&[]).unwrap().authorities, Authorities::Amazon);
        // As the template sets it.
        assert_eq!(read(&[("SSL_CERT_FILE", "")]).unwrap().authorities, Authorities::Amazon);
        assert_eq!(read(&[("SSL_CERT_FILE", "/ca.pem")]).unwrap().authorities, Authorities::Machine);
    }

    #[test]
    fn cloudsearch_needs_its_endpoints() {
        let backend = ("SEARCH_BACKEND", "cloudsearch");
        let search_endpoint =
            ("CLOUDSEARCH_SEARCH_ENDPOINT", "search-music.us-east-1.cloudsearch.amazonaws.com");
        let document_endpoint =
            ("CLOUDSEARCH_DOCUMENT_ENDPOINT", "https://doc-music.us-east-1.cloudsearch.amazonaws.com");
        assert_eq!(read(&[]).unwrap().search, SearchBackend::Embedded);
        assert_eq!(
            read(&[backend, search_endpoint, document_endpoint]).unwrap().search,
            SearchBackend::CloudSearch {
                search_endpoint: format!("https://{}", search_endpoint.1),
                document_endpoint: document_endpoint.1.to_owned(),
            }
        );
        for (variables, reason) in [
            (vec![backend], "the environment variable CLOUDSEARCH_SEARCH_ENDPOINT is not set"),
            (
                vec![backend, search_endpoint],
                "the environment variable CLOUDSEARCH_DOCUMENT_ENDPOINT is not set",
            ),
            (
                vec![("SEARCH_BACKEND", "solr")],
                "the environment variable SEARCH_BACKEND must be embedded or cloudsearch",
            ),
        ] {
            assert_eq!(read(&variables).unwrap_err(), reason);
        }
    }
}
