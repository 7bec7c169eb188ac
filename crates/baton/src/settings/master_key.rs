//! The master key: from the settings, else from its file, else made.

use super::DataSettings;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use baton_domain::time::Entropy;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Name of the key's file in the data directory.
pub(crate) const KEY_FILE: &str = "master.key";
const KEY_BYTES: usize = 32;

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MasterKeyError {
    #[error("{0} is not 32 bytes as hex (64 characters) or base64 (44 characters)")]
    Unreadable(String),
    #[error(
        "with PostgreSQL a master key is needed that all nodes share: set BATON_MASTER_KEY, for \
         instance to the output of `openssl rand -hex 32`, and keep it as safe as the database"
    )]
    Missing,
    #[error(
        "the database in {0} exists but its master.key is gone; put the file back or set \
         BATON_MASTER_KEY to its text"
    )]
    Lost(String),
    #[error("{file}: {source}")]
    File { file: String, source: io::Error },
}

/// The master key. With the embedded database it is made at the first start.
///
/// # Errors
/// When it cannot be read, or there is none and none may be made.
pub(crate) fn master_key(
    data: &DataSettings,
    entropy: &dyn Entropy,
) -> Result<[u8; KEY_BYTES], MasterKeyError> {
    if let Some(key) = master_key_of(data)? {
        return Ok(key);
    }
    let file = data.dir.join(KEY_FILE);
    if data.database.is_some() {
        return Err(MasterKeyError::Missing);
    }
    if data.dir.join(baton_store::DATABASE_FILE).exists() {
        return Err(MasterKeyError::Lost(data.dir.display().to_string()));
    }
    let mut key = [0; KEY_BYTES];
    entropy.fill(&mut key);
    write(&data.dir, &file, &key)
        .map_err(|source| MasterKeyError::File { file: file.display().to_string(), source })?;
    Ok(key)
}

/// The master key that was given or is in its file; `None` when there is neither.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn master_key_of(
    data: &DataSettings,
) -> Result<Option<[u8; KEY_BYTES]>, MasterKeyError> {
    if let Some(text) = &data.master_key {
        let unreadable = || MasterKeyError::Unreadable("the master key (BATON_MASTER_KEY)".into());
        return decode(text.reveal()).map(Some).ok_or_else(unreadable);
    }
    let file = data.dir.join(KEY_FILE);
    let shown = || file.display().to_string();
    let at_file = |source| MasterKeyError::File { file: shown(), source };
    match std::fs::read_to_string(&file) {
        Ok(text) => {
            let key = decode(&text).ok_or_else(|| MasterKeyError::Unreadable(shown()))?;
            // A copy put back by hand may be readable by others.
            std::fs::set_permissions(&file, Permissions::from_mode(0o600)).map_err(at_file)?;
            Ok(Some(key))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at_file(error)),
    }
}

/// Writes the file whole or not at all: what is sealed with a key that is then lost is lost too.
fn write(dir: &Path, file: &Path, key: &[u8; KEY_BYTES]) -> io::Result<()> {
    let partial = dir.join("master.key.partial");
    drop(std::fs::remove_file(&partial));
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    let mut text = hex::encode(key);
    text.push('\n');
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    // A link refuses to replace: two first starts at once end with one key.
    let linked = std::fs::hard_link(&partial, file);
    drop(std::fs::remove_file(&partial));
    linked?;
    File::open(dir)?.sync_all()
}

fn decode(text: &str) -> Option<[u8; KEY_BYTES]> {
    let text = text.trim();
    let bytes = if text.len() == 2 * KEY_BYTES {
        hex::decode(text).ok()
    } else {
        [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
            .iter()
            .find_map(|alphabet| alphabet.decode(text).ok())
    };
    bytes.and_then(|bytes| bytes.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use baton_domain::secret::Secret;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    fn settings(dir: &Path) -> DataSettings {
        DataSettings { dir: dir.to_owned(), ..DataSettings::default() }
    }

    #[test]
    fn the_first_start_makes_a_key_only_its_owner_can_read() {
        let dir = tempfile::tempdir().unwrap();
        let data = settings(dir.path());
        assert_eq!(master_key(&data, &Fixed(7)).unwrap(), [7; 32]);
        assert_eq!(master_key(&data, &Fixed(8)).unwrap(), [7; 32], "it is kept");
        let file = dir.path().join(KEY_FILE);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn no_key_is_made_for_data_that_has_one_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let mut data = settings(dir.path());
        std::fs::write(dir.path().join(baton_store::DATABASE_FILE), "").unwrap();
        assert!(matches!(master_key(&data, &Fixed(7)), Err(MasterKeyError::Lost(_))));
        data.database = Some(Secret::new("postgres://db/baton"));
        assert!(matches!(master_key(&data, &Fixed(7)), Err(MasterKeyError::Missing)));
    }

    #[test]
    fn keys_are_read_as_hex_and_base64() {
        let check = |text: &str, expect: Option<[u8; 32]>| assert_eq!(decode(text), expect);
        check(&"07".repeat(32), Some([7; 32]));
        check(&STANDARD.encode([7; 32]), Some([7; 32]));
        check(&URL_SAFE_NO_PAD.encode([251; 32]), Some([251; 32]));
        check(&"07".repeat(31), None);
        check("short", None);
        check("", None);
    }
}
