//! Callers that post leads as fast as they are answered, and remember what was acknowledged.

use crate::api::Connection;
use crate::scene::{post_lead, text};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Callers at once.
const CALLERS: usize = 8;

/// What was acknowledged so far, over all callers and servers.
#[derive(Default)]
pub struct Acknowledged {
    leads: Mutex<BTreeSet<String>>,
    posted: AtomicU64,
    count: watch::Sender<usize>,
}

impl Acknowledged {
    pub fn leads(&self) -> BTreeSet<String> {
        self.leads.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Returns when so many were acknowledged.
    pub async fn reaches(&self, count: usize) {
        let mut now = self.count.subscribe();
        let reached = now.wait_for(|now| *now >= count);
        assert!(timeout(crate::process::PATIENCE, reached).await.is_ok(), "{count} leads posted");
    }

    pub fn note(&self, lead: String) {
        let mut leads = self.leads.lock().unwrap();
        leads.insert(lead);
        self.count.send_replace(leads.len());
    }
}

/// Running callers; dropping it ends them.
pub struct Load {
    callers: JoinSet<()>,
    stop: Arc<AtomicBool>,
}

impl Load {
    /// Starts callers on the servers, which they take in turn. A caller whose connection breaks
    /// goes on with the next server.
    pub fn start(servers: &[String], inbound: &str, acknowledged: &Arc<Acknowledged>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for n in 0..CALLERS {
            let servers = servers.to_vec();
            let inbound = inbound.to_owned();
            let acknowledged = Arc::clone(acknowledged);
            let stop = Arc::clone(&stop);
            callers.spawn(async move {
                let mut turn = n;
                while !stop.load(Ordering::Relaxed) {
                    turn += 1;
                    if let Ok(connection) = Connection::to(&servers[turn % servers.len()]).await {
                        post_until(connection, &inbound, &acknowledged, &stop).await;
                    }
                    tokio::task::yield_now().await;
                }
            });
        }
        Self { callers, stop }
    }

    /// Lets every caller end its post.
    pub async fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = async {
            while let Some(ended) = self.callers.join_next().await {
                ended.expect("every answer is one that a caller may get");
            }
        };
        assert!(timeout(Duration::from_secs(60), ended).await.is_ok(), "the callers end");
    }
}

/// Posts until the connection breaks or the caller is to stop.
async fn post_until(
    mut connection: Connection,
    inbound: &str,
    acknowledged: &Acknowledged,
    stop: &AtomicBool,
) {
    while !stop.load(Ordering::Relaxed) {
        let n = acknowledged.posted.fetch_add(1, Ordering::Relaxed);
        match post_lead(&mut connection, inbound, &format!("lead{n}@example.com")).await {
            Ok((201, answer)) => acknowledged.note(text(&answer, "id")),
            // Overloaded or stopping: the caller is told to come again.
            Ok((503 | 429, _)) => tokio::task::yield_now().await,
            Ok((status, answer)) => panic!("{status} {answer}"),
            Err(_) => return,
        }
    }
}
