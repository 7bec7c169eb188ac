//! Exports of leads: a file that is written while it is read, page after page, so that neither a
//! million leads nor a slow reader takes memory or keeps the database's log from shrinking.

use super::{LeadDocument, LeadQuery, filter_of, view};
use crate::api::answer;
use crate::auth::{Access, Permit, scopes};
use crate::problem::{Code, Problem, Query};
use axum::body::{Body, Bytes};
use axum::response::Response;
use baton_domain::config::Campaign;
use baton_domain::export::write_row;
use baton_domain::id::{CampaignId, LeadId, TypedId};
use baton_domain::personal::scalar_text;
use baton_store::leads::{LeadFilter, PAGE_MAX};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::io;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::IntoParams;

/// Most exports of a node at once.
pub const EXPORTS_MAX: usize = 4;
/// Pages that are ready while the reader is slow.
const PAGES_AHEAD: usize = 2;
/// Seconds after which a caller should ask again when there are too many.
const RETRY_S: u64 = 30;

/// Which leads to export, and how.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `csv` (the default) or `jsonl`: one lead as a line of JSON.
    format: Option<String>,
    /// For CSV: whether cells that a spreadsheet could take for formulas get a leading apostrophe;
    /// true when left out. Programs that read the file want `false`.
    safe: Option<bool>,
    /// Only of these states, with commas between them.
    state: Option<String>,
    /// Only of this campaign.
    campaign_id: Option<String>,
    /// Only of this source.
    source_id: Option<String>,
    /// Only with this status.
    status: Option<String>,
    /// Only with this tag.
    tag: Option<String>,
    /// `true`: only tests; `false`: only others.
    test: Option<bool>,
    /// Only that came at or after this time.
    since: Option<String>,
    /// Only that came before this time.
    until: Option<String>,
    /// Only that hold this text in a field, at least three characters.
    q: Option<String>,
    /// Only with exactly this e-mail address.
    email: Option<String>,
    /// Only with exactly this phone number.
    phone: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv { safe: bool },
    Jsonl,
}

impl ExportQuery {
    fn format(&self) -> Result<Format, Problem> {
        match self.format.as_deref() {
            None | Some("csv") => Ok(Format::Csv { safe: self.safe.unwrap_or(true) }),
            Some("jsonl") if self.safe.is_none() => Ok(Format::Jsonl),
            Some("jsonl") => Err(answer::invalid_query("safe", "is for CSV only")),
            Some(_) => Err(answer::invalid_query("format", "must be `csv` or `jsonl`")),
        }
    }

    /// What is filtered by, for the audit: words, never the texts that people are searched by.
    fn names(&self) -> Value {
        let mut names = Map::new();
        let plain = [
            ("state", &self.state),
            ("campaign_id", &self.campaign_id),
            ("source_id", &self.source_id),
            ("status", &self.status),
            ("tag", &self.tag),
            ("since", &self.since),
            ("until", &self.until),
        ];
        for (name, value) in plain {
            if let Some(value) = value {
                names.insert(name.to_owned(), value.as_str().into());
            }
        }
        if let Some(test) = self.test {
            names.insert("test".to_owned(), test.into());
        }
        let searched = [&self.q, &self.email, &self.phone].iter().any(|text| text.is_some());
        if searched {
            names.insert("searched".to_owned(), true.into());
        }
        Value::Object(names)
    }

    fn filter(self, access: &Access) -> Result<LeadFilter, Problem> {
        let query = LeadQuery {
            state: self.state,
            campaign_id: self.campaign_id,
            source_id: self.source_id,
            status: self.status,
            tag: self.tag,
            test: self.test,
            since: self.since,
            until: self.until,
            q: self.q,
            email: self.email,
            phone: self.phone,
            include: None,
            limit: Some(PAGE_MAX),
            cursor: None,
        };
        filter_of(access, query)
    }
}

/// Export leads
///
/// Newest first, as a file. CSV has a column for each field of the campaigns and one, `other_fields`,
/// with what else came, as JSON. The export is in the audit.
#[utoipa::path(get, path = "/api/v1/leads/export", tag = "leads", params(ExportQuery),
    responses((status = 200, description = "The file.", body = String, content_type = "text/csv")),
    security(("key" = ["leads:read"])))]
pub(in crate::api) async fn export_leads(
    permit: Permit<scopes::LeadsRead>,
    Query(query): Query<ExportQuery>,
) -> Result<Response, Problem> {
    let (format, names) = (query.format()?, query.names());
    let filter = query.filter(&permit)?;
    let slots = &permit.state().exports;
    let slot = std::sync::Arc::clone(slots).try_acquire_owned().map_err(|_| {
        let detail = format!("{EXPORTS_MAX} exports are under way, more are not taken now");
        Problem::new(Code::Overloaded, detail).retry_after(RETRY_S)
    })?;
    let (word, kind) = match format {
        Format::Csv { .. } => ("csv", "text/csv; charset=utf-8; header=present"),
        Format::Jsonl => ("jsonl", "application/jsonl"),
    };
    let mut audit = permit.entry("leads.export", "lead", None);
    audit.after = Some(serde_json::json!({"format": word, "filter": names}));
    permit.store().note(vec![audit]).await?;
    let columns = Columns::of(&permit, filter.campaign);
    let (pages, ready) = mpsc::channel(PAGES_AHEAD);
    let date = permit.store().now().to_rfc3339();
    let export = Export { access: permit.clone(), filter, format, columns, _slot: slot };
    tokio::spawn(export.write(pages));
    let stream = ReceiverStream::new(ready).map(|page: io::Result<Bytes>| page);
    let mut response = Response::new(Body::from_stream(stream));
    let name = format!("attachment; filename=\"leads-{}.{word}\"", date.get(..10).unwrap_or("now"));
    put(response.headers_mut(), kind, &name);
    *response.status_mut() = StatusCode::OK;
    Ok(response)
}

fn put(headers: &mut HeaderMap, kind: &'static str, disposition: &str) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(disposition) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
}

/// An export under way.
struct Export {
    access: Access,
    filter: LeadFilter,
    format: Format,
    columns: Columns,
    _slot: OwnedSemaphorePermit,
}

impl Export {
    /// Writes pages until there are no more, or nobody reads them. Each is a read of its own, along
    /// the ids, so nothing is held open in between.
    async fn write(mut self, pages: mpsc::Sender<io::Result<Bytes>>) {
        if let Format::Csv { safe } = self.format
            && pages.send(Ok(self.columns.header(safe))).await.is_err()
        {
            return;
        }
        loop {
            let page = match self.access.workspace().leads(&self.filter).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(%error, "an export is broken off");
                    // The file ends without its last chunk, so the reader sees that it is not whole.
                    drop(pages.send(Err(io::Error::other("the export was broken off"))).await);
                    return;
                }
            };
            let leads = page.rows.into_iter().map(|row| view(&self.access, row));
            let mut bytes = Vec::new();
            for lead in leads {
                self.encode(&lead, &mut bytes);
            }
            if !bytes.is_empty() && pages.send(Ok(bytes.into())).await.is_err() {
                return;
            }
            let Some(next) = page.next else { return };
            self.filter.before = Some(LeadId::from_uuid(next));
            if !self.access.is_live().await {
                drop(pages.send(Err(io::Error::other("the key ended"))).await);
                return;
            }
        }
    }

    fn encode(&self, lead: &LeadDocument, out: &mut Vec<u8>) {
        match self.format {
            Format::Csv { safe } => {
                let cells = self.columns.cells(lead);
                write_row(out, cells.iter().map(String::as_str), safe);
            }
            Format::Jsonl => {
                // Texts, numbers and JSON values: writing them to memory cannot fail.
                out.extend(serde_json::to_vec(lead).unwrap_or_default());
                out.push(b'\n');
            }
        }
    }
}

/// Columns that every lead has.
const OWN: &[&str] = &[
    "id",
    "created_at",
    "state",
    "status",
    "tags",
    "test",
    "campaign",
    "source",
    "score",
    "duplicate_of",
];
/// Keys of the context that have a column each.
const CONTEXT: &[&str] = &[
    "ip",
    "user_agent",
    "page_url",
    "landing_page",
    "referrer",
    "optin_at",
    "submitted_at",
    "consent_text",
    "trustedform_cert_url",
    "jornaya_leadid",
];
/// The column of what else came, and that of `utm_*`, click ids and sub ids; JSON both.
const OTHER: &[&str] = &["other_fields", "tracking"];

/// The columns of a CSV file: known before the first lead is read.
struct Columns {
    fields: Vec<String>,
}

impl Columns {
    /// With the fields of a campaign, or of all of the workspace.
    fn of(access: &Access, campaign: Option<CampaignId>) -> Self {
        let mut fields: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        for doc in access.all::<Campaign>() {
            if campaign.is_some_and(|id| id.uuid() != doc.meta.id) {
                continue;
            }
            for field in &doc.body.fields {
                if seen.insert(field.name.clone()) {
                    fields.push(field.name.clone());
                }
            }
        }
        Self { fields }
    }

    fn header(&self, safe: bool) -> Bytes {
        let taken = |name: &str| [OWN, CONTEXT, OTHER].iter().any(|own| own.contains(&name));
        let field = |name: &String| match taken(name) {
            true => format!("field.{name}"),
            false => name.clone(),
        };
        let fields: Vec<String> = self.fields.iter().map(field).collect();
        let own = OWN.iter().copied();
        let rest = CONTEXT.iter().chain(OTHER).copied();
        let mut out = Vec::new();
        write_row(&mut out, own.chain(fields.iter().map(String::as_str)).chain(rest), safe);
        out.into()
    }

    fn cells(&self, lead: &LeadDocument) -> Vec<String> {
        let mut cells = vec![
            lead.id.to_string(),
            lead.created_at.clone(),
            lead.state.to_string(),
            lead.status.clone(),
            lead.tags.join(", "),
            lead.test.to_string(),
            lead.campaign.clone(),
            lead.source.clone(),
            lead.score.map(|score| score.to_string()).unwrap_or_default(),
            lead.duplicate_of.map(|of| of.to_string()).unwrap_or_default(),
        ];
        cells.extend(self.fields.iter().map(|name| cell(lead.fields.get(name))));
        cells.extend(CONTEXT.iter().map(|name| cell(lead.context.get(*name))));
        let other = lead.fields.iter().filter(|(name, _)| !self.fields.contains(name));
        let other: Map<String, Value> =
            other.map(|(name, value)| (name.clone(), value.clone())).collect();
        cells.push(if other.is_empty() { String::new() } else { Value::Object(other).to_string() });
        cells.push(cell(lead.context.get("tracking")));
        cells
    }
}

/// A value as a cell: lists and objects as JSON.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(value) => scalar_text(value).unwrap_or_else(|| value.to_string()),
    }
}
