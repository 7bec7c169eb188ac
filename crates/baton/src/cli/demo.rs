use crate::cli::remote::Remote;
use crate::cli::sandbox;
use crate::cli::serve;
use crate::clock::SystemClock;
use crate::data_dir;
use crate::entropy::SystemEntropy;
use crate::failure::Failure;
use crate::node::{Node, local_url};
use crate::settings::Settings;
use crate::signals::Signals;
use crate::{cli, telemetry, terminal};
use baton_domain::time::{Clock as _, Entropy as _};
use baton_sandbox::{Sandbox, SandboxHandle, SandboxSettings};
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

mod notes;
mod people;
mod scene;
mod traffic;

use notes::Notes;

/// The API's port, when it is free.
const API_PORT: u16 = 8080;
/// The receiver's port, when it is free.
const SANDBOX_PORT: u16 = 8081;

/// How often it is looked whether the receiver has got the first leads, and how many times.
const SETTLE_LOOK_EVERY: Duration = Duration::from_millis(300);
const SETTLE_LOOKS_MAX: u32 = 15;
/// Requests of a second that are a line each: retries of the first leads must not push the link away
/// by which somebody signs in.
const TOLD_MAX: usize = 3;

const NOTES: &str = "\
It listens on this machine only. It has three campaigns whose receivers behave well and badly, some
hundred leads, and new ones every few seconds. A lead of \"Solar UK\" goes to \"CRM\", which takes it,
and to \"Old CRM\", which fails now and then, is tried again, and hands over to \"Backup inbox\".
Delete the directory to begin anew.";

/// Run a server with a demo campaign and a receiver.
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Args {
    /// The demo's data directory
    #[arg(long, value_name = "DIR", default_value = "./data-demo")]
    data: PathBuf,
    /// Where the API listens [default: 127.0.0.1:8080, or a free port when that is in use]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where the receiver listens [default: 127.0.0.1:8081, or a free port when that is in use]
    #[arg(long, value_name = "ADDR")]
    sandbox_listen: Option<SocketAddr>,
    /// Post no leads: begin with empty campaigns
    #[arg(long)]
    no_leads: bool,
    /// How much is logged: error, warn, info, debug, trace
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    log_level: String,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let mut settings = Settings::default();
    settings.log.level.clone_from(&args.log_level);
    telemetry::start(&settings.log).map_err(Failure::Settings)?;
    settings.data.dir.clone_from(&args.data);
    settings.delivery.allow_private = true;
    cli::block_on(demo(args, settings))
}

async fn demo(args: &Args, mut settings: Settings) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    data_dir::prepare(&args.data)?;
    let mut notes = Notes::read(&args.data, || {
        let mut random = [0; 16];
        SystemEntropy.fill(&mut random);
        hex::encode(random)
    })?;
    settings.data.bootstrap_key = Some(notes.key.clone());
    settings.server.listen = place(args.listen, API_PORT, "the API").await;
    let sandbox = start_sandbox(args).await?;
    let mut node = Node::start(&settings).await?;
    let api = local_url(node.addr());
    let remote = Remote::at(&api, &notes.key)?;
    let sources = scene::set(&node, &remote, &sandbox, &mut notes).await?;
    notes.write(&args.data)?;
    scene::arm(&sandbox, &notes)?;
    if !args.no_leads && !scene::has_leads(&remote).await? {
        terminal::say("Posting some hundred leads ...");
        traffic::history(&remote, &sources, || scene::pause_loans(&remote)).await?;
        settle(&sandbox).await;
    }
    let told = sandbox.received_count();
    terminal::say(scene::guide(&api, &sandbox, &notes, &args.data));
    if let Some(lines) = node.setup_lines(&settings) {
        terminal::say(lines);
    }
    terminal::say(format!("listening on {api}"));
    tokio::select! {
        stopped = serve::until_stopped(&mut node, &mut signals, &settings) => stopped?,
        () = sandbox::tell(&sandbox, told, TOLD_MAX) => {}
        () = traffic::arrive(&remote, &sources, first_arrival()), if !args.no_leads => {}
    }
    signals.exit_at_next();
    node.stop(Duration::from_secs(settings.server.stop_deadline_s.into())).await;
    sandbox.shutdown().await;
    Ok(())
}

/// Waits until most of the first leads are where they go, so that what they are told about is not
/// lost among their requests.
async fn settle(sandbox: &SandboxHandle) {
    let mut seen = 0;
    for _ in 0..SETTLE_LOOKS_MAX {
        tokio::time::sleep(SETTLE_LOOK_EVERY).await;
        let now = sandbox.received_count();
        if now == seen {
            return;
        }
        seen = now;
    }
}

/// A number that grows with time, so that each run of the demo has other people.
fn first_arrival() -> u64 {
    u64::try_from(SystemClock.now().0 / 1_000).unwrap_or_default()
}

/// The address that was asked for, else the usual port, else a free one.
async fn place(asked: Option<SocketAddr>, usual: u16, what: &str) -> SocketAddr {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match asked {
        Some(addr) => addr,
        None => match TcpListener::bind(at(usual)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                terminal::say(format!("Port {usual} is in use: {what} takes a free one."));
                at(0)
            }
            _ => at(usual),
        },
    }
}

async fn start_sandbox(args: &Args) -> Result<SandboxHandle, Failure> {
    let listen = place(args.sandbox_listen, SANDBOX_PORT, "the receiver").await;
    let settings = SandboxSettings { listen, ..SandboxSettings::loopback(Arc::new(SystemClock)) };
    Sandbox::start(settings).await.map_err(|e| {
        let cause = std::error::Error::source(&e).map(ToString::to_string).unwrap_or_default();
        Failure::Failed(format!("{e} ({cause})"))
    })
}
