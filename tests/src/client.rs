//! A caller of the API.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, Request, RequestBuilder};
use serde_json::Value;

/// How often a request is sent. A deployment may have stores that take long to answer, and then tells to come again.
const ATTEMPTS: usize = if cfg!(deployed) { 30 } else { 1 };
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(3);

/// Somebody who sends requests, with or without an identity.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
    /// The session that it signed in with, or null.
    pub session: Value,
    /// The account that it acts for, or null.
    pub account: Value,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// The body as JSON; null when it is empty or not JSON.
    pub body: Value,
    pub text: String,
    request: String,
}

impl Client {
    pub(crate) fn new(http: reqwest::Client, url: String) -> Self {
        Self { http, url, token: None, session: Value::Null, account: Value::Null }
    }

    /// Somebody without an identity, who calls the server at this address.
    pub fn at(url: &str) -> Self {
        Self::new(reqwest::Client::new(), url.to_owned())
    }

    /// The same caller, with the same identity, of a server at another address.
    pub fn moved_to(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// The same caller with another bearer token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same caller as the owner of this session.
    pub fn with_session(&self, session: &Value, account: &Value) -> Self {
        let token = session["access_token"].as_str().expect("a session has an access token").to_owned();
        Self { token: Some(token), session: session.clone(), account: account.clone(), ..self.clone() }
    }

    /// The id of the account.
    pub fn id(&self) -> &str {
        self.account["id"].as_str().expect("an account has an id")
    }

    pub fn username(&self) -> &str {
        self.account["username"].as_str().expect("an account has a username")
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().expect("the client has a token")
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    /// A request with this identity, to add headers or a body of another kind to.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request that the server may not live to answer.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn execute(&self, request: RequestBuilder) -> reqwest::Result<reqwest::Response> {
        request.send().await
    }

    pub async fn send(&self, request: RequestBuilder) -> Answer {
        let mut request = request.build().expect("the request can be built");
        let mut left = ATTEMPTS;
        loop {
            let again = request.try_clone();
            let answer = self.send_once(request).await;
            left -= 1;
            match again {
                Some(again) if answer.status == 503 && left > 0 => request = again,
                _ => return answer,
            }
            tokio::time::sleep(BETWEEN_ATTEMPTS).await;
        }
    }

    async fn send_once(&self, request: Request) -> Answer {
        let line = format!("{} {}", request.method(), request.url().path());
        let response = self.http.execute(request).await.unwrap_or_else(|error| panic!("{line}: {error:?}"));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap_or_else(|error| panic!("{line}: {error:?}"));
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text, request: line }
    }

    /// All items of a list that is read page by page.
    pub async fn all(&self, path: &str, limit: usize) -> Vec<Value> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("{path}{separator}limit={limit}{cursor}")).await.expect(200);
            items.extend(page["items"].as_array().expect("a list has items").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}

/// A track, artist or album read by its id, as lists show it: without how often it was heard.
pub fn as_listed(mut thing: Value) -> Value {
    for count in ["play_count", "listener_count"] {
        let fields = thing.as_object_mut().expect("it is an object");
        fields.remove(count).unwrap_or_else(|| panic!("it has no {count}"));
    }
    thing
}

impl Answer {
    /// The body of an answer that must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.request, self.text);
        self.body
    }

    /// Checks that this is a problem of this status and code, in the form that all have, and answers its body.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{}: {}",
            self.request,
            self.text
        );
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.request);
        assert_eq!(self.body["status"], status, "{}: {}", self.request, self.text);
        assert_eq!(self.body["request_id"].as_str(), self.header("x-request-id"), "{}", self.request);
        for field in ["type", "title", "detail"] {
            assert!(self.body[field].is_string(), "{} has no {field}: {}", self.request, self.text);
        }
        self.body
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
