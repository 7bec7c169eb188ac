//! The server over HTTP: bursts, a fixed rate, the hand-off, bad neighbours, a million leads.

use crate::load::{Loaded, Plan, run};
use crate::machine::Table;
use crate::server::{Receiver, Server};
use crate::store_alone::{Ids, fill as fill_finished, fill_waiting, location};
use baton_store::Location;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// About 1 KB: five fields and a message.
fn lead(path: &str, tag: &str, n: u64, sent_us: Option<u64>) -> Vec<u8> {
    let sent = sent_us.map(|us| format!("\"sent_us\":\"{us}\",")).unwrap_or_default();
    let body = format!(
        "{{{sent}\"email\":\"{tag}{n}@example.com\",\"phone\":\"0770090{:04}\",\
         \"first_name\":\"Jane\",\"last_name\":\"Smith\",\"page_url\":\"https://form.example/solar\",\
         \"utm_source\":\"bench\",\"message\":\"{}\"}}",
        n % 10_000,
        "x".repeat(700)
    );
    format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn plan(server: &Server, path: &str, tag: &'static str, connections: u64, requests: u64) -> Plan {
    let path = path.to_owned();
    Plan {
        to: server.address,
        connections,
        requests,
        rate: None,
        request: Arc::new(move |n| lead(&path, tag, n, None)),
        status: 201,
    }
}

fn show(table: &mut Table, what: &str, loaded: &Loaded, more: &str) {
    table.row(
        what,
        &format!(
            "{:.0}/s, p50 {:.1} ms, p99 {:.1} ms, worst {:.0} ms, {} refused{more}",
            loaded.rate(),
            loaded.ms(50.0),
            loaded.ms(99.0),
            loaded.ms(100.0),
            loaded.bad
        ),
    );
}

/// The burst of 256 connections with one delivery each, and one connection alone.
pub async fn burst(table: &mut Table, name: &str, data: &Path, database: Option<&str>) -> f64 {
    let server = Server::start(data, database).await;
    let receiver = Receiver::start(true, Instant::now()).await;
    let path = server.campaign("Burst", &[receiver.url()]).await;
    run(&plan(&server, &path, "warm", 16, 500)).await;
    receiver.wait_for(500, Duration::from_secs(60)).await;
    let requests = crate::machine::env_or("BENCH_BURST", 60_000);
    let (cpu, written) = (server.cpu_seconds(), server.written_bytes());
    let began = Instant::now();
    let loaded = run(&plan(&server, &path, "burst", 256, requests)).await;
    let behind = (500 + requests).saturating_sub(receiver.count());
    let backlog = Instant::now();
    let in_time = receiver.wait_for(500 + requests, Duration::from_secs(120)).await;
    let drained = began.elapsed().as_secs_f64();
    let drain = backlog.elapsed().as_secs_f64();
    let n = requests as f64;
    let more = format!(
        "; {behind} behind at its end, worked off at {:.0}/s; all delivered {:.1} s after the start{}; {:.0} us CPU and {:.1} KB written a lead, \
         delivery included",
        behind as f64 / drain,
        drained,
        if in_time { "" } else { " (NOT ALL WITHIN 120 s)" },
        (server.cpu_seconds() - cpu) / n * 1e6,
        (server.written_bytes() - written) as f64 / n / 1024.0
    );
    show(table, &format!("{name}: burst, 256 connections, one delivery each"), &loaded, &more);
    let single = run(&plan(&server, &path, "one", 1, 2_000)).await;
    show(table, &format!("{name}: 1 connection"), &single, "");
    server.stop();
    loaded.rate()
}

/// Capture answered to first byte at the receiver, 50 leads a second.
pub async fn hand_off(table: &mut Table, data: &Path) {
    let server = Server::start(data, None).await;
    let epoch = Instant::now();
    let receiver = Receiver::start(true, epoch).await;
    let path = server.campaign("Hand-off", &[receiver.url()]).await;
    let mut plan = plan(&server, &path, "hand", 8, 1_000);
    plan.rate = Some(50.0);
    let path = path.clone();
    plan.request = Arc::new(move |n| {
        let sent = u64::try_from(epoch.elapsed().as_micros()).unwrap_or(0);
        lead(&path, "hand", n, Some(sent))
    });
    let captured = run(&plan).await;
    receiver.wait_for(1_000, Duration::from_secs(30)).await;
    let text = receiver.lags.lock().map_or_else(
        |_| String::new(),
        |lags| {
            format!(
                "p50 {:.1} ms, p99 {:.1} ms from the request's start to the receiver's first byte \
                 (the capture itself: p50 {:.1} ms, p99 {:.1} ms)",
                lags.value_at_percentile(50.0) as f64 / 1e3,
                lags.value_at_percentile(99.0) as f64 / 1e3,
                captured.ms(50.0),
                captured.ms(99.0)
            )
        },
    );
    table.row("hand-off at 50 leads/s", &text);
    server.stop();
}

/// Accepted and delivered at a fixed rate for a while: memory and the log stay bounded.
pub async fn steady(table: &mut Table, data: &Path) {
    let (rate, seconds) = (
        crate::machine::env_or("BENCH_STEADY_RATE", 3_000),
        crate::machine::env_or("BENCH_STEADY_S", 60),
    );
    let server = Server::start(data, None).await;
    let receiver = Receiver::start(true, Instant::now()).await;
    let path = server.campaign("Steady", &[receiver.url()]).await;
    let before = server.resident_mb();
    let mut plan = plan(&server, &path, "steady", 256, rate * seconds);
    plan.rate = Some(rate as f64);
    let loaded = run(&plan).await;
    let behind = (rate * seconds).saturating_sub(receiver.count());
    let caught = Instant::now();
    receiver.wait_for(rate * seconds, Duration::from_secs(120)).await;
    let wal = std::fs::metadata(data.join("baton.sqlite3-wal")).map_or(0, |m| m.len());
    let more = format!(
        "; {behind} deliveries behind at the end, caught up in {:.1} s; resident {before:.0} -> \
         {:.0} MB; log {:.0} MB",
        caught.elapsed().as_secs_f64(),
        server.resident_mb(),
        wal as f64 / 1e6
    );
    show(table, &format!("steady {rate}/s for {seconds} s, delivered"), &loaded, &more);
    server.stop();
}

/// Twenty receivers, then one of them hangs with a hundred thousand rows behind it.
pub async fn bad_neighbour(table: &mut Table, data: &Path) {
    let server = Server::start(data, None).await;
    let epoch = Instant::now();
    let good = Receiver::start(true, epoch).await;
    let hanging = Receiver::start(false, epoch).await;
    let mut paths = Vec::new();
    for n in 0..19 {
        paths.push(server.campaign(&format!("Good {n}"), &[good.url()]).await);
    }
    let stuck = server.campaign("Stuck", &[hanging.url()]).await;
    let measure = async |tag: &'static str| {
        // What is asked is what a hanging receiver does, not the flood that came before.
        server.settle().await;
        good.lags.lock().expect("lags").reset();
        let paths = paths.clone();
        let plan = Plan {
            to: server.address,
            connections: 32,
            requests: 4_000,
            rate: Some(400.0),
            request: Arc::new(move |n| {
                let sent = u64::try_from(epoch.elapsed().as_micros()).unwrap_or(0);
                lead(&paths[n as usize % paths.len()], tag, n, Some(sent))
            }),
            status: 201,
        };
        let from = good.count();
        run(&plan).await;
        good.wait_for(from + 4_000, Duration::from_secs(60)).await;
        good.lags.lock().expect("lags").value_at_percentile(99.0) as f64 / 1e3
    };
    let before = measure("calm").await;
    run(&plan(&server, &stuck, "stuck", 256, 100_000)).await;
    let after = measure("beside").await;
    table.row(
        "1 of 20 receivers hanging, 100,000 rows blocked",
        &format!(
            "p99 to the other 19: {before:.1} ms before, {after:.1} ms beside, ratio {:.2}",
            after / before
        ),
    );
    server.stop();
}

/// Starts a server on a database that `fill` has filled for a campaign of its own; the server, and
/// the path to post to.
async fn filled<F: Future<Output = ()>>(
    data: &Path,
    database: Option<&str>,
    receiver: &Receiver,
    fill: impl FnOnce(Location, Ids) -> F,
) -> (Server, String) {
    let server = Server::start(data, database).await;
    let (ids, path) = server.campaign_ids("Filled", &[receiver.url()]).await;
    server.stop();
    fill(location(data, database), ids).await;
    (Server::start(data, database).await, path)
}

/// As many waiting deliveries as `waiting` says: what they cost in memory.
pub async fn waiting(table: &mut Table, data: &Path, waiting: u64) {
    let empty = Server::start(data, None).await;
    empty.settle().await;
    let idle = empty.resident_mb();
    empty.stop();
    let receiver = Receiver::start(true, Instant::now()).await;
    let fill = |location, ids| fill_waiting(location, ids, waiting);
    let (server, _) = filled(data, None, &receiver, fill).await;
    let started = server.started_in;
    server.settle().await;
    let resident = server.resident_mb();
    table.row(
        &format!("memory: idle, and with {waiting} deliveries waiting"),
        &format!("{idle:.0} MB, and {resident:.0} MB; started in {started:.2} s"),
    );
    server.stop();
}

/// A million stored leads (or as many as `stored` says): start, memory, an open loop, a burst, the
/// inbox; the burst's rate.
pub async fn million(
    table: &mut Table,
    name: &str,
    data: &Path,
    database: Option<&str>,
    stored: u64,
) -> f64 {
    let receiver = Receiver::start(true, Instant::now()).await;
    let fill = |location, ids| fill_finished(location, ids, stored);
    let (server, path) = filled(data, database, &receiver, fill).await;
    table
        .row(&format!("{name}: start with {stored} leads"), &format!("{:.2} s", server.started_in));
    let idle = server.resident_mb();
    inbox(table, &server, &format!("{name}, inbox page at {stored} leads")).await;
    run(&plan(&server, &path, "warm", 16, 500)).await;
    let written = server.written_bytes();
    let mut open = plan(&server, &path, "million", 256, 100_000);
    open.rate = Some(5_000.0);
    let loaded = run(&open).await;
    let kb = (server.written_bytes() - written) as f64 / 1e5 / 1024.0;
    let more = format!(
        "; {kb:.1} KB written a lead; resident idle {idle:.0} MB, after {:.0} MB",
        server.resident_mb()
    );
    show(table, &format!("{name}: open loop 5,000/s at {stored} leads"), &loaded, &more);
    receiver.wait_for(100_500, Duration::from_secs(120)).await;
    server.settle().await;
    let burst = run(&plan(&server, &path, "burst", 256, 40_000)).await;
    show(table, &format!("{name}: burst at {stored} leads"), &burst, "");
    server.stop();
    burst.rate()
}

async fn inbox(table: &mut Table, server: &Server, what: &str) {
    for (which, query) in [
        ("newest", "limit=50"),
        ("by a common state", "limit=50&state=delivered"),
        ("by a rare state", "limit=50&state=rejected"),
        ("exact e-mail", "limit=50&email=person12345@example.com"),
        ("free text", "limit=50&q=person123"),
    ] {
        let request = format!(
            "GET /api/v1/leads?{query} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\n\r\n",
            crate::server::KEY
        );
        let plan = Plan {
            to: server.address,
            connections: 2,
            requests: 400,
            rate: None,
            request: Arc::new(move |_| request.clone().into_bytes()),
            status: 200,
        };
        let loaded = run(&plan).await;
        show(table, &format!("{what}: {which}"), &loaded, "");
    }
}
