//! One uploaded file, from the bucket to its track.

use std::time::Instant;

use mixtape_domain::media::{Cover, Sha256Hex, UploadStatus};
use mixtape_domain::track::Track;
use mixtape_domain::{AccountId, AlbumId, ImageId, TrackId, UploadId};
use mixtape_media::audio::{self, AudioError, Limits, Rejection};
use mixtape_pictures::PictureError;
use mixtape_store::media::{OpenUpload, analysis_key, audio_key, audio_of};
use mixtape_store::tracks::{AlbumCover, AlbumCoverError, Arrival, Arrived, EditError, Sound};
use mixtape_store::{Head, Presentation, StoreError};
use sha2::{Digest, Sha256};

use crate::reader::ObjectReader;
use crate::{ANALYSIS, State, facts};

/// How much of a file is hashed at a time, in bytes.
const HASHED_AT_ONCE: u64 = 8 * 1024 * 1024;
/// How long a file whose upload is unknown may lie there, in milliseconds: its upload may only be late.
const PATIENCE_MS: i64 = 10 * 60 * 1000;
/// How often a picture that vanished is made again.
const COVER_ATTEMPTS: usize = 3;

/// What came of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ready,
    Rejected,
    /// Its upload had ended before, or was given up.
    Ended,
    /// There is no file yet.
    Waiting,
}

impl Outcome {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Rejected => "rejected",
            Self::Ended => "ended",
            Self::Waiting => "waiting",
        }
    }
}

/// Why a file did not become a track.
enum Failure {
    /// Something that the person who sent it must know.
    Rejected(Rejection),
    Duplicate(TrackId),
    Store(StoreError),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn rejected(code: &'static str, detail: impl Into<String>) -> Failure {
    Failure::Rejected(Rejection { code, detail: detail.into() })
}

impl State {
    /// Makes a track of the file of an upload, unless that was done before.
    pub(crate) async fn take_in(&self, owner: AccountId, id: UploadId) -> Result<Outcome, StoreError> {
        let media = &self.store.media;
        let key = mixtape_store::media::upload_key(owner, id);
        let Some(record) = media.upload(owner, id).await? else { return self.without_upload(&key).await };
        if record.upload.status == UploadStatus::Ready
            && let Some(track_id) = record.upload.track_id
        {
            // Another run got this far, and perhaps no further.
            if let Some(track) = self.store.tracks.get(track_id).await? {
                self.show_on_album(&track).await?;
            }
        }
        let Some(open) = record.clone().open() else {
            media.discard_file(&record).await?;
            media.delete_audio_objects(audio_of(id)).await?;
            return Ok(Outcome::Ended);
        };
        let Some(head) = self.store.objects.head(&key).await? else { return Ok(Outcome::Waiting) };
        let Some(open) = media.begin_processing(open, self.clock.now()).await? else {
            return Ok(Outcome::Ended);
        };
        let outcome = match self.make_track(&open, &key, &head).await {
            Ok(Some(track)) => {
                self.show_on_album(&track).await?;
                Outcome::Ready
            }
            Ok(None) => Outcome::Ended,
            Err(Failure::Rejected(Rejection { code, detail })) => {
                media.reject_upload(&open, code, &detail, None, self.clock.now()).await?;
                Outcome::Rejected
            }
            Err(Failure::Duplicate(track_id)) => {
                let detail = format!("You have this sound already: it is the track {track_id}.");
                media.reject_upload(&open, "duplicate", &detail, Some(track_id), self.clock.now()).await?;
                Outcome::Rejected
            }
            Err(Failure::Store(error)) => return Err(error),
        };
        // Last, because without it nobody would come back to what is left.
        media.delete_audio_objects(audio_of(id)).await?;
        self.store.objects.delete(&key).await?;
        Ok(outcome)
    }

    /// A file that no upload speaks of: too early, or left over.
    async fn without_upload(&self, key: &str) -> Result<Outcome, StoreError> {
        let Some(head) = self.store.objects.head(key).await? else { return Ok(Outcome::Ended) };
        let age = self.clock.now().millis() - head.modified_at.millis();
        if age < PATIENCE_MS {
            return Err(StoreError::Unavailable("the upload of this file is not known (yet)".into()));
        }
        self.store.objects.delete(key).await?;
        Ok(Outcome::Ended)
    }

    /// The track, or `None` when the upload has ended meanwhile.
    async fn make_track(&self, open: &OpenUpload, key: &str, head: &Head) -> Result<Option<Track>, Failure> {
        let record = open.record();
        self.check_file(open, key, head).await?;
        let found = self.analyse(key, head).await?;
        let audio_id = audio_of(record.upload.id);
        let track_id =
            record.upload.track_id.unwrap_or_else(|| TrackId::from_bytes(record.upload.id.to_bytes()));
        let sha256 = Sha256Hex(found.audio_sha256);
        if let Some(known) = self.store.media.known_audio(record.owner_id, sha256).await?
            && known.audio_id != audio_id
        {
            return Err(Failure::Duplicate(known.track_id));
        }
        let presentation = Presentation {
            content_type: found.format.content_type().to_owned(),
            content_disposition: Some("inline".to_owned()),
            cache_control: Some("private, max-age=31536000, immutable".to_owned()),
        };
        if !self.store.objects.copy(key, &head.etag, &audio_key(audio_id), &presentation).await? {
            return Err(StoreError::Unavailable("the file has changed while it was read".into()).into());
        }
        let analysis = serde_json::to_vec(&facts::analysis(audio_id, &found))
            .map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let presentation =
            Presentation { content_type: "application/json".into(), ..Presentation::default() };
        self.store.objects.put_presented(&analysis_key(audio_id), analysis, &presentation).await?;

        let sound = Sound { id: audio_id, sha256 };
        let arrival = Arrival { upload: open.clone(), track_id, sound };
        for _ in 0..COVER_ATTEMPTS {
            let cover = self.cover(record.owner_id, &found).await?.map(Cover::of);
            match self.arrive(&arrival, &found, cover).await? {
                Arrived::Kept(track) => return Ok(Some(*track)),
                Arrived::Ended => return Ok(None),
                Arrived::Duplicate(track_id) => return Err(Failure::Duplicate(track_id)),
                Arrived::CoverGone => {}
            }
        }
        Err(StoreError::Contended("the cover kept vanishing".into()).into())
    }

    async fn arrive(
        &self,
        arrival: &Arrival,
        found: &audio::Analysis,
        cover: Option<Cover>,
    ) -> Result<Arrived, Failure> {
        let now = self.clock.now();
        let record = arrival.upload.record();
        let decide = |track: Option<&Track>| {
            let track = match track {
                Some(track) => facts::filled(track, found, now),
                None if record.upload.track_id.is_some() => {
                    return Err(rejected(
                        "track_deleted",
                        "The track that it was for was deleted meanwhile.",
                    ));
                }
                None => {
                    let filename = &record.upload.filename;
                    facts::new_track(arrival.track_id, record.owner_id, found, filename, now)
                }
            };
            let track = track.map_err(|errors| {
                let first = errors.first().map(|error| format!("{} {}", error.field, error.message));
                rejected("unusable_tags", format!("Its tags cannot be used: {}.", first.unwrap_or_default()))
            })?;
            let audio = facts::audio(arrival.sound.id, found, record.upload.size_bytes);
            Ok(facts::with_sound(track, audio, cover.clone()))
        };
        self.store.tracks.arrive(arrival, now, decide).await.map_err(|error| match error {
            EditError::Refused(failure) => failure,
            EditError::Store(error) => error.into(),
        })
    }

    /// Compares the file with what was announced.
    async fn check_file(&self, open: &OpenUpload, key: &str, head: &Head) -> Result<(), Failure> {
        let record = open.record();
        let announced = record.upload.size_bytes;
        if head.size_bytes != announced {
            let detail = format!(
                "The file has {} bytes and {announced} were announced. Announce it again and send all of it.",
                head.size_bytes
            );
            return Err(rejected("wrong_size", detail));
        }
        let mut hasher = Sha256::new();
        let mut from = 0;
        while from < announced {
            let length = HASHED_AT_ONCE.min(announced - from);
            let bytes = self.store.objects.get_range(key, Some(&head.etag), from, length).await?;
            if bytes.len() as u64 != length {
                return Err(StoreError::Unavailable("the file has changed while it was read".into()).into());
            }
            hasher.update(&bytes);
            from += length;
        }
        if Sha256Hex(hasher.finalize().into()) != record.sha256 {
            let detail = "The file's SHA-256 is not the one that was announced. It was damaged on its way, or changed; \
                          announce it again.";
            return Err(rejected("wrong_checksum", detail));
        }
        Ok(())
    }

    async fn analyse(&self, key: &str, head: &Head) -> Result<audio::Analysis, Failure> {
        let objects = self.store.objects.clone();
        let reader = ObjectReader::new(objects, key.to_owned(), head.etag.clone(), head.size_bytes);
        let limits = Limits { deadline: Some(Instant::now() + ANALYSIS), ..Limits::default() };
        let work = tokio::task::spawn_blocking(move || audio::analyse(reader, &limits));
        match work.await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(AudioError::Rejected(rejection))) => Err(Failure::Rejected(rejection)),
            Ok(Err(AudioError::Io(error))) => Err(StoreError::Unavailable(error.to_string()).into()),
            Err(_) => Err(rejected("damaged", "The file is damaged.")),
        }
    }

    /// The picture in the file. One that cannot be used is left out.
    async fn cover(&self, owner: AccountId, found: &audio::Analysis) -> Result<Option<ImageId>, Failure> {
        let Some(picture) = &found.cover else { return Ok(None) };
        match mixtape_pictures::keep(&self.store, owner, picture.bytes.clone(), self.clock.now()).await {
            Ok(image) => Ok(Some(image)),
            Err(PictureError::Bad(error)) => {
                tracing::info!(code = error.code, "an embedded picture is left out");
                Ok(None)
            }
            Err(PictureError::Store(error)) => Err(error.into()),
        }
    }

    /// Lets the album of a track show the track's cover if it shows none.
    async fn show_on_album(&self, track: &Track) -> Result<(), StoreError> {
        let image = track.cover.as_ref().and_then(Cover::image);
        let (Some(album_id), Some(image)): (&Option<AlbumId>, _) = (&track.album_id, image) else {
            return Ok(());
        };
        match self.store.tracks.set_album_cover(album_id, AlbumCover::Default(image)).await {
            // The track has been changed or deleted since.
            Ok(_) | Err(AlbumCoverError::NotFound | AlbumCoverError::ImageGone) => Ok(()),
            Err(AlbumCoverError::Store(error)) => Err(error),
        }
    }
}
