//! Requests to the API as somebody: an account of a server, made on first use, or whoever owns an API key.

mod account;

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::RwLock;

pub(crate) use account::{Account, keep, kept};

/// How often a request is tried while the API is away or busy.
const ATTEMPTS: u32 = 7;
/// The longest pause that a server may ask for; the next attempt comes then in any case.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// A request without files takes longer only when the connection is dead.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A signed-in caller that signs in again when its token has expired.
pub(crate) struct Session {
    http: reqwest::Client,
    url: String,
    caller: Caller,
    token: RwLock<String>,
}

enum Caller {
    Account(Account),
    Key,
}

/// Why the API could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("the account `{username}` cannot be used: {reason}")]
    Account { username: String, reason: String },
    #[error("the key is not good; make one with POST /v1/me/keys")]
    Key,
    #[error("the API answered {status}: {detail}")]
    Refused { status: u16, detail: String },
    #[error("the API does not answer: {}", cause(.0))]
    Away(#[from] reqwest::Error),
}

/// The innermost cause, which alone says what happened.
pub(crate) fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// What the API said, also when that is no.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
}

impl Session {
    /// Tries the key.
    pub(crate) async fn with_key(url: &str, key: String) -> Result<Self, ApiError> {
        let session = Self::new(url, Caller::Key, key)?;
        session.get("/v1/playlists?limit=1").await?.good()?;
        Ok(session)
    }

    /// Signs in, or makes the account.
    pub(crate) async fn of_account(url: &str, account: Account) -> Result<Self, ApiError> {
        let session = Self::new(url, Caller::Account(account), String::new())?;
        session.sign_in_or_up().await?;
        Ok(session)
    }

    fn new(url: &str, caller: Caller, token: String) -> Result<Self, ApiError> {
        let http = reqwest::Client::builder().connect_timeout(Duration::from_secs(15)).build()?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned(), caller, token: RwLock::new(token) })
    }

    /// For requests that go elsewhere, without anybody's token.
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, ApiError> {
        self.call(Method::GET, path, None, true).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<Answer, ApiError> {
        self.call(Method::PATCH, path, Some(body), true).await
    }

    /// Posts what does no harm when it arrives twice.
    pub(crate) async fn post(&self, path: &str, body: Option<&Value>) -> Result<Answer, ApiError> {
        self.call(Method::POST, path, body, true).await
    }

    /// Posts what must not arrive twice.
    pub(crate) async fn post_once(&self, path: &str, body: &Value) -> Result<Answer, ApiError> {
        self.call(Method::POST, path, Some(body), false).await
    }

    /// Renews an expired session, and waits for an API that is away or asks for patience.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        may_repeat: bool,
    ) -> Result<Answer, ApiError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let is_last = attempt == ATTEMPTS;
            let token = self.token.read().await.clone();
            let request = self.http.request(method.clone(), format!("{}{path}", self.url));
            let request = request.bearer_auth(&token).timeout(TIMEOUT);
            let request = if let Some(body) = body { request.json(body) } else { request };
            let response = match request.send().await {
                Ok(response) => response,
                Err(error) if !is_last && (may_repeat || error.is_connect()) => {
                    tokio::time::sleep(growing_pause(attempt)).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let status = response.status();
            let is_busy = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
            if status == StatusCode::UNAUTHORIZED {
                match &self.caller {
                    Caller::Account(account) if !is_last => self.renew(account, &token).await?,
                    Caller::Account(_) => return answer(response).await,
                    Caller::Key => return Err(ApiError::Key),
                }
            } else if !is_last && (is_busy || (status.is_server_error() && may_repeat)) {
                let asked = asked_pause(response.headers());
                tokio::time::sleep(asked.unwrap_or_else(|| growing_pause(attempt))).await;
            } else {
                return answer(response).await;
            }
        }
    }

    /// Signs in again, unless another request has done so since `used` was read.
    async fn renew(&self, account: &Account, used: &str) -> Result<(), ApiError> {
        let mut token = self.token.write().await;
        if *token == used {
            let gone = || account.unusable("it is no longer there, or its password was changed");
            *token = self.sign_in(account).await?.ok_or_else(gone)?;
        }
        Ok(())
    }

    async fn sign_in_or_up(&self) -> Result<(), ApiError> {
        let Caller::Account(account) = &self.caller else { return Ok(()) };
        let token = match self.sign_in(account).await? {
            Some(token) => token,
            None => self.sign_up(account).await?,
        };
        *self.token.write().await = token;
        Ok(())
    }

    /// The access token; `None` when there is no such account.
    async fn sign_in(&self, account: &Account) -> Result<Option<String>, ApiError> {
        let body = json!({ "login": account.username, "password": account.password });
        let request = self.http.post(format!("{}/v1/sessions", self.url)).json(&body);
        let answer = answer(request.timeout(TIMEOUT).send().await?).await?;
        if answer.status == StatusCode::UNAUTHORIZED {
            return Ok(None);
        }
        Ok(Some(access_token(&answer.good()?)))
    }

    async fn sign_up(&self, account: &Account) -> Result<String, ApiError> {
        let request = self.http.post(format!("{}/v1/accounts", self.url)).json(account);
        let answer = answer(request.timeout(TIMEOUT).send().await?).await?;
        if !answer.status.is_success() {
            return Err(account.unusable(&answer.reason()));
        }
        Ok(access_token(&answer.body["session"]))
    }
}

impl Answer {
    /// The body of an answer that is not an error.
    pub(crate) fn good(self) -> Result<Value, ApiError> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        Err(ApiError::Refused { status: self.status.as_u16(), detail: self.reason() })
    }

    /// Why the API refused: what is wrong with each field, else its explanation.
    pub(crate) fn reason(&self) -> String {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        let wrong: Vec<String> = errors
            .filter_map(|error| Some(format!("{} {}", error["field"].as_str()?, error["message"].as_str()?)))
            .collect();
        if !wrong.is_empty() {
            return wrong.join(", ");
        }
        let detail = self.body["detail"].as_str().or_else(|| self.body["title"].as_str());
        detail.unwrap_or("without a reason").to_owned()
    }

    /// The problem's code, for programs.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

async fn answer(response: reqwest::Response) -> Result<Answer, ApiError> {
    let status = response.status();
    // An error need not be JSON: a proxy in between may have made it.
    let body = if status.is_success() {
        let content = response.bytes().await?;
        if content.is_empty() { Value::Null } else { serde_json::from_slice(&content).unwrap_or_default() }
    } else {
        response.json().await.unwrap_or_default()
    };
    Ok(Answer { status, body })
}

fn access_token(session: &Value) -> String {
    session["access_token"].as_str().unwrap_or_default().to_owned()
}

/// What `Retry-After` asks for, in seconds; as a date it is passed over.
fn asked_pause(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).clamp(Duration::from_millis(100), LONGEST_PAUSE))
}

/// 0.4 s after the first attempt, twice as long after each further one.
pub(crate) fn growing_pause(attempt: u32) -> Duration {
    Duration::from_millis(200 << attempt.min(7))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use axum::Router;
    use axum::http::{HeaderMap, StatusCode, header};
    use axum::routing::{get, post};

    /// A server whose tokens are numbers of which only the latest is good, and that is busy the first time.
    async fn server() -> (String, Arc<AtomicU32>) {
        let signed_in = Arc::new(AtomicU32::new(0));
        let (counter, latest) = (Arc::clone(&signed_in), Arc::clone(&signed_in));
        let busy = AtomicU32::new(1);
        let sign_in = move || async move {
            let token = counter.fetch_add(1, Ordering::SeqCst) + 1;
            axum::Json(json!({ "access_token": token.to_string() }))
        };
        let read = move |headers: HeaderMap| {
            let is_busy = busy.swap(0, Ordering::SeqCst) == 1;
            let good = format!("Bearer {}", latest.load(Ordering::SeqCst));
            let is_good = headers.get(header::AUTHORIZATION).is_some_and(|given| *given == *good);
            let status = match (is_good, is_busy) {
                (false, _) => StatusCode::UNAUTHORIZED,
                (true, true) => StatusCode::SERVICE_UNAVAILABLE,
                (true, false) => StatusCode::OK,
            };
            async move { (status, [(header::RETRY_AFTER, "0")], "{}") }
        };
        let read = Arc::new(read);
        let read = move |headers: HeaderMap| read(headers);
        let router = Router::new().route("/v1/sessions", post(sign_in)).route("/v1/playlists", get(read));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (url, signed_in)
    }

    #[tokio::test]
    async fn an_expired_session_is_renewed_once_for_all_requests_that_meet_it() {
        let (url, signed_in) = server().await;
        let session = Session::of_account(&url, Account::new("ada")).await.unwrap();
        signed_in.fetch_add(1, Ordering::SeqCst);
        let requests = (0..20).map(|_| session.get("/v1/playlists"));
        for answer in futures::future::join_all(requests).await {
            assert!(answer.unwrap().good().is_ok());
        }
        assert_eq!(signed_in.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_key_that_is_not_good_is_refused_at_once() {
        let (url, _) = server().await;
        let refused = Session::with_key(&url, "x".into()).await;
        assert!(matches!(refused, Err(ApiError::Key)));
    }

    #[test]
    fn a_refusal_names_the_fields_that_are_wrong() {
        let refused = |body| Answer { status: StatusCode::UNPROCESSABLE_ENTITY, body };
        let errors = json!([{ "field": "size_bytes", "message": "must be at most 3" }]);
        let answer = refused(json!({ "detail": "It is not good.", "code": "invalid", "errors": errors }));
        assert_eq!((answer.reason().as_str(), answer.code()), ("size_bytes must be at most 3", "invalid"));
        assert_eq!(refused(json!({ "detail": "It is not good." })).reason(), "It is not good.");
        assert_eq!(refused(Value::Null).reason(), "without a reason");
    }
}
