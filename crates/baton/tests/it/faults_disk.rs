//! A full disk: what cannot be stored is refused, what can be read is read, and nobody has to
//! restart anything once there is room again.

use crate::crash::{Harvest, drained};
use crate::faults::{is_come_again, never_panicked, post, stored};
use crate::load::Acknowledged;
use crate::process::{Baton, Database, PATIENCE, until};
use crate::scene::{Scene, sandbox, text};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Size of the disk, and of the file on it that is removed to make room, in MiB.
const DISK_MIB: usize = 12;
const BALLAST_MIB: usize = 7;
const MIB: usize = 1024 * 1024;
/// Refusals in a row after which the disk counts as full: the last pages are spent by small writes.
const REFUSALS: u32 = 5;
/// More posts than the disk has room for.
const POSTS_MAX: u32 = 2_000;
/// Answers of a lead, each below the limit of a value.
const FILLING_KEYS: usize = 6;
const FILLING_CHARS: usize = 7_500;

/// A small disk that only processes in its mount namespace see; it goes with its holder.
struct Disk {
    holder: Child,
    dir: PathBuf,
    /// Whether the namespace is one of an ordinary user.
    as_user: bool,
}

impl Disk {
    /// Mounts it over an empty directory.
    async fn mount(dir: &Path) -> Self {
        std::fs::create_dir_all(dir).unwrap();
        let root = rustix::process::geteuid().is_root();
        let mut refused = String::new();
        for flags in if root { ["-m", "-rm"].as_slice() } else { ["-rm"].as_slice() } {
            match Self::hold(dir, flags).await {
                Ok(holder) => {
                    return Self { holder, dir: dir.to_owned(), as_user: *flags == "-rm" };
                }
                Err(why) => refused.push_str(&format!("\nunshare {flags}: {why}")),
            }
        }
        panic!(
            "this test needs a small file system of its own, which takes root or user namespaces \
             (package util-linux, sysctl user.max_user_namespaces above 0, and a container that \
             allows mounts):{refused}"
        );
    }

    async fn hold(dir: &Path, flags: &str) -> Result<Child, String> {
        let script = "mount -t tmpfs -o size=$1,mode=700 baton \"$2\" && echo mounted && exec cat";
        let mut holder = Command::new("unshare")
            .args([flags, "sh", "-c", script, "sh", &format!("{DISK_MIB}m")])
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| e.to_string())?;
        let mut said = BufReader::new(holder.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, said.next_line()).await.map_err(|e| e.to_string())?;
        if line.is_ok_and(|line| line.as_deref() == Some("mounted")) {
            return Ok(holder);
        }
        let mut why = String::new();
        drop(holder.stderr.take().unwrap().read_to_string(&mut why).await);
        Err(why.trim().to_owned())
    }

    fn pid(&self) -> String {
        self.holder.id().expect("the holder runs").to_string()
    }

    /// A file on the disk, as seen from outside.
    fn outside(&self, name: &str) -> PathBuf {
        let inside = self.dir.strip_prefix("/").unwrap();
        Path::new("/proc").join(self.pid()).join("root").join(inside).join(name)
    }

    /// The same command, run where the disk is.
    fn enter(&self, command: &Command) -> Command {
        let mut entered = Command::new("nsenter");
        entered.args(["-m", "-t", &self.pid()]);
        if self.as_user {
            entered.args(["-U", "--preserve-credentials"]);
        }
        let command = command.as_std();
        entered.arg("--").arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => entered.env(name, value),
                None => entered.env_remove(name),
            };
        }
        entered.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        entered
    }
}

/// A lead of about 45 KiB.
fn large(n: u32) -> Value {
    let mut lead = json!({"email": format!("large{n}@example.com")});
    for key in 0..FILLING_KEYS {
        lead[format!("answer_{key}")] = "x".repeat(FILLING_CHARS).into();
    }
    lead
}

fn small(n: u32) -> Value {
    json!({"email": format!("small{n}@example.com")})
}

/// Posts until nothing is taken any more.
async fn fill(base: &str, inbound: &str, lead: fn(u32) -> Value, acknowledged: &Acknowledged) {
    let mut refusals = 0;
    for n in 0..POSTS_MAX {
        let answer = post(base, inbound, &lead(n)).await;
        if answer.status() == 201 {
            refusals = 0;
            let answer: Value = serde_json::from_slice(answer.body()).unwrap();
            acknowledged.note(text(&answer, "id"));
        } else {
            is_come_again(&answer);
            refusals += 1;
        }
        if refusals == REFUSALS {
            return;
        }
    }
    panic!("the disk took {POSTS_MAX} leads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_leads_until_there_is_room_and_loses_none() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::mount(&dir.path().join("disk")).await;
    std::fs::write(disk.outside("ballast"), vec![0; BALLAST_MIB * MIB]).unwrap();
    let sandbox = sandbox().await;
    let database = Database::Embedded(disk.dir.join("data"));
    let baton = Baton::start(disk.enter(&database.serve()), dir.path()).await;
    let api = baton.api();
    let scene = Scene::set(&api).await;
    scene.destination(&api, &sandbox, "/crm", json!({})).await;

    let acknowledged = Acknowledged::default();
    fill(&baton.url, &scene.inbound, large, &acknowledged).await;
    fill(&baton.url, &scene.inbound, small, &acknowledged).await;
    assert!(acknowledged.count() > 10, "{} leads", acknowledged.count());

    // Full: it says so, and everything that needs no room goes on.
    until("it says that it is not ready", || async {
        api.call("GET", "/readyz", None).await.0 == 503
    })
    .await;
    assert_eq!(api.get("/healthz").await["status"], "ok");
    assert_eq!(stored(&api).await, acknowledged.leads(), "what was refused is not there");

    // Room again: nobody restarts it.
    std::fs::remove_file(disk.outside("ballast")).unwrap();
    until("it is ready again", || async { api.call("GET", "/readyz", None).await.0 == 200 }).await;
    let answer = post(&baton.url, &scene.inbound, &small(POSTS_MAX)).await;
    assert_eq!(answer.status(), 201, "{:?}", answer.body());
    let answer: Value = serde_json::from_slice(answer.body()).unwrap();
    acknowledged.note(text(&answer, "id"));
    drained(&api, &sandbox, &acknowledged, Harvest::default()).await;
    assert_eq!(stored(&api).await, acknowledged.leads());
    never_panicked(&baton.log());
    assert!(baton.stop().await.success());

    let copy = dir.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(disk.outside("data")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    let seen = baton_store::inspect_directory(&copy).unwrap().unwrap();
    assert_eq!(seen.integrity.as_deref(), Some("ok"));
}
