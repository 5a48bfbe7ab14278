//! Where a test takes place: in a stack of its own, or at an API that is deployed.

use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

use mixtape::{Options, SearchWith, Stack};
use mixtape_domain::{Clock, Timestamp};
use mixtape_store::Store;
use serde_json::{Value, json};

use crate::deployed::{Deployed, suffix};
use crate::privileges::{Policies, front};
use crate::{Client, CloudSearch, DynamoDb, marker};

/// What a test is about. A local stack is used by nobody else, and stops when this is dropped.
pub struct World {
    place: Place,
    http: reqwest::Client,
    dynamodb: Option<DynamoDb>,
    /// What follows every username; empty where nobody else is.
    suffix: String,
}

enum Place {
    Local(Box<Stack>),
    Deployed(&'static Deployed),
}

impl World {
    /// A stack on empty stores that are forgotten afterwards, with [`World::dynamodb`] in front of them, which holds
    /// the functions to the policies of template.yaml. With `MIXTAPE_API` it is the deployed API, whose stores are
    /// shared: the only constructor that works there, with [`World::apart`].
    pub async fn start() -> Self {
        match Deployed::get() {
            None => Self::with_dynamodb(Self::options()).await,
            Some(deployed) => Self {
                place: Place::Deployed(deployed),
                http: reqwest::Client::new(),
                dynamodb: None,
                suffix: suffix(),
            },
        }
    }

    /// As [`World::start`], once everything that a start causes has been done, so that the next calls are the test's.
    pub async fn observed() -> Self {
        let world = Self::start().await;
        world.settle().await;
        world.dynamodb().take();
        world
    }

    /// As [`World::with`], with what watches over the calls of the stores in front of them.
    pub async fn with_dynamodb(options: Options) -> Self {
        let dynamodb = DynamoDb::new(options.search);
        let objects_front = Some(front(Policies::get(options.search)));
        let options = Options { dynamodb_proxy: Some(dynamodb.proxy()), objects_front, ..options };
        let mut world = Self::with(options).await;
        world.dynamodb = Some(dynamodb);
        world
    }

    /// As [`World::observed`], where nothing runs but the requests, so that all calls are theirs.
    pub async fn unattended() -> Self {
        Self::with_dynamodb(Options { runs_events: false, ..Self::options() }).await
    }

    /// As [`World::start`], where no function learns from another which keys are good and which tokens were revoked.
    pub async fn apart() -> Self {
        match Deployed::get() {
            None => Self::with_dynamodb(Options { shares_identity: false, ..Self::options() }).await,
            Some(_) => Self::start().await,
        }
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
        assert!(Deployed::get().is_none(), "{NEEDS_A_STACK}");
        log_warnings();
        let stack = Stack::start(options).await.expect("the stack starts");
        let place = Place::Local(Box::new(stack));
        Self { place, http: reqwest::Client::new(), dynamodb: None, suffix: String::new() }
    }

    /// The running stack.
    pub fn stack(&self) -> &Stack {
        match &self.place {
            Place::Local(stack) => stack,
            Place::Deployed(_) => panic!("{NEEDS_A_STACK}"),
        }
    }

    /// Whether this is an API that others use too.
    pub fn is_deployed(&self) -> bool {
        matches!(self.place, Place::Deployed(_))
    }

    /// The address of the API.
    pub fn url(&self) -> String {
        match &self.place {
            Place::Local(stack) => stack.url(),
            Place::Deployed(deployed) => deployed.url.clone(),
        }
    }

    /// The stores that the handlers use, for what cannot be seen over the API.
    pub fn store(&self) -> &Store {
        &self.stack().app().store
    }

    /// The time of the whole stack.
    pub fn clock(&self) -> &Clock {
        &self.stack().app().clock
    }

    /// What time it is there.
    pub fn now(&self) -> Timestamp {
        match &self.place {
            Place::Local(stack) => stack.app().clock.now(),
            Place::Deployed(_) => Clock::system().now(),
        }
    }

    /// Lets this much time pass: at once in a stack, really elsewhere.
    pub async fn pass(&self, time: Duration) {
        match &self.place {
            Place::Local(stack) => stack.app().clock.advance(time),
            Place::Deployed(_) => tokio::time::sleep(time).await,
        }
    }

    /// The proxy in front of DynamoDB.
    pub fn dynamodb(&self) -> &DynamoDb {
        self.dynamodb.as_ref().expect("a world that was started with options has no proxy")
    }

    /// Waits until all events were handled: the search index is current, deleted things are cleaned up. A deployment
    /// does not tell: there it waits as long as that takes, and until what it does itself was handled.
    pub async fn settle(&self) {
        match &self.place {
            Place::Local(stack) => stack.settle().await,
            Place::Deployed(deployed) => {
                tokio::time::sleep(deployed.settled_after).await;
                marker::is_through(self).await;
            }
        }
    }

    /// Invokes a function with an event.
    pub async fn invoke(&self, function: &str, event: Value) -> Value {
        match &self.place {
            Place::Local(stack) => {
                stack.invoke(function, event).await.expect("the function handles the event")
            }
            Place::Deployed(deployed) => deployed.invoke(function, &event).await,
        }
    }

    /// Somebody without an identity.
    pub fn anonymous(&self) -> Client {
        Client::new(self.http.clone(), self.url())
    }

    /// The username that somebody has here: with something behind it where others may have taken it.
    pub fn name(&self, username: &str) -> String {
        format!("{username}{}", self.suffix)
    }

    /// The e-mail address of [`World::sign_up`].
    pub fn email(&self, username: &str) -> String {
        format!("{}@example.org", self.name(username))
    }

    /// Makes an account [`World::name`] with the address of [`World::email`] and the password of [`World::password`].
    pub async fn sign_up(&self, username: &str) -> Client {
        let body = json!({
            "username": self.name(username),
            "email": self.email(username),
            "password": Self::password(username),
        });
        let made = self.anonymous().post("/v1/accounts", body).await.expect(201);
        self.anonymous().with_session(&made["session"], &made["account"])
    }

    /// Makes an account of an admin, as [`World::sign_up`] makes others.
    pub async fn admin(&self, username: &str) -> Client {
        self.sign_up(username).await;
        let command = json!({ "admin": { "username": self.name(username), "grant": true } });
        self.invoke("accounts", command).await;
        let body = json!({ "login": self.name(username), "password": Self::password(username) });
        let session = self.anonymous().post("/v1/sessions", body).await.expect(201);
        self.anonymous().with_session(&session, &session["account"])
    }

    /// The password that [`World::sign_up`] chooses, with or without what [`World::name`] adds to the username.
    pub fn password(username: &str) -> String {
        let username = username.split_once('-').map_or(username, |(name, _)| name);
        format!("correct horse of {username}")
    }

    /// Stops the stack as Ctrl-C does.
    pub async fn stop(&self) {
        self.stack().stop().await;
    }
}

const NEEDS_A_STACK: &str = "this needs a stack of its own, and the tests run against a deployment: mark the test \
                             #[cfg_attr(deployed, ignore = \"why\")]";

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
