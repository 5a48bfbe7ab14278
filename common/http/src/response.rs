//! The few kinds of success.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::revision_etag;

/// 201 with what was made and where it is.
#[derive(Debug)]
pub struct Created<T> {
    pub location: String,
    pub body: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, [(header::LOCATION, self.location)], axum::Json(self.body)).into_response()
    }
}

/// 204.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// A response whose ETag is a revision.
#[derive(Debug)]
pub struct WithRevision<R>(pub u64, pub R);

impl<R: IntoResponse> IntoResponse for WithRevision<R> {
    fn into_response(self) -> Response {
        ([(header::ETAG, revision_etag(self.0))], self.1).into_response()
    }
}
