//! What stands in front of the object store: which permissions a request takes, and a refusal without them.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode, header, request::Parts};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use mixtape::{Front, access_key};

use super::{Access, Policies};

/// The body of a deletion of 1,000 objects, at most.
const MAX_DELETE_BYTES: usize = 2 * 1024 * 1024;

/// Denies what these policies do not allow.
pub(crate) fn front(policies: &'static Policies) -> Front {
    Front::new(move |router| router.layer(from_fn(move |request, next| check(policies, request, next))))
}

async fn check(policies: &Policies, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let caller = access_key(&parts.headers, &parts.uri).unwrap_or_default();
    let (body, named) = if is_deletion_of_many(&parts) {
        let bytes = axum::body::to_bytes(body, MAX_DELETE_BYTES).await.expect("a deletion is read");
        let named = keys(&bytes);
        (Body::from(bytes), named)
    } else {
        (body, Vec::new())
    };
    let accesses = accesses(&parts, &named);
    if !accesses.iter().all(|access| policies.permits(&caller, access)) {
        return denied();
    }
    let looks_for_object = accesses.first().is_some_and(|access| access.action == "s3:GetObject");
    let bucket = bucket_and_key(parts.uri.path()).0.to_owned();
    let answer = next.run(Request::from_parts(parts, body)).await;
    // S3 tells only those who may list a bucket that an object is not there.
    if looks_for_object && answer.status() == StatusCode::NOT_FOUND {
        let list = access("s3:ListBucket", &bucket);
        if !policies.permits(&caller, &list) {
            return denied();
        }
    }
    answer
}

/// As the Amazon S3 User Guide lists them under "Required permissions for Amazon S3 API operations".
fn accesses(parts: &Parts, named: &[String]) -> Vec<Access> {
    // A browser asks before it sends the request itself.
    if parts.method == Method::OPTIONS {
        return Vec::new();
    }
    let (bucket, key) = bucket_and_key(parts.uri.path());
    let Some(key) = key else {
        let object = |key: &String| access("s3:DeleteObject", &format!("{bucket}/{key}"));
        return match parts.method {
            Method::POST if is_deletion_of_many(parts) => named.iter().map(object).collect(),
            Method::GET | Method::HEAD => vec![access("s3:ListBucket", bucket)],
            _ => vec![access(&format!("s3:{} of a bucket", parts.method), bucket)],
        };
    };
    let object = format!("{bucket}/{key}");
    let action = match parts.method {
        Method::GET | Method::HEAD if has(parts, "uploadId") => "s3:ListMultipartUploadParts",
        Method::GET | Method::HEAD => "s3:GetObject",
        Method::DELETE if has(parts, "uploadId") => "s3:AbortMultipartUpload",
        Method::DELETE => "s3:DeleteObject",
        // Also the parts of an upload, its beginning and its end.
        _ => "s3:PutObject",
    };
    let mut accesses = vec![access(action, &object)];
    // A write on condition of an ETag tells what it is.
    if action == "s3:PutObject" && parts.headers.contains_key(header::IF_MATCH) {
        accesses.push(access("s3:GetObject", &object));
    }
    if let Some(source) = parts.headers.get("x-amz-copy-source") {
        let source = source.to_str().expect("keys of ours are ASCII").trim_start_matches('/');
        accesses.push(access("s3:GetObject", source));
    }
    accesses
}

fn access(action: &str, resource: &str) -> Access {
    Access { action: action.to_owned(), resource: resource.to_owned(), partition: None }
}

fn is_deletion_of_many(parts: &Parts) -> bool {
    parts.method == Method::POST && has(parts, "delete")
}

fn has(parts: &Parts, name: &str) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    query.split('&').any(|part| part.split('=').next() == Some(name))
}

fn bucket_and_key(path: &str) -> (&str, Option<&str>) {
    let path = path.trim_start_matches('/');
    match path.split_once('/') {
        Some((bucket, key)) if !key.is_empty() => (bucket, Some(key)),
        Some((bucket, _)) => (bucket, None),
        None => (path, None),
    }
}

/// The keys that a deletion names. Those of ours hold nothing that XML would escape.
fn keys(body: &Bytes) -> Vec<String> {
    let text = String::from_utf8_lossy(body);
    let keys = text.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
    keys.map(str::to_owned).collect()
}

fn denied() -> Response {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>AccessDenied</Code>\
                <Message>template.yaml does not allow this.</Message></Error>";
    (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}
