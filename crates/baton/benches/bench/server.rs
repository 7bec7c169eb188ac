//! The real binary as the thing that is measured, and a receiver that only counts.

use crate::load::exchange;
use crate::store_alone::Ids;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpSocket;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The key the benches use; it opens a server on loopback that lives for seconds.
pub const KEY: &str = "bench-key-0123456789abcdefghij";

/// A running server.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Seconds from start to ready.
    pub started_in: f64,
}

impl Server {
    /// Starts the binary on a data directory, or on PostgreSQL when `database` is given.
    pub async fn start(data: &Path, database: Option<&str>) -> Self {
        let began = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_baton"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--allow-private", "--data"])
            .arg(data)
            .env("BATON_BOOTSTRAP_KEY", KEY)
            // The key of the store that fills the data directories.
            .env("BATON_MASTER_KEY", "01".repeat(32))
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(url) = database {
            command.args(["--database", url]);
        }
        let mut child = command.spawn().expect("the binary starts");
        let stdout = child.stdout.take().expect("its output");
        let stdout = tokio::process::ChildStdout::from_std(stdout).expect("its output");
        let mut lines = BufReader::new(stdout).lines();
        let address = loop {
            let line = lines.next_line().await.expect("its output").expect("a ready line");
            // A link to set it up may come before.
            if let Some((_, address)) = line.split_once("listening on http://") {
                break address.trim().parse().expect("an address");
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, address, started_in: began.elapsed().as_secs_f64() }
    }

    /// Calls the management API; the answer as JSON.
    pub async fn api(&self, method: &str, path: &str, body: &str) -> serde_json::Value {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {KEY}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut buffer = Vec::new();
        let status = exchange(&mut None, self.address, request.as_bytes(), &mut buffer)
            .await
            .expect("an answer");
        let text = String::from_utf8_lossy(&buffer);
        assert!(status < 300, "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Creates a campaign with an endpoint source and one destination per URL; the posting path.
    pub async fn campaign(&self, name: &str, urls: &[String]) -> String {
        self.campaign_ids(name, urls).await.1
    }

    /// The same with the ids of the campaign, its source and its last destination besides.
    pub async fn campaign_ids(&self, name: &str, urls: &[String]) -> (Ids, String) {
        let body = format!("{{\"name\":\"{name}\",\"country\":\"GB\"}}");
        let campaign = self.api("POST", "/api/v1/campaigns", &body).await;
        let campaign = campaign["id"].as_str().expect("an id").to_owned();
        let mut lane = String::new();
        for (n, url) in urls.iter().enumerate() {
            let body = serde_json::json!({
                "campaign_id": campaign, "connector": "webhook", "name": format!("receiver {n}"),
                "settings": {"url": url}, "limits": {"in_flight": 256}
            });
            let made = self.api("POST", "/api/v1/destinations", &body.to_string()).await;
            made["id"].as_str().expect("an id").clone_into(&mut lane);
        }
        let body =
            serde_json::json!({"campaign_id": campaign, "kind": "endpoint", "name": "bench"});
        let source = self.api("POST", "/api/v1/sources", &body.to_string()).await;
        let text = |of: &serde_json::Value, key: &str| of[key].as_str().expect("a text").to_owned();
        let workspaces = self.api("GET", "/api/v1/workspaces", "").await;
        let ids = Ids {
            workspace: text(&workspaces["data"][0], "id").parse().expect("an id"),
            campaign: campaign.parse().expect("an id"),
            source: text(&source, "id").parse().expect("an id"),
            lane: lane.parse().expect("an id"),
        };
        (ids, format!("/api/inbound/w/{}/leads", text(&source, "webhook_id")))
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap_or_default()
    }

    /// CPU seconds used so far.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = self.proc("stat");
        let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let fields: Vec<&str> = after.split_whitespace().collect();
        let ticks = |n: usize| fields.get(n).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
        (ticks(11) + ticks(12)) / 100.0
    }

    /// Bytes written to disk so far.
    pub fn written_bytes(&self) -> u64 {
        let io = self.proc("io");
        let line = io.lines().find_map(|l| l.strip_prefix("write_bytes: "));
        line.and_then(|n| n.trim().parse().ok()).unwrap_or(0)
    }

    /// Resident memory in MB, without file pages.
    pub fn resident_mb(&self) -> f64 {
        let status = self.proc("status");
        let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"));
        let kb: f64 =
            line.and_then(|l| l.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or(0.0);
        kb / 1024.0
    }

    /// Returns when it has caught up with what came before: it uses little CPU for a second.
    pub async fn settle(&self) {
        for _ in 0..120 {
            let before = self.cpu_seconds();
            tokio::time::sleep(Duration::from_secs(1)).await;
            if self.cpu_seconds() - before < 0.1 {
                return;
            }
        }
    }

    /// Stops it in order.
    pub fn stop(mut self) {
        let pid = self.child.id().to_string();
        drop(Command::new("kill").args(["-TERM", &pid]).status());
        drop(self.child.wait());
    }
}

/// A receiver that answers 200 and counts, or takes requests and never answers.
pub struct Receiver {
    /// Where it listens.
    pub address: SocketAddr,
    count: Arc<AtomicU64>,
    arrived: Arc<Notify>,
    /// Microseconds from the `sent` field of a lead to its first byte here.
    pub lags: Arc<std::sync::Mutex<hdrhistogram::Histogram<u64>>>,
}

impl Receiver {
    /// Starts one.
    pub async fn start(answers: bool, epoch: Instant) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let listener = socket.listen(4_096).expect("a port");
        let address = listener.local_addr().expect("an address");
        let (count, arrived) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
        let lags = Arc::new(std::sync::Mutex::new(crate::load::histogram()));
        let shared = (Arc::clone(&count), Arc::clone(&arrived), Arc::clone(&lags));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = (Arc::clone(&shared.0), Arc::clone(&shared.1), Arc::clone(&shared.2));
                tokio::spawn(async move {
                    drop(serve(stream, answers, epoch, shared).await);
                });
            }
        });
        Self { address, count, arrived, lags }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}/in", self.address)
    }

    /// How many requests came.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Waits until so many came; false after `limit`.
    pub async fn wait_for(&self, wanted: u64, limit: Duration) -> bool {
        let all = async {
            while self.count() < wanted {
                drop(
                    tokio::time::timeout(Duration::from_millis(50), self.arrived.notified()).await,
                );
            }
        };
        tokio::time::timeout(limit, all).await.is_ok()
    }
}

type Shared = (Arc<AtomicU64>, Arc<Notify>, Arc<std::sync::Mutex<hdrhistogram::Histogram<u64>>>);

async fn serve(
    mut stream: tokio::net::TcpStream,
    answers: bool,
    epoch: Instant,
    (count, arrived, lags): Shared,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer: Vec<u8> = Vec::with_capacity(8_192);
    loop {
        let mut first_byte = None;
        let head = loop {
            if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
            first_byte.get_or_insert_with(|| epoch.elapsed());
        };
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        let length: usize = text
            .lines()
            .find_map(|l| l.strip_prefix("content-length:"))
            .and_then(|n| n.trim().parse().ok())
            .unwrap_or(0);
        while buffer.len() < head + length {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
        if let (Some(arrived_at), Some(sent)) =
            (first_byte, sent_field(&buffer[head..head + length]))
            && let Ok(mut lags) = lags.lock()
        {
            let lag = u64::try_from(arrived_at.as_micros()).unwrap_or(0).saturating_sub(sent);
            lags.saturating_record(lag.max(1));
        }
        buffer.drain(..head + length);
        count.fetch_add(1, Ordering::Relaxed);
        arrived.notify_one();
        if !answers {
            std::future::pending::<()>().await;
        }
        stream
            .write_all(
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok",
            )
            .await?;
    }
}

/// The number in the lead's `sent_us` field.
fn sent_field(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("\"sent_us\":\"")?;
    rest.split_once('"')?.0.parse().ok()
}
