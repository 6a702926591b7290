//! File operations that differ between operating systems.

use std::io;
use std::path::Path;

/// Lets only the owner read and write a file.
#[cfg(unix)]
pub(super) fn restrict_to_owner(file: &Path) -> io::Result<()> {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(file, Permissions::from_mode(0o600))
}

/// Does nothing: a file has the access rights of its folder, and the standard library can't change
/// them.
#[cfg(not(unix))]
pub(super) fn restrict_to_owner(_file: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes the file names in a folder durable.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// Does nothing: Windows can't open a folder as a file, and NTFS keeps a journal of names.
#[cfg(not(unix))]
pub(super) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}
