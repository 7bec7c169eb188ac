//! `/api/v1/reports`: figures made from what was counted.

use super::answer;
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Problem, Query};
use axum::response::Response;
use baton_domain::config::{Campaign, Destination};
use baton_domain::id::{CampaignId, DeliveryId, DestinationId, LeadId};
use baton_domain::time::Millis;
use baton_domain::verdict::Verdict;
use baton_store::outcomes::{
    Hours, OutcomeCount, REASONS_MAX, RefusedCursor, RefusedFilter, VerdictCount,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const DAY_MS: i64 = 86_400_000;
/// Days of a report when nobody says.
const DAYS_DEFAULT: i64 = 7;
/// Most days of a report.
const DAYS_MAX: i64 = 366;

/// Which rejections to report.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RejectionQuery {
    /// From when, RFC 3339; 7 days before `to` when left out. Outcomes are counted by the hour, so
    /// the answer covers whole hours and says which.
    from: Option<String>,
    /// Until when; now when left out. At most 366 days after `from`.
    to: Option<String>,
    /// Only destinations of this campaign.
    campaign_id: Option<String>,
    /// Only this destination.
    destination_id: Option<String>,
}

/// Why leads were not accepted.
#[derive(Serialize, ToSchema)]
pub struct RejectionReport {
    /// Beginning of the first hour.
    pub from: String,
    /// End of the last hour.
    pub to: String,
    /// All deliveries that ended then.
    pub total: OutcomeFigures,
    /// The same for each destination that had any.
    pub destinations: Vec<DestinationFigures>,
    /// Rejections by destination and reason, the most frequent first. Answers that no rule matched
    /// are among them.
    pub data: Vec<RejectionRow>,
    /// Whether there were more reasons than are shown.
    pub cut: bool,
}

/// How deliveries ended. Test leads are not counted; what is still on its way is not either.
#[derive(Clone, Copy, Default, Serialize, ToSchema)]
pub struct OutcomeFigures {
    /// All of them.
    pub deliveries: i64,
    /// The receiver took the lead.
    pub accepted: i64,
    /// The receiver said no.
    pub rejected: i64,
    /// The receiver's answer was matched by no rule.
    pub unmatched: i64,
    /// Nothing that could be read came back, or nothing could be sent.
    pub failed: i64,
}

/// How the deliveries to one destination ended.
#[derive(Serialize, ToSchema)]
pub struct DestinationFigures {
    /// The destination.
    #[schema(value_type = String)]
    pub destination_id: DestinationId,
    /// Its name; null when it was deleted.
    pub destination: Option<String>,
    #[serde(flatten)]
    figures: OutcomeFigures,
}

/// Rejections of one destination for one reason.
#[derive(Serialize, ToSchema)]
pub struct RejectionRow {
    /// The destination.
    #[schema(value_type = String)]
    pub destination_id: DestinationId,
    /// Its name; null when it was deleted.
    pub destination: Option<String>,
    /// Its campaign; null when it was deleted.
    #[schema(value_type = Option<String>)]
    pub campaign_id: Option<CampaignId>,
    /// What the answers meant.
    pub verdict: Verdict,
    /// Why, in the receiver's words, without ids, numbers and addresses.
    pub reason: String,
    /// Names the reason; with `destination_id` and `verdict` it leads to the deliveries.
    pub reason_id: String,
    /// How many deliveries.
    pub count: i64,
    /// Percent of all deliveries of the report, with two digits.
    #[schema(example = "12.50")]
    pub share: String,
    /// Percent of the destination's deliveries of the report.
    #[schema(example = "25.00")]
    pub share_of_destination: String,
    /// When the first of them ended.
    pub first_at: String,
    /// When the last of them ended.
    pub last_at: String,
}

impl OutcomeFigures {
    fn add(&mut self, count: &VerdictCount) {
        self.deliveries += count.count;
        let of = match count.verdict {
            Verdict::Accepted => &mut self.accepted,
            verdict if is_rejection(verdict) => &mut self.rejected,
            Verdict::Unmatched => &mut self.unmatched,
            _ => &mut self.failed,
        };
        *of += count.count;
    }
}

fn is_rejection(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Rejected | Verdict::Duplicate | Verdict::Invalid | Verdict::CapReached
    )
}

/// Percent with two digits, half away from zero.
fn share(part: i64, all: i64) -> String {
    if all <= 0 {
        return "0.00".to_owned();
    }
    let hundredths = (i128::from(part) * 20_000 + i128::from(all)) / (i128::from(all) * 2);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn hours(access: &Access, from: Option<&str>, to: Option<&str>) -> Result<Hours, Problem> {
    let instant = |name: &str, text: Option<&str>| match text {
        None => Ok(None),
        Some(text) => Millis::parse_rfc3339(text).map(Some).ok_or_else(|| {
            answer::invalid_query(name, "must be a time such as 2026-11-22T00:00:00Z")
        }),
    };
    let to = instant("to", to)?.unwrap_or_else(|| access.store().now());
    let from = instant("from", from)?.unwrap_or_else(|| to.plus_ms(-DAYS_DEFAULT * DAY_MS));
    if from >= to || to.0 - from.0 > DAYS_MAX * DAY_MS {
        let message = format!("must be before `to`, by {DAYS_MAX} days at most");
        return Err(answer::invalid_query("from", &message));
    }
    Ok(Hours::around(from, to))
}

/// Report rejections
///
/// Why leads were not accepted, by destination and reason, with answers that no rule matched. Each
/// row leads to its deliveries: `/api/v1/reports/rejections/deliveries`.
#[utoipa::path(get, path = "/api/v1/reports/rejections", tag = "reports",
    params(RejectionQuery), responses((status = 200, body = RejectionReport)),
    security(("key" = ["leads:read"])))]
pub(super) async fn report_rejections(
    permit: Permit<scopes::LeadsRead>,
    Query(query): Query<RejectionQuery>,
) -> Result<Response, Problem> {
    let hours = hours(&permit, query.from.as_deref(), query.to.as_deref())?;
    let campaign: Option<CampaignId> =
        answer::query("campaign_id", query.campaign_id.as_deref(), "the id of a campaign")?;
    if let Some(id) = campaign {
        permit.find::<Campaign>(id).await?;
    }
    let expected = "the id of a destination";
    let only: Option<DestinationId> =
        answer::query("destination_id", query.destination_id.as_deref(), expected)?;
    let workspace = permit.workspace();
    let mut verdicts = workspace.verdict_counts(hours, only).await?;
    let mut reasons = workspace.refusal_counts(hours, only).await?;
    let cut = reasons.len() >= REASONS_MAX;
    let wanted = |id: DestinationId| match campaign {
        None => true,
        Some(campaign) => {
            permit.known::<Destination>(id).is_some_and(|doc| doc.body.campaign == campaign)
        }
    };
    verdicts.retain(|count| wanted(count.destination));
    reasons.retain(|count| {
        let no = is_rejection(count.verdict) || count.verdict == Verdict::Unmatched;
        no && wanted(count.destination)
    });
    answer::json(StatusCode::OK, &report(&permit, hours, &verdicts, &reasons, cut))
}

fn report(
    access: &Access,
    hours: Hours,
    verdicts: &[VerdictCount],
    reasons: &[OutcomeCount],
    cut: bool,
) -> RejectionReport {
    let mut total = OutcomeFigures::default();
    let mut each: BTreeMap<DestinationId, OutcomeFigures> = BTreeMap::new();
    for count in verdicts {
        total.add(count);
        each.entry(count.destination).or_default().add(count);
    }
    let row = |count: &OutcomeCount| {
        let doc = access.known::<Destination>(count.destination);
        let own = each.get(&count.destination).map_or(0, |figures| figures.deliveries);
        RejectionRow {
            destination_id: count.destination,
            destination: doc.as_ref().map(|doc| doc.body.name.clone()),
            campaign_id: doc.as_ref().map(|doc| doc.body.campaign),
            verdict: count.verdict,
            reason: count.reason.text.clone(),
            reason_id: count.reason.id.to_string(),
            count: count.count,
            share: share(count.count, total.deliveries),
            share_of_destination: share(count.count, own),
            first_at: count.first_at.to_rfc3339(),
            last_at: count.last_at.to_rfc3339(),
        }
    };
    let data = reasons.iter().map(row).collect();
    let named = |(id, figures): (&DestinationId, &OutcomeFigures)| DestinationFigures {
        destination_id: *id,
        destination: access.known::<Destination>(*id).map(|doc| doc.body.name.clone()),
        figures: *figures,
    };
    RejectionReport {
        from: hours.from().to_rfc3339(),
        to: hours.to().to_rfc3339(),
        total,
        destinations: each.iter().map(named).collect(),
        data,
        cut,
    }
}

/// Which deliveries to list: those behind a row of the report.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RejectedQuery {
    /// The row's destination.
    destination_id: String,
    /// The row's verdict.
    verdict: String,
    /// The row's reason.
    reason_id: String,
    /// As in the report.
    from: Option<String>,
    /// As in the report.
    to: Option<String>,
    /// Rows of the page, 1 to 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A delivery that was not accepted.
#[derive(Serialize, ToSchema)]
pub struct RejectedView {
    /// The delivery; `/api/v1/deliveries/{id}` has its attempts.
    #[schema(value_type = String)]
    pub delivery_id: DeliveryId,
    /// Its lead.
    #[schema(value_type = Option<String>)]
    pub lead_id: Option<LeadId>,
    /// The attempt that decided.
    pub attempt: i64,
    /// When it ended.
    pub at: String,
}

/// List rejected deliveries
///
/// The deliveries behind a row of the report, newest first. Those of leads that were removed are
/// no longer there.
#[utoipa::path(get, path = "/api/v1/reports/rejections/deliveries", tag = "reports",
    params(RejectedQuery), responses((status = 200, body = answer::Listed<RejectedView>)),
    security(("key" = ["leads:read"])))]
pub(super) async fn list_rejected(
    permit: Permit<scopes::LeadsRead>,
    Query(query): Query<RejectedQuery>,
) -> Result<Response, Problem> {
    let text = Some(query.destination_id.as_str());
    let destination = answer::query("destination_id", text, "the id of a destination")?;
    let verdict = answer::query("verdict", Some(query.verdict.as_str()), "a verdict")?;
    let reason: Option<Uuid> =
        answer::query("reason_id", Some(query.reason_id.as_str()), "a `reason_id`")?;
    let (Some(destination), Some(verdict), Some(reason)) = (destination, verdict, reason) else {
        return Err(Problem::internal());
    };
    let limit = answer::limit(query.limit)?;
    let expected = "the `next_cursor` of the page before";
    let filter = RefusedFilter {
        destination,
        verdict,
        reason,
        hours: hours(&permit, query.from.as_deref(), query.to.as_deref())?,
        before: answer::query("cursor", query.cursor.as_deref(), expected)?,
        limit,
    };
    let rows = permit.workspace().refused(&filter).await?;
    let last = rows.last().filter(|_| rows.len() == limit as usize);
    let next_cursor =
        last.map(|last| RefusedCursor { at: last.at, delivery: last.delivery }.to_string());
    let view = |row: &baton_store::outcomes::Refused| RejectedView {
        delivery_id: row.delivery,
        lead_id: row.lead,
        attempt: row.n,
        at: row.at.to_rfc3339(),
    };
    let data = rows.iter().map(view).collect();
    answer::json(StatusCode::OK, &answer::Listed::new(data, next_cursor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percent_with_two_digits() {
        let check = |part, all, expect: &str| assert_eq!(share(part, all), expect, "{part}/{all}");
        check(0, 0, "0.00");
        check(0, 5, "0.00");
        check(1, 3, "33.33");
        check(2, 3, "66.67");
        check(1, 8, "12.50");
        check(5, 5, "100.00");
        check(1, 1_000_000, "0.00");
        check(i64::MAX, i64::MAX, "100.00");
    }
}
