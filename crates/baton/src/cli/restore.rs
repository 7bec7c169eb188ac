use crate::cli::{self, backup};
use crate::data_dir;
use crate::failure::Failure;
use crate::settings::{DataFlags, KEY_FILE};
use crate::terminal;
use std::path::PathBuf;

const NOTES: &str = "\
The server must be stopped. Deliveries that waited when the backup was made are sent after the
start; if the original went on after the backup, its receivers may have them already. Then
--hold-deliveries keeps them until somebody resends them.

The master key of the original is needed: FILE.master.key is put in place when it is there and
the data directory has none.

Examples:
  baton restore --data /var/lib/baton /backups/baton-2026-01-28.backup
  baton restore --force --hold-deliveries baton.backup";

/// Put a backup in place.
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Args {
    /// The backup
    #[arg(value_name = "FILE")]
    from: PathBuf,
    /// Replace the database that is there
    #[arg(long)]
    force: bool,
    /// Hold the deliveries that waited instead of sending them
    #[arg(long)]
    hold_deliveries: bool,
    #[command(flatten)]
    flags: DataFlags,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let data = cli::settings(&args.flags.0)?.settings.data;
    if data.database.is_some() {
        return Err(Failure::Settings(
            "the database is PostgreSQL; restore it with pg_restore".to_owned(),
        ));
    }
    data_dir::prepare(&data.dir)?;
    let report = baton_store::restore(&args.from, &data.dir, args.force, args.hold_deliveries)
        .map_err(Failure::new)?;
    let state = if args.hold_deliveries { "held" } else { "waiting" };
    terminal::say(format!(
        "{}: {} leads, {} unfinished deliveries {state}, integrity ok",
        data.dir.display(),
        report.leads,
        report.unfinished
    ));
    let key = data.dir.join(KEY_FILE);
    let beside = backup::key_path(&args.from);
    if key.exists() || data.master_key.is_some() {
        return Ok(());
    }
    if beside.exists() {
        backup::copy_key(&beside, &key)?;
        terminal::say(format!("{}: put back", key.display()));
    } else {
        terminal::say(format!(
            "put the original's master key at {} (or set BATON_MASTER_KEY) before the start",
            key.display()
        ));
    }
    Ok(())
}
