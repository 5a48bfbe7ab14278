//! The Lambda function `accounts`: the routes, and for an operator who may invoke it directly, the admin command.

use mixtape_http::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    mixtape_http::serve_and_invoke(
        env!("CARGO_BIN_NAME"),
        async |settings| {
            let app = App::connect(settings).await;
            (accounts::router(app.clone()), app)
        },
        accounts::invoke,
    )
    .await
}
