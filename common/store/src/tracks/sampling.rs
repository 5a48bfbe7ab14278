//! Uniform picks from tracks, artists or albums with a bounded number of reads; [`mixtape_domain::sample`] says how.

use std::collections::BTreeSet;

use futures::future::join_all;
use mixtape_domain::sample::{CAPACITY, Cells, Draw, READ_WHOLE};
use rand::Rng;
use rand::seq::SliceRandom;

use super::{Tracks, items};
use crate::StoreError;
use crate::table::{Range, Slice};

/// What is picked from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Track,
    Artist,
    Album,
}

/// Draws that are read at the same time.
const PARALLEL: usize = 8;
/// Draws after which a sample stays short. A draw succeeds one time in four, so 12 picks from a large catalogue take
/// about 50; only a catalogue that shrinks while it is sampled gets here.
const MAX_DRAWS: usize = 640;

impl Kind {
    pub(super) fn partition(self) -> &'static str {
        match self {
            Self::Track => items::TRACKS,
            Self::Artist => items::ARTISTS,
            Self::Album => items::ALBUMS,
        }
    }
}

impl Tracks {
    /// The ids of `count` distinct members that are not in `without`, each equally likely, in random order; fewer
    /// when there are not so many. Half a read unit for each draw, about four draws for each pick, at any size.
    ///
    /// # Errors
    /// The table is away.
    pub async fn sample(
        &self,
        kind: Kind,
        count: usize,
        without: &BTreeSet<String>,
        random: &mut impl Rng,
    ) -> Result<Vec<String>, StoreError> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let range = Range::index("sample", kind.partition(), "");
        let first = self.table.query(&range, READ_WHOLE, true).await?;
        let Some(last) = first.next.as_deref() else {
            let mut all: Vec<String> = ids(&first).into_iter().filter(|id| !without.contains(id)).collect();
            all.shuffle(random);
            all.truncate(count);
            return Ok(all);
        };
        let mut cells = Cells::estimate(READ_WHOLE, last);
        let mut picks: Vec<String> = Vec::new();
        let mut drawn = 0;
        while picks.len() < count && drawn < MAX_DRAWS {
            let draws: Vec<Draw> = (0..PARALLEL).map(|_| cells.draw(random)).collect();
            drawn += draws.len();
            let reads = draws.iter().map(|draw| self.cell(kind, draw));
            let members = join_all(reads).await;
            for (draw, members) in draws.iter().zip(members) {
                let members = members?;
                if members.len() > CAPACITY {
                    // The members beyond would never be drawn: cut finer, and forget what was picked so far.
                    cells = cells.finer();
                    picks.clear();
                    break;
                }
                let Some(id) = members.get(draw.slot) else { continue };
                if picks.len() < count && !picks.contains(id) && !without.contains(id) {
                    picks.push(id.clone());
                }
            }
        }
        Ok(picks)
    }

    async fn cell(&self, kind: Kind, draw: &Draw) -> Result<Vec<String>, StoreError> {
        let to = format!("{}\u{10FFFF}", draw.to);
        let range = Range::index("sample", kind.partition(), "").between(&draw.from, &to);
        Ok(ids(&self.table.query(&range, CAPACITY, true).await?))
    }
}

/// The ids of a slice; one more than it holds when it was cut off, so that the caller notices.
fn ids(slice: &Slice) -> Vec<String> {
    let sort_keys = slice.items.iter().filter_map(|item| item.get("sample_sk")?.as_s().ok());
    let mut ids: Vec<String> = sort_keys.map(|sort_key| items::id_of(sort_key).to_owned()).collect();
    if let Some(next) = &slice.next
        && slice.items.len() == CAPACITY
    {
        ids.push(next.clone());
    }
    ids
}
