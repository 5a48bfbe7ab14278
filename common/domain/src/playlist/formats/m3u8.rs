//! M3U8: a line per location, comments before it say what it is.
//!
//! `#EXTINF:seconds,artist - title` as in [RFC 8216](https://www.rfc-editor.org/rfc/rfc8216#section-4.3.2.1) and every
//! player; `#PLAYLIST`, `#EXTART` and `#EXTALB` as in the extensions that VLC and others write.

use std::fmt::Write;

use super::{Detail, Entry, FormatError, Listing, Located, clean};

const SEPARATOR: &str = " - ";

pub(super) fn write(listing: &Listing, detail: Detail) -> String {
    let mut file = String::from("#EXTM3U\n");
    let mut line = |tag: &str, text: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(file, "{tag}{text}");
    };
    if let Some(title) = listing.title.as_deref().and_then(clean) {
        line("#PLAYLIST:", &title);
    }
    for entry in &listing.entries {
        let entry = entry.at(detail);
        let Some(urn) = entry.urn() else { continue };
        let artist = entry.artist.as_deref().and_then(clean);
        if let Some(title) = entry.title.as_deref().and_then(clean) {
            let seconds = entry.duration_ms.map_or("-1".to_owned(), |ms| ms.div_ceil(1000).to_string());
            let artist = artist.as_deref().map_or(String::new(), |artist| format!("{artist}{SEPARATOR}"));
            line("#EXTINF:", &format!("{seconds},{artist}{title}"));
        }
        // Without it, an artist with a dash in the name could not be told from the title.
        if let Some(artist) = artist.filter(|artist| artist.contains(SEPARATOR)) {
            line("#EXTART:", &artist);
        }
        if let Some(album) = entry.album.as_deref().and_then(clean) {
            line("#EXTALB:", &album);
        }
        line("", &urn);
    }
    file
}

pub(super) fn read(text: &str, max_entries: usize) -> Result<Located, FormatError> {
    let mut located = Located::default();
    let mut entry = Entry::default();
    let mut name = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(title) = line.strip_prefix("#PLAYLIST:") {
            located.listing.title = clean(title);
        } else if let Some(info) = line.strip_prefix("#EXTINF:") {
            let (duration, shown) = info.split_once(',').unwrap_or((info, ""));
            entry.duration_ms = duration_ms(duration);
            name = clean(shown);
        } else if let Some(artist) = line.strip_prefix("#EXTART:") {
            entry.artist = clean(artist);
        } else if let Some(album) = line.strip_prefix("#EXTALB:") {
            entry.album = clean(album);
        } else if !line.starts_with('#') {
            let mut entry = std::mem::take(&mut entry);
            entry.note_urn(line);
            let shown = name.take().or_else(|| file_name(line).filter(|_| entry.track_id.is_none()));
            note_name(&mut entry, shown);
            located.push(entry, vec![line.to_owned()], max_entries)?;
        }
    }
    Ok(located)
}

/// Seconds, possibly with a fraction and followed by attributes (`123 logo="…"`). Players write -1 for unknown.
fn duration_ms(text: &str) -> Option<u64> {
    let seconds = text.split_whitespace().next()?.parse::<f64>().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the bounds are checked")]
    (seconds > 0.0 && seconds < 1e9).then_some((seconds * 1000.0) as u64)
}

/// `artist - title`; the artist may be known already.
fn note_name(entry: &mut Entry, shown: Option<String>) {
    let Some(shown) = shown else { return };
    let known =
        entry.artist.as_deref().and_then(|artist| shown.strip_prefix(artist)?.strip_prefix(SEPARATOR));
    if let Some(title) = known {
        entry.title = clean(title);
    } else if let (None, Some((artist, title))) = (&entry.artist, shown.split_once(SEPARATOR)) {
        entry.artist = clean(artist);
        entry.title = clean(title);
    } else {
        entry.title = Some(shown);
    }
}

/// The last part of a path or address, without what follows its last dot.
fn file_name(location: &str) -> Option<String> {
    let last = location.rsplit(['/', '\\']).next()?;
    clean(last.rsplit_once('.').map_or(last, |(stem, _)| stem))
}
