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
use std::time::Duration;
use tokio::time::Instant;

/// Requests that come within it are told of together when there are many.
const TELL_SPAN: Duration = Duration::from_secs(1);

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
            () = tell(&sandbox, 0, usize::MAX), if !args.quiet => {}
            _ = signals.next() => {}
        }
        sandbox.shutdown().await;
        Ok(())
    })
}

/// Writes a line for each request after the one of that number, without what was in it. Of more
/// than `lines_max` within [`TELL_SPAN`] the rest are one line with their count.
pub(super) async fn tell(sandbox: &SandboxHandle, after: u64, lines_max: usize) {
    let mut last = after;
    loop {
        let until = Instant::now() + TELL_SPAN;
        let mut span = Span { lines_max, told: 0, kept: 0 };
        while Instant::now() < until {
            let news = tokio::time::timeout_at(until, sandbox.received_after(last)).await;
            for received in news.unwrap_or_default() {
                if received.id > last {
                    last = received.id;
                    if span.tells() {
                        terminal::say(format!("sandbox {}", received.summary()));
                    }
                }
            }
        }
        if let Some(line) = span.rest() {
            terminal::say(line);
        }
    }
}

/// What is told of the requests of one [`TELL_SPAN`].
struct Span {
    lines_max: usize,
    told: usize,
    kept: u64,
}

impl Span {
    /// Whether the next request has a line of its own.
    fn tells(&mut self) -> bool {
        let tells = self.told < self.lines_max;
        if tells {
            self.told += 1;
        } else {
            self.kept += 1;
        }
        tells
    }

    /// The line for those that had none.
    fn rest(&self) -> Option<String> {
        (self.kept > 0).then(|| format!("sandbox ... and {} more", self.kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_requests_at_once_are_a_few_lines_and_a_count() {
        let check = |requests: usize, lines_max: usize, lines: usize, rest: Option<&str>| {
            let mut span = Span { lines_max, told: 0, kept: 0 };
            let told = (0..requests).filter(|_| span.tells()).count();
            assert_eq!((told, span.rest().as_deref()), (lines, rest));
        };
        check(0, 3, 0, None);
        check(3, 3, 3, None);
        check(60, 3, 3, Some("sandbox ... and 57 more"));
        check(60, usize::MAX, 60, None);
    }
}
