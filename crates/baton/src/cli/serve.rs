use crate::cli;
use crate::failure::Failure;
use crate::node::{Node, key_lines, local_url};
use crate::settings::{DEFAULT_FILE, ServerFlags, Settings};
use crate::signals::Signals;
use crate::{telemetry, terminal};
use std::time::Duration;

const EXAMPLES: &str = "\
Secrets have no flag, because a list of processes shows flags:
  BATON_MASTER_KEY      32 bytes as hex or base64; what is secret is sealed with it
                        [default: the file master.key in the data directory]
  BATON_BOOTSTRAP_KEY   an API key of your choice for the first start

Examples:
  baton serve
  baton serve --listen 0.0.0.0:8080 --data /var/lib/baton --trusted-proxies 10.0.0.0/8
  BATON_DATABASE=postgres://baton:...@db/baton BATON_MASTER_KEY=... baton serve --role engine
  baton serve --print-config > baton.toml

SIGTERM and SIGINT stop it in order; a second signal ends it at once. Neither loses a lead.";

/// Run a server.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Write a settings file with every setting and its default, and end
    #[arg(long, help_heading = "Settings")]
    print_config: bool,
    #[command(flatten)]
    pub(super) flags: ServerFlags,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    if args.print_config {
        terminal::say(DEFAULT_FILE.trim_end());
        return Ok(());
    }
    let given = cli::settings(&args.flags.0)?;
    telemetry::start(&given.settings.log).map_err(Failure::Settings)?;
    if let Some(file) = &given.file {
        tracing::info!(file = %file.display(), "settings read");
    }
    cli::block_on(serve(&given.settings))
}

async fn serve(settings: &Settings) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let starting = Node::start(settings);
    let mut node = tokio::select! {
        node = starting => node?,
        name = signals.next() => {
            tracing::info!(signal = name, "stopped before the start was complete");
            return Ok(());
        }
    };
    if let Some(key) = &node.first.key {
        terminal::say(key_lines(key));
    }
    if let Some(lines) = node.setup_lines(settings) {
        terminal::say(lines);
    }
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        workspace = %node.first.workspace,
        database = if settings.data.database.is_some() { "postgresql" } else { "embedded" },
        "started"
    );
    if settings.delivery.allow_private {
        tracing::warn!("destinations on this machine and in private networks are permitted");
    }
    if !settings.server.role.answers() {
        terminal::say("delivering; only /healthz, /readyz and /metrics are answered");
    }
    // One line that scripts read: with port 0 it is the only place that tells the port.
    terminal::say(format!("listening on {}", local_url(node.addr())));
    until_stopped(&mut node, &mut signals, settings).await?;
    signals.exit_at_next();
    node.stop(Duration::from_secs(settings.server.stop_deadline_s.into())).await;
    tracing::info!("stopped");
    Ok(())
}

/// Waits for a signal.
pub(super) async fn until_stopped(
    node: &mut Node,
    signals: &mut Signals,
    settings: &Settings,
) -> Result<(), Failure> {
    tokio::select! {
        name = signals.next() => {
            let seconds = settings.server.stop_deadline_s;
            tracing::info!(signal = name, seconds, "stopping; work under way may end");
        }
        () = node.broken() => {
            return Err(Failure::Failed("the HTTP server ended by itself; see the log".to_owned()));
        }
    }
    Ok(())
}
