//! An endpoint in a folder of its own, and the requests that tests make of it.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use cloudsearch_local::Domains;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

pub(crate) struct Endpoint {
    folder: TempDir,
    router: Router,
}

/// An answer's status and body.
pub(crate) type Answer = (StatusCode, String);

impl Endpoint {
    /// An endpoint without domains.
    pub(crate) fn empty() -> Self {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let router = Domains::open(folder.path()).unwrap().router();
        Self { folder, router }
    }

    /// An endpoint with the domain `music`, and fields of all types.
    pub(crate) async fn music() -> Self {
        let endpoint = Self::empty();
        endpoint.act("CreateDomain", "").await;
        endpoint.scheme("plain", "mul", "none").await;
        for (name, kind) in [
            ("title", "text"),
            ("artists", "text-array"),
            ("genres", "literal-array"),
            ("label", "literal"),
            ("year", "int"),
            ("rating", "double"),
            ("charts", "int-array"),
            ("released", "date"),
            ("place", "latlon"),
        ] {
            endpoint.field(name, kind).await;
        }
        endpoint.act("IndexDocuments", "").await;
        endpoint
    }

    /// What would be found after the process had been killed now: the files as they are, opened by another.
    pub(crate) fn after_crash(&self) -> Self {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        copy(self.folder.path(), folder.path());
        let router = Domains::open(folder.path()).unwrap().router();
        Self { folder, router }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.into()).unwrap())
    }

    /// An action of the configuration API on `music`; `&a=b` are its parameters. It must succeed.
    pub(crate) async fn act(&self, action: &str, parameters: &str) -> String {
        let (status, body) = self.try_act(action, parameters).await;
        assert_eq!(status, StatusCode::OK, "{action} {parameters}: {body}");
        body
    }

    pub(crate) async fn try_act(&self, action: &str, parameters: &str) -> Answer {
        let form = format!("Action={action}&Version=2013-01-01&DomainName=music{parameters}");
        let request = Request::post("/")
            .header(header::HOST, "127.0.0.1:8800")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8");
        self.send(request.body(form.into()).unwrap()).await
    }

    /// Defines a field; text without stop words.
    pub(crate) async fn field(&self, name: &str, kind: &str) {
        let scheme = match kind {
            "text" => "&IndexField.TextOptions.AnalysisScheme=plain",
            "text-array" => "&IndexField.TextArrayOptions.AnalysisScheme=plain",
            _ => "",
        };
        let field = format!("&IndexField.IndexFieldName={name}&IndexField.IndexFieldType={kind}{scheme}");
        self.act("DefineIndexField", &field).await;
    }

    pub(crate) async fn scheme(&self, name: &str, language: &str, stemming: &str) {
        let scheme = format!(
            "&AnalysisScheme.AnalysisSchemeName={name}&AnalysisScheme.AnalysisSchemeLanguage={language}\
             &AnalysisScheme.AnalysisOptions.AlgorithmicStemming={stemming}"
        );
        self.act("DefineAnalysisScheme", &scheme).await;
    }

    pub(crate) async fn upload(&self, batch: Value) -> Answer {
        self.post_batch("application/json", batch.to_string().into_bytes()).await
    }

    pub(crate) async fn post_batch(&self, kind: &str, body: Vec<u8>) -> Answer {
        let request = Request::post("/music/2013-01-01/documents/batch").header(header::CONTENT_TYPE, kind);
        self.send(request.body(body.into()).unwrap()).await
    }

    /// Adds documents. They must be accepted.
    pub(crate) async fn add(&self, documents: &[(&str, Value)]) {
        let add = |(id, fields): &(&str, Value)| json!({"type": "add", "id": id, "fields": fields});
        let (status, body) = self.upload(documents.iter().map(add).collect()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }

    pub(crate) async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        let query: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let request = Request::get(format!("/music/2013-01-01/{path}?{}", query.join("&")));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// A search for the SDKs. It must succeed.
    pub(crate) async fn search(&self, parameters: &[(&str, &str)]) -> Value {
        let (status, body) = self.get("search", &[parameters, &[("format", "sdk")]].concat()).await;
        assert_eq!(status, StatusCode::OK, "{parameters:?}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// The ids that a search finds, in order, separated by spaces.
    pub(crate) async fn ids(&self, parameters: &[(&str, &str)]) -> String {
        let answer = self.search(parameters).await;
        let hits = answer["hits"]["hit"].as_array().unwrap();
        hits.iter().map(|hit| hit["id"].as_str().unwrap()).collect::<Vec<&str>>().join(" ")
    }

    /// The ids that a search finds page by page, and the last cursor. Each page knows the number of all.
    pub(crate) async fn walk(&self, base: &[(&str, &str)], size: &str) -> (String, String) {
        let mut seen: Vec<String> = Vec::new();
        let mut found = Vec::new();
        let mut cursor = "initial".to_owned();
        loop {
            let answer = self.search(&[base, &[("size", size), ("cursor", &cursor)]].concat()).await;
            let hits = answer["hits"]["hit"].as_array().unwrap();
            cursor = answer["hits"]["cursor"].as_str().unwrap().to_owned();
            found.push(answer["hits"]["found"].as_u64().unwrap());
            if hits.is_empty() {
                break;
            }
            seen.extend(hits.iter().map(|hit| hit["id"].as_str().unwrap().to_owned()));
        }
        let all = u64::try_from(seen.len()).unwrap();
        assert!(found.iter().all(|found| *found == all), "{found:?} of {all}");
        (seen.join(" "), cursor)
    }

    /// The ids that a structured query finds, sorted.
    pub(crate) async fn structured(&self, query: &str) -> String {
        self.ids(&[("q", query), ("q.parser", "structured"), ("sort", "_id asc"), ("size", "100")]).await
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
