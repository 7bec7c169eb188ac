//! The file of an import, streamed into the database piece by piece.

use super::{ImportView, find, show};
use crate::api::base_url::BaseUrl;
use crate::auth::{Access, Permit, scopes};
use crate::body::{self, BODY_TIMEOUT, BodyDeadline};
use crate::problem::{Code, Path, Problem, Query};
use axum::extract::Request;
use axum::response::Response;
use baton_domain::id::{ImportId, TypedId};
use baton_domain::import::{IMPORT_BYTES_MAX, ImportState};
use baton_store::StoreError;
use baton_store::imports::PIECE_BYTES;
use http_body_util::BodyExt;
use serde::Deserialize;
use tokio::time::timeout;
use utoipa::IntoParams;
use uuid::Uuid;

/// Which part of the file it is.
#[derive(Clone, Copy, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// The first byte of this part, for a file in parts; a part that broke off is sent again.
    offset: Option<u64>,
    /// Whether further parts follow. Such a part has a multiple of 262144 bytes.
    more: Option<bool>,
}

/// Put the file of an import
///
/// The file itself as the body, of at most 1 GiB, at once or in parts; the import begins when all
/// of it is there. Leads are in the file, so this needs the scope of those who post them.
#[utoipa::path(put, path = "/api/v1/imports/{id}/file", tag = "imports",
    params(("id" = String, Path), UploadQuery),
    request_body(content = String, content_type = "application/octet-stream",
        description = "The file."),
    responses((status = 200, body = ImportView)), security(("key" = ["leads:write"])))]
pub(in crate::api) async fn put_import_file(
    permit: Permit<scopes::LeadsWrite>,
    base: BaseUrl,
    Path(id): Path<ImportId>,
    Query(query): Query<UploadQuery>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let idle = parts.extensions.get::<BodyDeadline>().map_or(BODY_TIMEOUT, |d| d.0);
    let checked = async {
        let row = find(&permit, id).await?;
        if row.state != ImportState::Waiting {
            return Err(waits_for_none());
        }
        check_part(query)
    };
    if let Err(problem) = checked.await {
        body::discard(&parts, body).await;
        return Err(problem);
    }
    let mut upload = Upload {
        access: &permit,
        import: id,
        // Parts of one file find each other; whole files never mix.
        id: match query.offset {
            Some(_) => id.uuid(),
            None => permit.store().new_id::<ImportId>().uuid(),
        },
        bytes: query.offset.unwrap_or(0),
        piece: Vec::with_capacity(PIECE_BYTES),
    };
    let mut body = body;
    loop {
        // However large the file, it has to keep coming.
        let frame = timeout(idle, body.frame()).await.map_err(|_| {
            let detail = "the file did not go on in time; send it faster, or in parts";
            Problem::new(Code::RequestTimeout, detail).closing()
        })?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|_| {
            let detail = "the file broke off or its transfer coding is wrong";
            Problem::new(Code::BadRequest, detail).closing()
        })?;
        if let Ok(data) = frame.into_data() {
            upload.take(&data).await?;
        }
    }
    upload.end(query.more == Some(true)).await?;
    show(&permit, &base, id).await
}

fn check_part(query: UploadQuery) -> Result<(), Problem> {
    let whole_pieces = query.offset.unwrap_or(0).is_multiple_of(PIECE_BYTES as u64);
    if !whole_pieces || (query.more == Some(true) && query.offset.is_none()) {
        let message = format!("must be given with `more`, as a multiple of {PIECE_BYTES}");
        return Err(crate::api::answer::invalid_query("offset", &message));
    }
    Ok(())
}

fn waits_for_none() -> Problem {
    Problem::new(Code::Conflict, "the import does not wait for a file; make another import")
}

struct Upload<'a> {
    access: &'a Access,
    import: ImportId,
    id: Uuid,
    bytes: u64,
    piece: Vec<u8>,
}

impl Upload<'_> {
    async fn take(&mut self, mut data: &[u8]) -> Result<(), Problem> {
        while !data.is_empty() {
            let room = PIECE_BYTES - self.piece.len();
            let (now, later) = data.split_at(room.min(data.len()));
            self.piece.extend_from_slice(now);
            data = later;
            if self.piece.len() == PIECE_BYTES {
                self.store().await?;
            }
        }
        Ok(())
    }

    /// Stores the piece; the next bytes are read after that, so a fast sender waits.
    async fn store(&mut self) -> Result<(), Problem> {
        let n = i64::try_from(self.bytes / PIECE_BYTES as u64).unwrap_or(i64::MAX);
        self.bytes += self.piece.len() as u64;
        if self.bytes > IMPORT_BYTES_MAX {
            let detail = format!("a file has at most {IMPORT_BYTES_MAX} bytes; split it");
            return Err(Problem::new(Code::BodyTooLarge, detail).closing());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE_BYTES));
        let workspace = self.access.workspace();
        if !workspace.add_import_piece(self.import, self.id, n, piece).await? {
            return Err(waits_for_none().closing());
        }
        Ok(())
    }

    async fn end(mut self, more: bool) -> Result<(), Problem> {
        if more && !self.piece.is_empty() {
            let detail = format!(
                "a part before the last has a multiple of {PIECE_BYTES} bytes; send it again"
            );
            return Err(Problem::new(Code::BadRequest, detail));
        }
        if !self.piece.is_empty() {
            self.store().await?;
        }
        if more {
            return Ok(());
        }
        if self.bytes == 0 {
            return Err(Problem::new(Code::BadRequest, "the file is empty"));
        }
        let workspace = self.access.workspace();
        match workspace.finish_import_upload(self.import, self.id, self.bytes).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(waits_for_none()),
            Err(StoreError::NotFound) => {
                let detail = "parts of the file are missing; send them, then the last one again";
                Err(Problem::new(Code::Conflict, detail))
            }
            Err(error) => Err(error.into()),
        }
    }
}
