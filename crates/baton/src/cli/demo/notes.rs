use crate::failure::Failure;
use baton_domain::secret::Secret;
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Name of the file.
const FILE: &str = "demo.json";

/// What the demo keeps beside the database: its key and the secrets of its destinations, which the
/// API shows once and the receiver needs at every start.
pub(super) struct Notes {
    /// The API key of the demo.
    pub key: Secret,
    /// The signing secret of each path of the receiver.
    pub secrets: BTreeMap<String, Secret>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Stored {
    key: String,
    secrets: BTreeMap<String, String>,
}

fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

impl Notes {
    /// Reads the notes; at the first start makes them up and keeps them before they are used.
    pub(super) fn read(dir: &Path, random: impl FnOnce() -> String) -> Result<Self, Failure> {
        let file = path(dir);
        if !file.exists() {
            let key = Secret::new(format!("demo_{}", random()));
            let notes = Self { key, secrets: BTreeMap::new() };
            notes.write(dir)?;
            return Ok(notes);
        }
        let wrong = |e: &dyn std::fmt::Display| {
            let dir = dir.display();
            Failure::Failed(format!("{}: {e}; delete {dir} to begin anew", file.display()))
        };
        let text = std::fs::read_to_string(&file).map_err(|e| wrong(&e))?;
        let stored: Stored =
            serde_json::from_str(&text).map_err(|_| wrong(&"is not the demo's file"))?;
        let secrets = stored.secrets.into_iter().map(|(path, s)| (path, Secret::new(s)));
        Ok(Self { key: Secret::new(stored.key), secrets: secrets.collect() })
    }

    /// Keeps the notes, readable by the owner only.
    pub(super) fn write(&self, dir: &Path) -> Result<(), Failure> {
        let secrets = self.secrets.iter().map(|(p, s)| (p.clone(), s.reveal().to_owned()));
        let stored = Stored { key: self.key.reveal().to_owned(), secrets: secrets.collect() };
        let text = serde_json::to_vec_pretty(&stored).map_err(Failure::new)?;
        let partial = path(dir).with_extension("partial");
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)
            .and_then(|mut out| out.write_all(&text).and_then(|()| out.sync_all()))
            .and_then(|()| std::fs::rename(&partial, path(dir)));
        written.map_err(|e| Failure::Failed(format!("{}: {e}", path(dir).display())))
    }
}
