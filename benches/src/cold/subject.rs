//! What is started: a program with the environment that it has in Lambda, and the events that it gets.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use mixtape::Stack;
use mixtape::template::Template;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::Failure;
use crate::programs::workspace;
use crate::scenario::Scenario;

/// Bundles of certificates where systems have them, the functions' own first.
const BUNDLES: [&str; 3] =
    ["/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"];

/// A program under test.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<PathBuf>,
    pub(crate) environment: HashMap<String, String>,
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
        template: &Template,
        stack: &Stack,
        scenario: &Scenario,
    ) -> Result<Self, Failure> {
        let deployed = template.function(name).ok_or_else(|| format!("the template has no {name}"))?;
        let (first, idle) = match requests(scenario).remove(name) {
            Some(path) => (http("GET", &path, &scenario.token), Some(http("DELETE", refused(name), ""))),
            None => (sample(name)?, None),
        };
        Ok(Self {
            name: name.to_owned(),
            program: folder.join(name),
            arguments: Vec::new(),
            environment: environment(deployed.environment.clone(), name, stack)?,
            first,
            idle,
        })
    }

    /// A program that says hello and can read an item.
    pub(crate) fn hello(
        name: &str,
        program: PathBuf,
        arguments: Vec<PathBuf>,
        template: &Template,
        stack: &Stack,
    ) -> Result<Self, Failure> {
        // It reads the table that the function `home` may read.
        let deployed = template.function("home").ok_or("the template has no home")?;
        Ok(Self {
            name: name.to_owned(),
            program,
            arguments,
            environment: environment(deployed.environment.clone(), "home", stack)?,
            first: http("GET", "/item", ""),
            idle: Some(http("GET", "/hello", "")),
        })
    }

    /// Starts it; its scratch folder is new each time, as it is in Lambda.
    pub(crate) fn spawn(&self, runtime_api: &str, scratch: &Path) -> Result<Child, Failure> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear().envs(&self.environment);
        command.env("AWS_LAMBDA_RUNTIME_API", runtime_api).env("SCRATCH_DIR", scratch);
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        Ok(command.spawn().map_err(|error| format!("{}: {error}", self.program.display()))?)
    }
}

/// The template's variables, those that Lambda sets, and where the stores are.
fn environment(
    mut variables: HashMap<String, String>,
    function: &str,
    stack: &Stack,
) -> Result<HashMap<String, String>, Failure> {
    let stores = stack.app().settings.stores.clone().ok_or("a local stack has local stores")?;
    let bundle =
        BUNDLES.iter().find(|bundle| Path::new(bundle).exists()).ok_or("no certificates are found")?;
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", function),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &stores.dynamodb),
        ("AWS_ENDPOINT_URL_S3", &stores.s3),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024"),
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_FORMAT", "JSON"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", function),
        ("AWS_LAMBDA_LOG_STREAM_NAME", function),
        ("AWS_REGION", "us-east-1"),
        ("AWS_SECRET_ACCESS_KEY", &stores.secret_key),
        // It would say at each start that a newer one is wanted.
        ("NODE_NO_WARNINGS", "1"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("SSL_CERT_FILE", bundle),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    Ok(variables)
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

/// An event of the HTTP API
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).
fn http(method: &str, target: &str, token: &str) -> Value {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = json!({
        "accept": "application/json, image/webp", "host": "example.execute-api.us-east-1.amazonaws.com",
        "user-agent": "bench", "x-forwarded-for": "203.0.113.7", "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    });
    if !token.is_empty() {
        headers["authorization"] = json!(format!("Bearer {token}"));
    }
    json!({
        "version": "2.0", "routeKey": format!("ANY {path}"), "rawPath": path, "rawQueryString": query,
        "headers": headers, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "123456789012", "apiId": "example",
            "domainName": "example.execute-api.us-east-1.amazonaws.com", "domainPrefix": "example",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7",
                "userAgent": "bench",
            },
            "requestId": "bench", "routeKey": format!("ANY {path}"), "stage": "$default",
            "time": "21/Nov/2026:09:30:00 +0000", "timeEpoch": 1_795_253_400_000_i64,
        },
    })
}
