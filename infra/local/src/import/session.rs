//! The account that an import signs in as: made on first use, with a password that only this user can read.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::RwLock;

use super::ImportError;

/// How often a request is tried while a store is away.
const ATTEMPTS: u32 = 6;

/// A signed-in caller that signs in again when its token has expired.
pub(super) struct Session {
    http: reqwest::Client,
    url: String,
    credentials: Credentials,
    token: RwLock<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Credentials {
    username: String,
    email: String,
    password: String,
}

impl Session {
    /// Signs in with the credentials of the file, or makes an account and keeps its credentials there.
    pub(super) async fn open(url: &str, file: Option<PathBuf>) -> Result<Self, ImportError> {
        let unusable = |error: std::io::Error| ImportError::Session(error.to_string());
        let kept = match &file {
            Some(file) => tokio::fs::read(file).await.ok(),
            None => None,
        };
        let kept = kept.and_then(|content| serde_json::from_slice(&content).ok());
        let credentials = match kept {
            Some(credentials) => credentials,
            None => {
                let made = Credentials {
                    username: "local".into(),
                    email: "local@mixtape.invalid".into(),
                    password: crate::stores::random_text(24),
                };
                if let Some(file) = &file {
                    // Before the account is made: a kill in between must not leave an account that nobody can use.
                    let content =
                        serde_json::to_vec_pretty(&made).map_err(std::io::Error::from).map_err(unusable)?;
                    crate::files::replace(file, &content).await.map_err(unusable)?;
                }
                made
            }
        };
        let session = Self {
            http: reqwest::Client::new(),
            url: url.to_owned(),
            credentials,
            token: RwLock::new(String::new()),
        };
        if !session.sign_in().await? {
            session.sign_up().await?;
        }
        Ok(session)
    }

    pub(super) fn username(&self) -> &str {
        &self.credentials.username
    }

    /// Posts as this account. Renews the session once, and waits for a store that is away.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, ImportError> {
        let mut attempt = 0;
        loop {
            let token = self.token.read().await.clone();
            let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(token).json(body);
            let response = request.send().await?;
            let status = response.status();
            attempt += 1;
            match status {
                StatusCode::UNAUTHORIZED if attempt < ATTEMPTS => {
                    self.sign_in().await?;
                }
                StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS if attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(200 << attempt)).await;
                }
                _ if status.is_success() => return Ok(response.json().await?),
                _ => return Err(refused(status, &response.json().await.unwrap_or_default())),
            }
        }
    }

    /// Answers false when there is no such account.
    async fn sign_in(&self) -> Result<bool, ImportError> {
        let Credentials { username, password, .. } = &self.credentials;
        let body = json!({ "login": username, "password": password });
        let response = self.http.post(format!("{}/v1/sessions", self.url)).json(&body).send().await?;
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED {
            return Ok(false);
        }
        let answer: Value = response.json().await?;
        if !status.is_success() {
            return Err(refused(status, &answer));
        }
        self.keep(&answer).await;
        Ok(true)
    }

    async fn sign_up(&self) -> Result<(), ImportError> {
        let request = self.http.post(format!("{}/v1/accounts", self.url)).json(&self.credentials);
        let response = request.send().await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        if !status.is_success() {
            let detail = answer["detail"].as_str().unwrap_or("it cannot be made");
            return Err(ImportError::Session(detail.to_owned()));
        }
        self.keep(&answer["session"]).await;
        Ok(())
    }

    async fn keep(&self, session: &Value) {
        let token = session["access_token"].as_str().unwrap_or_default();
        token.clone_into(&mut *self.token.write().await);
    }
}

fn refused(status: StatusCode, answer: &Value) -> ImportError {
    let detail = answer["detail"].as_str().unwrap_or("without a reason").to_owned();
    ImportError::Refused { status: status.as_u16(), detail }
}
