use crate::cli;
use crate::clock::SystemClock;
use crate::failure::Failure;
use crate::signals::Signals;
use crate::terminal;
use baton_domain::secret::Secret;
use baton_sandbox::{KEPT_DEFAULT, Rule, Sandbox, SandboxHandle, SandboxSettings};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  baton sandbox
  curl 'http://127.0.0.1:8081/hook?status=503&retry_after=5' -d '{}'
  curl 'http://127.0.0.1:8081/_sandbox/received?path=/hook'
  curl 'http://127.0.0.1:8081/leadprosper/direct_post?accept_rate=0.7&prices=5-25' \\
    -d 'lp_campaign_id=1&lp_supplier_id=2&lp_key=k&email=jane@example.com'
  baton sandbox --secret '/hook=whsec_...' --rules rules.json

It answers like LeadByte, LeadProsper, Phonexa, LeadConduit, boberdoo, Zapier and a plain CRM under
paths that begin with their names. GET / on the sandbox tells all it can do. It has no
authentication and keeps what it gets in memory: use it on loopback.";

/// Run the receiver.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// Requests kept in memory; the oldest go first
    #[arg(long, value_name = "N", default_value_t = KEPT_DEFAULT)]
    keep: usize,
    /// A JSON file with rules: which path answers how, or like which vendor
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// The signing secret of a path, or the credential a vendor there wants; may be given several
    /// times
    #[arg(long = "secret", value_name = "PATH=SECRET", value_parser = path_and_secret)]
    secrets: Vec<(String, Secret)>,
    /// Do not write a line for each request
    #[arg(long)]
    quiet: bool,
}

fn path_and_secret(text: &str) -> Result<(String, Secret), String> {
    let (path, secret) =
        text.split_once('=').ok_or("PATH=SECRET is expected, such as /hook=whsec_...")?;
    Ok((path.to_owned(), Secret::new(secret)))
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let rules = match &args.rules {
        None => Vec::new(),
        Some(file) => {
            let wrong =
                |e: &dyn std::fmt::Display| Failure::Settings(format!("{}: {e}", file.display()));
            let text = std::fs::read_to_string(file).map_err(|e| wrong(&e))?;
            serde_json::from_str::<Vec<Rule>>(&text).map_err(|e| wrong(&e))?
        }
    };
    cli::block_on(async {
        let mut signals = Signals::listen()?;
        let sandbox = Sandbox::start(SandboxSettings {
            listen: args.listen,
            max_kept: args.keep,
            rules,
            secrets: args.secrets.clone(),
            clock: Arc::new(SystemClock),
        })
        .await
        .map_err(Failure::new)?;
        terminal::say(format!("listening on {}", sandbox.url("")));
        tokio::select! {
            () = tell(&sandbox, 0), if !args.quiet => {}
            _ = signals.next() => {}
        }
        sandbox.shutdown().await;
        Ok(())
    })
}

/// Writes a line for each request after the one of that number, without what was in it.
pub(super) async fn tell(sandbox: &SandboxHandle, after: u64) {
    let mut last = after;
    loop {
        for received in sandbox.received_after(last).await {
            if received.id > last {
                last = received.id;
                terminal::say(format!("sandbox {}", received.summary()));
            }
        }
    }
}
