//! From a body that was read to a lead that is stored, whatever the shape it came in.

use super::entrance::Entrance;
use super::outcome::{self, Outcome};
use crate::metrics::CaptureLabels;
use crate::problem::{Code, FieldError, Problem};
use crate::state::AppState;
use baton_domain::config::{DuplicateRule, PausedAction, SourceKind};
use baton_domain::id::{CampaignId, LeadId};
use baton_domain::lead::body::{Body, Control};
use baton_domain::lead::context::{ServerFacts, build_context};
use baton_domain::lead::duplicate::claim_keys;
use baton_domain::lead::validate::{Mode, Validated, validate};
use baton_domain::lead::{LeadData, LeadState};
use baton_domain::personal::FieldMap;
use baton_store::capture::{
    Capture, Captured, DuplicateClaim, Idempotency, NewDelivery, PartialKey,
};
use baton_store::{OutcomeWait, StoreError};
use std::time::Duration;
use tokio::time::Instant;

/// Longest time a capture waits for its outcome, whatever its source says.
pub(crate) const WAIT_MAX: Duration = Duration::from_secs(60);
/// Marks the duplicate keys of tests, so that a test keeps no real lead out.
const TEST_CLAIM: &[u8] = b"test";

/// A lead that was read.
pub(crate) struct Incoming {
    pub body: Body,
    pub server: ServerFacts,
    pub idempotency: Option<Idempotency>,
}

/// A lead that is on its way to the disk, and what its answer will need.
pub(crate) struct Pending {
    lead: LeadId,
    errors: Vec<FieldError>,
    wait: Option<Wait>,
    began: Instant,
}

struct Wait {
    on: OutcomeWait,
    until: Instant,
}

/// What became of a lead.
pub(crate) struct Taken {
    pub lead: LeadId,
    pub state: LeadState,
    pub replayed: bool,
    pub stale: bool,
    pub end: End,
}

pub(crate) enum End {
    /// It is in.
    In {
        /// The lead it repeats, when that came through the same source.
        duplicate_of: Option<LeadId>,
        /// For sources that wait.
        outcome: Option<Outcome>,
    },
    /// It repeats another and is kept as rejected.
    Duplicate { of: Option<LeadId> },
    /// Its fields are not as they must be; it is kept as rejected.
    Invalid(Vec<FieldError>),
}

/// Takes a lead in.
pub(crate) async fn take(
    state: &AppState,
    entrance: &Entrance,
    incoming: Incoming,
) -> Result<Taken, Problem> {
    let (capture, pending) = match prepare(state, entrance, incoming) {
        Ok(prepared) => prepared,
        Err(refusal) => return refused_or_replayed(state, entrance, refusal).await,
    };
    let stored = store_all(state, vec![capture]).await?.pop();
    let captured = stored.ok_or_else(Problem::internal)?.map_err(Problem::from)?;
    conclude(state, entrance, pending, captured).await
}

/// Stores leads, in their order, in a task of its own: a caller that hangs up changes nothing.
pub(crate) async fn store_all(
    state: &AppState,
    captures: Vec<Capture>,
) -> Result<Vec<Result<Captured, StoreError>>, Problem> {
    let store = state.store.clone();
    let storing = tokio::spawn(async move {
        futures_util::future::join_all(captures.into_iter().map(|c| store.capture(c))).await
    });
    storing.await.map_err(|_| Problem::internal())
}

/// A refusal before anything was written.
pub(crate) struct Refusal {
    pub problem: Problem,
    pub idempotency: Option<Idempotency>,
}

/// Whoever repeats a request gets what they got, also when the campaign was paused meanwhile.
pub(crate) async fn refused_or_replayed(
    state: &AppState,
    entrance: &Entrance,
    refusal: Box<Refusal>,
) -> Result<Taken, Problem> {
    let before = match &refusal.idempotency {
        Some(idempotency) => state.store.captured_before(idempotency).await?,
        None => None,
    };
    match before {
        Some(captured) => {
            let wait = wait_for(state, entrance, captured.lead);
            conclude_parts(state, entrance, captured, Vec::new(), wait).await
        }
        None => {
            count(state, refusal.problem.code.as_str());
            Err(refusal.problem)
        }
    }
}

/// Judges a lead and makes the command that stores it.
pub(crate) fn prepare(
    state: &AppState,
    entrance: &Entrance,
    incoming: Incoming,
) -> Result<(Capture, Pending), Box<Refusal>> {
    let Incoming { body: Body { fields, mut claims, control }, server, idempotency } = incoming;
    let refuse = |problem: Problem| Box::new(Refusal { problem, idempotency: idempotency.clone() });
    let campaign = &entrance.campaign.body;
    if control.partial && control.lead_key.is_none() {
        let why = "is required when `partial` is true: it names the lead its versions belong to";
        return Err(refuse(Problem::invalid_field("lead_key", "required", why)));
    }
    if campaign.paused && campaign.when_paused == PausedAction::Reject {
        let detail = "the campaign is paused and takes no leads now";
        return Err(refuse(Problem::new(Code::CampaignPaused, detail).repeatable()));
    }
    // The entrance has decided which campaign it is; what the caller said is not dropped.
    if let Some(named) = control.campaign.as_deref().filter(|n| !names_campaign(entrance, n)) {
        claims.tracking.entry("campaign").or_insert_with(|| named.into());
    }
    let judged = judge(state, entrance, &fields, &control);
    let context = build_context(claims, server, entrance.believes_body());
    let Validated { normal, notes } = judged.validated;
    let data = LeadData { raw: fields, normal, notes, context, ..LeadData::default() };
    let lead: LeadId = state.store.new_id();
    let errors = judged.errors;
    let capture = Capture {
        workspace: entrance.workspace,
        campaign: entrance.campaign_id,
        source: entrance.source_id,
        lead,
        duplicates: duplicate_claim(state, entrance, &data, &control, judged.state),
        data,
        state: judged.state,
        problems: (!errors.is_empty()).then(|| serde_json::to_vec(&errors).unwrap_or_default()),
        test: control.test,
        config_version: entrance.campaign.meta.version,
        now: state.store.now(),
        partial: partial_key(state, entrance, &control, judged.state),
        deliveries: deliveries(state, entrance),
        event_ids: [state.store.new_id(), state.store.new_id(), state.store.new_id()],
        idempotency,
    };
    let wait = if control.partial { None } else { wait_for(state, entrance, lead) };
    Ok((capture, Pending { lead, errors, wait, began: Instant::now() }))
}

/// Works out what a stored lead is answered with.
pub(crate) async fn conclude(
    state: &AppState,
    entrance: &Entrance,
    pending: Pending,
    captured: Captured,
) -> Result<Taken, Problem> {
    let Pending { lead, errors, wait, began } = pending;
    state.stats.capture_seconds.observe(began.elapsed().as_secs_f64());
    let wait = match wait {
        // A completed partial lead has the id it had before.
        Some(wait) if captured.lead != lead => {
            let on = state.store.hints().wait_for_lead(captured.lead);
            Some(Wait { on, until: wait.until })
        }
        wait => wait,
    };
    conclude_parts(state, entrance, captured, errors, wait).await
}

async fn conclude_parts(
    state: &AppState,
    entrance: &Entrance,
    captured: Captured,
    errors: Vec<FieldError>,
    wait: Option<Wait>,
) -> Result<Taken, Problem> {
    let Captured { lead, state: lead_state, duplicate_of, replayed, stale, .. } = captured;
    let repeats = duplicate_of.is_some();
    let duplicate_of =
        duplicate_of.filter(|(_, source)| *source == entrance.source_id).map(|(lead, _)| lead);
    let end = match lead_state {
        LeadState::Rejected if repeats => End::Duplicate { of: duplicate_of },
        LeadState::Rejected if replayed || stale => {
            kept_refusal(state, entrance, lead, errors).await?
        }
        LeadState::Rejected => End::Invalid(errors),
        LeadState::Partial => End::In { duplicate_of, outcome: None },
        _ => {
            let outcome = match wait {
                None => None,
                Some(Wait { on, until }) => {
                    Some(outcome::wait(state, entrance.workspace, lead, &on, until).await)
                }
            };
            End::In { duplicate_of, outcome }
        }
    };
    count(
        state,
        match &end {
            _ if replayed => "replayed",
            End::Duplicate { .. } => "duplicate_lead",
            End::Invalid(_) => "validation_failed",
            End::In { .. } => lead_state.as_str(),
        },
    );
    Ok(Taken { lead, state: lead_state, replayed, stale, end })
}

/// Why a lead that is stored already was refused, as it was said then.
async fn kept_refusal(
    state: &AppState,
    entrance: &Entrance,
    lead: LeadId,
    errors: Vec<FieldError>,
) -> Result<End, Problem> {
    let workspace = state.store.workspace(entrance.workspace);
    let Some(row) = workspace.lead(lead).await? else { return Ok(End::Invalid(errors)) };
    let kept = row.problems.and_then(|p| serde_json::from_slice::<Vec<FieldError>>(&p).ok());
    if let Some(kept) = kept.filter(|kept| !kept.is_empty()) {
        return Ok(End::Invalid(kept));
    }
    let of = match row.duplicate_of {
        Some(of) => workspace.lead(of).await?,
        None => None,
    };
    Ok(End::Duplicate { of: of.filter(|l| l.source == entrance.source_id).map(|l| l.id) })
}

fn count(state: &AppState, outcome: &'static str) {
    state.stats.captures.get_or_create(&CaptureLabels { outcome }).inc();
}

pub(super) fn names_campaign(entrance: &Entrance, named: &str) -> bool {
    named.parse::<CampaignId>().is_ok_and(|id| id == entrance.campaign_id)
        || named.eq_ignore_ascii_case(&entrance.campaign.body.reference)
}

pub(super) struct Judged {
    pub(super) state: LeadState,
    pub(super) validated: Validated,
    pub(super) errors: Vec<FieldError>,
}

pub(super) fn judge(
    state: &AppState,
    entrance: &Entrance,
    fields: &FieldMap,
    control: &Control,
) -> Judged {
    let campaign = &entrance.campaign.body;
    let Some(schema) = state.capture.schemas.of(entrance.campaign_id, &entrance.campaign) else {
        // A lead is never dropped: a person looks at it when the fields are mended.
        let why = "the fields of the campaign are broken, so the lead could not be checked";
        let errors = vec![FieldError::new("", "campaign_fields_broken", why)];
        return Judged { state: LeadState::Quarantined, validated: Validated::default(), errors };
    };
    let mode = if control.partial { Mode::Partial } else { Mode::Complete };
    match validate(&schema, campaign.country.as_deref(), fields, mode) {
        Ok(validated) => {
            let state = match (control.partial, campaign.paused) {
                (true, _) => LeadState::Partial,
                (false, true) => LeadState::Held,
                (false, false) => LeadState::Received,
            };
            Judged { state, validated, errors: Vec::new() }
        }
        Err(problems) => {
            let errors =
                problems.into_iter().map(|p| FieldError::new(p.field, p.code, p.message)).collect();
            let state = match entrance.source.body.kind {
                SourceKind::Listener => LeadState::Quarantined,
                _ => LeadState::Rejected,
            };
            Judged { state, validated: Validated::default(), errors }
        }
    }
}

pub(super) fn duplicate_claim(
    state: &AppState,
    entrance: &Entrance,
    data: &LeadData,
    control: &Control,
    lead_state: LeadState,
) -> Option<DuplicateClaim> {
    if !matches!(lead_state, LeadState::Received | LeadState::Held) {
        return None;
    }
    let rule = entrance.campaign.body.duplicates.as_ref()?;
    let keys = duplicate_keys(state, entrance.campaign_id, rule, data, control.test);
    let window_ms = rule.window_s.map(|s| s.saturating_mul(1_000));
    Some(DuplicateClaim { keys, window_ms, action: rule.action })
}

/// The keys a lead claims under a rule of its campaign, as they are stored.
pub(crate) fn duplicate_keys(
    state: &AppState,
    campaign: CampaignId,
    rule: &DuplicateRule,
    data: &LeadData,
    test: bool,
) -> Vec<[u8; 16]> {
    let master = state.store.master();
    claim_keys(rule, &data.fields())
        .iter()
        .map(|canonical| match test {
            true => master.claim_key(campaign, &[TEST_CLAIM, canonical].concat()),
            false => master.claim_key(campaign, canonical),
        })
        .collect()
}

/// A refused submission does not touch the partial lead it was meant to complete: the person
/// mends the field and submits again under the same key.
pub(super) fn partial_key(
    state: &AppState,
    entrance: &Entrance,
    control: &Control,
    lead_state: LeadState,
) -> Option<PartialKey> {
    if lead_state == LeadState::Rejected {
        return None;
    }
    let lead_key = control.lead_key.as_deref()?;
    Some(PartialKey {
        key: state.store.master().partial_key(entrance.source_id, lead_key),
        seq: control.seq.unwrap_or(0),
        partial: control.partial,
    })
}

/// One for each destination; the store makes those that want a lead that came so.
pub(super) fn deliveries(state: &AppState, entrance: &Entrance) -> Vec<NewDelivery> {
    // A paused campaign delivers nothing; what it holds is delivered when it goes on.
    if entrance.campaign.body.paused {
        return Vec::new();
    }
    let now = state.store.now();
    entrance
        .snapshot
        .destinations_of(entrance.campaign_id)
        .filter(|d| !d.body.failover_only)
        .map(|d| NewDelivery {
            id: state.store.new_id(),
            destination: baton_domain::id::TypedId::from_uuid(d.meta.id),
            due: now,
            partials: d.body.partials,
        })
        .collect()
}

fn wait_for(state: &AppState, entrance: &Entrance, lead: LeadId) -> Option<Wait> {
    let wait = Duration::from_millis(u64::from(entrance.source.body.wait_ms?)).min(WAIT_MAX);
    Some(Wait { on: state.store.hints().wait_for_lead(lead), until: Instant::now() + wait })
}
