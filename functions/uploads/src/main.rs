//! The Lambda function `uploads`.

use mixtape_http::App;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    mixtape_http::serve(async |settings| uploads::router(App::connect(settings).await)).await
}
