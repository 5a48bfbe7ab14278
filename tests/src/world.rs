//! A stack of its own for a test.

use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

use mixtape::{Options, SearchWith, Stack};
use mixtape_domain::Clock;
use mixtape_store::Store;
use serde_json::{Value, json};

use crate::{Client, CloudSearch, DynamoDb};

/// A local stack that nobody else uses. It stops when it is dropped.
pub struct World {
    stack: Stack,
    http: reqwest::Client,
    dynamodb: Option<DynamoDb>,
}

impl World {
    /// A stack on empty stores that are forgotten afterwards, with [`World::dynamodb`] in front of them, which holds the
    /// functions to the policies of template.yaml.
    pub async fn start() -> Self {
        Self::with_dynamodb(Self::options()).await
    }

    /// As [`World::start`], once everything that a start causes has been done, so that the next calls are the test's.
    pub async fn observed() -> Self {
        let world = Self::start().await;
        world.settle().await;
        world.dynamodb().take();
        world
    }

    async fn with_dynamodb(options: Options) -> Self {
        let dynamodb = DynamoDb::new();
        let mut world = Self::with(Options { dynamodb_proxy: Some(dynamodb.proxy()), ..options }).await;
        world.dynamodb = Some(dynamodb);
        world
    }

    /// As [`World::observed`], where nothing runs but the requests, so that all calls are theirs.
    pub async fn unattended() -> Self {
        let dynamodb = DynamoDb::new();
        let options =
            Options { dynamodb_proxy: Some(dynamodb.proxy()), runs_events: false, ..Self::options() };
        let mut world = Self::with(options).await;
        world.dynamodb = Some(dynamodb);
        world
    }

    /// A stack whose searches go to a CloudSearch domain, with a proxy in front of it that holds the functions to the
    /// policies of template.yaml.
    pub async fn with_cloudsearch() -> (Self, CloudSearch) {
        let cloudsearch = CloudSearch::new();
        let options = Options {
            search: SearchWith::CloudSearch,
            cloudsearch_proxy: Some(cloudsearch.proxy()),
            // Long enough for a test to end an outage before an event is given up on.
            retry_base: Duration::from_millis(50),
            ..Self::options()
        };
        (Self::with_dynamodb(options).await, cloudsearch)
    }

    /// What tests start a stack with: a clock of its own and quick retries.
    pub fn options() -> Options {
        Options { retry_base: Duration::from_millis(1), ..Options::default() }
    }

    /// A stack with parameters of the template set, for example `("Registration", "closed")`.
    pub async fn with_parameters(parameters: &[(&str, &str)]) -> Self {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self::with_dynamodb(Options { parameters: parameters.collect(), ..Self::options() }).await
    }

    /// A stack that is started as these options say, with nothing in front of its stores: for tests of many calls.
    pub async fn with(options: Options) -> Self {
        log_warnings();
        let stack = Stack::start(options).await.expect("the stack starts");
        Self { stack, http: reqwest::Client::new(), dynamodb: None }
    }

    /// The running stack.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The stores that the handlers use, for what cannot be seen over the API.
    pub fn store(&self) -> &Store {
        &self.stack.app().store
    }

    /// The time of the whole stack.
    pub fn clock(&self) -> &Clock {
        &self.stack.app().clock
    }

    /// The proxy in front of DynamoDB.
    pub fn dynamodb(&self) -> &DynamoDb {
        self.dynamodb.as_ref().expect("a world that was started with options has no proxy")
    }

    /// Waits until all events were handled: the search index is current, deleted things are cleaned up.
    pub async fn settle(&self) {
        self.stack.settle().await;
    }

    /// Invokes a function with an event.
    pub async fn invoke(&self, function: &str, event: Value) -> Value {
        self.stack.invoke(function, event).await.expect("the function handles the event")
    }

    /// Somebody without an identity.
    pub fn anonymous(&self) -> Client {
        Client::new(self.http.clone(), self.stack.url())
    }

    /// Makes an account `{username}@example.org` with the password of [`World::password`].
    pub async fn sign_up(&self, username: &str) -> Client {
        let body = json!({
            "username": username,
            "email": format!("{username}@example.org"),
            "password": Self::password(username),
        });
        let made = self.anonymous().post("/v1/accounts", body).await.expect(201);
        self.anonymous().with_session(&made["session"], &made["account"])
    }

    /// Makes an account of an admin, as [`World::sign_up`] makes others.
    pub async fn admin(&self, username: &str) -> Client {
        self.sign_up(username).await;
        self.invoke("accounts", json!({ "admin": { "username": username, "grant": true } })).await;
        let body = json!({ "login": username, "password": Self::password(username) });
        let session = self.anonymous().post("/v1/sessions", body).await.expect(201);
        self.anonymous().with_session(&session, &session["account"])
    }

    /// The password that [`World::sign_up`] chooses.
    pub fn password(username: &str) -> String {
        format!("correct horse of {username}")
    }

    /// Stops the stack as Ctrl-C does.
    pub async fn stop(&self) {
        self.stack.stop().await;
    }
}

/// The catalogue of real tracks that lies beside the project's folder, or `None`, with a message, where it is missing.
pub fn catalogue() -> Option<PathBuf> {
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = workspace.join("../shared/data/catalogue/tracks.jsonl");
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

fn log_warnings() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter = tracing_subscriber::EnvFilter::new("error");
        // Fails only when a test has set a subscriber of its own.
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
    });
}
