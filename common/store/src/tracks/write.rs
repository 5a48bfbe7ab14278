//! Writes of tracks. Every write changes the track and all that counts it in one transaction, so that the counts of
//! artists and albums are exact as soon as it is answered.

use std::collections::{BTreeMap, HashSet};

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use mixtape_domain::media::Cover;
use mixtape_domain::track::Track;
use mixtape_domain::{ImageId, TrackId};
use serde::Deserialize;

use super::Tracks;
use super::items::{self, Counted, Share};
use crate::StoreError;
use crate::media::Effects;
use crate::table::{self, CommitError, Item, MAX_TRANSACTION, number, pause, string};

/// How often an edit is tried again when somebody else's was faster.
pub(super) const EDIT_ATTEMPTS: u32 = 8;

/// What came of making a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    Made,
    /// The same owner sent the same source id before.
    Existed,
}

/// What an edit makes of a track.
#[derive(Debug, Clone)]
pub enum Change {
    Replace(Box<Track>),
    Delete,
}

/// Why an edit was not made.
#[derive(Debug)]
pub enum EditError<E> {
    /// The caller's decision.
    Refused(E),
    Store(StoreError),
}

impl<E> From<StoreError> for EditError<E> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

#[derive(Deserialize)]
pub(super) struct Stored {
    #[serde(flatten)]
    pub(super) track: Track,
    version: u64,
}

#[derive(Deserialize)]
struct Count {
    pk: String,
    sk: String,
    track_count: i64,
    /// Of an album that has a cover.
    #[serde(default)]
    cover: Option<Cover>,
}

/// What items that count a track hold, by their keys.
type Counts = BTreeMap<(String, String), (i64, Option<ImageId>)>;

impl Tracks {
    /// Makes tracks, in as few transactions as their items fit into, and says of each whether it was there already.
    /// One track is one call; a hundred of a few albums are about three.
    ///
    /// # Errors
    /// The table is away or contended. Some of the tracks may then have been made; sending them again is safe where
    /// they have a source id.
    pub async fn create(&self, tracks: &[Track]) -> Result<Vec<Creation>, StoreError> {
        let mut existed: HashSet<TrackId> = HashSet::new();
        let mut seen: HashSet<TrackId> = HashSet::new();
        // The same source id twice in one batch: the second one finds the first.
        let repeated: Vec<bool> = tracks.iter().map(|track| !seen.insert(track.id)).collect();
        let mut group = Group::default();
        for (track, _) in tracks.iter().zip(&repeated).filter(|(_, is_repeated)| !**is_repeated) {
            if !group.fits(track) {
                existed.extend(self.create_group(std::mem::take(&mut group)).await?);
            }
            group.add(track);
        }
        existed.extend(self.create_group(group).await?);
        let outcome = |(track, is_repeated): (&Track, &bool)| {
            if *is_repeated || existed.contains(&track.id) { Creation::Existed } else { Creation::Made }
        };
        Ok(tracks.iter().zip(&repeated).map(outcome).collect())
    }

    /// Makes the tracks of a group together, without those that exist; answers the latter.
    async fn create_group(&self, mut group: Group<'_>) -> Result<Vec<TrackId>, StoreError> {
        let mut existed = Vec::new();
        while !group.tracks.is_empty() {
            match table::commit(self.table.client(), self.create_actions(&group)?).await {
                Ok(()) => break,
                Err(CommitError::Store(error)) => return Err(error),
                Err(CommitError::Conditions(places)) => {
                    // Only the tracks' own items have conditions, and they are the first actions.
                    let there: Vec<TrackId> = places.iter().map(|place| group.tracks[*place].id).collect();
                    group =
                        Group::of(group.tracks.iter().copied().filter(|track| !there.contains(&track.id)));
                    existed.extend(there);
                }
            }
        }
        Ok(existed)
    }

    /// What the sound and the cover of a track need in the table `media`, when it becomes another.
    pub(super) async fn media_effects(
        &self,
        old: Option<&Track>,
        new: Option<&Track>,
        effects: &mut Effects,
    ) -> Result<(), StoreError> {
        let audio = |track: Option<&Track>| track?.audio.as_ref().map(|audio| audio.id);
        let image = |track: Option<&Track>| track?.cover.as_ref().and_then(Cover::image);
        effects.show(image(old), image(new));
        match audio(old) {
            Some(id) if audio(new) != Some(id) => self.media.release_audio(id, effects).await,
            _ => Ok(()),
        }
    }

    pub(super) fn create_actions(&self, group: &Group<'_>) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut actions = Vec::new();
        for track in &group.tracks {
            let mut put = self.table.put(items::track_item(track, 1)?);
            put.condition_expression = Some("attribute_not_exists(pk)".to_owned());
            actions.push(table::put(put));
        }
        let memberships = group.tracks.iter().flat_map(|track| items::memberships(track).into_values());
        actions.extend(memberships.map(|item| table::put(self.table.put(item))));
        for (counted, share) in &group.shares {
            actions.push(table::update(self.add_share(counted, share)?));
        }
        Ok(actions)
    }

    /// Reads a track, lets `decide` say what becomes of it, and writes that with all counts, unless the track changed
    /// in between: then it starts again. Answers the track after the edit (before it, for a deletion), or `None` when
    /// there is no such track. Two calls; three when something that counts it loses it.
    ///
    /// # Errors
    /// The caller's own refusal, or the table is away or contended.
    pub async fn edit<E>(
        &self,
        id: TrackId,
        decide: impl Fn(&Track) -> Result<Change, E>,
    ) -> Result<Option<Track>, EditError<E>> {
        for attempt in 1..=EDIT_ATTEMPTS {
            let Some(stored) = self.table.get::<Stored>(items::track_key(id)).await? else { return Ok(None) };
            let change = decide(&stored.track).map_err(EditError::Refused)?;
            let new = match &change {
                Change::Replace(track) => Some(&**track),
                Change::Delete => None,
            };
            let mut effects = Effects::default();
            let mut actions = self.edit_actions(&stored, new, &mut effects).await?;
            actions.extend(effects.actions(&self.media));
            match table::commit(self.table.client(), actions).await {
                Ok(()) => return Ok(Some(new.cloned().unwrap_or(stored.track))),
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Conditions(_)) => pause(attempt).await,
            }
        }
        Err(StoreError::Contended(format!("track {id} kept changing")).into())
    }

    pub(super) async fn edit_actions(
        &self,
        stored: &Stored,
        new: Option<&Track>,
        effects: &mut Effects,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        self.media_effects(Some(&stored.track), new, effects).await?;
        let mut actions = vec![self.own_action(stored, new)?];
        let before = items::memberships(&stored.track);
        let after = new.map(items::memberships).unwrap_or_default();
        for (pk, sk) in before.keys().filter(|key| !after.contains_key(*key)) {
            let delete = Delete::builder().table_name(self.table.name()).set_key(Some(table::key(pk, sk)));
            actions.push(table::delete(built(delete.build())?));
        }
        for (_, item) in after.into_iter().filter(|(key, item)| before.get(key) != Some(item)) {
            actions.push(table::put(self.table.put(item)));
        }
        let net = net_shares(&stored.track, new);
        let counts =
            self.counts(net.iter().filter(|(_, share)| share.tracks < 0).map(|(counted, _)| counted)).await?;
        for (counted, share) in &net {
            let action = match share.tracks {
                0 if share.duration_ms == 0 && share.latest.is_empty() => continue,
                0.. => table::update(self.add_share(counted, share)?),
                _ => self.take_share(counted, share, &counts, effects)?,
            };
            actions.push(action);
        }
        Ok(actions)
    }

    /// The change of the track's own item, on condition that it is still the one that was read.
    fn own_action(&self, stored: &Stored, new: Option<&Track>) -> Result<TransactWriteItem, StoreError> {
        let condition = "#version = :version";
        let version = number(stored.version);
        let Some(track) = new else {
            let delete = Delete::builder()
                .table_name(self.table.name())
                .set_key(Some(items::track_key(stored.track.id)))
                .condition_expression(condition)
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", version);
            return Ok(table::delete(built(delete.build())?));
        };
        let mut put = self.table.put(items::track_item(track, stored.version + 1)?);
        put.condition_expression = Some(condition.to_owned());
        put.expression_attribute_names = Some([("#version".to_owned(), "version".to_owned())].into());
        put.expression_attribute_values = Some([(":version".to_owned(), version)].into());
        Ok(table::put(put))
    }

    /// Adds to what counts a track; the first track to do so makes the item.
    fn add_share(&self, counted: &Counted, share: &Share) -> Result<Update, StoreError> {
        let mut update = Update::builder().table_name(self.table.name()).set_key(Some(counted.key()));
        let mut sets = Vec::new();
        let first = share.first.iter().map(|attribute| (attribute, true));
        let latest = share.latest.iter().map(|attribute| (attribute, false));
        for (place, ((name, value), keeps)) in first.chain(latest).enumerate() {
            sets.push(if keeps {
                format!("#a{place} = if_not_exists(#a{place}, :a{place})")
            } else {
                format!("#a{place} = :a{place}")
            });
            update = update
                .expression_attribute_names(format!("#a{place}"), name)
                .expression_attribute_values(format!(":a{place}"), value.clone());
        }
        let set = if sets.is_empty() { String::new() } else { format!("SET {} ", sets.join(", ")) };
        let mut add = "ADD track_count :tracks".to_owned();
        update = update.expression_attribute_values(":tracks", number(share.tracks));
        if matches!(counted, Counted::Album(_)) {
            add.push_str(", duration_ms :duration");
            update = update.expression_attribute_values(":duration", number(share.duration_ms));
        }
        built(update.update_expression(format!("{set}{add}")).build())
    }

    /// Takes from what counts a track; the last track to go takes the item with it.
    fn take_share(
        &self,
        counted: &Counted,
        share: &Share,
        counts: &Counts,
        effects: &mut Effects,
    ) -> Result<TransactWriteItem, StoreError> {
        let key = counted.key();
        let text =
            |name: &str| key.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default();
        let (count, image) = counts.get(&(text("pk"), text("sk"))).copied().unwrap_or_default();
        let taken = -share.tracks;
        if count <= taken {
            let delete = Delete::builder()
                .table_name(self.table.name())
                .set_key(Some(key))
                .expression_attribute_values(":count", number(count));
            let delete = match image {
                Some(image) => delete
                    .condition_expression("track_count = :count AND cover_image = :image")
                    .expression_attribute_values(":image", string(image.to_string())),
                None => {
                    delete.condition_expression("track_count = :count AND attribute_not_exists(cover_image)")
                }
            };
            effects.show(image, None);
            return Ok(table::delete(built(delete.build())?));
        }
        let mut update = self.add_share(counted, &Share { first: Item::new(), ..share.clone() })?;
        update.condition_expression = Some("track_count > :taken".to_owned());
        update.expression_attribute_values.get_or_insert_default().insert(":taken".to_owned(), number(taken));
        Ok(table::update(update))
    }

    async fn counts<'a>(&self, counted: impl Iterator<Item = &'a Counted>) -> Result<Counts, StoreError> {
        let keys: Vec<Item> = counted.map(Counted::key).collect();
        if keys.is_empty() {
            return Ok(BTreeMap::new());
        }
        let counts: Vec<Count> = self.read(keys).await?;
        let held = |count: Count| {
            let image = count.cover.as_ref().and_then(Cover::image);
            ((count.pk, count.sk), (count.track_count, image))
        };
        Ok(counts.into_iter().map(held).collect())
    }
}

/// What everything that counts the track gains or loses by an edit.
fn net_shares(old: &Track, new: Option<&Track>) -> BTreeMap<Counted, Share> {
    let mut net = new.map(items::shares).unwrap_or_default();
    for (counted, share) in items::shares(old) {
        let entry = net.entry(counted.clone()).or_default();
        entry.tracks -= share.tracks;
        entry.duration_ms -= share.duration_ms;
        if entry.tracks == 0 {
            // The item exists and keeps what it is called; only its year follows the latest word on it.
            entry.first = Item::new();
            let year = new.filter(|new| new.year != old.year).and_then(|new| new.year);
            if let (Counted::Album(_), Some(year)) = (&counted, year) {
                entry.latest.insert("year".to_owned(), number(year));
            }
        }
    }
    net
}

/// Tracks that fit into one transaction.
#[derive(Default)]
pub(super) struct Group<'a> {
    tracks: Vec<&'a Track>,
    members: usize,
    shares: BTreeMap<Counted, Share>,
}

impl<'a> Group<'a> {
    pub(super) fn of(tracks: impl Iterator<Item = &'a Track>) -> Self {
        let mut group = Self::default();
        tracks.for_each(|track| group.add(track));
        group
    }

    fn fits(&self, track: &Track) -> bool {
        let new_shares =
            items::shares(track).keys().filter(|counted| !self.shares.contains_key(counted)).count();
        let actions = self.tracks.len() + self.members + self.shares.len();
        actions + 1 + items::memberships(track).len() + new_shares <= MAX_TRANSACTION
    }

    fn add(&mut self, track: &'a Track) {
        self.tracks.push(track);
        self.members += items::memberships(track).len();
        for (counted, share) in items::shares(track) {
            let entry = self.shares.entry(counted).or_default();
            entry.tracks += share.tracks;
            entry.duration_ms += share.duration_ms;
            if entry.first.is_empty() {
                entry.first = share.first;
            }
        }
    }
}

pub(super) fn built<T>(result: Result<T, aws_sdk_dynamodb::error::BuildError>) -> Result<T, StoreError> {
    result.map_err(|error| StoreError::Refused(error.to_string()))
}
