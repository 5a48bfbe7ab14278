//! Hello world with the crates of the functions: `GET /hello` answers at once, `GET /item` reads an item that is not
//! there.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::tracing::init_default_subscriber();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(8))
        .build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(4))
        .load()
        .await;
    let router = Router::new()
        .route("/hello", get(async || r#"{"message":"hello"}"#))
        .route("/item", get(item))
        .with_state(Client::new(&config));
    lambda_http::run(router).await
}

async fn item(State(client): State<Client>) -> Result<&'static str, (StatusCode, String)> {
    #[expect(clippy::disallowed_methods, reason = "it has nothing of ours, so no settings either")]
    let prefix = std::env::var("TABLE_PREFIX").unwrap_or_default();
    let nobody = || AttributeValue::S("NOBODY".to_owned());
    let request =
        client.get_item().table_name(format!("{prefix}-home")).key("pk", nobody()).key("sk", nobody());
    let found = request.send().await.map_err(|error| (StatusCode::BAD_GATEWAY, error.to_string()))?;
    Ok(if found.item.is_some() { r#"{"message":"somebody"}"# } else { r#"{"message":"nobody"}"# })
}
