//! Files and folders that are nobody else's business.

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

/// Makes a data folder that only this user can look into: the tables hold the keys that tokens are signed with. One that
/// was there and holds other things as well stays as open as it was.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let is_ours = folder.join("lock").exists() || std::fs::read_dir(folder)?.next().is_none();
        if is_ours {
            std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
        }
    }
    Ok(())
}
