//! The rows of an import that are no lead of their own, as a file.

use super::find;
use crate::api::answer;
use crate::auth::{Permit, scopes};
use crate::problem::{Path, Problem, Query};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use baton_domain::id::ImportId;
use baton_domain::import::{ImportFormat, ReportRow, push_record};
use baton_store::{StoreError, WorkspaceStore};
use bytes::Bytes;
use futures_util::stream;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

/// Rows read at a time.
const PAGE: u32 = 500;

/// How the report is written.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// `csv` (the default) or `jsonl`.
    format: Option<String>,
}

/// Read an import's report
///
/// The rows that were refused or repeat a lead, in the order of the file: `row`, `line`, `field`,
/// `code`, `message`, one line for each problem. No values of the rows are in it. In CSV a text
/// that a spreadsheet would run has `'` before it.
#[utoipa::path(get, path = "/api/v1/imports/{id}/report", tag = "imports",
    params(("id" = String, Path), ReportQuery),
    responses((status = 200, body = String, content_type = "text/csv")),
    security(("key" = ["leads:read"])))]
pub(in crate::api) async fn get_import_report(
    permit: Permit<scopes::LeadsRead>,
    Path(id): Path<ImportId>,
    Query(query): Query<ReportQuery>,
) -> Result<Response, Problem> {
    let (format, kind, ending) = match query.format.as_deref() {
        None | Some("csv") => (ImportFormat::Csv, "text/csv; charset=utf-8", "csv"),
        Some("jsonl") => (ImportFormat::Jsonl, "application/x-ndjson", "jsonl"),
        Some(_) => return Err(answer::invalid_query("format", "must be csv or jsonl")),
    };
    find(&permit, id).await?;
    let pages = Pages { workspace: permit.workspace().clone(), id, format, after: Some(0) };
    let mut head = String::new();
    if format == ImportFormat::Csv {
        push_record(&mut head, &["row", "line", "field", "code", "message"]);
    }
    let rest = stream::unfold(pages, |mut pages| async move {
        let page = pages.next().await.transpose()?;
        Some((page, pages))
    });
    let head = stream::iter([Ok::<_, StoreError>(Bytes::from(head))]);
    let mut response =
        Body::from_stream(futures_util::StreamExt::chain(head, rest)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::from_str(&format!("attachment; filename=\"{id}.{ending}\"")) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// A report, page by page.
struct Pages {
    workspace: WorkspaceStore,
    id: ImportId,
    format: ImportFormat,
    /// The last row that was given; `None` after the last page.
    after: Option<u64>,
}

impl Pages {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let Some(after) = self.after else { return Ok(None) };
        let rows = self.workspace.import_report(self.id, after, PAGE).await.inspect_err(|_| {
            self.after = None;
        })?;
        self.after = rows.last().filter(|_| rows.len() == PAGE as usize).map(|row| row.row);
        let mut text = String::new();
        for row in &rows {
            write_row(&mut text, self.format, row);
        }
        Ok(Some(Bytes::from(text)))
    }
}

fn write_row(text: &mut String, format: ImportFormat, row: &ReportRow) {
    for problem in &row.problems {
        let (field, code, message) = (&*problem.field, &*problem.code, &*problem.message);
        match format {
            ImportFormat::Csv => {
                let (row, line) = (row.row.to_string(), row.line.to_string());
                push_record(text, &[&row, &line, field, code, message]);
            }
            ImportFormat::Jsonl => {
                let object = json!({"row": row.row, "line": row.line, "field": field,
                    "code": code, "message": message});
                text.push_str(&object.to_string());
                text.push('\n');
            }
        }
    }
}
