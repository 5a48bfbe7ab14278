//! Files as they are read for an upload: never as a whole, and only as long as they stay what they were.

use std::fs;
use std::io::{self, Read, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use futures::{Stream, stream};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Bytes that are read at once; each transfer holds a few times as many in memory.
const CHUNK: usize = 256 * 1024;

/// The hash of a file's bytes.
pub(super) type Hash = [u8; 32];

/// What a file held when it was hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) size: u64,
    pub(super) hash: Hash,
    modified: Option<SystemTime>,
}

impl Content {
    /// Reads the whole file once. Answers why it cannot be imported otherwise.
    pub(super) async fn of(path: &Path) -> Result<Self, String> {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || hash(&path)).await.map_err(|error| error.to_string())?
    }

    /// The hash in hexadecimal digits.
    pub(super) fn sha256(&self) -> String {
        use std::fmt::Write;
        self.hash.iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Why the file is no longer what it was.
    pub(super) async fn change(&self, path: &Path) -> Option<String> {
        match tokio::fs::metadata(path).await {
            Ok(now) if now.len() == self.size && now.modified().ok() == self.modified => None,
            Ok(_) => Some(CHANGED.into()),
            Err(error) => Some(reason(&error)),
        }
    }
}

const CHANGED: &str = "was changed while it was read";

/// Why a file cannot be read.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "disappeared before it was read".into(),
        _ => format!("cannot be read: {error}"),
    }
}

fn hash(path: &Path) -> Result<Content, String> {
    let unreadable = |error: io::Error| reason(&error);
    let before = fs::metadata(path).map_err(unreadable)?;
    if !before.is_file() {
        return Err("is not a file".into());
    }
    if before.len() == 0 {
        return Err("is empty".into());
    }
    let mut file = fs::File::open(path).map_err(unreadable)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; CHUNK];
    let mut size = 0;
    loop {
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => {
                hasher.update(&chunk[..length]);
                size += length as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(reason(&error)),
        }
    }
    let after = file.metadata().map_err(unreadable)?;
    let modified = before.modified().ok();
    if size != before.len() || modified != after.modified().ok() {
        return Err(CHANGED.into());
    }
    Ok(Content { size, hash: hasher.finalize().into(), modified })
}

/// The bytes of a file from `offset` on, exactly `size` of them or an error. `note` is told of each chunk.
pub(super) fn read(
    path: PathBuf,
    offset: u64,
    size: u64,
    note: impl Fn(u64) + Send + 'static,
) -> impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static {
    let start = (None, size, note);
    stream::try_unfold(start, move |(file, left, note)| {
        let path = path.clone();
        async move {
            if left == 0 {
                return Ok(None);
            }
            let mut file = match file {
                Some(file) => file,
                None => {
                    let mut file = tokio::fs::File::open(&path).await?;
                    file.seek(SeekFrom::Start(offset)).await?;
                    file
                }
            };
            let mut chunk = Vec::with_capacity(CHUNK.min(usize::try_from(left).unwrap_or(CHUNK)));
            let most = chunk.capacity() as u64;
            let length = (&mut file).take(most.min(left)).read_buf(&mut chunk).await? as u64;
            if length == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
            }
            note(length);
            Ok(Some((chunk, (Some(file), left - length, note))))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;

    #[tokio::test]
    async fn a_file_is_read_in_parts_and_refused_when_it_ends_early() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp3");
        let bytes: Vec<u8> = (0..700_000_u32).map(|number| number as u8).collect();
        fs::write(&path, &bytes).unwrap();
        let part = |offset, size| read(path.clone(), offset, size, |_| ()).try_concat();
        assert_eq!(part(0, 700_000).await.unwrap(), bytes);
        assert_eq!(part(300_001, 399_999).await.unwrap(), bytes[300_001..]);
        assert_eq!(part(5, 1).await.unwrap(), [5]);
        assert_eq!(part(1, 700_000).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn a_hash_belongs_to_a_file_that_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp3");
        assert_eq!(Content::of(&path).await.unwrap_err(), "disappeared before it was read");
        fs::write(&path, "").unwrap();
        assert_eq!(Content::of(&path).await.unwrap_err(), "is empty");
        assert_eq!(Content::of(folder.path()).await.unwrap_err(), "is not a file");
        fs::write(&path, "abc").unwrap();
        let content = Content::of(&path).await.unwrap();
        assert_eq!(content.sha256(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(content.change(&path).await, None);
        fs::write(&path, "abcd").unwrap();
        assert_eq!(content.change(&path).await.as_deref(), Some(CHANGED));
        fs::remove_file(&path).unwrap();
        assert_eq!(content.change(&path).await.as_deref(), Some("disappeared before it was read"));
    }
}
