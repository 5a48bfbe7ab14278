//! From the texts of one or several tags to what is told about a file.

use lofty::id3::v1::GENRES;
use lofty::tag::ItemKey;

use super::super::{MusicBrainz, Tags};
use super::Source;

/// The longest line: what this project takes as a name.
const MAX_LINE: usize = 300;
const MAX_LYRICS: usize = 100_000;
const MAX_ARTISTS: usize = 100;
const MAX_GENRES: usize = 20;
/// A track's or disc's number above this is a mistake.
const MAX_NUMBER: u32 = 100_000;

/// Puts together what `sources` say, of which the first that says something about a thing is believed.
pub(super) fn assemble(sources: &[Source]) -> Tags {
    let first = |keys: &[ItemKey]| keys.iter().find_map(|key| lines(sources, *key).into_iter().next());
    let musicbrainz = musicbrainz(sources);
    let (artist, artists) = artists(sources, musicbrainz.artist_ids.len());
    Tags {
        title: first(&[ItemKey::TrackTitle]),
        artist,
        artists,
        album: first(&[ItemKey::AlbumTitle]),
        album_artist: joined(lines(sources, ItemKey::AlbumArtist)),
        track_number: first(&[ItemKey::TrackNumber]).and_then(|text| leading_number(&text)),
        disc_number: first(&[ItemKey::DiscNumber]).and_then(|text| leading_number(&text)),
        year: DATES.iter().flat_map(|key| lines(sources, *key)).find_map(|date| year(&date)),
        genres: genres(lines(sources, ItemKey::Genre)),
        is_compilation: first(&[ItemKey::FlagCompilation])
            .is_some_and(|flag| matches!(flag.to_ascii_lowercase().as_str(), "1" | "true" | "yes")),
        isrc: lines(sources, ItemKey::Isrc).into_iter().find_map(|code| isrc(&code)),
        lyrics: [ItemKey::UnsyncLyrics, ItemKey::Lyrics].iter().find_map(|key| lyrics(sources, *key)),
        musicbrainz,
    }
}

/// When it came out: as the album says, then of this release, then at first.
const DATES: [ItemKey; 4] =
    [ItemKey::RecordingDate, ItemKey::Year, ItemKey::ReleaseDate, ItemKey::OriginalReleaseDate];

/// What the first source that knows the key says, cleaned, without what is empty.
fn lines(sources: &[Source], key: ItemKey) -> Vec<String> {
    let of = |source: &Source| {
        let texts = source.texts.iter().filter(|(found, _)| *found == key);
        texts.filter_map(|(_, text)| line(text)).take(MAX_ARTISTS).collect::<Vec<_>>()
    };
    sources.iter().map(of).find(|lines| !lines.is_empty()).unwrap_or_default()
}

/// One line of text; `None` where nothing is left.
fn line(text: &str) -> Option<String> {
    let visible = text.chars().filter_map(|character| match character {
        '\t' | '\n' | '\r' => Some(' '),
        '\u{FEFF}' => None,
        other => (!other.is_control()).then_some(other),
    });
    // Enough for any line, of a text that may be megabytes.
    let bounded: String = visible.take(MAX_LINE * 4).collect();
    let line: String = bounded.trim().chars().take(MAX_LINE).collect();
    let line = line.trim_end();
    (!line.is_empty()).then(|| line.to_owned())
}

fn lyrics(sources: &[Source], key: ItemKey) -> Option<String> {
    let of = |source: &Source| {
        let (_, text) = source.texts.iter().find(|(found, _)| *found == key)?;
        let bounded: String = text.chars().take(MAX_LYRICS * 2).collect();
        let unix = bounded.replace("\r\n", "\n").replace('\r', "\n");
        let visible = |character: &char| !character.is_control() || matches!(character, '\n' | '\t');
        let text: String = unix.chars().filter(visible).collect();
        let text: String = text.trim().chars().take(MAX_LYRICS).collect();
        (!text.is_empty()).then_some(text)
    };
    sources.iter().find_map(of)
}

/// The credit, and the artists one by one.
fn artists(sources: &[Source], ids: usize) -> (Option<String>, Vec<String>) {
    let has_strokes = sources.iter().any(|source| source.has_strokes);
    let split = |names: Vec<String>| match names.as_slice() {
        [name] if has_strokes => at_strokes(name, ids),
        _ => names,
    };
    let credits = lines(sources, ItemKey::TrackArtist);
    let named = distinct(split(lines(sources, ItemKey::TrackArtists)));
    let artists = if named.is_empty() { distinct(split(credits.clone())) } else { named };
    let credit = joined(credits).or_else(|| joined(artists.clone()));
    (credit, artists)
}

/// ID3v2.3 separates names with a stroke, which can be a part of a name: AC/DC. It separates where there are spaces on
/// both sides, or where there are as many parts as MusicBrainz ids.
fn at_strokes(name: &str, ids: usize) -> Vec<String> {
    let parts = |separator: &str| name.split(separator).filter_map(line).collect::<Vec<_>>();
    let tight = parts("/");
    if tight.len() > 1 && tight.len() == ids { tight } else { parts(" / ") }
}

/// Several names as one text.
fn joined(names: Vec<String>) -> Option<String> {
    line(&names.join(", "))
}

fn distinct(names: Vec<String>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

/// The number of "3", "3/12" and "03 of 12"; none of 0.
fn leading_number(text: &str) -> Option<u32> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|number| (1..=MAX_NUMBER).contains(number))
}

/// The first four digits that stand alone or begin eight: of 2004-05-06, 06/05/2004, 20040506, "May 2004".
fn year(date: &str) -> Option<u16> {
    let runs = date.split(|character: char| !character.is_ascii_digit());
    let mut years = runs.filter(|run| run.len() == 4 || run.len() == 8).filter_map(|run| run.get(..4));
    years.find_map(|digits| digits.parse().ok().filter(|year| (1000..3000).contains(year)))
}

/// Each genre once, numbers of ID3v1's list as names: `17`, `(17)`, `(17)(20)`, `(17)Progressive`.
fn genres(texts: Vec<String>) -> Vec<String> {
    let mut genres = Vec::new();
    for text in texts {
        let mut rest = text.as_str();
        while let Some((code, after)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            match genre(code) {
                Some(name) => genres.push(name.to_owned()),
                // A name in brackets: "(Post-)Punk".
                None => break,
            }
            rest = after;
        }
        // Two brackets at the start stand for one.
        let name = rest.strip_prefix('(').filter(|rest| rest.starts_with('(')).unwrap_or(rest);
        genres.extend(genre(name).map(str::to_owned).or_else(|| line(name)));
    }
    let mut genres = distinct(genres);
    genres.truncate(MAX_GENRES);
    genres
}

/// The name of a numeric genre.
fn genre(code: &str) -> Option<&'static str> {
    match code {
        "RX" => Some("Remix"),
        "CR" => Some("Cover"),
        digits if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            GENRES.get(digits.parse::<usize>().ok()?).copied()
        }
        _ => None,
    }
}

/// Two letters, three letters or digits, seven digits (ISO 3901), however they are separated.
fn isrc(text: &str) -> Option<String> {
    let code: String =
        text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect();
    let (country, rest) = code.split_at_checked(2)?;
    let (_, digits) = rest.split_at_checked(3)?;
    let is_valid = country.bytes().all(|letter| letter.is_ascii_alphabetic())
        && digits.len() == 7
        && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_valid.then_some(code)
}

fn musicbrainz(sources: &[Source]) -> MusicBrainz {
    let id = |key| lines(sources, key).iter().find_map(|text| uuid(text));
    // Some programs write several ids into one text.
    let artists = lines(sources, ItemKey::MusicBrainzArtistId);
    let artists = artists.iter().flat_map(|text| text.split(|character: char| "/;, ".contains(character)));
    MusicBrainz {
        recording_id: id(ItemKey::MusicBrainzRecordingId),
        release_id: id(ItemKey::MusicBrainzReleaseId),
        release_group_id: id(ItemKey::MusicBrainzReleaseGroupId),
        track_id: id(ItemKey::MusicBrainzTrackId),
        artist_ids: distinct(artists.filter_map(uuid).take(MAX_ARTISTS).collect()),
    }
}

/// A UUID in lower case.
fn uuid(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let groups: Vec<&str> = text.split('-').collect();
    let is_valid = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && text.bytes().all(|letter| letter == b'-' || letter.is_ascii_hexdigit());
    is_valid.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_is_found_in_any_date() {
        for (date, expected) in [
            ("2004", Some(2004)),
            ("2004-05-06", Some(2004)),
            ("2004-05-06T10:11:12Z", Some(2004)),
            ("20040506", Some(2004)),
            ("06/05/2004", Some(2004)),
            ("May 1968", Some(1968)),
            ("0000", None),
            ("68", None),
            ("123456", None),
        ] {
            assert_eq!(year(date), expected, "{date}");
        }
    }

    #[test]
    fn numbers_of_genres_become_names() {
        for (texts, expected) in [
            (vec!["(17)"], vec!["Rock"]),
            (vec!["17"], vec!["Rock"]),
            (vec!["(17)(9)"], vec!["Rock", "Metal"]),
            (vec!["(17)Progressive"], vec!["Rock", "Progressive"]),
            (vec!["(17)Rock"], vec!["Rock"]),
            (vec!["Rock", "Jazz", "Rock"], vec!["Rock", "Jazz"]),
            (vec!["(RX)"], vec!["Remix"]),
            (vec!["((Foo)"], vec!["(Foo)"]),
            (vec!["(Post-)Punk"], vec!["(Post-)Punk"]),
            (vec!["R&B/Soul"], vec!["R&B/Soul"]),
            (vec!["999"], vec!["999"]),
        ] {
            let texts = texts.into_iter().map(str::to_owned).collect();
            assert_eq!(genres(texts), expected);
        }
    }

    #[test]
    fn a_stroke_separates_only_where_it_surely_does() {
        for (name, ids, expected) in [
            ("AC/DC", 0, vec!["AC/DC"]),
            ("AC/DC", 1, vec!["AC/DC"]),
            ("One/Two", 2, vec!["One", "Two"]),
            ("One / Two", 0, vec!["One", "Two"]),
            ("AC/DC / Two", 0, vec!["AC/DC", "Two"]),
        ] {
            assert_eq!(at_strokes(name, ids), expected, "{name} {ids}");
        }
    }

    #[test]
    fn an_isrc_is_written_without_separators() {
        for (text, expected) in [
            ("us-rc1-76-07839", Some("USRC17607839")),
            ("USRC17607839", Some("USRC17607839")),
            ("USRC1760783", None),
            ("12RC17607839", None),
        ] {
            assert_eq!(isrc(text).as_deref(), expected, "{text}");
        }
    }
}
