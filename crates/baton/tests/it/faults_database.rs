//! PostgreSQL out of reach: captures are refused at once, nothing acknowledged is lost, no attempt
//! is spent, and all goes on by itself when it is back.

use crate::crash::{Harvest, drained, serve};
use crate::faults::{is_come_again, never_panicked, post, stored};
use crate::load::{Acknowledged, Load};
use crate::process::{Baton, Database, until};
use crate::scene::{Scene, sandbox, text};
use baton_sandbox::Reply;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

/// A refusal that comes later is not one at once.
const AT_ONCE: Duration = Duration::from_secs(5);
/// A silent database looks like a slow one, so the first refusals take longer.
const IN_TIME: Duration = Duration::from_secs(15);
/// Posts during an outage whose answers are timed.
const POSTS: usize = 5;
/// Deliveries that wait while the database is gone.
const WAITING: usize = 20;
/// Cuts under load.
const CUTS: usize = 5;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// Open connections are reset, new ones too.
    Cut,
    /// Connections stay, and nothing comes on them any more.
    Silent,
}

/// Where the connection of a transaction is lost.
#[derive(Clone, Copy)]
enum Lost {
    /// The database never gets the COMMIT.
    Commit,
    /// The database commits, and nobody gets to know.
    Answer,
}

/// Waits for the COMMIT of the transaction that has the mark in what it writes.
struct Trap {
    mark: &'static str,
    lost: Lost,
}

/// A way to the database that can be cut.
struct Gate {
    state: watch::Sender<State>,
    trap: Arc<Mutex<Option<Trap>>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Gate {
    /// A database of its own behind a gate.
    async fn before_postgres(dir: &Path) -> (Self, Database) {
        let Database::Postgres { url, dir } = Database::postgres(dir).await else { unreachable!() };
        let mut url = url::Url::parse(&url).unwrap();
        let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let SocketAddr::V4(addr) = listener.local_addr().unwrap() else { unreachable!() };
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(addr.port())).unwrap();
        let (sender, state) = watch::channel(State::Open);
        let trap = Arc::default();
        let set = Arc::clone(&trap);
        let accepting = tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                tokio::spawn(pass(from, target.clone(), state.clone(), Arc::clone(&set)));
            }
        });
        (Self { state: sender, trap, accepting }, Database::Postgres { url: url.to_string(), dir })
    }

    fn is(&self, state: State) {
        self.state.send_replace(state);
    }

    fn set(&self, mark: &'static str, lost: Lost) {
        *self.trap.lock().unwrap() = Some(Trap { mark, lost });
    }

    fn has_sprung(&self) -> bool {
        self.trap.lock().unwrap().is_none()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Passes bytes both ways while the gate is open. Then the connection is lost with what was under
/// way: at once, or when a silence ends.
async fn pass(
    mut from: TcpStream,
    target: String,
    mut state: watch::Receiver<State>,
    trap: Arc<Mutex<Option<Trap>>>,
) {
    // Closing is then a reset.
    from.set_zero_linger().unwrap();
    let now = *state.borrow_and_update();
    if now == State::Open
        && let Ok(mut to) = TcpStream::connect(target).await
    {
        to.set_zero_linger().unwrap();
        tokio::select! {
            _ = relay(&mut from, &mut to, &trap) => return,
            _ = state.wait_for(|now| *now != State::Open) => {}
        }
    }
    drop(state.wait_for(|now| *now != State::Silent).await);
}

/// Passes bytes until a side closes or the trap springs.
async fn relay(
    from: &mut TcpStream,
    to: &mut TcpStream,
    trap: &Mutex<Option<Trap>>,
) -> std::io::Result<()> {
    let (mut there, mut back) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut marked = false;
    loop {
        tokio::select! {
            read = from.read(&mut there) => {
                let bytes = &there[..read?];
                if bytes.is_empty() {
                    return Ok(());
                }
                match sprung(trap, bytes, &mut marked) {
                    None => to.write_all(bytes).await?,
                    Some(Lost::Commit) => return Ok(()),
                    Some(Lost::Answer) => {
                        to.write_all(bytes).await?;
                        return to.read(&mut back).await.map(drop);
                    }
                }
            }
            read = to.read(&mut back) => match read? {
                0 => return Ok(()),
                n => from.write_all(&back[..n]).await?,
            },
        }
    }
}

/// Whether these bytes are the COMMIT that the trap is set for.
fn sprung(trap: &Mutex<Option<Trap>>, bytes: &[u8], marked: &mut bool) -> Option<Lost> {
    let has = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    let mut trap = trap.lock().unwrap();
    *marked |= has(trap.as_ref()?.mark.as_bytes());
    if *marked && has(b"COMMIT") { trap.take().map(|trap| trap.lost) } else { None }
}

/// Posts a lead while the database is gone.
async fn refused_within(most: Duration, baton: &Baton, inbound: &str) {
    let started = Instant::now();
    let answer = post(&baton.url, inbound, &json!({"email": "ada@example.com"})).await;
    is_come_again(&answer);
    assert!(started.elapsed() < most, "refused after {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_is_gone_leads_are_refused_at_once_and_attempts_are_not_spent() {
    let dir = tempfile::tempdir().unwrap();
    let (gate, database) = Gate::before_postgres(dir.path()).await;
    let sandbox = sandbox().await;
    let baton = serve(&database).await;
    let api = baton.api();
    let scene = Scene::set(&api).await;
    let one_by_one = json!({"limits": {"in_flight": 1}});
    scene.destination(&api, &sandbox, "/crm", one_by_one).await;
    sandbox.set_rule("/crm", Reply::status(200).delay_ms(300)).unwrap();
    let acknowledged = Acknowledged::default();
    for n in 0..WAITING {
        acknowledged.note(scene.lead(&baton.url, &format!("lead{n}@example.com")).await);
    }
    sandbox.wait_for(1).await.unwrap();

    gate.is(State::Cut);
    for _ in 0..POSTS {
        refused_within(AT_ONCE, &baton, &scene.inbound).await;
    }
    until("it says that it is not ready", || async {
        api.call("GET", "/readyz", None).await.0 == 503
    })
    .await;
    assert_eq!(api.get("/healthz").await["status"], "ok");
    let (status, problem) = api.call("GET", "/api/v1/leads", None).await;
    assert_eq!(status, 503, "{problem}");
    assert!(sandbox.received_count() < WAITING as u64, "deliveries wait for the database");

    sandbox.set_rule("/crm", Reply::status(200)).unwrap();
    gate.is(State::Open);
    until("it is ready again", || async { api.call("GET", "/readyz", None).await.0 == 200 }).await;
    acknowledged.note(scene.lead(&baton.url, "later@example.com").await);
    drained(&api, &sandbox, &acknowledged, Harvest::default()).await;
    assert_eq!(acknowledged.count(), WAITING + 1);
    no_attempt_was_spent(&api.all("/api/v1/deliveries").await, sandbox.received_count());
    never_panicked(&baton.log());
    // One line each for reads and writes, and none for each of what failed.
    let log = baton.log();
    let lines = |level: &str| log.lines().filter(|line| line.contains(level)).count();
    assert!((1..=2).contains(&lines("ERROR")), "{log}");
    assert!(lines("WARN") <= 4, "{log}");
    assert!(baton.stop().await.success());
}

/// Every attempt that counts is one that the receiver has seen and taken.
fn no_attempt_was_spent(deliveries: &[Value], received: u64) {
    let mut attempts = 0;
    for delivery in deliveries {
        assert_eq!(delivery["state"], "accepted", "{delivery}");
        let spent: u64 = delivery["attempts"].to_string().parse().unwrap();
        assert_eq!(spent, 1, "{}: {delivery}", text(delivery, "id"));
        attempts += spent;
    }
    assert!(attempts <= received, "{attempts} attempts, {received} requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_cut_under_load_lose_no_acknowledged_lead() {
    let dir = tempfile::tempdir().unwrap();
    let (gate, database) = Gate::before_postgres(dir.path()).await;
    let sandbox = sandbox().await;
    let baton = serve(&database).await;
    let api = baton.api();
    let scene = Scene::set(&api).await;
    scene.destination(&api, &sandbox, "/crm", json!({})).await;
    let acknowledged = Arc::new(Acknowledged::default());
    let load = Load::start(std::slice::from_ref(&baton.url), &scene.inbound, &acknowledged);
    for cut in 0..CUTS {
        acknowledged.reaches(acknowledged.count() + 30 + 7 * cut).await;
        gate.is(State::Cut);
        refused_within(AT_ONCE, &baton, &scene.inbound).await;
        gate.is(State::Open);
    }
    acknowledged.reaches(acknowledged.count() + 30).await;
    load.stop().await;
    drained(&api, &sandbox, &acknowledged, Harvest::default()).await;
    never_panicked(&baton.log());
    assert!(baton.stop().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_in_the_commit_is_answered_by_what_became_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let (gate, database) = Gate::before_postgres(dir.path()).await;
    let sandbox = sandbox().await;
    let baton = serve(&database).await;
    let api = baton.api();
    let scene = Scene::set(&api).await;
    scene.destination(&api, &sandbox, "/crm", json!({})).await;
    let acknowledged = Acknowledged::default();

    gate.set("commit-lost@example.com", Lost::Commit);
    let answer =
        post(&baton.url, &scene.inbound, &json!({"email": "commit-lost@example.com"})).await;
    assert!(gate.has_sprung());
    is_come_again(&answer);
    assert!(stored(&api).await.is_empty(), "what was refused is not there");

    gate.set("answer-lost@example.com", Lost::Answer);
    acknowledged.note(scene.lead(&baton.url, "answer-lost@example.com").await);
    assert!(gate.has_sprung());
    drained(&api, &sandbox, &acknowledged, Harvest::default()).await;
    assert_eq!(stored(&api).await, acknowledged.leads());
    never_panicked(&baton.log());
    assert!(baton.stop().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_database_is_given_up_in_time_and_taken_up_again() {
    let dir = tempfile::tempdir().unwrap();
    let (gate, database) = Gate::before_postgres(dir.path()).await;
    let sandbox = sandbox().await;
    let baton = serve(&database).await;
    let api = baton.api();
    let scene = Scene::set(&api).await;
    scene.destination(&api, &sandbox, "/crm", json!({})).await;
    let acknowledged = Acknowledged::default();
    acknowledged.note(scene.lead(&baton.url, "before@example.com").await);

    gate.is(State::Silent);
    let (list, ()) = tokio::join!(
        api.call("GET", "/api/v1/leads", None),
        refused_within(IN_TIME, &baton, &scene.inbound),
    );
    assert_eq!(list.0, 503, "{}", list.1);
    refused_within(AT_ONCE, &baton, &scene.inbound).await;

    gate.is(State::Open);
    until("it is ready again", || async { api.call("GET", "/readyz", None).await.0 == 200 }).await;
    acknowledged.note(scene.lead(&baton.url, "after@example.com").await);
    drained(&api, &sandbox, &acknowledged, Harvest::default()).await;
    never_panicked(&baton.log());
    assert!(baton.stop().await.success());
}
