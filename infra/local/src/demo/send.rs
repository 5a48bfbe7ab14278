//! Histories on their way to the API: a thousand listens a request, a few requests at a time.

use futures::{StreamExt, stream};
use mixtape_domain::Timestamp;
use serde_json::{Value, json};

use super::sitting::Listen;
use super::taste::Catalogue;
use crate::client::{ApiError, Session};
use crate::progress::{Progress, Unit};

/// Listens of one request; the API's limit.
const BATCH: usize = 1000;
/// Requests at the same time.
const PARALLEL: usize = 4;
/// Refused listens that are shown; the rest is only counted.
const SHOWN: usize = 5;
/// What the listens say that they were heard with.
const CLIENT: &str = "mixtape demo";

/// What became of the listens of an account.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) added: usize,
    pub(super) known: usize,
    pub(super) rejected: usize,
}

/// Sends the history of each session's account.
pub(super) async fn run(
    sessions: &[Session],
    catalogue: &Catalogue,
    histories: &[Vec<Listen>],
) -> Result<Vec<Counts>, ApiError> {
    let total: usize = histories.iter().map(Vec::len).sum();
    let progress = Progress::new(total as u64, Unit::Listens);
    let batches = histories.iter().enumerate();
    let batches =
        batches.flat_map(|(account, history)| history.chunks(BATCH).map(move |batch| (account, batch)));
    let sent = stream::iter(batches).map(async |(account, batch)| {
        let results = send(&sessions[account], catalogue, batch).await?;
        Ok::<_, ApiError>((account, results))
    });
    let mut sent = std::pin::pin!(sent.buffered(PARALLEL));
    let mut counts = vec![Counts::default(); sessions.len()];
    let mut shown = 0;
    while let Some(batch) = sent.next().await {
        let (account, results) = batch?;
        let count = results.len() as u64;
        let of_account = &mut counts[account];
        for result in results {
            match result {
                Ok(true) => of_account.added += 1,
                Ok(false) => of_account.known += 1,
                Err(reason) => {
                    of_account.rejected += 1;
                    shown += 1;
                    if shown <= SHOWN {
                        progress.note(&format!("A listen was refused: {reason}"));
                    }
                }
            }
        }
        progress.advance(count, count);
    }
    Ok(counts)
}

/// Sends a batch. Answers for each listen whether it is new, or why it was refused.
async fn send(
    session: &Session,
    catalogue: &Catalogue,
    batch: &[Listen],
) -> Result<Vec<Result<bool, String>>, ApiError> {
    let listens: Vec<Value> = batch.iter().map(|listen| body(catalogue, listen)).collect();
    let answer = session.post("/v1/listens", Some(&json!({ "listens": listens }))).await?.good()?;
    Ok((0..batch.len()).map(|place| result(&answer["results"][place])).collect())
}

fn body(catalogue: &Catalogue, listen: &Listen) -> Value {
    let at = Timestamp::from_millis(listen.at * 1000).unwrap_or(Timestamp::EPOCH);
    json!({
        "track_id": catalogue.tracks[listen.track].id, "listened_at": at, "played_ms": listen.played_ms,
        "client": CLIENT,
    })
}

fn result(result: &Value) -> Result<bool, String> {
    let reason = || result["error"]["detail"].as_str().unwrap_or("without a reason").to_owned();
    result["created"].as_bool().ok_or_else(reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::testing::catalogue;

    #[test]
    fn a_listen_is_said_as_the_api_wants_it() {
        let listen = Listen { track: 3, at: 1_795_253_400, played_ms: 213_000 };
        let expected = json!({
            "track_id": "t00003", "listened_at": "2026-11-21T09:30:00.000Z", "played_ms": 213_000,
            "client": "mixtape demo",
        });
        assert_eq!(body(&catalogue(5), &listen), expected);
    }

    #[test]
    fn an_answer_is_new_known_or_a_reason() {
        assert_eq!(result(&json!({ "id": "x", "created": true })), Ok(true));
        assert_eq!(result(&json!({ "id": "x", "created": false })), Ok(false));
        let refused = json!({ "error": { "code": "not_found", "detail": "There is no such track." } });
        assert_eq!(result(&refused), Err("There is no such track.".into()));
        assert_eq!(result(&Value::Null), Err("without a reason".into()));
    }
}
