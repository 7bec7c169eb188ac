//! Tokens of destinations with two-step authentication: fetched once, kept while they last.
//!
//! Deliveries that need a token at the same time wait for one fetch, and share its failure too: a
//! token server that is down is asked once, not once for each of them.

use crate::engine::Core;
use crate::talk::step_of;
use baton_domain::config::Destination;
use baton_domain::connector::auth::{AuthPlan, Token};
use baton_domain::id::DestinationId;
use baton_domain::secret::{Secret, Secrets};
use baton_domain::verdict::{Classified, Verdict};
use baton_store::{Doc, Snapshot, Step, StepKind};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The tokens of the present configuration.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<DestinationId, Arc<Entry>>>);

#[derive(Default)]
struct Entry {
    /// Counts fetches: who waited while one was made takes what came of it.
    fetches: AtomicU64,
    kept: tokio::sync::Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Version of the document the token was fetched with.
    version: i64,
    token: Option<Token>,
    failed: Option<Box<Failed>>,
}

/// A fetch that gave no token.
#[derive(Clone)]
pub(crate) struct Failed {
    /// What the lead's attempt comes to instead.
    pub classified: Classified,
    /// The record of the fetch; `None` when no request could be made.
    pub step: Option<Step>,
}

/// Why there is no token.
pub(crate) enum NoToken {
    /// This machine is at fault.
    Ours,
    Failed(Box<Failed>),
}

impl Tokens {
    /// Forgets tokens of destinations that are no longer there.
    pub(crate) fn keep_only(&self, snapshot: &Snapshot) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|id, _| snapshot.destinations.contains_key(id));
    }

    fn entry(&self, id: DestinationId) -> Arc<Entry> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(id).or_default())
    }

    /// A token that lasts, fetched if need be; with the record of the fetch if this call made one.
    /// `stale` is a token that was refused: it is not given again.
    pub(crate) async fn get(
        &self,
        core: &Core,
        (id, doc): (DestinationId, &Doc<Destination>),
        plan: &AuthPlan,
        stale: Option<&Secret>,
    ) -> Result<(Secret, Option<Step>), NoToken> {
        let entry = self.entry(id);
        let seen = entry.fetches.load(Ordering::Acquire);
        let mut kept = entry.kept.lock().await;
        if kept.version != doc.meta.version {
            *kept = Kept { version: doc.meta.version, ..Kept::default() };
        }
        if kept.token.as_ref().is_some_and(|token| Some(&token.secret) == stale) {
            kept.token = None;
        }
        let now = core.store.now();
        if let Some(token) = kept.token.as_ref().filter(|token| token.good_until > now) {
            return Ok((token.secret.clone(), None));
        }
        if let Some(failed) = &kept.failed
            && entry.fetches.load(Ordering::Acquire) != seen
        {
            return Err(NoToken::Failed(failed.clone()));
        }
        let fetched = fetch(core, plan, &doc.secrets, doc.body.timeout_ms).await;
        entry.fetches.fetch_add(1, Ordering::AcqRel);
        match fetched {
            Ok((token, step)) => {
                let secret = token.secret.clone();
                (kept.token, kept.failed) = (Some(token), None);
                Ok((secret, Some(step)))
            }
            Err(NoToken::Failed(failed)) => {
                kept.failed = Some(failed.clone());
                Err(NoToken::Failed(failed))
            }
            Err(NoToken::Ours) => Err(NoToken::Ours),
        }
    }
}

/// Fetches a token and keeps nothing.
pub(crate) async fn fetch(
    core: &Core,
    plan: &AuthPlan,
    secrets: &Secrets,
    timeout_ms: u32,
) -> Result<(Token, Step), NoToken> {
    let request = match plan.request(secrets) {
        Ok(request) => request,
        Err(problem) => {
            let classified = crate::renderers::not_rendered(&problem);
            return Err(NoToken::Failed(Box::new(Failed { classified, step: None })));
        }
    };
    let started_at = core.store.now();
    let deadline = Duration::from_millis(u64::from(timeout_ms));
    let exchange = core.client.exchange(&request, deadline).await;
    if exchange.ours {
        return Err(NoToken::Ours);
    }
    match plan.read(&exchange.got, core.store.now()) {
        Ok(token) => {
            let read = Classified {
                verdict: Verdict::Accepted,
                decided_by: "a token was given".to_owned(),
                rule: None,
                reason: None,
                extracted: Default::default(),
                retry_after_ms: None,
                gone: false,
            };
            Ok((token, step_of(StepKind::Token, started_at, &read, &exchange)))
        }
        Err(classified) => {
            let step = step_of(StepKind::Token, started_at, &classified, &exchange);
            Err(NoToken::Failed(Box::new(Failed { classified, step: Some(step) })))
        }
    }
}
