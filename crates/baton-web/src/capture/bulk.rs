//! Rows of files: the same judgement as for a lead that is posted. A row that is refused is named
//! in the import's report and not kept.

use super::entrance::Entrance;
use super::intake::{Judged, deliveries, duplicate_claim, judge, names_campaign, partial_key};
use crate::state::AppState;
use baton_domain::import::{RowLead, RowProblem};
use baton_domain::lead::body::Body;
use baton_domain::lead::context::{ServerFacts, build_context};
use baton_domain::lead::validate::Validated;
use baton_domain::lead::{LeadData, LeadState};
use baton_store::capture::Capture;

/// Most problems of one row that are kept.
const PROBLEMS_MAX: usize = 20;

/// Judges a row and makes the command that stores its lead. Without `deliver` the lead goes
/// nowhere, now or later.
pub(crate) fn prepare_row(
    state: &AppState,
    entrance: &Entrance,
    row: RowLead,
    deliver: bool,
) -> Result<Capture, Vec<RowProblem>> {
    let RowLead { body: Body { fields, mut claims, control }, submitted_at } = row;
    if control.partial && control.lead_key.is_none() {
        let why = "is required when `partial` is true: it names the lead its versions belong to";
        return Err(vec![RowProblem::new("lead_key", "required", why)]);
    }
    if let Some(named) = control.campaign.as_deref().filter(|n| !names_campaign(entrance, n)) {
        claims.tracking.entry("campaign").or_insert_with(|| named.into());
    }
    let Judged { state: judged, validated, errors } = judge(state, entrance, &fields, &control);
    if !errors.is_empty() {
        let problem = |e: crate::problem::FieldError| RowProblem::new(e.field, e.code, e.message);
        return Err(errors.into_iter().take(PROBLEMS_MAX).map(problem).collect());
    }
    // What a pause holds back is delivered when it ends.
    let lead_state = match judged {
        LeadState::Held if !deliver => LeadState::Received,
        judged => judged,
    };
    let mut context = build_context(claims, ServerFacts::default(), true);
    context.submitted_at = submitted_at;
    let Validated { normal, notes } = validated;
    let data = LeadData { raw: fields, normal, notes, context, ..LeadData::default() };
    Ok(Capture {
        workspace: entrance.workspace,
        campaign: entrance.campaign_id,
        source: entrance.source_id,
        lead: state.store.new_id(),
        duplicates: duplicate_claim(state, entrance, &data, &control, lead_state),
        data,
        state: lead_state,
        problems: None,
        test: control.test,
        config_version: entrance.campaign.meta.version,
        now: state.store.now(),
        partial: partial_key(state, entrance, &control, lead_state),
        deliveries: if deliver { deliveries(state, entrance) } else { Vec::new() },
        event_ids: [state.store.new_id(), state.store.new_id(), state.store.new_id()],
        idempotency: None,
    })
}
