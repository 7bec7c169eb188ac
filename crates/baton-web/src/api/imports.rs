//! `/api/v1/imports`: files of leads.
//!
//! ```text
//! POST imports -> PUT file -> (dry run: look, POST run) -> look until it is over -> report
//! ```

pub(super) mod report;
pub(super) mod upload;

use super::answer;
use super::base_url::BaseUrl;
use super::input::{Creating, Faults, MaybeBody, NAME_CHARS_MAX};
use crate::auth::{Access, Permit, scopes};
use crate::capture::{Entrance, find_campaign};
use crate::problem::{Code, Path, Problem, Query};
use axum::response::Response;
use baton_domain::config::Source;
use baton_domain::id::{CampaignId, ImportId, SourceId};
use baton_domain::import::{
    COLUMNS_MAX, ImportFormat, ImportProgress, ImportSettings, ImportState,
};
use baton_domain::lead::body::KEY_BYTES_MAX;
use baton_domain::time::Millis;
use baton_store::StoreError;
use baton_store::imports::{ImportRow, NewImport};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// What is to be imported, and how.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportInput {
    /// The campaign the leads belong to: its id or reference. Null: the workspace's default one.
    #[serde(default)]
    #[schema(example = "SOLAR-UK")]
    campaign: Option<String>,
    /// The source they come through; null: the campaign's own source of files.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "src_01h455vb4pex5vsknk084sn02q")]
    source_id: Option<SourceId>,
    /// How the file is written.
    format: ImportFormat,
    /// What the file is called, for people.
    #[serde(default)]
    #[schema(max_length = 200, example = "leads-2025.csv")]
    name: Option<String>,
    /// Columns (or keys of JSON Lines) by name and the field each becomes; null leaves one out. A
    /// column that is not named becomes the field of its own name. `submitted_at` is when the lead
    /// was submitted elsewhere.
    #[serde(default)]
    #[schema(example = json!({"E-mail": "email", "Notes": null}))]
    columns: BTreeMap<String, Option<String>>,
    /// Names of the columns, for a CSV file without a header.
    #[serde(default)]
    header: Option<Vec<String>>,
    /// What stands between cells: `,`, `;`, a tab or `|`; null: as the first line shows.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = ";")]
    delimiter: Option<char>,
    /// Whether the leads go to the campaign's destinations and are told to webhooks. Without it
    /// they are stored and sent nowhere, now or later.
    #[serde(default)]
    deliver: bool,
    /// Whether rows are judged only, until `run` is called.
    #[serde(default)]
    dry_run: bool,
}

/// Why an import failed or was called off by itself.
#[derive(Serialize, ToSchema)]
pub struct ImportFaultView {
    /// The word to branch on.
    code: String,
    /// One line for people.
    message: String,
}

/// An import.
#[derive(Serialize, ToSchema)]
pub struct ImportView {
    /// Its id.
    #[schema(value_type = String, example = "imp_01h455vb4pex5vsknk084sn02q")]
    id: ImportId,
    /// The campaign.
    #[schema(value_type = String)]
    campaign_id: CampaignId,
    /// The source.
    #[schema(value_type = String)]
    source_id: SourceId,
    /// Where it stands.
    state: ImportState,
    /// Whether it stores nothing.
    dry_run: bool,
    /// Whether its leads are delivered.
    deliver: bool,
    /// What the file is called.
    name: Option<String>,
    /// How the file is written.
    format: ImportFormat,
    /// What its columns become.
    columns: BTreeMap<String, Option<String>>,
    /// Names of the columns of a file without a header.
    header: Option<Vec<String>>,
    /// What stands between cells; null: as the first line shows.
    #[schema(value_type = Option<String>)]
    delimiter: Option<char>,
    /// Where its file is to be put.
    upload_url: String,
    /// Size of the file in bytes; 0 before it is there.
    bytes: u64,
    /// Bytes of it that were read.
    bytes_read: u64,
    /// Number of the last row that was read, as a spreadsheet counts.
    row: u64,
    /// Rows with a lead: the sum of the next three.
    read: u64,
    /// Rows that are a lead now, or would be.
    accepted: u64,
    /// Rows that repeat a lead; what becomes of them is the campaign's duplicate rule.
    duplicates: u64,
    /// Rows that are no lead; the report says why.
    refused: u64,
    /// Refused rows by the code of their first problem.
    refused_by: BTreeMap<String, u64>,
    /// Rows in the report: refused ones and duplicates, at most 100 000.
    reported: u64,
    /// Why it failed or was called off by itself.
    fault: Option<ImportFaultView>,
    /// When it was made.
    created_at: String,
    /// When it last got on.
    updated_at: String,
}

fn view(row: ImportRow, base: &BaseUrl) -> ImportView {
    let ImportRow { id, settings, progress, .. } = row;
    let fault = row.fault.map(|f| ImportFaultView { code: f.code, message: f.message });
    ImportView {
        id,
        campaign_id: row.campaign,
        source_id: row.source,
        state: row.state,
        dry_run: row.dry_run,
        deliver: settings.deliver,
        name: settings.name,
        format: settings.format,
        columns: settings.columns,
        header: settings.header,
        delimiter: settings.delimiter,
        upload_url: base.url(&format!("/api/v1/imports/{id}/file")),
        bytes: row.bytes,
        bytes_read: progress.place.offset,
        row: progress.place.row,
        read: progress.read,
        accepted: progress.accepted,
        duplicates: progress.duplicates,
        refused: progress.refused,
        refused_by: progress.reasons,
        reported: progress.reported,
        fault,
        created_at: row.created_at.to_rfc3339(),
        updated_at: row.updated_at.to_rfc3339(),
    }
}

/// Which imports to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Rows of the page, 1 to 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List imports
///
/// Newest first; those that are over for 30 days.
#[utoipa::path(get, path = "/api/v1/imports", tag = "imports", params(ImportQuery),
    responses((status = 200, body = answer::Listed<ImportView>)),
    security(("key" = ["leads:read"])))]
pub(super) async fn list_imports(
    permit: Permit<scopes::LeadsRead>,
    base: BaseUrl,
    Query(query): Query<ImportQuery>,
) -> Result<Response, Problem> {
    let limit = answer::limit(query.limit)?;
    let before = answer::cursor(query.cursor.as_deref())?;
    let page = permit.workspace().imports(before, limit).await?;
    answer::json(StatusCode::OK, &answer::Listed::of::<ImportId, _>(page, |row| view(row, &base)))
}

/// Create an import
///
/// It waits a day for its file, which is put to `upload_url`.
#[utoipa::path(post, path = "/api/v1/imports", tag = "imports", request_body = ImportInput,
    responses((status = 201, body = ImportView)), security(("key" = ["leads:write"])))]
pub(super) async fn create_import(
    permit: Permit<scopes::LeadsWrite>,
    base: BaseUrl,
    creating: Creating<ImportInput>,
) -> Result<Response, Problem> {
    let Creating { input, idempotency } = creating;
    check(&input)?;
    let store = permit.store();
    let (campaign, source) = place_of(&permit, &input).await?;
    let settings = ImportSettings {
        format: input.format,
        columns: input.columns,
        header: input.header,
        delimiter: input.delimiter,
        deliver: input.deliver,
        name: input.name,
    };
    let now = store.now();
    let row = new_row(&permit, (campaign, source), input.dry_run, settings, now);
    let (id, settings) = (row.id, row.settings.clone());
    let bytes = answer::encode(&view(row, &base))?;
    let idempotency = match idempotency {
        Some(key) => {
            let sealed = store.master().seal(answer::ANSWER_PURPOSE, &bytes)?;
            Some((key, StatusCode::CREATED.as_u16(), sealed))
        }
        None => None,
    };
    let workspace = permit.workspace_id();
    let dry_run = input.dry_run;
    let import = NewImport { id, workspace, campaign, source, dry_run, settings, now, idempotency };
    match store.new_import(import).await {
        Ok(()) => Ok(answer::json_bytes(StatusCode::CREATED, bytes)),
        Err(StoreError::Replayed { status, answer }) => answer::replayed(&permit, status, &answer),
        Err(error) => Err(error.into()),
    }
}

fn new_row(
    access: &Access,
    (campaign, source): (CampaignId, SourceId),
    dry_run: bool,
    settings: ImportSettings,
    now: Millis,
) -> ImportRow {
    ImportRow {
        id: access.store().new_id(),
        workspace: access.workspace_id(),
        campaign,
        source,
        state: ImportState::Waiting,
        dry_run,
        settings,
        progress: ImportProgress::default(),
        fault: None,
        upload: None,
        bytes: 0,
        starts: 0,
        created_at: now,
        updated_at: now,
    }
}

fn check(input: &ImportInput) -> Result<(), Problem> {
    let mut faults = Faults::default();
    if let Some(name) = &input.name {
        faults.text("name", name, NAME_CHARS_MAX);
    }
    if input.delimiter.is_some_and(|c| !matches!(c, ',' | ';' | '\t' | '|')) {
        faults.add("delimiter", "invalid", "must be a comma, a semicolon, a tab or a bar");
    }
    if input.columns.len() > COLUMNS_MAX {
        faults.add("columns", "too_many", format!("at most {COLUMNS_MAX} columns are taken"));
    }
    for (column, field) in input.columns.iter().take(COLUMNS_MAX) {
        let lengths = 1..=KEY_BYTES_MAX;
        let fits = field.as_ref().is_none_or(|field| lengths.contains(&field.len()));
        if column.trim() != column || !lengths.contains(&column.len()) || !fits {
            let message = format!(
                "names have 1 to {KEY_BYTES_MAX} bytes, those of columns no space around them"
            );
            faults.add(format!("columns.{column}"), "invalid", message);
        }
    }
    if let Some(header) = &input.header {
        let csv = input.format == ImportFormat::Csv;
        if !csv || !(1..=COLUMNS_MAX).contains(&header.len()) {
            let message = format!("names the 1 to {COLUMNS_MAX} columns of a CSV file");
            faults.add("header", "invalid", message);
        }
    }
    faults.into_result()
}

/// The campaign and source the leads come to.
async fn place_of(access: &Access, input: &ImportInput) -> Result<(CampaignId, SourceId), Problem> {
    let state = access.state();
    if state.store.is_postgres() {
        state.store.refresh().await?;
    }
    let workspace = access.workspace_id();
    let snapshot = state.store.snapshot();
    let campaign = find_campaign(&snapshot, workspace, input.campaign.as_deref())?;
    let source = match input.source_id {
        None => Entrance::import_source(state, workspace, campaign).await?,
        Some(id) => {
            let source = access.known::<Source>(id).filter(|doc| doc.body.campaign == campaign);
            if source.is_none() {
                let why = "there is no such source in the campaign";
                return Err(Problem::invalid_field("source_id", "not_found", why));
            }
            id
        }
    };
    if access.known::<Source>(source).is_some_and(|doc| doc.body.disabled) {
        return Err(Problem::new(Code::SourceDisabled, "this source is switched off"));
    }
    Ok((campaign, source))
}

/// Read an import
///
/// Its counts grow while it works.
#[utoipa::path(get, path = "/api/v1/imports/{id}", tag = "imports", params(("id" = String, Path)),
    responses((status = 200, body = ImportView)), security(("key" = ["leads:read"])))]
pub(super) async fn get_import(
    permit: Permit<scopes::LeadsRead>,
    base: BaseUrl,
    Path(id): Path<ImportId>,
) -> Result<Response, Problem> {
    show(&permit, &base, id).await
}

async fn find(access: &Access, id: ImportId) -> Result<ImportRow, Problem> {
    access.workspace().import(id).await?.ok_or_else(|| Problem::not_found("import"))
}

async fn show(access: &Access, base: &BaseUrl, id: ImportId) -> Result<Response, Problem> {
    answer::json(StatusCode::OK, &view(find(access, id).await?, base))
}

/// Nothing to say.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportSwitchInput {}

/// Run a dry run in earnest
///
/// With the file that was checked. Rows are judged again, by the campaign as it is now.
#[utoipa::path(post, path = "/api/v1/imports/{id}/run", tag = "imports",
    params(("id" = String, Path)), request_body = Option<ImportSwitchInput>,
    responses((status = 200, body = ImportView)), security(("key" = ["leads:write"])))]
pub(super) async fn run_import(
    permit: Permit<scopes::LeadsWrite>,
    base: BaseUrl,
    Path(id): Path<ImportId>,
    MaybeBody(ImportSwitchInput {}): MaybeBody<ImportSwitchInput>,
) -> Result<Response, Problem> {
    find(&permit, id).await?;
    if !permit.workspace().run_import(id).await? {
        let detail = "only a dry run that is through (`checked`) can be run";
        return Err(Problem::new(Code::Conflict, detail));
    }
    show(&permit, &base, id).await
}

/// Stop an import
///
/// Leads that were taken in stay.
#[utoipa::path(post, path = "/api/v1/imports/{id}/cancel", tag = "imports",
    params(("id" = String, Path)), request_body = Option<ImportSwitchInput>,
    responses((status = 200, body = ImportView)), security(("key" = ["leads:write"])))]
pub(super) async fn cancel_import(
    permit: Permit<scopes::LeadsWrite>,
    base: BaseUrl,
    Path(id): Path<ImportId>,
    MaybeBody(ImportSwitchInput {}): MaybeBody<ImportSwitchInput>,
) -> Result<Response, Problem> {
    find(&permit, id).await?;
    if !permit.workspace().cancel_import(id).await? {
        return Err(Problem::new(Code::Conflict, "the import is over already"));
    }
    show(&permit, &base, id).await
}
