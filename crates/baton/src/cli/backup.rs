use crate::cli;
use crate::failure::Failure;
use crate::settings::{DataFlags, KEY_FILE};
use crate::terminal;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const NOTES: &str = "\
The copy is consistent: it is the database at one moment, also under load. It is checked before
it takes the name FILE. What is secret in it is sealed with the master key: keep master.key (or
BATON_MASTER_KEY) in another safe place, without it a backup's credentials cannot be used.

With PostgreSQL use pg_dump.

Examples:
  baton backup baton.backup
  baton backup --data /var/lib/baton /backups/baton-$(date +%F).backup";

/// Copy the embedded database.
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Args {
    /// The file to write; one that is there is replaced when the copy is complete
    #[arg(value_name = "FILE")]
    to: PathBuf,
    /// Copy the master key too, to FILE.master.key
    #[arg(long)]
    with_key: bool,
    #[command(flatten)]
    flags: DataFlags,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let data = cli::settings(&args.flags.0)?.settings.data;
    if data.database.is_some() {
        return Err(Failure::Settings(
            "the database is PostgreSQL; back it up with pg_dump".to_owned(),
        ));
    }
    let report = baton_store::backup_file(&data.dir, &args.to).map_err(Failure::new)?;
    terminal::say(format!(
        "{}: {} bytes, {} leads, {} unfinished deliveries, integrity ok",
        args.to.display(),
        report.bytes,
        report.leads,
        report.unfinished
    ));
    if args.with_key {
        copy_key(&data.dir.join(KEY_FILE), &key_path(&args.to))?;
        terminal::say(format!("{}: the master key", key_path(&args.to).display()));
    }
    Ok(())
}

/// Where the master key stands beside a backup.
pub(super) fn key_path(backup: &Path) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push(".master.key");
    name.into()
}

/// Copies a master key so that only its owner can read the copy.
pub(super) fn copy_key(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed =
        |e: std::io::Error| Failure::Failed(format!("{} to {}: {e}", from.display(), to.display()));
    let text = std::fs::read(from).map_err(failed)?;
    let partial = to.with_extension("partial");
    drop(std::fs::remove_file(&partial));
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&partial)
        .map_err(failed)?;
    std::io::Write::write_all(&mut out, &text).and_then(|()| out.sync_all()).map_err(failed)?;
    std::fs::rename(&partial, to).map_err(failed)
}
