//! Why the endpoint could not do its work; what is wrong with a request is another matter.

/// The stored domains cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder: it is full, read-only or gone.
    #[error("the folder of the domains cannot be used: {0}")]
    Folder(#[from] std::io::Error),
    /// A file in the folder was changed by somebody else.
    #[error("a stored document or configuration cannot be read: {0}")]
    Stored(#[from] serde_json::Error),
    /// The index of a domain.
    #[error("the index failed: {0}")]
    Index(#[from] tantivy::TantivyError),
}
