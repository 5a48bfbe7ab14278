//! The playlists of a folder: their entries are files that were imported just now, or nothing.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use mixtape_domain::playlist::MAX_ITEMS;
use mixtape_domain::playlist::formats::{Format, Located};
use percent_encoding::percent_decode_str;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::ImportError;
use super::outcome::Outcome;
use crate::client::Session;

/// The longest name of a playlist, in characters; the API's limit.
const MAX_NAME: usize = 200;
/// A larger file is not a playlist that a person made.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// A playlist whose entries were looked for.
#[derive(Debug, PartialEq, Eq)]
struct Resolved {
    name: String,
    track_ids: Vec<String>,
    not_found: usize,
}

/// Makes the playlists that the caller does not have yet. `tracks` says which track each imported file is.
pub(super) async fn run(
    session: &Session,
    files: Vec<PathBuf>,
    tracks: Vec<(PathBuf, String)>,
    outcome: &mut Outcome,
) -> Result<(), ImportError> {
    let mut names = names(session).await?;
    let mut tracks = tokio::task::spawn_blocking(|| Tracks::new(tracks)).await?;
    for file in files {
        // Each in a thread of its own: there may be many entries, and each one is looked for on the disk.
        let path = file.clone();
        let read = tokio::task::spawn_blocking(move || {
            let resolved = tracks.read(&path);
            (tracks, resolved)
        });
        let resolved;
        (tracks, resolved) = read.await?;
        match resolved {
            Ok(playlist) if names.contains(&playlist.name) => outcome.playlists.known += 1,
            Ok(playlist) => {
                let name = playlist.name.clone();
                if create(session, &file, playlist, outcome).await? {
                    names.insert(name);
                }
            }
            Err(reason) => outcome.reject_playlist(&file, reason),
        }
    }
    Ok(())
}

/// The names of all playlists of the caller.
async fn names(session: &Session) -> Result<HashSet<String>, ImportError> {
    let mut names = HashSet::new();
    let mut address = "/v1/playlists?limit=100".to_owned();
    loop {
        let page = session.get(&address).await?.good()?;
        let items = page["items"].as_array().into_iter().flatten();
        names.extend(items.filter_map(|playlist| playlist["name"].as_str().map(str::to_owned)));
        // A cursor is made of characters that an address can hold.
        match page["next_cursor"].as_str() {
            Some(cursor) => address = format!("/v1/playlists?limit=100&cursor={cursor}"),
            None => return Ok(names),
        }
    }
}

/// Answers whether it was made.
async fn create(
    session: &Session,
    file: &Path,
    playlist: Resolved,
    outcome: &mut Outcome,
) -> Result<bool, ImportError> {
    let Resolved { name, mut track_ids, not_found } = playlist;
    let count = track_ids.len();
    track_ids.truncate(MAX_ITEMS);
    let body: Value = json!({ "name": name, "visibility": "private", "track_ids": track_ids });
    let answer = session.post_once("/v1/playlists", &body).await?;
    let is_refused = matches!(
        answer.status,
        StatusCode::BAD_REQUEST | StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY
    );
    if is_refused {
        outcome.reject_playlist(file, answer.reason());
        return Ok(false);
    }
    answer.good()?;
    outcome.playlists.added += 1;
    outcome.playlists.not_found += not_found;
    if count > MAX_ITEMS {
        let file = file.file_name().unwrap_or_default().to_string_lossy();
        outcome.notes.push(format!("{file}: only the first {MAX_ITEMS} of {count} tracks were taken"));
    }
    Ok(true)
}

/// The imported files by where they really are.
struct Tracks(HashMap<PathBuf, String>);

impl Tracks {
    fn new(tracks: Vec<(PathBuf, String)>) -> Self {
        let real = |(path, track)| Some((fs::canonicalize(path).ok()?, track));
        Self(tracks.into_iter().filter_map(real).collect())
    }

    /// Reads a playlist, or says why it cannot be.
    fn read(&self, file: &Path) -> Result<Resolved, String> {
        let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
        if fs::metadata(file).map_err(unreadable)?.len() > MAX_FILE {
            return Err("is too large for a playlist".into());
        }
        let Located { listing, locations } = parse(file, &fs::read(file).map_err(unreadable)?)?;
        if locations.is_empty() {
            return Err("holds no entries".into());
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        let find =
            |locations: &Vec<String>| locations.iter().find_map(|location| self.find(folder, location));
        let track_ids: Vec<String> = locations.iter().filter_map(find).cloned().collect();
        let not_found = locations.len() - track_ids.len();
        if track_ids.is_empty() {
            return Err(format!("none of its {not_found} entries is an imported file"));
        }
        let stem = || file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Resolved { name: name(&listing.title.unwrap_or_else(stem)), track_ids, not_found })
    }

    /// The track of the file at a location, seen from the playlist's folder.
    fn find(&self, folder: &Path, location: &str) -> Option<&String> {
        let mut paths = paths(location).into_iter();
        paths.find_map(|path| self.0.get(&fs::canonicalize(folder.join(path)).ok()?))
    }
}

fn parse(file: &Path, content: &[u8]) -> Result<Located, String> {
    let ending = file.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let format = match ending.as_str() {
        "xspf" => Format::Xspf,
        "jspf" => Format::Jspf,
        _ => Format::M3u8,
    };
    // Before M3U8 there was M3U, in the code page of whoever wrote it, mostly Latin-1.
    let is_old = format == Format::M3u8 && std::str::from_utf8(content).is_err();
    let decoded: Option<String> = is_old.then(|| content.iter().map(|byte| char::from(*byte)).collect());
    let content = decoded.as_ref().map_or(content, String::as_bytes);
    format.read_located(content, usize::MAX).map_err(|error| error.to_string())
}

/// A title as the API takes it for a name.
fn name(title: &str) -> String {
    let clean: String = title.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let short: String = clean.trim().chars().take(MAX_NAME).collect();
    let name = short.trim();
    if name.is_empty() { "Playlist".into() } else { name.to_owned() }
}

/// The paths that a location can mean, likeliest first; of one that is elsewhere, none.
fn paths(location: &str) -> Vec<PathBuf> {
    let location = location.trim();
    let (text, is_url) = match scheme(location) {
        Some("file") => match file_path(&location["file:".len()..]) {
            Some(path) => (path, true),
            None => return Vec::new(),
        },
        Some(_) => return Vec::new(),
        None => (location, false),
    };
    let decoded = percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
    // In a URL a percent sign always begins a character; in XSPF and sometimes in M3U relative paths are URLs, too.
    let texts = if is_url { [decoded, None] } else { [Some(text.to_owned()), decoded] };
    let mut paths = Vec::new();
    for text in texts.into_iter().flatten().filter(|text| !text.is_empty()) {
        let with_slashes = text.replace('\\', "/");
        for path in [text, with_slashes].map(PathBuf::from) {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    paths
}

/// The scheme of an address in lower case, if it is `file` or the location is at another machine. `C:` is none.
fn scheme(location: &str) -> Option<&'static str> {
    let (scheme, rest) = location.split_once(':')?;
    if scheme.eq_ignore_ascii_case("file") && rest.starts_with('/') {
        return Some("file");
    }
    let is_scheme =
        scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    (is_scheme && rest.starts_with("//")).then_some("other")
}

/// The path of a file URL without its scheme: `///path`, `//localhost/path` or `/path`.
fn file_path(rest: &str) -> Option<&str> {
    let path = match rest.strip_prefix("//") {
        Some(rest) => {
            let (host, _) = rest.split_once('/')?;
            if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
                return None;
            }
            &rest[host.len()..]
        }
        None => rest,
    };
    // `/C:/Music` on Windows.
    let without_slash = path.get(1..).filter(|rest| cfg!(windows) && rest.get(1..2) == Some(":"));
    Some(without_slash.unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_path_or_elsewhere() {
        for (location, expected) in [
            ("a/1.mp3", &["a/1.mp3"][..]),
            (" /music/1.mp3 ", &["/music/1.mp3"]),
            ("a/100%25.mp3", &["a/100%25.mp3", "a/100%.mp3"]),
            ("50%.mp3", &["50%.mp3"]),
            (r"..\a\1.mp3", &[r"..\a\1.mp3", "../a/1.mp3"]),
            ("AC: DC.mp3", &["AC: DC.mp3"]),
            ("file:///music/J%C3%B3ga%20%23.mp3", &["/music/Jóga #.mp3"]),
            ("FILE://localhost/music/a.mp3", &["/music/a.mp3"]),
            ("file:/music/a.mp3", &["/music/a.mp3"]),
            ("file://nas/music/a.mp3", &[]),
            ("file://nas", &[]),
            ("http://example.org/a.mp3", &[]),
            ("HTTPS://example.org/a.mp3", &[]),
            ("", &[]),
        ] {
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(paths(location), expected, "{location}");
        }
    }

    #[test]
    fn names_are_made_to_fit() {
        assert_eq!(name(" Rainy\u{7}Sunday "), "Rainy Sunday");
        assert_eq!(name(&"é".repeat(300)), "é".repeat(200));
        assert_eq!(name("\n"), "Playlist");
    }

    /// A folder with `lists/` beside `a/Jóga #1.mp3` and `a/2.mp3`, and their tracks.
    fn library() -> (tempfile::TempDir, Tracks) {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a")).unwrap();
        fs::create_dir_all(root.path().join("lists")).unwrap();
        let mut tracks = Vec::new();
        for (file, track) in [("a/Jóga #1.mp3", "t1"), ("a/2.mp3", "t2")] {
            fs::write(root.path().join(file), "x").unwrap();
            tracks.push((root.path().join(file), track.to_owned()));
        }
        fs::write(root.path().join("a/not-imported.mp3"), "x").unwrap();
        (root, Tracks::new(tracks))
    }

    #[test]
    fn entries_of_every_format_are_found_where_they_are() {
        let (root, tracks) = library();
        let at = root.path().display().to_string();
        let url = format!("file://{}/a/J%C3%B3ga%20%231.mp3", at.replace('\\', "/"));
        let m3u = format!(
            "#EXTM3U\n#PLAYLIST:Rain\n../a/Jóga #1.mp3\n..\\a\\2.mp3\n{at}/a/2.mp3\n{url}\n../a/not-imported.mp3\n\
             /etc/passwd\nhttps://example.org/a.mp3\n"
        );
        let xspf = format!(
            "<playlist><title>Rain</title><trackList><track><location>../a/J%C3%B3ga%20%231.mp3</location></track>\
             <track><location>https://example.org/a.mp3</location><location>../a/2.mp3</location></track>\
             <track><location>../a/./x/../2.mp3</location><location>../a/2.mp3</location></track>\
             <track><location>{url}</location></track>\
             <track><title>x</title></track><track/><track><location>gone.mp3</location></track>\
             </trackList></playlist>"
        );
        let jspf = format!(
            r#"{{"playlist":{{"title":"Rain","track":[{{"location":["../a/J%C3%B3ga%20%231.mp3"]}},{{"location":
            "../a/2.mp3"}},{{"location":"../a/2.mp3"}},{{"location":"{url}"}},{{}},{{}},{{"location":"x"}}]}}}}"#
        );
        for (file, content) in [("1.m3u", &m3u), ("2.M3U8", &m3u), ("3.xspf", &xspf), ("4.jspf", &jspf)] {
            let path = root.path().join("lists").join(file);
            fs::write(&path, content).unwrap();
            let track_ids = ["t1", "t2", "t2", "t1"].map(str::to_owned).to_vec();
            let expected = Resolved { name: "Rain".into(), track_ids, not_found: 3 };
            assert_eq!(tracks.read(&path), Ok(expected), "{file}");
        }
    }

    #[test]
    fn an_old_list_is_read_in_latin_1_and_named_after_its_file() {
        let (root, tracks) = library();
        let path = root.path().join("lists/Old ones.m3u");
        fs::write(&path, b"../a/J\xf3ga #1.mp3\r\n").unwrap();
        let expected = Resolved { name: "Old ones".into(), track_ids: vec!["t1".into()], not_found: 0 };
        assert_eq!(tracks.read(&path), Ok(expected));
    }

    #[test]
    fn a_playlist_without_any_imported_file_is_rejected() {
        let (root, tracks) = library();
        let path = root.path().join("lists/x.xspf");
        for (content, reason) in [
            ("<playlist/>", "holds no entries"),
            ("text", "the file is not"),
            (
                "<playlist><trackList><track><location>x</location></track></trackList></playlist>",
                "none of its 1 entries is an imported file",
            ),
        ] {
            fs::write(&path, content).unwrap();
            let error = tracks.read(&path).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
