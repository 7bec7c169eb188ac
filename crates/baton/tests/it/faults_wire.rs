//! Broken exchanges at the program's own door. What each kind of broken body is answered is tested
//! with the capture endpoints; here: nothing makes the program stumble, and many callers that
//! never finish their headers slow nobody else.

use crate::api::Connection;
use crate::faults::never_panicked;
use crate::process::{Baton, Database, PATIENCE};
use crate::scene::{Scene, post_lead};
use rustix::process::{Resource, getrlimit, setrlimit};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// Callers that never finish their headers, where the machine lets a process open so many files.
const HALF_OPEN: usize = 5_000;
/// Files that are open for other reasons.
const OTHER_FILES: usize = 500;
/// Leads posted beside them, and as many before.
const POSTS: usize = 200;
/// The 99th percentile beside them may be so many times the one before, or below the floor, under
/// which a busy machine's noise is more than what is measured.
const RATIO_MAX: u32 = 4;
const FLOOR: Duration = Duration::from_millis(150);

/// Raises what this process, and the program it starts, may open, as far as the machine lets it;
/// how many callers there can be.
fn callers() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let most = limit.current.map_or(usize::MAX, |most| usize::try_from(most).unwrap());
    HALF_OPEN.min(most.saturating_sub(OTHER_FILES))
}

async fn connect(baton: &Baton) -> TcpStream {
    TcpStream::connect(baton.url.strip_prefix("http://").unwrap()).await.unwrap()
}

/// Sends the bytes and closes its side; all that comes back.
async fn send(baton: &Baton, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(baton).await;
    let mut answer = Vec::new();
    // The server may hang up before it has read everything: that is an answer as well.
    let exchange = async {
        drop(stream.write_all(bytes).await);
        drop(stream.shutdown().await);
        drop(stream.read_to_end(&mut answer).await);
    };
    assert!(timeout(PATIENCE, exchange).await.is_ok(), "the server lets go of a broken exchange");
    answer
}

/// A request to the source with a body and whatever length it announces.
fn request(inbound: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {inbound} HTTP/1.1\r\nHost: baton\r\nContent-Type: application/json\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// Broken exchanges by name.
fn broken(inbound: &str) -> Vec<(&'static str, Vec<u8>)> {
    let sized =
        |body: &[u8]| request(inbound, &format!("Content-Length: {}\r\n", body.len()), body);
    let keys: Vec<String> = (0..10_000).map(|n| format!("\"k{n}\":1")).collect();
    let lead = b"{\"email\":\"ada@example.com\"}";
    let chunked = "Transfer-Encoding: chunked\r\n";
    let many_headers: String = (0..1_000).map(|n| format!("X-{n}: 1\r\n")).collect();
    vec![
        ("64 KiB + 1", sized(&vec![b' '; 64 * 1024 + 1])),
        ("10,000 keys", sized(format!("{{{}}}", keys.join(",")).as_bytes())),
        ("depth 10,000", sized("[".repeat(10_000).as_bytes())),
        ("depth 10,000 in a field", {
            sized(format!("{{\"email\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000)).as_bytes())
        }),
        ("not UTF-8", sized(b"{\"email\":\"\xff\xfe\"}")),
        ("NUL", sized(b"{\"email\":\"a\\u0000@example.com\"}")),
        ("a half surrogate", sized(b"{\"email\":\"\\ud800\"}")),
        ("length too large", request(inbound, "Content-Length: 5000\r\n", lead)),
        ("length too small", request(inbound, "Content-Length: 5\r\n", lead)),
        (
            "a length of 20 digits",
            request(inbound, "Content-Length: 99999999999999999999\r\n", lead),
        ),
        ("a negative length", request(inbound, "Content-Length: -1\r\n", lead)),
        ("two lengths", request(inbound, "Content-Length: 5\r\nContent-Length: 6\r\n", lead)),
        ("length and chunks", request(inbound, &format!("Content-Length: 5\r\n{chunked}"), lead)),
        ("a chunk of no number", request(inbound, chunked, b"zz\r\n{}\r\n0\r\n\r\n")),
        ("a chunk of 2^64", request(inbound, chunked, b"ffffffffffffffffff\r\n{}")),
        ("chunks without an end", request(inbound, chunked, b"2\r\n{}\r\n")),
        ("1,000 headers", request(inbound, &many_headers, b"")),
        ("a header of 1 MiB", request(inbound, &format!("X-A: {}\r\n", "x".repeat(1 << 20)), b"")),
        ("a path of 1 MiB", request(&format!("/{}", "x".repeat(1 << 20)), "", b"")),
        ("a path that is no text", b"GET /%ff%fe%00 HTTP/1.1\r\nHost: baton\r\n\r\n".to_vec()),
        ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
        ("NULs", vec![0; 4_096]),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("nothing", Vec::new()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_exchanges_get_no_5xx_and_make_nothing_panic() {
    let dir = tempfile::tempdir().unwrap();
    let baton = Baton::on(&Database::Embedded(dir.path().join("data"))).await;
    let api = baton.api();
    let scene = Scene::set(&api).await;
    for (name, bytes) in broken(&scene.inbound) {
        let answer = send(&baton, &bytes).await;
        let answer = String::from_utf8_lossy(&answer);
        for line in answer.lines().filter(|line| line.starts_with("HTTP/1.")) {
            let status = line.split(' ').nth(1).unwrap_or_default();
            assert!(status.starts_with('4'), "{name}: {line}");
        }
    }
    scene.lead(&baton.url, "ada@example.com").await;
    let stored = api.all("/api/v1/leads?state=received").await;
    assert_eq!(stored.len(), 1, "only the whole one was taken");
    never_panicked(&baton.log());
    assert!(baton.stop().await.success());
}

/// The 99th percentile of the time a lead takes.
async fn p99(baton: &Baton, scene: &Scene) -> Duration {
    let mut connection = Connection::to(&baton.url).await.unwrap();
    let mut took = Vec::with_capacity(POSTS);
    for n in 0..POSTS {
        let started = Instant::now();
        let email = format!("lead{n}@example.com");
        let (status, _) = post_lead(&mut connection, &scene.inbound, &email).await.unwrap();
        assert_eq!(status, 201);
        took.push(started.elapsed());
    }
    took.sort_unstable();
    took[POSTS * 99 / 100]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_never_finish_their_headers_slow_nobody_and_are_cut() {
    let callers = callers();
    let dir = tempfile::tempdir().unwrap();
    let baton = Baton::on(&Database::Embedded(dir.path().join("data"))).await;
    let scene = Scene::set(&baton.api()).await;
    let alone = p99(&baton, &scene).await;

    let started = Instant::now();
    let mut half_open = Vec::with_capacity(callers);
    for _ in 0..callers {
        let mut stream = connect(&baton).await;
        stream.write_all(b"POST / HTTP/1.1\r\nHost: baton\r\nX-Slow: ").await.unwrap();
        half_open.push(stream);
    }
    let beside = p99(&baton, &scene).await;
    assert!(beside <= FLOOR.max(alone * RATIO_MAX), "{alone:?} alone, {beside:?} beside them");

    // Each goes on with a byte, which must not buy it time.
    for stream in &mut half_open {
        drop(stream.write_all(b"x").await);
    }
    for mut stream in half_open {
        let mut answer = Vec::new();
        let cut = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        assert!(cut.is_ok(), "a caller without an end to its headers is cut");
        assert!(!answer.starts_with(b"HTTP/1.1 5"), "{}", String::from_utf8_lossy(&answer));
    }
    let most = baton_web::server::HEADER_TIMEOUT * 2;
    assert!(started.elapsed() < most, "cut after {:?}", started.elapsed());
    scene.lead(&baton.url, "ada@example.com").await;
    never_panicked(&baton.log());
    assert!(baton.stop().await.success());
}
