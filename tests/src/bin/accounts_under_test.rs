//! The function `accounts` as Lambda runs it, built beside the tests.

use mixtape_http::App;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    mixtape_http::serve_and_invoke(
        "accounts",
        async |settings| {
            let app = App::connect(settings).await;
            (accounts::router(app.clone()), app)
        },
        accounts::invoke,
    )
    .await
}
