//! The home page: what one shuffle holds until the next one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// What a section holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    Track,
    Artist,
    Album,
}

/// A section of a shuffle, by the ids of what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    pub id: String,
    pub title: String,
    pub kind: SectionKind,
    pub ids: Vec<String>,
}

/// What the home page holds from `generated_at` until `next_at`, the same for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shuffle {
    /// The scheduled time of the shuffle.
    pub generated_at: Timestamp,
    pub next_at: Timestamp,
    /// Whether every section is as long as it should be. A shuffle of a catalogue that was too small for it may be
    /// made again.
    pub is_complete: bool,
    pub sections: Vec<Section>,
}
