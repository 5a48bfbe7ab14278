//! The Lambda function `search`.

use mixtape_http::App;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    mixtape_http::serve(env!("CARGO_BIN_NAME"), async |settings| {
        search::router(search::State::new(App::connect(settings).await))
    })
    .await
}
