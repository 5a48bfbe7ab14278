//! The cache, for admins.

use axum::Json as JsonBody;
use axum::extract::State as AxumState;
use mixtape_http::{Identity, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use crate::cache::CacheState;
use crate::state::State;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invalidated {
    /// Answers that were forgotten.
    entries: usize,
}

fn only_admins(identity: &Identity) -> Result<(), Problem> {
    if identity.is_admin { Ok(()) } else { Err(Problem::forbidden()) }
}

/// Look at the cache of insights
///
/// Of the process that answers: on AWS each instance of the function has a cache of its own.
#[utoipa::path(
    get, path = "/v1/admin/cache", tag = "admin", security(("bearer" = [])),
    responses(
        (status = 200, description = "What is in the cache, and how often that helped", body = CacheState),
        (status = 403, description = "`forbidden`: only for admins"),
    )
)]
pub(crate) async fn cache(
    AxumState(state): AxumState<State>,
    identity: Identity,
) -> Result<JsonBody<CacheState>, Problem> {
    only_admins(&identity)?;
    Ok(JsonBody(state.cache.state()))
}

/// Empty the cache of insights
///
/// Of the process that answers. Answers follow the listens by themselves; this is for measuring.
#[utoipa::path(
    post, path = "/v1/admin/cache/invalidate", tag = "admin", security(("bearer" = [])),
    responses(
        (status = 200, description = "How much was forgotten", body = Invalidated),
        (status = 403, description = "`forbidden`: only for admins"),
    )
)]
pub(crate) async fn invalidate(
    AxumState(state): AxumState<State>,
    identity: Identity,
) -> Result<JsonBody<Invalidated>, Problem> {
    only_admins(&identity)?;
    Ok(JsonBody(Invalidated { entries: state.cache.clear() }))
}
