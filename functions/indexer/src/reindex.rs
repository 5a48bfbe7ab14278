//! Rebuilds the index from the table, slice by slice.
//!
//! Each slice is an update like those of the stream, on top of what is published: the index is whole after every one
//! of them, and what the stream brings meanwhile is neither lost nor undone. First everything in the table is put,
//! then everything in the index is looked up in the table, by which what should not be there goes.

use mixtape_events::EventError;
use mixtape_index::{IfBroken, Key};
use mixtape_store::tracks::{Kind, Wanted};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::State;

/// Ids that one slice covers. Each slice publishes once.
const SLICE: usize = 5_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    reindex: bool,
    #[serde(default)]
    after: Option<Position>,
}

/// Where a slice starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    stage: Stage,
    /// Nothing of this stage has been done when this is absent.
    #[serde(default)]
    after: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Tracks,
    Artists,
    Albums,
    /// What the index holds.
    Indexed,
}

impl Stage {
    fn next(self) -> Option<Self> {
        match self {
            Self::Tracks => Some(Self::Artists),
            Self::Artists => Some(Self::Albums),
            Self::Albums => Some(Self::Indexed),
            Self::Indexed => None,
        }
    }
}

impl State {
    /// Does one slice.
    pub(crate) async fn reindex(&self, event: Value) -> Result<Value, EventError> {
        let malformed = |error: &dyn std::fmt::Display| EventError::Malformed(error.to_string());
        let request: Request = serde_json::from_value(event).map_err(|error| malformed(&error))?;
        if !request.reindex {
            return Err(EventError::Malformed("reindex must be true".to_owned()));
        }
        // An index that cannot be read is begun anew, but only where everything follows.
        let if_broken = if request.after.is_none() { IfBroken::StartOver } else { IfBroken::Fail };
        let position = request.after.unwrap_or(Position { stage: Stage::Tracks, after: None });
        let (wanted, next) = self.slice(&position).await?;
        let updated = self.bring_up_to_date(&wanted, if_broken, None).await.map_err(EventError::retryable)?;
        let next = match next {
            Some(after) => Some(Position { after: Some(after), ..position }),
            None => position.stage.next().map(|stage| Position { stage, after: None }),
        };
        tracing::info!(
            checked = wanted.len(),
            changed = updated.changed,
            generation = updated.generation,
            "reindexed"
        );
        Ok(json!({ "done": next.is_none(), "next": next, "indexed": wanted.len() }))
    }

    /// The ids of the slice, and the position in its stage after which there is more.
    async fn slice(&self, position: &Position) -> Result<(Wanted, Option<String>), EventError> {
        let after = position.after.as_deref();
        let kind = match position.stage {
            Stage::Tracks => Kind::Track,
            Stage::Artists => Kind::Artist,
            Stage::Albums => Kind::Album,
            Stage::Indexed => return self.indexed(after).await,
        };
        self.store.tracks.ids(kind, SLICE, after).await.map_err(EventError::retryable)
    }

    async fn indexed(&self, after: Option<&str>) -> Result<(Wanted, Option<String>), EventError> {
        let (keys, next) = self.indexing.keys(after, SLICE).await.map_err(EventError::retryable)?;
        let mut wanted = Wanted::default();
        for key in keys {
            match key {
                Key::Track(id) => wanted.tracks.insert(id),
                Key::Artist(id) => wanted.artists.insert(id),
                Key::Album(id) => wanted.albums.insert(id),
            };
        }
        Ok((wanted, next))
    }
}
