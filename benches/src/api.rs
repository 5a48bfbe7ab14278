//! The API of a server, as a client that counts and times.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::Value;

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
    pub(crate) body: Option<Value>,
    pub(crate) token: String,
}

impl Ask {
    pub(crate) fn get(path: impl Into<String>, token: &str) -> Self {
        Self { method: Method::GET, path: path.into(), body: None, token: token.to_owned() }
    }

    pub(crate) fn new(method: Method, path: impl Into<String>, token: &str, body: Value) -> Self {
        Self { method, path: path.into(), body: Some(body), token: token.to_owned() }
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
        let request = self.http.request(ask.method.clone(), format!("{}{}", self.url, ask.path));
        let request = if ask.token.is_empty() { request } else { request.bearer_auth(&ask.token) };
        let request = match &ask.body {
            Some(body) => request.json(body),
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
        Ok(took)
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
