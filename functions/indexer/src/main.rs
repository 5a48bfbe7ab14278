//! The Lambda function `indexer`.

use indexer::{State, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    mixtape_events::serve(env!("CARGO_BIN_NAME"), State::connect, async |state, event| {
        handle(&state, event).await
    })
    .await
}
