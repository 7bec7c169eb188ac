//! Load over real sockets: a closed loop for bursts, an open one for a fixed rate. In the open loop
//! a request's time runs from when it was due, so that a stall is charged to all it delayed.

use hdrhistogram::Histogram;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// What a load did.
pub struct Loaded {
    /// Requests answered as wanted.
    pub good: u64,
    /// Requests answered otherwise or not at all.
    pub bad: u64,
    /// Wall time.
    pub seconds: f64,
    /// Microseconds from due (or sent) to answered.
    pub times: Histogram<u64>,
}

impl Loaded {
    /// Answered requests a second.
    pub fn rate(&self) -> f64 {
        self.good as f64 / self.seconds
    }

    /// A percentile in milliseconds.
    pub fn ms(&self, percentile: f64) -> f64 {
        self.times.value_at_percentile(percentile) as f64 / 1_000.0
    }
}

/// What to send and how.
#[derive(Clone)]
pub struct Plan {
    /// Where.
    pub to: SocketAddr,
    /// Connections.
    pub connections: u64,
    /// Requests in all.
    pub requests: u64,
    /// Requests a second; `None`: as fast as answers come.
    pub rate: Option<f64>,
    /// The request's bytes by its number.
    pub request: Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>,
    /// The wanted status.
    pub status: u16,
}

/// A histogram of microseconds up to ten minutes.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000, 3).expect("bounds are in order")
}

/// Runs a plan.
pub async fn run(plan: &Plan) -> Loaded {
    let next = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let tasks: Vec<_> = (0..plan.connections)
        .map(|_| tokio::spawn(connection(plan.clone(), Arc::clone(&next), began)))
        .collect();
    let mut loaded = Loaded { good: 0, bad: 0, seconds: 0.0, times: histogram() };
    for task in tasks {
        let (good, bad, times) = task.await.expect("a connection");
        loaded.good += good;
        loaded.bad += bad;
        loaded.times.add(times).expect("same bounds");
    }
    loaded.seconds = began.elapsed().as_secs_f64();
    loaded
}

async fn connection(
    plan: Plan,
    next: Arc<AtomicU64>,
    began: Instant,
) -> (u64, u64, Histogram<u64>) {
    let (mut good, mut bad, mut times) = (0, 0, histogram());
    let mut stream = None;
    let mut buffer = Vec::with_capacity(8_192);
    loop {
        let n = next.fetch_add(1, Ordering::Relaxed);
        if n >= plan.requests {
            return (good, bad, times);
        }
        let due = plan.rate.map(|rate| began + Duration::from_secs_f64(n as f64 / rate));
        if let Some(due) = due {
            tokio::time::sleep_until(due).await;
        }
        let from = due.unwrap_or_else(Instant::now);
        match exchange(&mut stream, plan.to, &(plan.request)(n), &mut buffer).await {
            Ok(status) if status == plan.status => good += 1,
            Ok(_) => bad += 1,
            Err(_) => {
                bad += 1;
                stream = None;
            }
        }
        let micros = u64::try_from(from.elapsed().as_micros()).unwrap_or(u64::MAX);
        times.saturating_record(micros.max(1));
    }
}

/// Sends one request and reads its answer on a kept connection; the status.
pub async fn exchange(
    stream: &mut Option<TcpStream>,
    to: SocketAddr,
    request: &[u8],
    buffer: &mut Vec<u8>,
) -> std::io::Result<u16> {
    let connected = match stream.take() {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(to).await?;
            stream.set_nodelay(true)?;
            stream
        }
    };
    let connected = stream.insert(connected);
    connected.write_all(request).await?;
    buffer.clear();
    let (head, length) = loop {
        if connected.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            break (end + 4, content_length(&buffer[..end]));
        }
    };
    while buffer.len() < head + length {
        if connected.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    let status = std::str::from_utf8(&buffer[9..12]).ok().and_then(|s| s.parse().ok());
    buffer.drain(..head);
    status.ok_or_else(|| std::io::ErrorKind::InvalidData.into())
}

fn content_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|n| n.trim().parse().ok())
        .unwrap_or(0)
}
