//! The bucket, on the file system, and what the server for it lacks: conditional reads, one writer of an object at a
//! time, answers to browsers, and word of what was created.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::percent_decode_str;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::sync::RwLock;
use tower::ServiceExt;

use crate::StartError;
use crate::notifications::{Announcer, Created};
use crate::template::CorsRule;

use super::{access_key, cors};

/// Beyond so many locks those that nobody holds are forgotten.
const MANY_LOCKS: usize = 256;
/// What the names of kept contents start with; they lie beside the buckets.
const BEFORE: &str = ".before-";
/// The body of a deletion of 1,000 objects, at most.
const MAX_DELETE_BYTES: usize = 2 * 1024 * 1024;
/// The body of an error, at most.
const MAX_ERROR_BYTES: usize = 64 * 1024;

#[derive(Clone)]
struct Objects {
    service: S3Service,
    folder: Arc<PathBuf>,
    locks: Arc<Mutex<HashMap<String, Weak<RwLock<()>>>>>,
    cors: Arc<[CorsRule]>,
    announcer: Announcer,
}

/// The S3 endpoint on a folder, for callers that sign with any of these access keys and the secret key.
pub(super) fn router(
    folder: &Path,
    access_keys: &[&str],
    secret_key: &str,
    cors: &[CorsRule],
    announcer: Announcer,
) -> Result<Router, StartError> {
    let files = s3s_fs::FileSystem::new(folder)
        .map_err(|error| StartError::Objects { folder: folder.to_owned(), cause: format!("{error:?}") })?;
    forget_before(folder).map_err(StartError::folder(folder))?;
    let mut builder = S3ServiceBuilder::new(files);
    let mut auth = SimpleAuth::new();
    for access_key in access_keys {
        auth.register((*access_key).to_owned(), secret_key.into());
    }
    builder.set_auth(auth);
    let objects = Objects {
        service: builder.build(),
        folder: Arc::new(folder.to_owned()),
        locks: Arc::default(),
        cors: cors.into(),
        announcer,
    };
    Ok(Router::new().fallback(handle).with_state(objects))
}

/// Removes what a killed process kept of objects that it was writing.
fn forget_before(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(BEFORE) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

async fn handle(State(objects): State<Objects>, request: Request) -> Response {
    if let Some(answer) = cors::preflight(&objects.cors, request.method(), request.headers()) {
        return answer;
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let created = created(&request);
    let mut response = objects.answer(request, &path).await;
    if response.status() == StatusCode::OK
        && let Some(created) = created
    {
        objects.announcer.announce(created);
    }
    cors::allow(&objects.cors, &method, origin.as_ref(), response.headers_mut());
    response
}

fn no_such_upload() -> Response {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>NoSuchUpload</Code>\
                <Message>The upload was completed or aborted.</Message></Error>";
    (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

/// The object that a request creates, if it goes well.
fn created(request: &Request) -> Option<Created> {
    let query = request.uri().query().unwrap_or_default();
    let has = |name: &str| query.split('&').any(|part| part.split('=').next() == Some(name));
    let reason = match *request.method() {
        Method::PUT if has("partNumber") => return None,
        Method::PUT if request.headers().contains_key("x-amz-copy-source") => "CopyObject",
        Method::PUT => "PutObject",
        Method::POST if has("uploadId") => "CompleteMultipartUpload",
        _ => return None,
    };
    let (bucket, key) = request.uri().path().trim_start_matches('/').split_once('/')?;
    let key = percent_decode_str(key).decode_utf8().ok()?.into_owned();
    Some(Created { bucket: bucket.to_owned(), key, reason })
}

/// The id of the upload in parts that a request is about.
fn upload_id(request: &Request) -> Option<&str> {
    let query = request.uri().query().unwrap_or_default();
    let id = query.split('&').find_map(|part| part.strip_prefix("uploadId="))?;
    id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-').then_some(id)
}

impl Objects {
    /// The server checks the condition of a write before it writes and keeps the ETag in a second file: without the
    /// lock two writers could both win, and a reader could get the old content with the new ETag.
    async fn answer(&self, request: Request, path: &str) -> Response {
        let lock = self.lock(path);
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            let _reading = lock.read().await;
            if self.is_of_ended_upload(&request) {
                return no_such_upload();
            }
            let wanted = request.headers().get(header::IF_NONE_MATCH).cloned();
            let response = self.call(request).await;
            let etag = response.headers().get(header::ETAG);
            if response.status() == StatusCode::OK && wanted.is_some() && wanted.as_ref() == etag {
                let etag = [(header::ETAG, wanted.unwrap_or(header::HeaderValue::from_static("")))];
                return (StatusCode::NOT_MODIFIED, etag).into_response();
            }
            return response;
        }
        // The parts of an object come at the same time.
        let is_part = request.uri().query().is_some_and(|query| query.contains("partNumber="));
        if is_part {
            return self.call(request).await;
        }
        let _writing = lock.write().await;
        match *request.method() {
            Method::PUT => {
                self.forget_etag(path).await;
                let Some(file) = self.file(path) else { return self.call(request).await };
                let before = Before::keep(file, &self.folder).await;
                let response = self.call(request).await;
                before.settle(response.status().is_success()).await;
                response
            }
            Method::DELETE if upload_id(&request).is_some() => self.abort(request).await,
            Method::DELETE => {
                let response = self.call(request).await;
                self.forget_attributes(path).await;
                response
            }
            Method::POST
                if request
                    .uri()
                    .query()
                    .is_some_and(|query| query.split('&').any(|one| one == "delete" || one == "delete=")) =>
            {
                self.delete_many(request, path).await
            }
            _ => self.call(request).await,
        }
    }

    /// Ends an upload in parts. The server lets only those do that who began it, and each function has a key of its
    /// own.
    async fn abort(&self, request: Request) -> Response {
        let (parts, _) = request.into_parts();
        let response = self.call(Request::from_parts(parts.clone(), Body::empty())).await;
        let caller = access_key(&parts.headers, &parts.uri);
        let again = Request::from_parts(parts, Body::empty());
        let (Some(caller), Some(file)) = (caller, upload_id(&again).map(|id| self.upload_file(id))) else {
            return response;
        };
        let (answer, body) = response.into_parts();
        let body = axum::body::to_bytes(body, MAX_ERROR_BYTES).await.unwrap_or_default();
        // A signature that is wrong has another code.
        let is_of_another =
            String::from_utf8_lossy(&body).contains("<Code>AccessDenied</Code>") && file.exists();
        if is_of_another && tokio::fs::write(&file, format!("\"{caller}\"")).await.is_ok() {
            return self.call(again).await;
        }
        Response::from_parts(answer, Body::from(body))
    }

    /// Deletes the objects that the body names, with what the server leaves of each.
    async fn delete_many(&self, request: Request, path: &str) -> Response {
        let (parts, body) = request.into_parts();
        let Ok(bytes) = axum::body::to_bytes(body, MAX_DELETE_BYTES).await else {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let response = self.call(Request::from_parts(parts, Body::from(bytes))).await;
        if response.status() == StatusCode::OK {
            let bucket = path.trim_matches('/');
            // Keys of ours hold nothing that XML would escape; of another, the files stay.
            for key in text.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next()) {
                self.forget_attributes(&format!("/{bucket}/{key}")).await;
            }
        }
        response
    }

    /// The file of an object, unless the path goes elsewhere.
    fn file(&self, path: &str) -> Option<PathBuf> {
        let path = percent_decode_str(path.trim_start_matches('/')).decode_utf8().ok()?;
        let is_plain = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        is_plain.then(|| self.folder.join(path.as_ref()))
    }

    /// Whether the parts of an upload are asked for that was completed or aborted, of which the server would say that
    /// none has arrived.
    fn is_of_ended_upload(&self, request: &Request) -> bool {
        upload_id(request).is_some_and(|id| !self.upload_file(id).exists())
    }

    /// Where the server keeps whose upload in parts this is.
    fn upload_file(&self, id: &str) -> PathBuf {
        self.folder.join(format!(".upload-{id}.json"))
    }

    fn lock(&self, path: &str) -> Arc<RwLock<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = locks.get(path).and_then(Weak::upgrade) {
            return lock;
        }
        if locks.len() > MANY_LOCKS {
            locks.retain(|_, lock| lock.strong_count() > 0);
        }
        let lock = Arc::new(RwLock::new(()));
        locks.insert(path.to_owned(), Arc::downgrade(&lock));
        lock
    }

    async fn call(&self, request: Request) -> Response {
        match self.service.clone().oneshot(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                tracing::error!(?error, "the embedded S3 failed");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// Removes the file that holds an object's ETag, which the server then computes from the content. A process that is
    /// killed between writing the content and the ETag would otherwise leave the ETag of the content before.
    async fn forget_etag(&self, path: &str) {
        self.remove_beside(path, "internal.json").await;
    }

    /// Removes what the server keeps beside an object and leaves when the object is deleted.
    async fn forget_attributes(&self, path: &str) {
        // It is still there: the deletion was refused.
        if self.file(path).is_none_or(|file| file.exists()) {
            return;
        }
        self.remove_beside(path, "internal.json").await;
        self.remove_beside(path, "metadata.json").await;
    }

    async fn remove_beside(&self, path: &str, kind: &str) {
        let Some((bucket, key)) = path.trim_start_matches('/').split_once('/') else { return };
        let encode = |part: &str| URL_SAFE_NO_PAD.encode(Cow::from(percent_decode_str(part)));
        let (bucket, key) = (encode(bucket), encode(key));
        let file = self.folder.join(format!(".bucket-{bucket}.object-{key}.{kind}"));
        if let Err(error) = tokio::fs::remove_file(&file).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "what belongs to an object could not be removed");
        }
    }
}

/// The content of an object before it is written: the server writes first and checks the content's digest afterwards.
struct Before {
    file: PathBuf,
    kept: Option<PathBuf>,
}

impl Before {
    async fn keep(file: PathBuf, folder: &Path) -> Self {
        let kept = folder.join(format!("{BEFORE}{}", super::random_text(20)));
        // A write makes a new file and lets the old one be.
        let kept = tokio::fs::hard_link(&file, &kept).await.is_ok().then_some(kept);
        Self { file, kept }
    }

    /// Brings the content of before back when it was not written as it should be.
    async fn settle(self, is_written: bool) {
        let Self { file, kept } = self;
        let done = match (kept, is_written) {
            (Some(kept), true) => tokio::fs::remove_file(kept).await,
            (Some(kept), false) => tokio::fs::rename(kept, file).await,
            (None, true) => Ok(()),
            (None, false) => tokio::fs::remove_file(file).await,
        };
        if let Err(error) = done
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the content of an object could not be put back");
        }
    }
}
