//! How far a mapping has handled its stream.

use std::io;
use std::path::{Path, PathBuf};

/// A sequence number in a file of its own. It is written after the records were handled and replaced as a whole, so
/// that a kill at any moment leads to a repetition and never to a gap.
#[derive(Debug)]
pub(super) struct Checkpoint {
    file: PathBuf,
    position: Option<String>,
}

impl Checkpoint {
    /// Reads the checkpoint of a mapping; without one it starts at the oldest record.
    pub(super) fn open(folder: &Path, mapping: &str) -> io::Result<Self> {
        let folder = folder.join("checkpoints");
        std::fs::create_dir_all(&folder)?;
        let file = folder.join(mapping);
        let position = match std::fs::read_to_string(&file) {
            Ok(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { file, position })
    }

    /// The last sequence number that was handled.
    pub(super) fn position(&self) -> Option<&str> {
        self.position.as_deref()
    }

    pub(super) async fn advance(&mut self, position: String) -> io::Result<()> {
        let written = crate::files::replace(&self.file, position.as_bytes()).await;
        self.position = Some(position);
        written
    }
}
