//! The Lambda function `ingest`.

use ingest::{State, handle};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    mixtape_events::serve(State::connect, async |state, event| handle(&state, event).await).await
}
