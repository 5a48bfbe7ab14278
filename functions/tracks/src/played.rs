//! How often something was heard.

use mixtape_store::insights::Plays;
use serde::Serialize;
use utoipa::ToSchema;

/// How often something was heard by everybody, ever. Some seconds behind.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Played {
    /// Listens.
    play_count: i64,
    /// Accounts that have heard it.
    listener_count: i64,
}

impl From<Plays> for Played {
    fn from(plays: Plays) -> Self {
        Self { play_count: plays.plays, listener_count: plays.listeners }
    }
}
