//! Sets up an Amazon CloudSearch domain for the search backend: fields, analysis scheme, suggester and, if told so, the
//! access policy. The list of fields belongs to the backend and is read from there.

mod cli;
mod error;
mod plan;
mod set_up;

use aws_sdk_cloudsearch::Client;
use aws_sdk_cloudsearch::config::{BehaviorVersion, Credentials, Region};

pub use cli::main;
pub use error::SetUpError;
pub use plan::Plan;
pub use set_up::{Endpoints, Report, set_up};

/// A client of a stand-in for the configuration API, which checks no signatures.
pub fn local_client(endpoint_url: &str) -> Client {
    let config = aws_sdk_cloudsearch::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .endpoint_url(endpoint_url);
    Client::from_conf(config.build())
}
