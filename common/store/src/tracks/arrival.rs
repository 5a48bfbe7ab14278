//! The sound of a track: an upload, the track that it makes or fills, and everything that counts either, in one
//! transaction.

use mixtape_domain::media::Sha256Hex;
use mixtape_domain::track::Track;
use mixtape_domain::{AudioId, Timestamp, TrackId};

use super::Tracks;
use super::items;
use super::write::{EDIT_ATTEMPTS, EditError, Group, Stored};
use crate::StoreError;
use crate::media::{Effects, OpenUpload, StoredAudio};
use crate::table::{self, CommitError, pause};

/// Sound that has come for a track.
#[derive(Debug)]
pub struct Arrival {
    pub upload: OpenUpload,
    /// The track that it makes or fills.
    pub track_id: TrackId,
    pub sound: Sound,
}

/// A sound whose objects are in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sound {
    pub id: AudioId,
    /// Of the sound alone.
    pub sha256: Sha256Hex,
}

/// What came of it.
#[derive(Debug)]
pub enum Arrived {
    Kept(Box<Track>),
    /// The upload has ended meanwhile; look at what has become of it.
    Ended,
    /// The owner has the sound already, in this track.
    Duplicate(TrackId),
    /// The cover is gone; make it again.
    CoverGone,
}

impl Tracks {
    /// Gives a track its sound. `decide` makes the track, from the one that there is or from nothing. Four calls, or
    /// three for a new track.
    ///
    /// # Errors
    /// The caller's own refusal, or a table is away or contended. Nothing was changed.
    pub async fn arrive<E>(
        &self,
        arrival: &Arrival,
        now: Timestamp,
        decide: impl Fn(Option<&Track>) -> Result<Track, E>,
    ) -> Result<Arrived, EditError<E>> {
        let record = arrival.upload.record();
        for attempt in 1..=EDIT_ATTEMPTS {
            let stored = self.table.get::<Stored>(items::track_key(arrival.track_id)).await?;
            let track = decide(stored.as_ref().map(|stored| &stored.track)).map_err(EditError::Refused)?;
            let mut effects = Effects::default();
            let mut actions = match &stored {
                Some(stored) => self.edit_actions(stored, Some(&track), &mut effects).await?,
                None => {
                    self.media_effects(None, Some(&track), &mut effects).await?;
                    self.create_actions(&Group::of([&track].into_iter()))?
                }
            };
            self.media.ready(&arrival.upload, track.id, now, &mut effects);
            let audio = StoredAudio {
                id: arrival.sound.id,
                owner_id: record.owner_id,
                track_id: track.id,
                size_bytes: record.upload.size_bytes,
                audio_sha256: arrival.sound.sha256,
                file_sha256: record.sha256,
            };
            self.media.store_audio(&audio, &mut effects)?;
            actions.extend(effects.actions(&self.media));
            match table::commit(self.table.client(), actions).await {
                Ok(()) => return Ok(Arrived::Kept(Box::new(track))),
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Conditions(_)) => {}
            }
            if let Some(reason) = self.why_not(arrival, &track).await? {
                return Ok(reason);
            }
            pause(attempt).await;
        }
        Err(StoreError::Contended(format!("track {} kept changing", arrival.track_id)).into())
    }

    /// Why the transaction will not go through however often it is tried.
    async fn why_not(&self, arrival: &Arrival, track: &Track) -> Result<Option<Arrived>, StoreError> {
        let record = arrival.upload.record();
        let present = self.media.upload(record.owner_id, record.upload.id).await?;
        if present.and_then(|record| record.open()).is_none() {
            return Ok(Some(Arrived::Ended));
        }
        if let Some(known) = self.media.known_audio(record.owner_id, arrival.sound.sha256).await? {
            return Ok(Some(Arrived::Duplicate(known.track_id)));
        }
        let image = track.cover.as_ref().and_then(|cover| cover.image());
        match image {
            Some(image) if self.media.image(image).await?.is_none() => Ok(Some(Arrived::CoverGone)),
            _ => Ok(None),
        }
    }
}
