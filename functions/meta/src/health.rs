//! Whether the stores answer.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use mixtape_http::{App, Problem};
use serde::Serialize;
use utoipa::ToSchema;

/// A store that takes longer is away, as far as whoever asks is concerned.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "ok")]
    status: &'static str,
    /// The version that answers.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Ask whether everything works
///
/// Asks DynamoDB and S3 for one small thing each.
#[utoipa::path(
    get, path = "/v1/health", tag = "meta",
    responses((status = 200, description = "The stores answer", body = Health))
)]
pub(crate) async fn health(State(app): State<App>) -> Result<Json<Health>, Problem> {
    match tokio::time::timeout(PATIENCE, app.store.check()).await {
        Ok(Ok(())) => Ok(Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })),
        Ok(Err((store, error))) => Err(Problem::unavailable(format!("{store}: {error}"))),
        Err(_) => Err(Problem::unavailable("a store takes too long")),
    }
}
