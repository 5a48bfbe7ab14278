//! A proxy in front of the CloudSearch-compatible endpoint: failures on demand, and the policies of template.yaml.

use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use mixtape::{Proxy, SearchWith, access_key};
use serde_json::json;
use tokio::net::TcpListener;

use crate::privileges::{Access, Policies};

/// Most bytes of a request; CloudSearch takes 5 MB.
const MAX_BODY: usize = 8_000_000;

/// The proxy. Clones share the outage.
#[derive(Debug, Clone)]
pub struct CloudSearch {
    state: Arc<Mutex<Observed>>,
    policies: &'static Policies,
}

#[derive(Debug, Default)]
struct Observed {
    upstream: String,
    outage: Option<Outage>,
    refused: Option<String>,
    uploads: Vec<Vec<u8>>,
}

/// How the endpoint is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// It answers 503.
    Busy,
    /// It answers 403, as for a role without permission.
    Forbidden,
    /// It does what it is asked, and the connection breaks before the answer.
    Cut,
}

impl CloudSearch {
    #[expect(clippy::new_without_default, reason = "it reads the template")]
    pub fn new() -> Self {
        Self { state: Arc::default(), policies: Policies::get(SearchWith::CloudSearch) }
    }

    /// What [`mixtape::Options`] takes.
    pub fn proxy(&self) -> Proxy {
        let proxy = self.clone();
        Proxy::new(move |upstream| proxy.clone().start(upstream))
    }

    /// From now on every request fails like this, or none.
    pub fn set_outage(&self, outage: Option<Outage>) {
        self.locked().outage = outage;
    }

    /// From now on a batch is refused as invalid in which this text occurs.
    pub fn refuse(&self, text: &str) {
        self.locked().refused = Some(text.to_owned());
    }

    /// The batches that were uploaded since this was last asked.
    pub fn take_uploads(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.locked().uploads)
    }

    async fn start(self, upstream: String) -> String {
        self.locked().upstream = upstream;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let router = Router::new().fallback(forward).with_state((self, reqwest::Client::new()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    fn locked(&self) -> MutexGuard<'_, Observed> {
        self.state.lock().expect("no test panics while it holds the lock")
    }
}

async fn forward(State((proxy, http)): State<(CloudSearch, reqwest::Client)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY).await.expect("a request is read");
    let path = parts.uri.path();
    let action = match path {
        path if path.ends_with("/search") => "cloudsearch:search",
        path if path.ends_with("/suggest") => "cloudsearch:suggest",
        _ => "cloudsearch:document",
    };
    let caller = access_key(&parts.headers, &parts.uri).unwrap_or_default();
    let access = Access { action: action.to_owned(), resource: "domain/mixtape".to_owned(), partition: None };
    if !proxy.policies.permits(&caller, &access) {
        return failure(StatusCode::FORBIDDEN, "AccessDeniedException");
    }
    let outage = proxy.locked().outage;
    match outage {
        Some(Outage::Busy) => return failure(StatusCode::SERVICE_UNAVAILABLE, "InternalServerException"),
        Some(Outage::Forbidden) => return failure(StatusCode::FORBIDDEN, "AccessDeniedException"),
        Some(Outage::Cut) | None => {}
    }
    let refused = proxy.locked().refused.clone();
    if refused.is_some_and(|text| String::from_utf8_lossy(&body).contains(&text)) {
        return failure(StatusCode::BAD_REQUEST, "DocumentServiceException");
    }
    let address = format!("{}{}", proxy.locked().upstream, parts.uri);
    let mut forwarded = http.request(parts.method, address).body(body.clone());
    if let Some(content_type) = parts.headers.get(header::CONTENT_TYPE) {
        forwarded = forwarded.header(header::CONTENT_TYPE, content_type.clone());
    }
    let answer = forwarded.send().await.expect("the endpoint answers");
    if action == "cloudsearch:document" && answer.status().is_success() {
        proxy.locked().uploads.push(body.to_vec());
    }
    if outage == Some(Outage::Cut) {
        let broken = futures::stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
        return Body::from_stream(broken).into_response();
    }
    let (status, headers) = (answer.status(), answer.headers().clone());
    let bytes = answer.bytes().await.expect("the endpoint answers");
    let mut response = (status, bytes).into_response();
    for name in ["content-type", "x-amzn-errortype"] {
        if let Some(value) = headers.get(name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

fn failure(status: StatusCode, code: &'static str) -> Response {
    let body = json!({ "message": code }).to_string();
    (status, [("x-amzn-errortype", code), ("content-type", "application/json")], body).into_response()
}
