//! What came of an import, and how that is told.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::DecimalBytes;

use super::files::{End, Ended};

/// Files that are listed with their reason; the rest is only counted.
const SHOWN: usize = 50;
/// Kinds of ignored files that are named; the rest is only counted.
const KINDS_SHOWN: usize = 6;

/// What came of an import.
#[derive(Debug)]
pub struct Outcome {
    /// Tracks, or audio files.
    pub added: usize,
    pub known: usize,
    pub rejected: usize,
    /// The folder or file that was imported, if it was no catalogue.
    pub folder: Option<PathBuf>,
    /// The files, folders and playlists that were not taken, by path; of a catalogue, none.
    pub rejections: Vec<Rejection>,
    /// How many files of each other kind were left alone.
    pub ignored: BTreeMap<String, usize>,
    pub playlists: Playlists,
    /// What should be known about single files that were taken.
    pub notes: Vec<String>,
    /// The size of the files that were added.
    pub bytes: u64,
    pub took: Duration,
    pub owner: Owner,
}

/// A file that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub path: PathBuf,
    pub reason: String,
}

/// The playlists of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Playlists {
    pub added: usize,
    /// There is one of this name.
    pub known: usize,
    pub rejected: usize,
    /// Entries of the added ones that are no file of the folder.
    pub not_found: usize,
}

/// Whose the tracks are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The import's own account; without a file for its credentials it ends with the process.
    Account { username: String, credentials: Option<PathBuf> },
    /// The owner of the API key.
    Key,
}

impl Outcome {
    pub(super) fn new(owner: Owner) -> Self {
        Self {
            added: 0,
            known: 0,
            rejected: 0,
            folder: None,
            rejections: Vec::new(),
            ignored: BTreeMap::new(),
            playlists: Playlists::default(),
            notes: Vec::new(),
            bytes: 0,
            took: Duration::ZERO,
            owner,
        }
    }

    /// Counts an audio file or a folder that was not taken.
    pub(super) fn reject(&mut self, path: &Path, reason: String) {
        self.rejected += 1;
        self.rejections.push(Rejection { path: path.to_owned(), reason });
    }

    pub(super) fn reject_playlist(&mut self, path: &Path, reason: String) {
        self.playlists.rejected += 1;
        self.rejections.push(Rejection { path: path.to_owned(), reason });
    }

    /// Counts what became of the audio files. Answers which track each of them is.
    pub(super) fn note_files(&mut self, files: Vec<Ended>) -> Vec<(PathBuf, String)> {
        let mut tracks = Vec::new();
        for Ended { path, size, end } in files {
            match end {
                End::Added(track) => {
                    self.added += 1;
                    self.bytes += size;
                    tracks.extend(track.map(|track| (path, track)));
                }
                End::Known(track) => {
                    self.known += 1;
                    tracks.extend(track.map(|track| (path, track)));
                }
                End::Rejected(reason) => self.reject(&path, reason),
            }
        }
        tracks
    }

    /// A path as it is seen from the folder.
    fn shown(&self, path: &Path) -> String {
        let inner = self.folder.as_deref().and_then(|folder| path.strip_prefix(folder).ok());
        let shown = inner.filter(|inner| !inner.as_os_str().is_empty()).unwrap_or(path).display().to_string();
        // One name is one line, whatever it holds.
        shown.replace(char::is_control, "\u{FFFD}")
    }

    fn write_table(&self, f: &mut fmt::Formatter<'_>, folder: &Path) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        writeln!(f, "Imported {} in {seconds:.1} s:\n", folder.display())?;
        let sent = if self.bytes > 0 { DecimalBytes(self.bytes).to_string() } else { String::new() };
        write_row(f, "added", self.added, &sent)?;
        write_row(f, "already there", self.known, "")?;
        write_row(f, "rejected", self.rejected, "")?;
        write_row(f, "ignored", self.ignored.values().sum(), &kinds(&self.ignored))?;
        if self.playlists != Playlists::default() {
            let Playlists { added, known, rejected, not_found } = self.playlists;
            let more = [(known, "already there"), (rejected, "rejected"), (not_found, "entries not found")];
            let more = more.into_iter().filter(|(count, _)| *count > 0);
            let more: Vec<String> = more.map(|(count, what)| format!("{count} {what}")).collect();
            write_row(f, "playlists", added, &more.join(", "))?;
        }
        if !self.rejections.is_empty() {
            writeln!(f, "\nRejected:")?;
        }
        for Rejection { path, reason } in self.rejections.iter().take(SHOWN) {
            writeln!(f, "  {}: {reason}", self.shown(path))?;
        }
        if let Some(more @ 1..) = self.rejections.len().checked_sub(SHOWN) {
            writeln!(f, "  and {more} more")?;
        }
        if !self.notes.is_empty() {
            writeln!(f, "\n{}", self.notes.join("\n"))?;
        }
        writeln!(f)
    }
}

fn write_row(f: &mut fmt::Formatter<'_>, what: &str, count: usize, more: &str) -> fmt::Result {
    let row = format!("  {what:<13} {count:>8}  {more}");
    writeln!(f, "{}", row.trim_end())
}

/// The kinds, most frequent first.
fn kinds(ignored: &BTreeMap<String, usize>) -> String {
    let mut kinds: Vec<(&String, &usize)> = ignored.iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let mut shown: Vec<String> =
        kinds.iter().take(KINDS_SHOWN).map(|(kind, count)| format!("{count} {kind}")).collect();
    let more: usize = kinds.iter().skip(KINDS_SHOWN).map(|(_, count)| **count).sum();
    if more > 0 {
        shown.push(format!("{more} of more kinds"));
    }
    shown.join(", ")
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(folder) = &self.folder {
            self.write_table(f, folder)?;
        } else {
            let Self { added, known, rejected, took, .. } = self;
            let seconds = took.as_secs_f64();
            writeln!(
                f,
                "Imported in {seconds:.1} s: {added} added, {known} already there, {rejected} rejected."
            )?;
        }
        match &self.owner {
            Owner::Account { username, credentials: Some(file) } => {
                write!(f, "They belong to the account `{username}`; its password is in {}.", file.display())
            }
            Owner::Account { username, credentials: None } => {
                write!(f, "They belong to the account `{username}`, which ends with this process.")
            }
            Owner::Key => write!(f, "They belong to the account of the key."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(path: &str, end: End) -> Ended {
        Ended { path: path.into(), size: 1_500_000, end }
    }

    #[test]
    fn a_folder_ends_with_a_table() {
        let mut outcome = Outcome::new(Owner::Key);
        outcome.folder = Some("/music".into());
        outcome.took = Duration::from_millis(12_340);
        outcome.ignored = [("images".to_owned(), 12), (".txt".to_owned(), 3)].into();
        let tracks = outcome.note_files(vec![
            ended("/music/a/1.mp3", End::Added(Some("t1".into()))),
            ended("/music/a/2.mp3", End::Known(Some("t2".into()))),
            ended("/music/a/3.mp3", End::Known(None)),
            ended("/music/a/4.mp3", End::Rejected("is empty".into())),
        ]);
        let expected = [("/music/a/1.mp3", "t1"), ("/music/a/2.mp3", "t2")];
        assert_eq!(tracks, expected.map(|(path, track)| (PathBuf::from(path), track.to_owned())));
        outcome.playlists = Playlists { added: 2, known: 1, rejected: 0, not_found: 7 };
        outcome.reject_playlist(Path::new("/music/bad.xspf"), "the file is not XML".into());
        outcome.notes.push("long.m3u: only the first 10000 of 12000 entries were taken".into());
        let expected = "\
Imported /music in 12.3 s:

  added                1  1.50 MB
  already there        2
  rejected             1
  ignored             15  12 images, 3 .txt
  playlists            2  1 already there, 1 rejected, 7 entries not found

Rejected:
  a/4.mp3: is empty
  bad.xspf: the file is not XML

long.m3u: only the first 10000 of 12000 entries were taken

They belong to the account of the key.";
        assert_eq!(outcome.to_string(), expected);
    }

    #[test]
    fn long_lists_end_with_a_count() {
        let mut outcome = Outcome::new(Owner::Account { username: "local".into(), credentials: None });
        outcome.folder = Some("/music".into());
        for number in 0..53 {
            outcome.reject(Path::new(&format!("/music/{number}.mp3")), "is empty".into());
        }
        outcome.ignored = (1..9).map(|count| (format!(".{count}"), count)).collect();
        let text = outcome.to_string();
        assert_eq!(text.matches("is empty").count(), 50);
        assert!(text.contains("\n  and 3 more\n"), "{text}");
        assert!(text.contains("36  8 .8, 7 .7, 6 .6, 5 .5, 4 .4, 3 .3, 3 of more kinds\n"), "{text}");
        assert!(text.ends_with("\nThey belong to the account `local`, which ends with this process."));
    }

    #[test]
    fn a_catalogue_ends_with_a_line() {
        let credentials = Some("/data/credentials.json".into());
        let mut outcome = Outcome::new(Owner::Account { username: "local".into(), credentials });
        (outcome.added, outcome.known, outcome.rejected) = (3, 2, 1);
        let expected = "Imported in 0.0 s: 3 added, 2 already there, 1 rejected.\n\
                        They belong to the account `local`; its password is in /data/credentials.json.";
        assert_eq!(outcome.to_string(), expected);
    }
}
