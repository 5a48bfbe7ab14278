//! The function `indexer` as a process of its own, to be killed: it handles an event a line, and answers a line.
//!
//! Its only argument is where the stores are, as [`tests::StoresOf`] writes it.

#![allow(clippy::expect_used, reason = "this is part of the tests")]

use std::io::{BufRead, Write};

use mixtape_domain::Clock;
use mixtape_store::Store;
use tests::StoresOf;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let stores = std::env::args().nth(1).expect("an argument");
    let settings = serde_json::from_str::<StoresOf>(&stores).expect("the stores").settings();
    let state = indexer::State::new(Store::connect(&settings).await, &settings, Clock::system());
    for line in std::io::stdin().lock().lines() {
        let event = serde_json::from_str(&line.expect("a line")).expect("an event");
        let answer = indexer::handle(&state, event)
            .await
            .map_or_else(|error| error.to_string(), |answer| answer.to_string());
        let mut output = std::io::stdout();
        // Nobody may be listening any more.
        let _ = writeln!(output, "{answer}").and_then(|()| output.flush());
    }
}
