//! Runs a router under the Lambda Runtime API.

use std::future::Future;

use axum::Router;
use mixtape_settings::Settings;

/// Reads the settings from the environment, builds the router once, and serves HTTP API events with it.
///
/// # Errors
/// The settings are incomplete, or the Runtime API is away.
pub async fn serve<B, F>(build: B) -> Result<(), lambda_http::Error>
where
    B: FnOnce(Settings) -> F,
    F: Future<Output = Router>,
{
    lambda_http::tracing::init_default_subscriber();
    let router = build(Settings::from_env()?).await;
    lambda_http::run(router).await
}
