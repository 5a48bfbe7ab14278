//! A loopback endpoint through which the other commands reach a running server. Only who can read the data folder can
//! use it: the address and the token lie in a file that belongs to the user.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::Stack;
use crate::operator::reason;

/// Where the endpoint is and what opens it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Ticket {
    address: SocketAddr,
    token: String,
    /// Where the API answers.
    api: String,
}

/// The running endpoint; the file goes when it is dropped.
pub(crate) struct Control {
    file: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Invocation {
    function: String,
    event: Value,
}

impl Control {
    pub(crate) async fn start(data: &Path, stack: Arc<Stack>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let token = crate::stores::random_text(40);
        let ticket = Ticket { address: listener.local_addr()?, token, api: stack.url() };
        let file = ticket_file(data);
        crate::files::replace(&file, &serde_json::to_vec(&ticket)?).await?;
        let router = Router::new()
            .route("/invoke", post(invoke))
            .route("/redrive", post(redrive))
            .with_state(stack)
            .layer(middleware::from_fn_with_state(Arc::new(ticket.token), check_token));
        tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the control endpoint failed");
            }
        });
        Ok(Self { file })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // Left behind, it would only lead to nobody.
        let _ = std::fs::remove_file(&self.file);
    }
}

fn ticket_file(data: &Path) -> PathBuf {
    data.join("control.json")
}

async fn check_token(State(token): State<Arc<String>>, request: Request, next: Next) -> Response {
    let sent = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if sent.and_then(|sent| sent.strip_prefix("Bearer ")) != Some(token.as_str()) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    next.run(request).await
}

async fn invoke(State(stack): State<Arc<Stack>>, Json(invocation): Json<Invocation>) -> Response {
    match stack.invoke(&invocation.function, invocation.event).await {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => failure(reason(&error)),
    }
}

async fn redrive(State(stack): State<Arc<Stack>>) -> Response {
    match stack.redrive().await {
        Ok((handled, failed)) => Json(json!({ "handled": handled, "failed": failed })).into_response(),
        Err(error) => failure(&error.to_string()),
    }
}

fn failure(reason: &str) -> Response {
    (StatusCode::BAD_GATEWAY, Json(json!({ "error": reason }))).into_response()
}

/// A running server, reached over its control endpoint.
pub(crate) struct Remote {
    ticket: Ticket,
    http: reqwest::Client,
}

impl Remote {
    /// The server that runs on this data folder, if one does.
    pub(crate) async fn find(data: &Path) -> Option<Self> {
        let ticket = tokio::fs::read(ticket_file(data)).await.ok()?;
        let ticket: Ticket = serde_json::from_slice(&ticket).ok()?;
        let connection = tokio::net::TcpStream::connect(ticket.address);
        // The file of a server that was killed leads to nobody.
        tokio::time::timeout(Duration::from_secs(1), connection).await.ok()?.ok()?;
        Some(Self { ticket, http: reqwest::Client::new() })
    }

    /// Where its API answers.
    pub(crate) fn url(&self) -> &str {
        &self.ticket.api
    }

    pub(crate) async fn invoke(&self, function: &str, event: Value) -> Result<Value, Box<dyn Error>> {
        let invocation = Invocation { function: function.to_owned(), event };
        self.post("invoke", &json!(invocation)).await
    }

    pub(crate) async fn redrive(&self) -> Result<(usize, usize), Box<dyn Error>> {
        let answer = self.post("redrive", &Value::Null).await?;
        let count = |name: &str| answer[name].as_u64().and_then(|count| usize::try_from(count).ok());
        Ok((count("handled").unwrap_or_default(), count("failed").unwrap_or_default()))
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, Box<dyn Error>> {
        let url = format!("http://{}/{path}", self.ticket.address);
        let answer = self.http.post(url).bearer_auth(&self.ticket.token).json(body).send().await?;
        let is_success = answer.status().is_success();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or_default();
        if is_success {
            return Ok(body);
        }
        Err(body["error"]
            .as_str()
            .map_or_else(|| format!("the server answered {status}"), str::to_owned)
            .into())
    }
}
