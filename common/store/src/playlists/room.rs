//! Room between two entries where too many insertions went to one place.

use aws_sdk_dynamodb::types::Update;
use mixtape_domain::playlist::position::{Position, spread};

use super::expression::Change;
use super::items::{Entry, Meta, entry_key, generation_prefix, meta_key, pk, position_sk};
use super::{Playlists, is_committed};
use crate::StoreError;
use crate::table::{self, MAX_TRANSACTION, Range, number, string};

/// Entries that are read at once.
const STRIDE: usize = 200;

/// Entries in order, with their new positions.
struct Respread {
    entries: Vec<Entry>,
    positions: Vec<Position>,
    is_at_end: bool,
}

impl Playlists {
    /// Gives `from` and as many entries after it as need be new positions with room between them. Each transaction
    /// keeps the order as it is, so that readers see no difference, and a crash in between leaves a good list. When the
    /// list is changed meanwhile, room may not have been made: the caller looks again anyway.
    pub(super) async fn make_room(&self, meta: &Meta, from: &Entry) -> Result<(), StoreError> {
        let plan = self.plan_room(meta, from).await?;
        let moves: Vec<(Entry, Position)> = plan.entries.into_iter().zip(plan.positions).collect();
        tracing::info!(playlist.id = %meta.id, entries = moves.len(), "make room in a list");
        // From the last to the first: each new position is after all old ones.
        for (layout, chunk) in (meta.layout..).zip(moves.rchunks(MAX_TRANSACTION - 1)) {
            let growth = match chunk.last() {
                Some((last, to)) if plan.is_at_end && layout == meta.layout => {
                    super::edit::signed(to.tail() - last.position()?.tail())
                }
                _ => 0,
            };
            let change = Change::new()
                .only_if("generation", "=", string(meta.generation.to_string()))
                .only_if("layout", "=", number(layout))
                .only_if_absent("pending")
                .add("tail", growth)
                .add("layout", 1);
            let mut actions = vec![table::update(change.update(&self.table, meta_key(meta.id)))];
            actions.extend(chunk.iter().map(|(entry, to)| table::update(self.respread(meta, entry, to))));
            if !is_committed(table::commit(self.table.client(), actions).await)? {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn plan_room(&self, meta: &Meta, from: &Entry) -> Result<Respread, StoreError> {
        let prefix = generation_prefix(meta.generation);
        let all = Range::local_index("position", pk(meta.id), &prefix);
        let mut entries = vec![from.clone()];
        let mut count = 0;
        loop {
            let last = entries.last().map(|entry| entry.position_sk.as_str());
            let (more, next) = self.table.query(&all.clone().after(last), STRIDE, true).await?.read()?;
            entries.extend::<Vec<Entry>>(more);
            while count < entries.len() {
                count += 1;
                let following = entries.get(count).map(Entry::position).transpose()?;
                if following.is_none() && next.is_some() {
                    count -= 1;
                    break;
                }
                let last = entries[count - 1].position()?;
                if let Ok(positions) = spread(&last, following.as_ref(), count) {
                    entries.truncate(count);
                    return Ok(Respread { entries, positions, is_at_end: following.is_none() });
                }
            }
            if next.is_none() {
                return Err(StoreError::Refused("the tail of a list has overflowed".into()));
            }
        }
    }

    fn respread(&self, meta: &Meta, entry: &Entry, to: &Position) -> Update {
        Update::builder()
            .table_name(self.table.name())
            .set_key(Some(entry_key(meta.id, entry.id)))
            .update_expression("SET position_sk = :to")
            .condition_expression("position_sk = :from")
            .expression_attribute_values(":to", string(position_sk(meta.generation, to)))
            .expression_attribute_values(":from", string(&entry.position_sk))
            .build()
            .expect("table, key and expression are set")
    }
}
