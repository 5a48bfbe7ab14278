//! The bucket, on the file system, and what the server for it lacks: conditional reads, and one writer at a time.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// Locks that objects share by the hash of their path: enough that unrelated uploads seldom wait for each other.
const LOCKS: usize = 64;

#[derive(Clone)]
struct Objects {
    service: S3Service,
    folder: Arc<PathBuf>,
    locks: Arc<[RwLock<()>; LOCKS]>,
}

/// The S3 endpoint on a folder, for callers that sign with any of these access keys and the secret key.
pub(super) fn router(folder: &Path, access_keys: &[&str], secret_key: &str) -> Result<Router, StartError> {
    let files = s3s_fs::FileSystem::new(folder)
        .map_err(|error| StartError::Objects { folder: folder.to_owned(), cause: format!("{error:?}") })?;
    let mut builder = S3ServiceBuilder::new(files);
    let mut auth = SimpleAuth::new();
    for access_key in access_keys {
        auth.register((*access_key).to_owned(), secret_key.into());
    }
    builder.set_auth(auth);
    let objects = Objects {
        service: builder.build(),
        folder: Arc::new(folder.to_owned()),
        locks: Arc::new(std::array::from_fn(|_| RwLock::new(()))),
    };
    Ok(Router::new().fallback(handle).with_state(objects))
}

async fn handle(State(objects): State<Objects>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let lock = objects.lock(&path);
    // The server checks the condition of a write before it writes and keeps the ETag in a second file: without the lock
    // two writers could both win, and a reader could get the old content with the new ETag.
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let _reading = lock.read().await;
        let wanted = request.headers().get(header::IF_NONE_MATCH).cloned();
        let response = objects.call(request).await;
        let etag = response.headers().get(header::ETAG);
        if response.status() == StatusCode::OK && wanted.is_some() && wanted.as_ref() == etag {
            let etag = [(header::ETAG, wanted.unwrap_or(header::HeaderValue::from_static("")))];
            return (StatusCode::NOT_MODIFIED, etag).into_response();
        }
        return response;
    }
    let _writing = lock.write().await;
    if request.method() == Method::PUT {
        objects.forget_etag(&path).await;
    }
    objects.call(request).await
}

impl Objects {
    fn lock(&self, path: &str) -> &RwLock<()> {
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        // The remainder is below LOCKS.
        &self.locks[usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or_default()]
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
        let Some((bucket, key)) = path.trim_start_matches('/').split_once('/') else { return };
        let encode = |part: &str| URL_SAFE_NO_PAD.encode(Cow::from(percent_decode_str(part)));
        let (bucket, key) = (encode(bucket), encode(key));
        let file = self.folder.join(format!(".bucket-{bucket}.object-{key}.internal.json"));
        if let Err(error) = tokio::fs::remove_file(&file).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the ETag of an object could not be removed");
        }
    }
}
