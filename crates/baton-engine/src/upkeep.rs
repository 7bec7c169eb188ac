//! Loops beside the path: search index, heartbeat, configuration, retention, letting go what is
//! held, jobs.

use crate::dispatcher::POLL_MS;
use crate::engine::Core;
use crate::stats::Part;
use crate::supervise::Rounds;
use baton_domain::config::Partials;
use baton_domain::id::{CampaignId, DestinationId, TypedId};
use baton_domain::time::Millis;
use baton_store::{Retention, Snapshot, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;

/// Time between two passes of the search index, so that many leads are taken in together; it is
/// also how late the index is at most while it keeps up.
const SEARCH_EVERY_MS: i64 = 500;
/// Time between two heartbeats.
const HEARTBEAT_EVERY_MS: i64 = 10_000;
/// Time between two rounds of retention.
const RETENTION_EVERY_MS: i64 = 3_600_000;
/// Most slices of one round of retention.
const RETENTION_SLICES_MAX: u32 = 2_000;
/// Most held leads let go in one commit.
const RESUME_SLICE: u32 = 100;
/// How long a resumed campaign is looked at again: a capture that still saw it paused may commit
/// after the first look.
const RESUME_WATCH_MS: i64 = 30_000;
/// Time between two slices of jobs: a thousand deliveries a second, so that writes of others pass in
/// between and a person can stop a job before it is through.
const JOB_REST_MS: i64 = 100;
/// Time between two looks for deliveries of deleted targets, when nothing changed.
const ORPHANS_EVERY_MS: i64 = 60_000;

/// Fills the search index.
pub(crate) struct Search {
    core: Arc<Core>,
    events: watch::Receiver<u64>,
}

impl Search {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let events = core.store.hints().events();
        Self { core, events }
    }
}

impl Rounds for Search {
    const PART: Part = Part::Search;

    async fn round(&mut self) -> Result<(), StoreError> {
        self.events.borrow_and_update();
        while self.core.store.index_search().await? > 0 {}
        self.core.sleep(SEARCH_EVERY_MS).await;
        tokio::select! {
            Ok(()) = self.events.changed() => {}
            () = self.core.sleep(POLL_MS) => {}
        }
        Ok(())
    }
}

/// Tells the other nodes that this one lives, and counts them.
pub(crate) struct Heartbeat(pub Arc<Core>);

impl Rounds for Heartbeat {
    const PART: Part = Part::Heartbeat;

    async fn round(&mut self) -> Result<(), StoreError> {
        self.0.store.heartbeat().await?;
        self.0.sleep(HEARTBEAT_EVERY_MS).await;
        Ok(())
    }
}

/// Takes in configuration that other nodes changed.
pub(crate) struct Config(pub Arc<Core>);

impl Rounds for Config {
    const PART: Part = Part::Config;

    async fn round(&mut self) -> Result<(), StoreError> {
        let store = &self.0.store;
        if store.is_postgres() {
            tokio::select! {
                () = store.hints().config_stale() => {}
                () = self.0.sleep(POLL_MS) => {}
            }
        } else {
            // Nobody else writes here; a hint still counts.
            store.hints().config_stale().await;
        }
        store.refresh().await
    }
}

/// Removes what is old.
pub(crate) struct Retain(pub Arc<Core>);

impl Rounds for Retain {
    const PART: Part = Part::Retention;

    async fn round(&mut self) -> Result<(), StoreError> {
        let store = &self.0.store;
        let snapshot = store.snapshot();
        let default = self.0.limits.retention_days;
        let retention = Retention {
            workspaces: snapshot
                .workspaces
                .iter()
                .filter_map(|(id, doc)| Some((*id, doc.body.retention_days.or(default)?)))
                .collect(),
            all: snapshot.workspaces.keys().copied().collect(),
            now: store.now(),
        };
        let report = store.retain(&retention, RETENTION_SLICES_MAX).await?;
        if report.leads > 0 {
            tracing::info!(leads = report.leads, "leads past their retention were removed");
        }
        self.0.sleep(RETENTION_EVERY_MS).await;
        Ok(())
    }
}

/// Lets held leads of resumed campaigns and held deliveries of mended targets go, and calls off
/// deliveries of deleted targets.
pub(crate) struct Release {
    core: Arc<Core>,
    config: watch::Receiver<i64>,
    releases: watch::Receiver<u64>,
    /// Campaigns that take leads, and until when they are looked at.
    resumed: HashMap<CampaignId, Millis>,
    orphans_at: Millis,
}

impl Release {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let mut config = core.store.hints().config();
        config.mark_changed();
        let releases = core.store.hints().releases();
        Self { core, config, releases, resumed: HashMap::new(), orphans_at: Millis(i64::MIN) }
    }

    /// Notes campaigns that take leads and did not when last looked at.
    fn note_resumed(&mut self, snapshot: &Snapshot, now: Millis) {
        let until = now.plus_ms(RESUME_WATCH_MS);
        self.resumed.retain(|id, _| snapshot.campaigns.get(id).is_some_and(|c| !c.body.paused));
        for (id, _) in snapshot.campaigns.iter().filter(|(_, c)| !c.body.paused) {
            self.resumed.entry(*id).or_insert(until);
        }
    }

    async fn resume(&self, snapshot: &Snapshot, now: Millis) -> Result<(), StoreError> {
        for (campaign, _) in self.resumed.iter().filter(|(_, until)| **until >= now) {
            let Some(doc) = snapshot.campaigns.get(campaign) else { continue };
            let destinations: Vec<(DestinationId, Partials)> = snapshot
                .destinations_of(*campaign)
                .filter(|d| !d.body.failover_only)
                .map(|d| (DestinationId::from_uuid(d.meta.id), d.body.partials))
                .collect();
            let workspace = self.core.store.workspace(doc.meta.workspace);
            let slice = || workspace.resume_held(*campaign, destinations.clone(), RESUME_SLICE);
            while slice().await? >= u64::from(RESUME_SLICE) {}
        }
        Ok(())
    }
}

impl Rounds for Release {
    const PART: Part = Part::Release;

    async fn round(&mut self) -> Result<(), StoreError> {
        let now = self.core.store.now();
        let snapshot = self.core.store.snapshot();
        let changed = self.config.has_changed().unwrap_or(false);
        self.config.borrow_and_update();
        self.note_resumed(&snapshot, now);
        self.resume(&snapshot, now).await?;
        self.releases.borrow_and_update();
        while self.core.store.release_slice().await? {}
        // A place further off than the time between two looks is from before a clock was set back.
        let due = self.orphans_at <= now || self.orphans_at > now.plus_ms(ORPHANS_EVERY_MS);
        if changed || due {
            while self.core.store.cancel_orphans().await? {}
            self.orphans_at = now.plus_ms(ORPHANS_EVERY_MS);
        }
        tokio::select! {
            Ok(()) = self.config.changed() => self.config.mark_changed(),
            Ok(()) = self.releases.changed() => {}
            () = self.core.sleep(POLL_MS) => {}
        }
        Ok(())
    }
}

/// Does what people asked to be done to many deliveries. It makes deliveries, which is the engine's
/// part, and needs nothing but the database: a slice is one command.
pub(crate) struct Jobs {
    core: Arc<Core>,
    releases: watch::Receiver<u64>,
}

impl Jobs {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let releases = core.store.hints().releases();
        Self { core, releases }
    }
}

impl Rounds for Jobs {
    const PART: Part = Part::Jobs;

    async fn round(&mut self) -> Result<(), StoreError> {
        self.releases.borrow_and_update();
        while self.core.store.job_slice().await? {
            self.core.sleep(JOB_REST_MS).await;
        }
        tokio::select! {
            Ok(()) = self.releases.changed() => {}
            () = self.core.sleep(POLL_MS) => {}
        }
        Ok(())
    }
}
