//! PostgreSQL out of reach: captures are refused at once, nothing acknowledged is lost, no attempt
//! is spent, and all goes on by itself when it is back.

use crate::crash::{drained, serve};
use crate::faults::{is_come_again, never_panicked, post};
use crate::load::{Acknowledged, Load};
use crate::process::{Baton, Database, until};
use crate::scene::{Scene, sandbox, text};
use baton_sandbox::Reply;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;

/// A refusal that comes later is not one at once.
const AT_ONCE: Duration = Duration::from_secs(5);
/// Posts during an outage whose answers are timed.
const POSTS: usize = 5;
/// Deliveries that wait while the database is gone.
const WAITING: usize = 20;
/// Cuts under load.
const CUTS: usize = 5;

/// A way to the database that can be cut: open connections are reset, new ones too.
struct Gate {
    open: watch::Sender<bool>,
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
        let (open, state) = watch::channel(true);
        let accepting = tokio::spawn(async move {
            while let Ok((from, _)) = listener.accept().await {
                tokio::spawn(pass(from, target.clone(), state.clone()));
            }
        });
        (Self { open, accepting }, Database::Postgres { url: url.to_string(), dir })
    }

    fn cut(&self) {
        self.open.send_replace(false);
    }

    fn mend(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Passes bytes both ways until the gate is cut, which resets both sides with what is under way.
async fn pass(mut from: TcpStream, target: String, mut state: watch::Receiver<bool>) {
    // Closing is then a reset: the peer learns of it with the next byte.
    from.set_zero_linger().unwrap();
    if !*state.borrow_and_update() {
        return;
    }
    let Ok(mut to) = TcpStream::connect(target).await else { return };
    to.set_zero_linger().unwrap();
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut from, &mut to) => {}
        _ = state.wait_for(|open| !open) => {}
    }
}

/// Posts a lead while the database is gone.
async fn refused_at_once(baton: &Baton, inbound: &str) {
    let started = Instant::now();
    let answer = post(&baton.url, inbound, &json!({"email": "ada@example.com"})).await;
    is_come_again(&answer);
    assert!(started.elapsed() < AT_ONCE, "refused after {:?}", started.elapsed());
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

    gate.cut();
    for _ in 0..POSTS {
        refused_at_once(&baton, &scene.inbound).await;
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
    gate.mend();
    until("it is ready again", || async { api.call("GET", "/readyz", None).await.0 == 200 }).await;
    acknowledged.note(scene.lead(&baton.url, "later@example.com").await);
    drained(&api, &sandbox, &acknowledged).await;
    assert_eq!(acknowledged.count(), WAITING + 1);
    no_attempt_was_spent(&api.all("/api/v1/deliveries").await, sandbox.received_count());
    never_panicked(&baton.log());
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
        gate.cut();
        refused_at_once(&baton, &scene.inbound).await;
        gate.mend();
    }
    acknowledged.reaches(acknowledged.count() + 30).await;
    load.stop().await;
    drained(&api, &sandbox, &acknowledged).await;
    never_panicked(&baton.log());
    assert!(baton.stop().await.success());
}
