//! An API that is deployed somewhere: the tests run against it, and start no stacks of their own, when they are built
//! with `MIXTAPE_API` in the environment.
//!
//! Its stores are shared by all tests, its time passes by itself, and nothing can be done to it but over the API and by
//! invoking functions. A test that needs more is marked:
//!
//! ```ignore
//! #[tokio::test]
//! #[cfg_attr(deployed, ignore = "turns the clock")]
//! ```

use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use rand::RngExt;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// How long a stream takes to reach a function, if the environment says nothing else: the batching window of ten
/// seconds and some more.
const SETTLED_AFTER: Duration = Duration::from_secs(15);

/// What the environment says of it.
#[derive(Debug)]
pub(crate) struct Deployed {
    /// The address of the API: `MIXTAPE_API`.
    pub(crate) url: String,
    /// How long [`crate::World::settle`] waits: `MIXTAPE_SETTLE`, in seconds.
    pub(crate) settled_after: Duration,
    /// A command that is called with the name of a function, reads an event and prints the answer: `MIXTAPE_INVOKE`.
    invoke: Option<String>,
}

impl Deployed {
    /// What the tests are run against, or `None` if each starts a stack.
    ///
    /// # Panics
    /// The tests were built with `MIXTAPE_API` and are run without it.
    pub(crate) fn get() -> Option<&'static Self> {
        static DEPLOYED: OnceLock<Option<Deployed>> = OnceLock::new();
        DEPLOYED.get_or_init(|| cfg!(deployed).then(Self::from_env)).as_ref()
    }

    fn from_env() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is about the tests and no setting of the product"
        )]
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let url = variable("MIXTAPE_API").expect("MIXTAPE_API must hold the address of a deployed API");
        let seconds = variable("MIXTAPE_SETTLE").map(|text| text.parse().expect("MIXTAPE_SETTLE: seconds"));
        Self {
            url: url.trim_end_matches('/').to_owned(),
            settled_after: seconds.map_or(SETTLED_AFTER, Duration::from_secs),
            invoke: variable("MIXTAPE_INVOKE"),
        }
    }

    /// Invokes a function of the deployment.
    pub(crate) async fn invoke(&self, function: &str, event: &Value) -> Value {
        let command =
            self.invoke.as_deref().expect("MIXTAPE_INVOKE must hold a command that invokes a function");
        let mut words = command.split_whitespace();
        let mut child = Command::new(words.next().expect("a command"))
            .args(words)
            .arg(function)
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        let mut input = child.stdin.take().expect("it is piped");
        input.write_all(event.to_string().as_bytes()).await.expect("the command reads the event");
        drop(input);
        let output = child.wait_with_output().await.expect("the command ends");
        let (answer, errors) = (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned());
        assert!(output.status.success(), "{function}: {errors}");
        serde_json::from_slice(&answer).unwrap_or_else(|error| panic!("{function}: {error}: {errors}"))
    }
}

/// Makes the usernames of a test differ from those of all others, also of earlier runs: a hyphen and eight letters.
pub(crate) fn suffix() -> String {
    let mut random = rand::rng();
    let letters: String = (0..8).map(|_| char::from(random.random_range(b'a'..=b'z'))).collect();
    format!("-{letters}")
}
