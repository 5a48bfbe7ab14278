//! The API of a server, as a client that counts and times.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tests::http_event;

use crate::Failure;

/// How often a request is sent again that was answered with 503, as clients do.
const ATTEMPTS: usize = 5;

/// The API of a server.
#[derive(Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    url: String,
}

/// One request; the token is empty where nobody calls.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// What is sent, and its content type.
    pub(crate) content: Option<(String, Vec<u8>)>,
    pub(crate) token: String,
}

impl Ask {
    pub(crate) fn get(path: impl Into<String>, token: &str) -> Self {
        Self::bare(Method::GET, path, token)
    }

    /// A request that sends nothing.
    pub(crate) fn bare(method: Method, path: impl Into<String>, token: &str) -> Self {
        Self { method, path: path.into(), content: None, token: token.to_owned() }
    }

    /// A request that sends JSON.
    pub(crate) fn new(method: Method, path: impl Into<String>, token: &str, body: Value) -> Self {
        let content = Some(("application/json".to_owned(), body.to_string().into_bytes()));
        Self { content, ..Self::bare(method, path, token) }
    }

    /// The event that a function gets of it.
    pub(crate) fn event(&self) -> Value {
        let content = self.content.as_ref().map(|(kind, bytes)| (kind.as_str(), bytes.as_slice()));
        http_event(self.method.as_str(), &self.path, &self.token, content)
    }
}

impl Api {
    pub(crate) fn new(url: impl Into<String>) -> Self {
        Self { http: reqwest::Client::new(), url: url.into() }
    }

    /// Sends a request until a store is there, and answers the body.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Value,
    ) -> Result<Value, Failure> {
        for _ in 0..ATTEMPTS {
            let request = self.http.request(method.clone(), format!("{}{path}", self.url)).json(&body);
            let request = if token.is_empty() { request } else { request.bearer_auth(token) };
            let answer = request.send().await?;
            let status = answer.status();
            let answer: Value = answer.json().await?;
            if status.is_success() {
                return Ok(answer);
            }
            if status != StatusCode::SERVICE_UNAVAILABLE {
                return Err(format!("{path}: {status} {answer}").into());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Err(format!("{path} stayed unavailable").into())
    }

    /// Sends a request once; answers how long it took until the last byte was there.
    pub(crate) async fn time(&self, ask: &Ask) -> Result<Duration, Failure> {
        Ok(self.ask(ask).await?.0)
    }

    /// Sends a request once; answers how long it took until the last byte was there, and the body.
    pub(crate) async fn ask(&self, ask: &Ask) -> Result<(Duration, Vec<u8>), Failure> {
        let request = self.http.request(ask.method.clone(), format!("{}{}", self.url, ask.path));
        let request = if ask.token.is_empty() { request } else { request.bearer_auth(&ask.token) };
        let request = match &ask.content {
            Some((kind, bytes)) => request.header("content-type", kind).body(bytes.clone()),
            None => request,
        };
        let started = Instant::now();
        let answer = request.send().await?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        let took = started.elapsed();
        if !status.is_success() {
            let text = String::from_utf8_lossy(&bytes);
            return Err(format!("{} {}: {status} {text}", ask.method, ask.path).into());
        }
        Ok((took, bytes.into()))
    }

    /// Makes an account; answers its id and a token.
    pub(crate) async fn sign_up(&self, username: &str) -> Result<(String, String), Failure> {
        let body = serde_json::json!({
            "username": username, "email": format!("{username}@example.org"), "password": PASSWORD,
        });
        let made = self.send(Method::POST, "/v1/accounts", "", body).await?;
        Ok((text(&made["account"]["id"])?, text(&made["session"]["access_token"])?))
    }

    /// Sends a file where an upload says.
    pub(crate) async fn put_file(&self, target: &Value, bytes: Vec<u8>) -> Result<(), Failure> {
        let mut request = self.http.put(target["url"].as_str().ok_or("an upload has no address")?);
        for (name, value) in target["headers"].as_object().into_iter().flatten() {
            if name != "content-length" {
                request = request.header(name, value.as_str().unwrap_or_default());
            }
        }
        request.body(bytes).send().await?.error_for_status()?;
        Ok(())
    }
}

/// The password of [`Api::sign_up`].
pub(crate) const PASSWORD: &str = "a password for the benchmark";

/// A text of an answer.
pub(crate) fn text(value: &Value) -> Result<String, Failure> {
    value.as_str().map(str::to_owned).ok_or_else(|| "an answer lacks something".into())
}
