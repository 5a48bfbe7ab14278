//! Stands in for Lambda: a process of a function, and the Runtime API that it polls.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Path as AxumPath, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use mixtape_settings::Settings;
use serde_json::Value;
use tokio::io::{AsyncReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// What an invocation's trace id is in every invocation.
pub const TRACE_ID: &str = "1-5759e988-bd862e3fe1be46a994272793";

/// A running function.
pub struct Function {
    child: Child,
    events: Sender<Value>,
    answers: Receiver<Result<Value, Value>>,
}

/// What the Runtime API needs.
#[derive(Clone)]
struct Runtime {
    events: Arc<Mutex<(Receiver<Value>, u64)>>,
    answers: Sender<Result<Value, Value>>,
}

impl Function {
    /// Starts a program as Lambda would, on the stores of a stack.
    ///
    /// # Panics
    /// It cannot be started, or the settings are not those of a local stack.
    pub async fn start(program: &str, name: &str, settings: &Settings, scratch: &Path) -> Self {
        let (events, queue) = channel(1);
        let (results, answers) = channel(1);
        let runtime = Runtime { events: Arc::new(Mutex::new((queue, 0))), answers: results };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(runtime);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(async move { axum::serve(listener, router).await });
        let stores = settings.stores.as_ref().expect("a local stack");
        let child = Command::new(program)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", name)
            .env("AWS_SECRET_ACCESS_KEY", &stores.secret_key)
            .env("AWS_ENDPOINT_URL_DYNAMODB", &stores.dynamodb)
            .env("AWS_ENDPOINT_URL_S3", &stores.s3)
            .env("TABLE_PREFIX", &settings.table_prefix)
            .env("BUCKET", &settings.bucket)
            .env("METRICS_SERVICE", "mixtape-tests")
            .env("SCRATCH_DIR", scratch)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        Self { child, events, answers }
    }

    /// Invokes it, and waits for its answer or error.
    ///
    /// # Panics
    /// It has ended.
    pub async fn invoke(&mut self, event: Value) -> Result<Value, Value> {
        self.events.send(event).await.expect("the Runtime API runs");
        self.answers.recv().await.expect("it answers")
    }

    /// Ends it, and answers everything that it has written.
    ///
    /// # Panics
    /// It cannot be waited for.
    pub async fn end(mut self) -> (String, String, ExitStatus) {
        self.child.start_kill().expect("it runs");
        let (mut out, mut errors) = (String::new(), String::new());
        let stdout = self.child.stdout.take().expect("it was asked for");
        let stderr = self.child.stderr.take().expect("it was asked for");
        BufReader::new(stdout).read_to_string(&mut out).await.expect("text");
        BufReader::new(stderr).read_to_string(&mut errors).await.expect("text");
        (out, errors, self.child.wait().await.expect("it ends"))
    }
}

async fn next(State(runtime): State<Runtime>) -> Response {
    let mut events = runtime.events.lock().await;
    let Some(event) = events.0.recv().await else { return StatusCode::GONE.into_response() };
    events.1 += 1;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let headers = [
        ("lambda-runtime-aws-request-id", format!("invocation-{}", events.1)),
        ("lambda-runtime-deadline-ms", (now.as_millis() + 20_000).to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:it".to_owned(),
        ),
        ("lambda-runtime-trace-id", format!("Root={TRACE_ID};Parent=53995c3f42cd8ad8;Sampled=1")),
    ];
    (headers, event.to_string()).into_response()
}

async fn response(State(runtime): State<Runtime>, AxumPath(_): AxumPath<String>, body: String) -> StatusCode {
    let answer = serde_json::from_str(&body).unwrap_or(Value::String(body));
    // Nobody may be waiting any more.
    let _ = runtime.answers.send(Ok(answer)).await;
    StatusCode::ACCEPTED
}

async fn error(State(runtime): State<Runtime>, AxumPath(_): AxumPath<String>, body: String) -> StatusCode {
    let answer = serde_json::from_str(&body).unwrap_or(Value::String(body));
    let _ = runtime.answers.send(Err(answer)).await;
    StatusCode::ACCEPTED
}
