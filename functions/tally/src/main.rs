//! The Lambda function `tally`.

use tally::{State, handle};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    mixtape_events::serve(State::connect, async |state, event| handle(&state, event).await).await
}
