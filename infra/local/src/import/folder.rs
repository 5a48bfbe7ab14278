//! What a folder holds: audio files, playlists, and what is left alone.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What may be audio; the server judges by the content.
const AUDIO: [&str; 14] =
    ["mp3", "m4a", "m4b", "mp4", "aac", "flac", "ogg", "oga", "opus", "wav", "wave", "aif", "aiff", "aifc"];
const PLAYLISTS: [&str; 4] = ["m3u", "m3u8", "xspf", "jspf"];
const IMAGES: [&str; 13] =
    ["jpg", "jpeg", "png", "gif", "webp", "bmp", "tif", "tiff", "heic", "avif", "svg", "ico", "jxl"];
/// An ending that is longer is none.
const LONGEST_ENDING: usize = 10;

/// What a file is, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Audio,
    Playlist,
    /// Something else, as it is named in the outcome.
    Other(String),
}

impl Kind {
    pub(super) fn of(path: &Path) -> Self {
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        match ending.as_deref() {
            Some(ending) if AUDIO.contains(&ending) => Self::Audio,
            Some(ending) if PLAYLISTS.contains(&ending) => Self::Playlist,
            Some(ending) if IMAGES.contains(&ending) => Self::Other("images".into()),
            Some(ending) if ending.len() <= LONGEST_ENDING => Self::Other(format!(".{ending}")),
            _ => Self::Other("others".into()),
        }
    }
}

/// A file that may be audio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// As it was when the folder was walked.
    pub(super) size: u64,
}

/// What a walk found, in the order of the names.
#[derive(Debug, Default)]
pub(super) struct Folder {
    pub(super) files: Vec<Found>,
    pub(super) playlists: Vec<PathBuf>,
    /// How many there are of each other kind.
    pub(super) ignored: BTreeMap<String, usize>,
    /// Folders that cannot be opened, and audio files and playlists that are not there (dead links).
    pub(super) unreadable: Vec<(PathBuf, String)>,
}

/// Walks through a folder, or takes a single file. Links are followed, every folder is visited once, and what is hidden
/// is left out.
pub(super) fn walk(root: &Path) -> Folder {
    let mut folder = Folder::default();
    let mut visited = HashSet::new();
    // The next path is the last one.
    let mut paths = vec![root.to_owned()];
    while let Some(path) = paths.pop() {
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => match children(&path, &mut visited) {
                Ok(children) => paths.extend(children.into_iter().rev()),
                Err(error) => folder.unreadable.push((path, format!("cannot be read: {error}"))),
            },
            Ok(metadata) => folder.note(path, Ok(&metadata)),
            Err(error) => folder.note(path, Err(&error)),
        }
    }
    folder
}

/// What is in a folder, by name; nothing if it was visited before.
fn children(folder: &Path, visited: &mut HashSet<PathBuf>) -> io::Result<Vec<PathBuf>> {
    if !visited.insert(fs::canonicalize(folder)?) {
        return Ok(Vec::new());
    }
    let mut children = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            children.push(entry.path());
        }
    }
    children.sort();
    Ok(children)
}

impl Folder {
    fn note(&mut self, path: PathBuf, metadata: Result<&fs::Metadata, &io::Error>) {
        let kind = Kind::of(&path);
        match (kind, metadata) {
            (Kind::Other(name), _) => *self.ignored.entry(name).or_default() += 1,
            (_, Err(error)) => self.unreadable.push((path, format!("cannot be read: {error}"))),
            // A pipe would be waited for without end.
            (_, Ok(metadata)) if !metadata.is_file() => {
                self.unreadable.push((path, "is not a file".into()));
            }
            (Kind::Audio, Ok(metadata)) => self.files.push(Found { path, size: metadata.len() }),
            (Kind::Playlist, Ok(_)) => self.playlists.push(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        root
    }

    fn names<'a>(root: &Path, paths: impl Iterator<Item = &'a PathBuf>) -> Vec<String> {
        paths.map(|path| path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/")).collect()
    }

    #[test]
    fn a_walk_finds_audio_and_playlists_in_the_order_of_their_names() {
        let root = tree(&[
            "b/2.FLAC",
            "b/1.mp3",
            "a.opus",
            "c/x/deep.AiFc",
            "b/list.M3U8",
            "all.xspf",
            "b/cover.JPG",
            "b/folder.png",
            "notes.txt",
            "README",
            "song.mp3.part-of-something",
            ".hidden.mp3",
            ".git/object.mp3",
            "c/.trash/x.ogg",
            "c/._x.mp3",
        ]);
        let folder = walk(root.path());
        let files = names(root.path(), folder.files.iter().map(|found| &found.path));
        assert_eq!(files, ["a.opus", "b/1.mp3", "b/2.FLAC", "c/x/deep.AiFc"]);
        assert_eq!(folder.files[0].size, "a.opus".len() as u64);
        assert_eq!(names(root.path(), folder.playlists.iter()), ["all.xspf", "b/list.M3U8"]);
        let ignored: Vec<_> = folder.ignored.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
        assert_eq!(ignored, [(".txt", 1), ("images", 2), ("others", 2)]);
        assert_eq!(folder.unreadable, []);
    }

    #[test]
    fn a_hidden_folder_is_walked_when_it_is_asked_for_and_a_file_is_a_walk_of_its_own() {
        let root = tree(&[".music/a.mp3"]);
        assert_eq!(walk(&root.path().join(".music")).files.len(), 1);
        let file = root.path().join(".music/a.mp3");
        assert_eq!(walk(&file).files, [Found { path: file, size: 12 }]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_but_not_in_circles() {
        use std::os::unix::fs::symlink;
        let root = tree(&["a/1.mp3", "z/2.mp3"]);
        let elsewhere = tree(&["3.mp3"]);
        symlink(root.path(), root.path().join("a/circle")).unwrap();
        symlink(elsewhere.path(), root.path().join("m")).unwrap();
        symlink(root.path().join("z"), root.path().join("y")).unwrap();
        symlink("nowhere", root.path().join("dead.mp3")).unwrap();
        symlink("nowhere", root.path().join("dead.txt")).unwrap();
        let folder = walk(root.path());
        let files = names(root.path(), folder.files.iter().map(|found| &found.path));
        assert_eq!(files, ["a/1.mp3", "m/3.mp3", "y/2.mp3"]);
        assert_eq!(names(root.path(), folder.unreadable.iter().map(|(path, _)| path)), ["dead.mp3"]);
    }
}
