//! The real program as a child process. Whatever a test does, its child ends with it.

use crate::api::Api;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// How long anything may take before the test says that it did not happen. Builds for tests are
/// slow and machines are shared, so this is far above what is usual.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The API key that tests give their servers.
pub const KEY: &str = "test-key-of-the-whole-system-tests";
/// The master key of servers on PostgreSQL.
pub const MASTER_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

pub use rustix::process::Signal;

/// The program, without the settings of whoever runs the tests.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("BATON_")) {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// What a command that ended has said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs a command to its end.
pub async fn run(command: &mut Command) -> Said {
    let output = timeout(PATIENCE, command.output()).await.expect("the command ends").unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Where a server has its data.
#[derive(Clone, Debug)]
pub enum Database {
    Embedded(PathBuf),
    Postgres { url: String, dir: PathBuf },
}

impl Database {
    /// A database of its own on the server that the tests were given.
    pub async fn postgres(dir: &Path) -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let url = std::env::var("BATON_TEST_POSTGRES_URL").expect(
            "BATON_TEST_POSTGRES_URL is not set: run the tests with scripts/with-postgres.sh or \
             make test",
        );
        let (client, connection) =
            tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        let driver = tokio::spawn(connection);
        let name = format!("baton_{}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        drop(client);
        drop(driver.await);
        let (head, _) = url.rsplit_once('/').unwrap();
        Self::Postgres { url: format!("{head}/{name}"), dir: dir.to_owned() }
    }

    pub fn dir(&self) -> &Path {
        match self {
            Self::Embedded(dir) | Self::Postgres { dir, .. } => dir,
        }
    }

    /// `baton serve` on it, on a free port, with the tests' key, able to call this machine.
    pub fn serve(&self) -> Command {
        let mut command = command();
        command.args(["serve", "--listen", "127.0.0.1:0", "--allow-private", "--data"]);
        command.arg(self.dir()).env("BATON_BOOTSTRAP_KEY", KEY);
        if let Self::Postgres { url, .. } = self {
            command.env("BATON_DATABASE", url).env("BATON_MASTER_KEY", MASTER_KEY);
        }
        command
    }
}

/// A running server.
pub struct Baton {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    /// Lines on standard output before the one that says it is ready.
    pub said: Vec<String>,
    /// Its base URL.
    pub url: String,
    log: PathBuf,
}

impl Baton {
    /// Starts `baton serve` on a database and waits until it is ready.
    pub async fn on(database: &Database) -> Self {
        Self::start(database.serve(), database.dir()).await
    }

    /// Starts a command that ends in a ready line; its log goes to a file in `dir`.
    pub async fn start(mut command: Command, dir: &Path) -> Self {
        static STARTED: AtomicU64 = AtomicU64::new(0);
        std::fs::create_dir_all(dir).unwrap();
        let log = dir.join(format!("log.{}", STARTED.fetch_add(1, Ordering::Relaxed)));
        command.stderr(std::fs::File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        let ready = async {
            while let Some(line) = out.next_line().await.unwrap() {
                match line.strip_prefix("listening on ") {
                    Some(url) => return Some(url.to_owned()),
                    None => said.push(line),
                }
            }
            None
        };
        let url = timeout(PATIENCE, ready).await.ok().flatten();
        let Some(url) = url else {
            panic!("the server did not start:\n{said:?}\n{}", tail(&log));
        };
        Self { child, out, said, url, log }
    }

    /// Its API, with the tests' key.
    pub fn api(&self) -> Api {
        Api::new(&self.url, KEY)
    }

    /// The next line on standard output.
    pub async fn next_line(&mut self) -> Option<String> {
        timeout(PATIENCE, self.out.next_line()).await.expect("a line comes").unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().expect("it runs")).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// SIGKILL: nothing in the process gets to know.
    pub async fn kill(mut self) {
        self.child.start_kill().unwrap();
        self.ended().await;
    }

    /// SIGTERM, and the end.
    pub async fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.ended().await
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.expect("the server ends").unwrap()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Baton {
    #[expect(clippy::print_stderr, reason = "a failed test shows what the server said")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the end of the server's log:\n{}", tail(&self.log));
        }
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// Looks again and again until the condition holds, or fails after [`PATIENCE`].
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let looking = async {
        while !holds().await {
            ticks.tick().await;
        }
    };
    assert!(timeout(PATIENCE, looking).await.is_ok(), "it did not come to pass: {what}");
}
