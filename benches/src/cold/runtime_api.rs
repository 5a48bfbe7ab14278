//! The Lambda Runtime API, as one function sees it
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

use crate::Failure;

/// How long a function may take to start or to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a function has told.
enum Notice {
    Polled(Instant),
    /// It has the event.
    Given(Instant),
    Answered(Instant, Bytes),
    Failed(Bytes),
}

struct Shared {
    events: Mutex<mpsc::UnboundedReceiver<Value>>,
    notices: mpsc::UnboundedSender<Notice>,
}

/// The Runtime API of one function, on a loopback port.
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    events: mpsc::UnboundedSender<Value>,
    notices: mpsc::UnboundedReceiver<Notice>,
    server: tokio::task::JoinHandle<()>,
}

/// An answer, and how long the function had the event.
pub(crate) struct Answer {
    pub(crate) at: Instant,
    pub(crate) took: Duration,
    pub(crate) body: Value,
}

impl RuntimeApi {
    pub(crate) async fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (events, receiver) = mpsc::unbounded_channel();
        let (sender, notices) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { events: Mutex::new(receiver), notices: sender });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(shared);
        // Otherwise the end of each answer waits for an acknowledgement, which the other side delays by 40 ms.
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let server = tokio::spawn(async move {
            // It serves until it is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, events, notices, server })
    }

    /// When the function asked for its first event.
    pub(crate) async fn first_poll(&mut self) -> Result<Instant, Failure> {
        match self.notice().await? {
            Notice::Polled(at) => Ok(at),
            Notice::Failed(why) => Err(failed(&why)),
            Notice::Given(_) | Notice::Answered(..) => Err("a function answered what nobody asked".into()),
        }
    }

    /// Lets the function handle an event.
    pub(crate) async fn invoke(&mut self, event: &Value) -> Result<Answer, Failure> {
        self.events.send(event.clone())?;
        let mut given = Instant::now();
        loop {
            match self.notice().await? {
                Notice::Polled(_) => {}
                Notice::Given(at) => given = at,
                Notice::Answered(at, body) => {
                    return Ok(Answer { at, took: at - given, body: serde_json::from_slice(&body)? });
                }
                Notice::Failed(why) => return Err(failed(&why)),
            }
        }
    }

    async fn notice(&mut self) -> Result<Notice, Failure> {
        let notice = tokio::time::timeout(PATIENCE, self.notices.recv()).await;
        notice.map_err(|_| "a function did not answer in a minute")?.ok_or_else(|| "the server ended".into())
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn failed(why: &Bytes) -> Failure {
    format!("a function failed: {}", String::from_utf8_lossy(why)).into()
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    // The other side is gone only when all is over.
    let _ = shared.notices.send(Notice::Polled(Instant::now()));
    let Some(event) = shared.events.lock().await.recv().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let deadline = SystemTime::now() + PATIENCE;
    let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:b".to_owned(),
        ),
    ];
    let answer = (headers, Json(event)).into_response();
    let _ = shared.notices.send(Notice::Given(Instant::now()));
    answer
}

async fn response(State(shared): State<Arc<Shared>>, Path(_id): Path<String>, body: Bytes) -> StatusCode {
    let _ = shared.notices.send(Notice::Answered(Instant::now(), body));
    StatusCode::ACCEPTED
}

async fn error(State(shared): State<Arc<Shared>>, Path(_id): Path<String>, body: Bytes) -> StatusCode {
    let _ = shared.notices.send(Notice::Failed(body));
    StatusCode::ACCEPTED
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let _ = shared.notices.send(Notice::Failed(body));
    StatusCode::ACCEPTED
}
