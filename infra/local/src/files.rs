//! Files that are replaced as a whole.

use std::io;
use std::path::Path;

use tokio::io::AsyncWriteExt;

/// Writes a file that only this user can read, so that a reader, or a restart after a kill, finds the old content or
/// the new one.
pub(crate) async fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let draft = file.with_extension("draft");
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    let mut writer = options.open(&draft).await?;
    writer.write_all(content).await?;
    writer.flush().await?;
    drop(writer);
    tokio::fs::rename(&draft, file).await
}
