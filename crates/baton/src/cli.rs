//! The command line.

mod apply;
mod backup;
mod config_file;
mod demo;
mod diff;
mod doctor;
mod export;
mod import;
mod invite;
mod remote;
mod restore;
mod sandbox;
mod serve;

use crate::failure::Failure;
use crate::settings::{Given, Places, SettingsError};
use crate::terminal;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  baton demo                                     try it: a server, a campaign, a receiver
  baton serve                                    a server with its data in ./data
  baton serve --listen 0.0.0.0:8080 --data /var/lib/baton
  BATON_DATABASE=postgres://... BATON_MASTER_KEY=... baton serve
  baton backup --data /var/lib/baton baton.backup

Settings come from flags, BATON_* variables and baton.toml, in this order;
`baton serve --print-config` writes a file with all of them and their defaults.

Exit codes: 0 done, 1 failed, 2 wrong command or settings.";

#[derive(Debug, Parser)]
#[command(
    name = "baton",
    version,
    about = "Captures leads, delivers them, and keeps the books",
    after_help = EXAMPLES,
    disable_help_subcommand = true,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a server
    Serve(serve::Args),
    /// Run a server with a demo campaign and a receiver to deliver to
    Demo(demo::Args),
    /// Run only the receiver: it does what it is told and shows what it got
    Sandbox(sandbox::Args),
    /// Check settings, data and surroundings, and say what is wrong
    Doctor(doctor::Args),
    /// Write campaigns, sources, destinations and webhooks of a running server to a file
    Export(export::Args),
    /// Bring a running server to what a file says, after showing the difference
    Apply(apply::Args),
    /// Import a file of leads into a running server, or try what it would bring
    Import(import::Args),
    /// Invite somebody into a workspace, when nobody who can sign in does it
    Invite(invite::Args),
    /// Copy the embedded database to a file, also while the server runs
    Backup(backup::Args),
    /// Put a backup in place of a data directory's database
    Restore(restore::Args),
}

/// Reads the command line, does what it says, and gives the exit code.
#[must_use]
pub fn run() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            terminal::warn(format!("baton: {failure}"));
            ExitCode::from(failure.code())
        }
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(args) => serve::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Sandbox(args) => sandbox::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Apply(args) => apply::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Invite(args) => invite::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
    }
}

/// The settings of this process under the given flags.
fn settings(flags: &crate::settings::Flags) -> Result<Given, SettingsError> {
    crate::settings::read(flags, &Places::of_process())
}

/// Runs an async command on a runtime of its own.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::new)?;
    let done = runtime.block_on(work);
    // What is still in a blocking call must not keep the process from ending.
    runtime.shutdown_background();
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn switches_stand_alone_or_with_a_value_and_never_take_the_next_word() {
        let check = |line: &[&str], expect: &str| {
            let cli = Cli::try_parse_from(line).unwrap();
            let Command::Serve(args) = cli.command else { panic!("serve was expected") };
            assert_eq!(args.flags.0.given, vec![("delivery.allow_private", expect.to_owned())]);
        };
        check(&["baton", "serve", "--allow-private"], "true");
        check(&["baton", "serve", "--allow-private=false"], "false");
        assert!(Cli::try_parse_from(["baton", "serve", "--allow-private", "false"]).is_err());
    }
}
