//! What every HTTP function shares: who calls, problem responses, request bodies, paging, ETags, OpenAPI, and the loop
//! that runs a router in Lambda. Status codes appear only here.

mod app;
mod body;
mod conditional;
mod finish;
pub mod identity;
mod observe;
pub mod openapi;
mod paging;
mod problem;
mod request;
mod response;
mod routes;
mod serve;

pub use app::App;
pub use body::{ImageBody, Json, MAX_BODY_BYTES, MAX_IMAGE_BYTES, RawBody, parse_value};
pub use conditional::{IfMatch, revision_etag};
pub use identity::{Auth, CatalogueReader, Identity, MaybeIdentity};
pub use observe::observe;
pub use paging::{Page, Paging, PagingParams};
#[doc(hidden)]
pub use pastey::paste;
pub use problem::{Code, Problem};
pub use request::{ClientAddress, Path, Query, RequestId};
pub use response::{Created, NoContent, WithRevision};
pub use routes::Routes;
pub use serve::{serve, serve_and_invoke};
