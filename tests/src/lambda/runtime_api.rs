//! The Lambda Runtime API, as one function sees it
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use super::TRACE_ID;

/// How long a function may take to start or to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a function does.
enum Notice {
    Polled(Instant),
    /// It has the event.
    Given(Instant),
    Answered(Instant, Bytes),
    Failed(Instant, Bytes),
}

struct Shared {
    /// The events that wait, and how many were handed out.
    events: Mutex<(mpsc::UnboundedReceiver<Value>, u64)>,
    notices: mpsc::UnboundedSender<Notice>,
}

/// The Runtime API of one function, on a loopback port.
pub(super) struct RuntimeApi {
    pub(super) address: SocketAddr,
    events: mpsc::UnboundedSender<Value>,
    notices: mpsc::UnboundedReceiver<Notice>,
    server: JoinHandle<()>,
}

/// What came of an event.
#[derive(Debug)]
pub struct Invocation {
    /// When the answer was there.
    pub at: Instant,
    /// How long the function had the event.
    pub took: Duration,
    /// The answer, or the error that the function reports.
    pub result: Result<Value, Value>,
}

impl RuntimeApi {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let (events, receiver) = mpsc::unbounded_channel();
        let (sender, notices) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { events: Mutex::new((receiver, 0)), notices: sender });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(error))
            .with_state(shared);
        // Otherwise the end of each answer waits for an acknowledgement, which the other side delays by 40 ms.
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let server = tokio::spawn(async move {
            // It serves until it is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Self { address, events, notices, server }
    }

    /// When the function asked for its first event.
    pub(super) async fn first_poll(&mut self) -> Instant {
        match self.notice().await {
            Notice::Polled(at) => at,
            Notice::Failed(_, why) => panic!("a function did not start: {}", String::from_utf8_lossy(&why)),
            Notice::Given(_) | Notice::Answered(..) => panic!("a function answered what nobody asked"),
        }
    }

    pub(super) async fn invoke(&mut self, event: Value) -> Invocation {
        self.events.send(event).expect("the Runtime API runs");
        let mut given = Instant::now();
        loop {
            let (at, result) = match self.notice().await {
                Notice::Polled(_) => continue,
                Notice::Given(at) => {
                    given = at;
                    continue;
                }
                Notice::Answered(at, body) => (at, Ok(body)),
                Notice::Failed(at, body) => (at, Err(body)),
            };
            let json = |body: Bytes| {
                serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into())
            };
            return Invocation { at, took: at - given, result: result.map(json).map_err(json) };
        }
    }

    async fn notice(&mut self) -> Notice {
        let notice = tokio::time::timeout(PATIENCE, self.notices.recv()).await;
        notice.expect("a function answers within a minute").expect("the Runtime API runs")
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    // The other side is gone only when all is over.
    let _ = shared.notices.send(Notice::Polled(Instant::now()));
    let mut events = shared.events.lock().await;
    let Some(event) = events.0.recv().await else { return StatusCode::GONE.into_response() };
    events.1 += 1;
    let deadline = SystemTime::now() + PATIENCE;
    let deadline = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let headers = [
        ("lambda-runtime-aws-request-id", format!("invocation-{}", events.1)),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:it".to_owned(),
        ),
        ("lambda-runtime-trace-id", format!("Root={TRACE_ID};Parent=53995c3f42cd8ad8;Sampled=1")),
    ];
    let answer = (headers, Json(event)).into_response();
    let _ = shared.notices.send(Notice::Given(Instant::now()));
    answer
}

async fn response(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let _ = shared.notices.send(Notice::Answered(Instant::now(), body));
    StatusCode::ACCEPTED
}

async fn error(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    let _ = shared.notices.send(Notice::Failed(Instant::now(), body));
    StatusCode::ACCEPTED
}
