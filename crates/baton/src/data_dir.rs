use crate::failure::Failure;
use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

/// Only the owner may look into the data directory: it holds personal data and the master key.
pub(crate) const MODE: u32 = 0o700;

/// Makes the data directory if it is missing and closes it to others.
///
/// # Errors
/// When that is not possible.
pub(crate) fn prepare(dir: &Path) -> Result<(), Failure> {
    let failed = |e: std::io::Error| {
        Failure::Failed(format!("cannot use the data directory {}: {e}", dir.display()))
    };
    DirBuilder::new().recursive(true).mode(MODE).create(dir).map_err(failed)?;
    if open_to_others(dir).map_err(failed)? {
        std::fs::set_permissions(dir, Permissions::from_mode(MODE)).map_err(failed)?;
        tracing::warn!(dir = %dir.display(), "the data directory was open to others and is closed now");
    }
    Ok(())
}

/// Whether anybody but the owner may look into it.
pub(crate) fn open_to_others(dir: &Path) -> std::io::Result<bool> {
    Ok(std::fs::metadata(dir)?.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_open_to_others_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("a/b");
        prepare(&data).unwrap();
        assert!(!open_to_others(&data).unwrap());
        std::fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
        assert!(open_to_others(&data).unwrap());
        prepare(&data).unwrap();
        assert!(!open_to_others(&data).unwrap());
    }
}
