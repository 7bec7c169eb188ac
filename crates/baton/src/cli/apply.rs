use crate::cli;
use crate::cli::config_file::{ConfigFile, live::Live, plan};
use crate::cli::remote::{Remote, RemoteArgs};
use crate::failure::Failure;
use crate::terminal;
use std::path::PathBuf;

const NOTES: &str = "\
What the file names is made or changed; what it does not name is left alone, nothing is deleted.
A key that a document leaves out keeps its value. Secrets keep theirs, or come from a variable:

  settings:
    url: https://crm.example.com/leads
    api_key: {secret_from_env: CRM_API_KEY}

Examples:
  BATON_KEY=... baton apply --dry-run baton.yaml
  BATON_KEY=... baton apply --yes baton.yaml";

/// Bring a running server to what a file says.
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Args {
    /// The file, as `baton export` writes it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Show the difference and end
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before changing anything
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let shown = args.file.display();
    let text = std::fs::read_to_string(&args.file)
        .map_err(|e| Failure::Settings(format!("{shown}: {e}")))?;
    let file = ConfigFile::from_yaml(&text)
        .map_err(|problem| Failure::Settings(format!("{shown}: {problem}")))?;
    cli::block_on(async {
        let remote = Remote::new(&args.remote)?;
        let mut live = Live::read(&remote).await?;
        let secret = |name: &str| std::env::var(name).ok();
        let changes = plan::changes(&file, &live.as_file(), &secret)
            .map_err(|problem| Failure::Settings(format!("{shown}: {problem}")))?;
        if changes.is_empty() {
            terminal::say("nothing to change");
            return Ok(());
        }
        for change in &changes {
            terminal::say(change.to_string());
        }
        if args.dry_run {
            terminal::say(format!("{} to change (dry run, nothing was changed)", changes.len()));
            return Ok(());
        }
        if !args.yes && !terminal::ask(&format!("Change {} on {}?", changes.len(), remote.base())) {
            return Err(Failure::Failed("nothing was changed".to_owned()));
        }
        for change in &changes {
            live.make(&remote, change).await?;
        }
        live.finish(&remote).await?;
        terminal::say(format!("{} changed", changes.len()));
        Ok(())
    })
}
