//! Stands in for Lambda: processes of functions, with the environment that they have there, and the events they get.

mod event;
mod runtime_api;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Instant;

use mixtape::template::Template;
use mixtape_settings::LocalStores;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

pub use event::http_event;
pub use runtime_api::Invocation;

use runtime_api::RuntimeApi;

/// What an invocation's trace id is in every invocation.
pub const TRACE_ID: &str = "1-5759e988-bd862e3fe1be46a994272793";

/// What a process of a function is started with.
#[derive(Debug, Clone)]
pub struct Program {
    pub file: PathBuf,
    pub arguments: Vec<PathBuf>,
    pub environment: HashMap<String, String>,
}

impl Program {
    /// A binary with the variables that the template gives to this function and those that Lambda sets, on these stores.
    ///
    /// # Panics
    /// The template has no such function.
    pub fn new(file: impl Into<PathBuf>, function: &str, stores: &LocalStores) -> Self {
        let template = Template::load(&Default::default()).expect("the template can be read");
        let deployed = template.function(function).expect("the template has the function");
        let mut environment = deployed.environment.clone();
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
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ] {
            environment.insert(name.to_owned(), value.to_owned());
        }
        Self { file: file.into(), arguments: Vec::new(), environment }
    }
}

/// A running function.
pub struct Function {
    /// When its process was started.
    pub started: Instant,
    child: Child,
    runtime: RuntimeApi,
    output: JoinHandle<String>,
    errors: JoinHandle<String>,
}

impl Function {
    /// Starts a program as Lambda would. What it keeps on disk goes to `scratch`.
    ///
    /// # Panics
    /// It cannot be started.
    pub async fn start(program: &Program, scratch: &Path) -> Self {
        let runtime = RuntimeApi::start().await;
        let mut command = Command::new(&program.file);
        command.args(&program.arguments).env_clear().envs(&program.environment);
        command.env("AWS_LAMBDA_RUNTIME_API", runtime.address.to_string()).env("SCRATCH_DIR", scratch);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let started = Instant::now();
        let mut child = command.spawn().expect("the program starts");
        let output = read(child.stdout.take().expect("it was asked for"));
        let errors = read(child.stderr.take().expect("it was asked for"));
        Self { started, child, runtime, output, errors }
    }

    /// When it asked for its first event.
    ///
    /// # Panics
    /// It does not within a minute.
    pub async fn first_poll(&mut self) -> Instant {
        self.runtime.first_poll().await
    }

    /// Invokes it, and waits for what comes of it.
    ///
    /// # Panics
    /// It has ended, or does not answer within a minute.
    pub async fn invoke(&mut self, event: Value) -> Invocation {
        self.runtime.invoke(event).await
    }

    /// The id of its process.
    ///
    /// # Panics
    /// It has ended.
    pub fn process(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Ends it, and answers everything that it has written.
    ///
    /// # Panics
    /// It cannot be waited for.
    pub async fn end(mut self) -> (String, String, ExitStatus) {
        self.child.start_kill().expect("it runs");
        let status = self.child.wait().await.expect("it ends");
        (self.output.await.expect("it is text"), self.errors.await.expect("it is text"), status)
    }
}

/// Reads all the time, because who writes would wait for it.
fn read(mut from: impl AsyncRead + Send + Unpin + 'static) -> JoinHandle<String> {
    tokio::spawn(async move {
        let mut text = String::new();
        from.read_to_string(&mut text).await.expect("it is text");
        text
    })
}
