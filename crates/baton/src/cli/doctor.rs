use crate::cli;
use crate::clock::SystemClock;
use crate::data_dir;
use crate::failure::Failure;
use crate::node;
use crate::settings::{DataSettings, KEY_FILE, ServerFlags, Settings};
use crate::terminal;
use baton_store::Inspection;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tokio::net::{TcpListener, lookup_host};

/// Free space under which the doctor warns, in bytes.
const DISK_LOW_BYTES: u64 = 1024 * 1024 * 1024;
/// Free space under which it calls it a problem, in bytes.
const DISK_SHORT_BYTES: u64 = 100 * 1024 * 1024;
/// Most milliseconds our clock may be off the database's.
const CLOCK_DRIFT_MS_MAX: i64 = 1_000;
/// A name that exists as long as there is an internet (RFC 2606).
const KNOWN_NAME: &str = "example.com:443";
const DNS_TIMEOUT: Duration = Duration::from_secs(5);

const NOTES: &str = "\
It changes nothing and works while a server runs: the database is then read beside it.
Exit code 1 when there is a problem; a warning is none.";

/// Check settings, data and surroundings.
#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Args {
    #[command(flatten)]
    flags: ServerFlags,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Finding {
    Good,
    Warning,
    Problem,
}

struct Line {
    finding: Finding,
    about: &'static str,
    text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.finding {
            Finding::Good => "ok",
            Finding::Warning => "warning",
            Finding::Problem => "PROBLEM",
        };
        write!(f, "{word:<8} {:<12} {}", self.about, self.text)
    }
}

/// The lines of one visit, said as they come.
#[derive(Default)]
struct Visit {
    problems: usize,
}

impl Visit {
    fn note(&mut self, finding: Finding, about: &'static str, text: impl Into<String>) {
        self.problems += usize::from(finding == Finding::Problem);
        terminal::say(Line { finding, about, text: text.into() }.to_string());
    }

    fn good(&mut self, about: &'static str, text: impl Into<String>) {
        self.note(Finding::Good, about, text);
    }

    fn warning(&mut self, about: &'static str, text: impl Into<String>) {
        self.note(Finding::Warning, about, text);
    }

    fn problem(&mut self, about: &'static str, text: impl Into<String>) {
        self.note(Finding::Problem, about, text);
    }
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let given = cli::settings(&args.flags.0)?;
    let mut visit = Visit::default();
    match &given.file {
        Some(file) => visit.good("settings", format!("read, with {}", file.display())),
        None => visit.good("settings", "read; there is no settings file"),
    }
    cli::block_on(async {
        look(&given.settings, &mut visit).await;
        Ok(())
    })?;
    match visit.problems {
        0 => Ok(()),
        1 => Err(Failure::Failed("there is a problem".to_owned())),
        n => Err(Failure::Failed(format!("there are {n} problems"))),
    }
}

async fn look(settings: &Settings, visit: &mut Visit) {
    let data = &settings.data;
    if data.database.is_none() || data.dir.exists() {
        directory(&data.dir, visit);
    }
    master_key(data, visit);
    let running = match &data.database {
        None => {
            sqlite_version(visit);
            embedded(&data.dir, visit)
        }
        Some(url) => {
            match baton_store::inspect_postgres(url.reveal(), &SystemClock).await {
                Ok(seen) => postgres(&seen, visit),
                Err(error) => visit.problem("database", error.to_string()),
            }
            false
        }
    };
    match node::registry(data.connectors.as_deref()) {
        Ok(registry) => {
            let names: Vec<&str> = registry.iter().map(|m| m.name.as_str()).collect();
            visit.good("connectors", names.join(", "));
        }
        Err(error) => visit.problem("connectors", error.to_string()),
    }
    dns(settings, visit).await;
    roots(visit);
    port(settings.server.listen, running, visit).await;
}

fn directory(dir: &Path, visit: &mut Visit) {
    if !dir.exists() {
        let text = format!("{} is made at the first start", dir.display());
        return visit.good("data", text);
    }
    match data_dir::open_to_others(dir) {
        Err(error) => visit.problem("data", format!("{}: {error}", dir.display())),
        Ok(true) => visit.warning(
            "data",
            format!("{} is open to other users; the next start closes it", dir.display()),
        ),
        Ok(false) => visit.good("data", format!("{}, closed to other users", dir.display())),
    }
    if let Err(error) = tempfile_in(dir) {
        visit.problem("data", format!("{} cannot be written: {error}", dir.display()));
    }
    match rustix::fs::statvfs(dir) {
        Err(error) => visit.warning("disk", format!("the free space is not known: {error}")),
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let text = format!("{} MB free", free / (1024 * 1024));
            let finding = match free {
                DISK_LOW_BYTES.. => Finding::Good,
                DISK_SHORT_BYTES.. => Finding::Warning,
                _ => Finding::Problem,
            };
            visit.note(finding, "disk", text);
        }
    }
}

fn tempfile_in(dir: &Path) -> std::io::Result<()> {
    let file = dir.join(format!(".doctor.{}", std::process::id()));
    std::fs::OpenOptions::new().write(true).create_new(true).open(&file)?;
    std::fs::remove_file(&file)
}

fn master_key(data: &DataSettings, visit: &mut Visit) {
    let file = data.dir.join(KEY_FILE);
    if data.master_key.is_some() {
        return match crate::settings::master_key_of(data) {
            Ok(_) => visit.good("master key", "from the settings"),
            Err(error) => visit.problem("master key", error.to_string()),
        };
    }
    if file.exists() {
        return match crate::settings::master_key_of(data) {
            Ok(_) => visit.good("master key", format!("{}; keep a copy", file.display())),
            Err(error) => visit.problem("master key", error.to_string()),
        };
    }
    if data.database.is_some() {
        visit.problem("master key", "PostgreSQL needs one: set BATON_MASTER_KEY on all nodes");
    } else if data.dir.join(baton_store::DATABASE_FILE).exists() {
        let text = format!("{} is gone; put it back or set BATON_MASTER_KEY", file.display());
        visit.problem("master key", text);
    } else {
        visit.good("master key", format!("{} is made at the first start", file.display()));
    }
}

fn sqlite_version(visit: &mut Visit) {
    let version = baton_store::sqlite_version();
    if baton_store::sqlite_is_fit() {
        visit.good("sqlite", version);
    } else {
        let (major, minor, patch) = baton_store::SQLITE_VERSION_MIN;
        visit.problem("sqlite", format!("{version}; {major}.{minor}.{patch} or newer is needed"));
    }
}

/// Looks at the embedded database; whether a server uses it.
fn embedded(dir: &Path, visit: &mut Visit) -> bool {
    match baton_store::inspect_directory(dir) {
        Err(error) => {
            visit.problem("database", error.to_string());
            false
        }
        Ok(None) => {
            visit.good("database", "is made at the first start");
            false
        }
        Ok(Some(seen)) => {
            let running = seen.in_use == Some(true);
            let how = if running { "a server uses it, looked at beside it" } else { "not in use" };
            migration(&seen, how, visit);
            match seen.integrity.as_deref() {
                Some("ok") | None => visit.good("integrity", "quick check ok"),
                Some(damage) => visit.problem(
                    "integrity",
                    format!("{damage}; restore the last backup (baton restore)"),
                ),
            }
            running
        }
    }
}

fn postgres(seen: &Inspection, visit: &mut Visit) {
    migration(seen, &format!("PostgreSQL {}", seen.version), visit);
    let drift = seen.clock_offset_ms;
    if drift.abs() > CLOCK_DRIFT_MS_MAX {
        visit.problem("clock", format!("{drift} ms off the database's; set it by NTP"));
    } else {
        visit.good("clock", format!("{drift} ms off the database's"));
    }
}

fn migration(seen: &Inspection, how: &str, visit: &mut Visit) {
    let Inspection { migration, known, .. } = seen;
    if migration > known {
        let text = format!("is at migration {migration}, this release knows up to {known}");
        visit.problem("database", text);
    } else {
        visit.good("database", format!("{how}; migration {migration} of {known}"));
    }
}

async fn dns(settings: &Settings, visit: &mut Visit) {
    let found = match tokio::time::timeout(DNS_TIMEOUT, lookup_host(KNOWN_NAME)).await {
        Ok(Ok(mut found)) => found.next().is_some(),
        _ => false,
    };
    // A private installation may have no way out on purpose.
    match (found, settings.delivery.allow_private) {
        (true, _) => visit.good("dns", "names are resolved"),
        (false, true) => visit.warning("dns", "names of the internet are not resolved"),
        (false, false) => visit.problem(
            "dns",
            "names of the internet are not resolved, so nothing can be delivered there",
        ),
    }
}

fn roots(visit: &mut Visit) {
    let found = rustls_native_certs::load_native_certs();
    match found.certs.len() {
        0 => visit.problem(
            "tls",
            "no root certificates; install the package ca-certificates (or set SSL_CERT_FILE)",
        ),
        n => visit.good("tls", format!("{n} root certificates")),
    }
}

async fn port(addr: SocketAddr, running: bool, visit: &mut Visit) {
    match TcpListener::bind(addr).await {
        Ok(_) => visit.good("port", format!("{addr} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && running => {
            visit.good("port", format!("{addr} is in use, by the running server it seems"));
        }
        Err(error) => visit.problem("port", format!("{addr}: {error}")),
    }
}
