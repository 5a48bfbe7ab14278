//! What is started: a program with the environment that it has in Lambda, and the events that it gets.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use mixtape::Stack;
use serde_json::Value;
use tests::{Program, http_event};

use crate::Failure;
use crate::programs::{stores_of, workspace};
use crate::scenario::Scenario;

/// Bundles of certificates where systems have them, that of Lambda's image first.
const BUNDLES: [&str; 3] =
    ["/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"];

/// A program under test.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) program: Program,
    /// Its first event, which reads a table.
    pub(crate) first: Value,
    /// An event that it answers without a store.
    pub(crate) idle: Option<Value>,
}

impl Subject {
    /// A function of the template, on the stores of this stack.
    pub(crate) fn function(
        name: &str,
        folder: &Path,
        stack: &Stack,
        scenario: &Scenario,
    ) -> Result<Self, Failure> {
        let (first, idle) = match requests(scenario).remove(name) {
            Some(path) => (
                http_event("GET", &path, &scenario.token, None),
                Some(http_event("DELETE", refused(name), "", None)),
            ),
            None => (sample(name)?, None),
        };
        let program = Program::new(folder.join(name), name, stores_of(stack)?);
        Ok(Self { name: name.to_owned(), program, first, idle })
    }

    /// A program that says hello and can read an item, of the table that the function `home` may read.
    pub(crate) fn hello(
        name: &str,
        file: PathBuf,
        arguments: Vec<PathBuf>,
        stack: &Stack,
    ) -> Result<Self, Failure> {
        let mut program = Program { arguments, ..Program::new(file, "home", stores_of(stack)?) };
        // Node would say at each start that a newer one is wanted.
        program.environment.insert("NODE_NO_WARNINGS".into(), "1".into());
        // It trusts whom its image trusts. One file is the least that it can be made to read.
        if let Some(bundle) = BUNDLES.iter().find(|bundle| Path::new(bundle).exists()) {
            program.environment.insert("SSL_CERT_FILE".into(), (*bundle).to_owned());
        }
        Ok(Self {
            name: name.to_owned(),
            program,
            first: http_event("GET", "/item", "", None),
            idle: Some(http_event("GET", "/hello", "", None)),
        })
    }
}

/// A GET of each function that answers HTTP, which reads its tables.
fn requests(scenario: &Scenario) -> HashMap<&'static str, String> {
    HashMap::from([
        ("accounts", "/v1/me".to_owned()),
        ("home", "/v1/home".to_owned()),
        ("images", scenario.cover.clone()),
        ("insights", "/v1/insights/me/top/tracks".to_owned()),
        ("listens", "/v1/listens".to_owned()),
        ("meta", "/v1/health".to_owned()),
        ("playlists", format!("/v1/playlists/{}/items", scenario.playlist)),
        ("search", format!("/v1/search?q={}", Scenario::query(0))),
        ("tracks", "/v1/tracks".to_owned()),
        ("uploads", "/v1/uploads".to_owned()),
    ])
}

/// A path of each of these functions that takes no DELETE.
fn refused(function: &str) -> &'static str {
    match function {
        "accounts" => "/v1/accounts",
        "home" => "/v1/home",
        "images" => "/v1/images/01JD6Y3Q5R8WZ0V4C2B7M9N1XK",
        "insights" => "/v1/insights/me/totals",
        "listens" => "/v1/listens",
        "meta" => "/v1/health",
        "playlists" => "/v1/playlists",
        "search" => "/v1/search",
        "tracks" => "/v1/tracks",
        _ => "/v1/uploads",
    }
}

/// The sample event of a function that events start.
fn sample(function: &str) -> Result<Value, Failure> {
    let name = match function {
        "cleanup" => "cleanup-playlist",
        "indexer" => "indexer-stream",
        "tally" => "tally-listens",
        other => other,
    };
    let text = std::fs::read_to_string(workspace().join(format!("events/{name}.json")))?;
    Ok(serde_json::from_str(&text)?)
}
