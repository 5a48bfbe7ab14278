//! Counts an account again: every quarter of an hour in which it has heard something, and every one of which something
//! is counted. It changes nothing where the counts are right, which they should be: what it changes was left by a batch
//! that went to the dead letters, or by hand.

use mixtape_domain::AccountId;
use mixtape_domain::listen;
use mixtape_events::EventError;
use mixtape_store::insights::Touched;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::State;

/// Listens, or quarters of an hour, that one slice looks at.
const SLICE: usize = 500;

/// `{"recount": {"account": "…", "after": null}}`: where to go on, as the slice before answered it as `next`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    recount: Recount,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recount {
    account: AccountId,
    #[serde(default)]
    after: Option<Position>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Position {
    stage: Stage,
    after: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Heard,
    Counted,
}

/// Whether the event asks for it.
pub(crate) fn is_request(event: &Value) -> bool {
    event.get("recount").is_some()
}

impl State {
    /// Does one slice.
    pub(crate) async fn recount(&self, event: Value) -> Result<Value, EventError> {
        let Request { recount } =
            serde_json::from_value(event).map_err(|error| EventError::Malformed(error.to_string()))?;
        let account = recount.account;
        let Position { stage, after } =
            recount.after.unwrap_or(Position { stage: Stage::Heard, after: None });
        let after = after.as_deref();
        let (quarters, next) = match stage {
            Stage::Heard => {
                let page = self.store.listens.page(account, (None, None), SLICE, after).await;
                let page = page.map_err(EventError::retryable)?;
                (page.items.iter().map(|listen| listen::quarter_of(listen.id)).collect(), page.next)
            }
            Stage::Counted => {
                let page = self.store.insights.counted_quarters(account, SLICE, after).await;
                let page = page.map_err(EventError::retryable)?;
                (page.items.into_iter().collect(), page.next)
            }
        };
        let touched = Touched::from([(account, quarters)]);
        let counted = self.store.insights.reconcile(&touched).await.map_err(EventError::retryable)?;
        let next = match (next, stage) {
            (Some(after), stage) => Some(Position { stage, after: Some(after) }),
            (None, Stage::Heard) => Some(Position { stage: Stage::Counted, after: None }),
            (None, Stage::Counted) => None,
        };
        tracing::info!(account.id = %account, corrected = counted.quarters, "recounted");
        Ok(json!({ "done": next.is_none(), "next": next, "corrected": counted.quarters }))
    }
}
