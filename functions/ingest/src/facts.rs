//! What a file says of itself, as a track. Tags are made to fit instead of refused.

use mixtape_domain::media::{Analysis, Audio, Cover, Loudness, MusicBrainz, ReplayGain};
use mixtape_domain::patch::Patch;
use mixtape_domain::track::{
    MAX_ARTISTS, MAX_GENRE, MAX_GENRES, MAX_NAME, MAX_NUMBER, NewTrack, Track, TrackPatch, YEARS,
};
use mixtape_domain::{AccountId, AudioId, Invalid, Timestamp, TrackId};
use mixtape_media::audio;

const UNKNOWN_ARTIST: &str = "Unknown artist";

/// The track that a file makes.
pub(crate) fn new_track(
    id: TrackId,
    owner: AccountId,
    found: &audio::Analysis,
    filename: &str,
    now: Timestamp,
) -> Result<Track, Vec<Invalid>> {
    let tags = &found.tags;
    let artists: Vec<String> =
        tags.artists.iter().filter_map(|name| clean(name, MAX_NAME)).take(MAX_ARTISTS).collect();
    let artist = tags.artist.as_deref().and_then(|name| clean(name, MAX_NAME));
    let artist = artist.or_else(|| clean(&artists.join(", "), MAX_NAME));
    let album_artist = tags.album_artist.as_deref().and_then(|name| clean(name, MAX_NAME));
    let new = NewTrack {
        title: title(tags.title.as_deref(), filename),
        artist: artist.or_else(|| album_artist.clone()).unwrap_or_else(|| UNKNOWN_ARTIST.to_owned()),
        artists: (!artists.is_empty()).then_some(artists),
        album_artist: album_artist.or_else(|| compilation_artist(found)).filter(|_| album(found).is_some()),
        album: album(found),
        track_number: number(tags.track_number),
        disc_number: number(tags.disc_number),
        year: year(found),
        genres: Some(genres(found)),
        duration_ms: Some(found.duration_ms),
        source_id: None,
    };
    new.build(owner, now).map(|track| Track { id, ..track })
}

/// A track that was there before the file, with what it does not say filled in from the file.
pub(crate) fn filled(track: &Track, found: &audio::Analysis, now: Timestamp) -> Result<Track, Vec<Invalid>> {
    let tags = &found.tags;
    let mut patch = TrackPatch { duration_ms: Patch::Set(found.duration_ms), ..TrackPatch::default() };
    if track.album.is_none()
        && let Some(album) = album(found)
    {
        patch.album = Patch::Set(album);
        let album_artist = tags.album_artist.as_deref().and_then(|name| clean(name, MAX_NAME));
        if let Some(name) = album_artist.or_else(|| compilation_artist(found)) {
            patch.album_artist = Patch::Set(name);
        }
    }
    let set = |is_empty: bool, value: Option<u32>| match number(value) {
        Some(value) if is_empty => Patch::Set(value),
        _ => Patch::Keep,
    };
    patch.track_number = set(track.track_number.is_none(), tags.track_number);
    patch.disc_number = set(track.disc_number.is_none(), tags.disc_number);
    if let (None, Some(year)) = (track.year, year(found)) {
        patch.year = Patch::Set(year);
    }
    if track.genres.is_empty() {
        patch.genres = Patch::Set(genres(found));
    }
    track.patched(patch, now)
}

/// The track with its sound, and the cover of the file where it has none.
pub(crate) fn with_sound(track: Track, audio: Audio, cover: Option<Cover>) -> Track {
    Track { audio: Some(audio), cover: track.cover.or(cover), ..track }
}

/// The sound, as the track shows it.
pub(crate) fn audio(id: AudioId, found: &audio::Analysis, size_bytes: u64) -> Audio {
    Audio {
        id,
        content_type: found.format.content_type().to_owned(),
        codec: found.format.codec().to_owned(),
        size_bytes,
        bitrate_kbps: Some(found.bitrate_kbps),
        sample_rate_hz: found.sample_rate_hz,
        channels: found.channels,
        bits_per_sample: found.bits_per_sample,
        loudness: found.loudness.as_ref().map(loudness),
        replay_gain: found.loudness.as_ref().map(replay_gain),
    }
}

/// Everything else that was found.
pub(crate) fn analysis(id: AudioId, found: &audio::Analysis) -> Analysis {
    let ids = &found.tags.musicbrainz;
    Analysis {
        audio_id: id,
        duration_ms: found.duration_ms,
        waveform: found.waveform.clone(),
        loudness: found.loudness.as_ref().map(loudness),
        replay_gain: found.loudness.as_ref().map(replay_gain),
        is_compilation: found.tags.is_compilation,
        isrc: found.tags.isrc.clone(),
        lyrics: found.tags.lyrics.clone(),
        musicbrainz: MusicBrainz {
            recording_id: ids.recording_id.clone(),
            track_id: ids.track_id.clone(),
            release_id: ids.release_id.clone(),
            release_group_id: ids.release_group_id.clone(),
            artist_ids: ids.artist_ids.clone(),
        },
    }
}

fn loudness(loudness: &audio::Loudness) -> Loudness {
    Loudness {
        integrated_lufs: hundredths(loudness.integrated_lufs),
        range_lu: hundredths(loudness.range_lu),
        true_peak_dbtp: hundredths(loudness.true_peak_dbtp),
    }
}

fn replay_gain(loudness: &audio::Loudness) -> ReplayGain {
    let peak = (loudness.replay_peak() * 1e6).round() / 1e6;
    ReplayGain { gain_db: hundredths(loudness.replay_gain_db()), peak }
}

/// More digits than a hundredth would be those of the computation and not of the measurement.
fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn album(found: &audio::Analysis) -> Option<String> {
    clean(found.tags.album.as_deref()?, MAX_NAME)
}

fn compilation_artist(found: &audio::Analysis) -> Option<String> {
    found.tags.is_compilation.then(|| "Various Artists".to_owned())
}

fn number(number: Option<u32>) -> Option<u32> {
    number.filter(|number| (1..=MAX_NUMBER).contains(number))
}

fn year(found: &audio::Analysis) -> Option<u16> {
    found.tags.year.filter(|year| (YEARS.0..=YEARS.1).contains(year))
}

fn genres(found: &audio::Analysis) -> Vec<String> {
    found.tags.genres.iter().filter_map(|genre| clean(genre, MAX_GENRE)).take(MAX_GENRES).collect()
}

/// The text on one line without control characters, cut to `max` characters; `None` when nothing is left.
fn clean(text: &str, max: usize) -> Option<String> {
    let spaced: String =
        text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let cut: String = spaced.trim().chars().take(max).collect();
    let cut = cut.trim();
    (!cut.is_empty()).then(|| cut.to_owned())
}

/// The title of the tags, or one made of the file's name: without its extension and a number in front.
fn title(tag: Option<&str>, filename: &str) -> String {
    if let Some(title) = tag.and_then(|title| clean(title, MAX_NAME)) {
        return title;
    }
    let stem = filename.rsplit_once('.').map_or(filename, |(stem, _)| stem).replace('_', " ");
    let after_number = stem.trim_start_matches(|character: char| character.is_ascii_digit());
    let is_numbered = after_number.len() < stem.len() && after_number.starts_with([' ', '-', '.']);
    let rest = if is_numbered { after_number.trim_start_matches([' ', '-', '.']) } else { &stem };
    clean(rest, MAX_NAME)
        .or_else(|| clean(&stem, MAX_NAME))
        .or_else(|| clean(filename, MAX_NAME))
        .unwrap_or_else(|| "Untitled".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_made_of_the_file_name_where_the_file_has_none() {
        for (filename, expected) in [
            ("loop_amen.flac", "loop amen"),
            ("01 - Rain.mp3", "Rain"),
            ("07. Sun.ogg", "Sun"),
            ("1999.mp3", "1999"),
            ("99 Luftballons.mp3", "Luftballons"),
            (".mp3", ".mp3"),
            ("01 - .flac", "01 -"),
            ("a.b.c.wav", "a.b.c"),
        ] {
            assert_eq!(title(None, filename), expected, "{filename}");
        }
        assert_eq!(title(Some(" Tag\u{0} "), "x.mp3"), "Tag");
    }

    #[test]
    fn names_are_cut_to_what_the_catalogue_takes() {
        assert_eq!(clean(&"é".repeat(400), 300).unwrap().chars().count(), 300);
        assert_eq!(clean(" \n\t", 10), None);
    }
}
