//! The Lambda function `search`.

use mixtape_http::App;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    mixtape_http::serve(async |settings| search::router(search::State::new(App::connect(settings).await)))
        .await
}
