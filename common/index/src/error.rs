//! Why the index did not answer.

use mixtape_store::StoreError;

/// The index did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The bucket or the search service is away, or other writers were faster too often. The same call may work later.
    #[error("the index is away: {0}")]
    Unavailable(String),
    /// The published index cannot be read; rebuilding it helps. Of a search service: it refuses what it was asked,
    /// because of its set-up, of our permissions, or of a bug of ours.
    #[error("the index is broken: {0}")]
    Broken(String),
    /// Somebody with a newer version of this program has published the index.
    #[error("the index has format {found}, newer than {known}")]
    Newer { found: u64, known: u64 },
}

impl From<StoreError> for IndexError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt(_) => Self::Broken(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<tantivy::TantivyError> for IndexError {
    fn from(error: tantivy::TantivyError) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<std::io::Error> for IndexError {
    /// Trouble with the local folder: full, read-only. Nothing of the published index is lost.
    fn from(error: std::io::Error) -> Self {
        Self::Unavailable(format!("local copy: {error}"))
    }
}

/// An update did not happen.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError<E> {
    /// What the changes are made of could not be read.
    #[error(transparent)]
    Read(E),
    #[error(transparent)]
    Index(#[from] IndexError),
}
