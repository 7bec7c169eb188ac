use crate::cli;
use crate::cli::config_file::{ConfigFile, live::Live};
use crate::cli::remote::{Remote, RemoteArgs};
use crate::failure::Failure;
use crate::terminal;
use std::io::Write;
use std::path::{Path, PathBuf};

const NOTES: &str = "\
Documents are named, not numbered: a campaign by its reference, a source or destination by its
campaign and name, a webhook by its URL. Secrets are not in the file; applying it keeps them.

Examples:
  BATON_KEY=... baton export baton.yaml
  baton export --server https://leads.example.com --key ... -";

/// Write the configuration of a running server to a file.
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Args {
    /// The file to write; - for standard output
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    cli::block_on(async {
        let remote = Remote::new(&args.remote)?;
        let file = Live::read(&remote).await?.as_file();
        let text = file.to_yaml()?;
        if args.file == Path::new("-") {
            terminal::say(text.trim_end());
            return Ok(());
        }
        write(&args.file, &text)
            .map_err(|e| Failure::Failed(format!("{}: {e}", args.file.display())))?;
        terminal::say(format!("{}: {}", args.file.display(), ConfigFile::summary(&file)));
        Ok(())
    })
}

/// Writes the file whole or not at all.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    let mut out = std::fs::File::create(&partial)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&partial, file)
}
