//! Resending: the lead of a delivery goes to the same place again, as a delivery of its own.

use super::NewRow;
use crate::audit::{AuditEntry, record};
use crate::capture::Idempotency;
use crate::claim::TargetKind;
use crate::command::{Command, Effects, Reply};
use crate::db::{Many, Row, Tx, Value, id, opt_id};
use crate::docs::run::remember_answer;
use crate::error::StoreError;
use crate::sql;
use crate::store::WorkspaceStore;
use baton_domain::delivery::DeliveryCause;
use baton_domain::id::{DeliveryId, WorkspaceId};
use baton_domain::lead::LeadState;
use baton_domain::time::Millis;
use serde::{Deserialize, Serialize};

/// What a resend sends.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// The lead by today's mapping and settings.
    #[default]
    Current,
    /// The request that was sent last, byte for byte.
    Same,
}

/// A resend of one delivery.
#[derive(Clone, Debug)]
pub struct Resend {
    /// The delivery whose lead goes again.
    pub of: DeliveryId,
    /// The new delivery.
    pub id: DeliveryId,
    /// What it sends.
    pub payload: Payload,
    /// The present.
    pub now: Millis,
    /// `Idempotency-Key` of the caller with the status and the sealed answer it will get.
    pub idempotency: Option<(Idempotency, u16, Vec<u8>)>,
    /// The line of the audit.
    pub audit: Option<AuditEntry>,
}

pub(crate) struct ResendCommand {
    pub workspace: WorkspaceId,
    pub resend: Resend,
}

impl WorkspaceStore {
    /// Sends a finished or waiting delivery's lead again by today's settings: each call is a resend
    /// of its own.
    pub async fn resend(&self, of: DeliveryId) -> Result<DeliveryId, StoreError> {
        let (id, now) = (self.store.new_id(), self.store.now());
        let payload = Payload::Current;
        self.resend_as(Resend { of, id, payload, now, idempotency: None, audit: None }).await
    }

    /// The same as the caller says.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the delivery or its lead is gone, or nothing was sent yet that
    /// could be sent again; [`StoreError::Replayed`].
    pub async fn resend_as(&self, resend: Resend) -> Result<DeliveryId, StoreError> {
        let command = ResendCommand { workspace: self.workspace, resend };
        match self.store.write(Command::Resend(Box::new(command))).await? {
            Reply::Resent(made) => Ok(made),
            _ => Err(StoreError::NotFound),
        }
    }
}

/// What is read of a delivery that may be resent, by [`resendable`].
pub(crate) const RESEND_COLUMNS: &str = "v.id, v.lead, v.data_version, v.event, v.target_kind, \
     v.lane, v.state, v.verdict, v.note, v.resent_by, v.created_at, \
     (SELECT l.state FROM leads l WHERE l.ws = v.ws AND l.id = v.lead)";

/// A delivery that may be resent.
pub(crate) struct Resendable {
    pub id: DeliveryId,
    pub state: String,
    pub verdict: String,
    pub note: String,
    pub resent: bool,
    pub created_at: Millis,
    pub lead_is_erased: bool,
    pub row: Row,
}

pub(crate) fn resendable(row: Row) -> Result<Resendable, StoreError> {
    Ok(Resendable {
        id: row.id(0)?,
        state: row.text(6)?.to_owned(),
        verdict: row.opt_text(7)?.unwrap_or_default(),
        note: row.opt_text(8)?.unwrap_or_default(),
        resent: row.opt_id::<DeliveryId>(9)?.is_some(),
        created_at: row.millis(10)?,
        lead_is_erased: row.opt_text(11)?.as_deref() == Some(LeadState::Erased.as_str()),
        row,
    })
}

impl Resendable {
    pub(crate) fn lane(&self) -> Result<uuid::Uuid, StoreError> {
        self.row.uuid(5)
    }

    /// The row of the resend.
    pub(crate) fn again(
        &self,
        workspace: WorkspaceId,
        new: DeliveryId,
        now: Millis,
    ) -> Result<NewRow, StoreError> {
        Ok(NewRow {
            workspace,
            id: new,
            lead: self.row.opt_id(1)?,
            data_version: self.row.int(2)?,
            event: self.row.opt_int(3)?,
            target_kind: TargetKind::from_int(self.row.int(4)?),
            lane: self.lane()?,
            cause: DeliveryCause::Resend,
            parent: Some(self.id),
            due: now,
            now,
            lease: None,
        })
    }
}

/// Parameters: ws, id, the resend, the state it was seen in, whether it may have been resent before,
/// now. A person's resend takes the place of what was still planned. Gives the id of what was still
/// as it was seen.
pub(crate) const RESENT: Many = Many {
    sqlite: "UPDATE deliveries SET resent_by = ?3, \
             wake_at = CASE WHEN state IN ('pending', 'retrying', 'held') THEN NULL ELSE wake_at END, \
             note = CASE WHEN state IN ('pending', 'retrying', 'held') THEN 'resent by hand' \
             ELSE note END, \
             updated_at = CASE WHEN state IN ('pending', 'retrying', 'held') THEN ?6 \
             ELSE updated_at END, \
             state = CASE WHEN state IN ('pending', 'retrying', 'held') THEN 'cancelled' \
             ELSE state END \
             WHERE ws = ?1 AND id = ?2 AND state = ?4 AND (?5 = 1 OR resent_by IS NULL) \
             RETURNING id",
    postgres: "UPDATE deliveries SET resent_by = t.r, \
               wake_at = CASE WHEN state IN ('pending', 'retrying', 'held') THEN NULL \
               ELSE wake_at END, \
               note = CASE WHEN state IN ('pending', 'retrying', 'held') THEN 'resent by hand' \
               ELSE note END, \
               updated_at = CASE WHEN state IN ('pending', 'retrying', 'held') THEN t.n \
               ELSE updated_at END, \
               state = CASE WHEN state IN ('pending', 'retrying', 'held') THEN 'cancelled' \
               ELSE state END \
               FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int8[], \
               $6::int8[]) AS t(w, i, r, s, a, n) WHERE deliveries.ws = t.w \
               AND deliveries.id = t.i AND deliveries.state = t.s \
               AND (t.a = 1 OR deliveries.resent_by IS NULL) RETURNING deliveries.id",
};

/// Gives a resend the request that was sent last, as revision 0; false when there is none.
pub(crate) async fn copy_request(
    tx: &Tx<'_>,
    workspace: WorkspaceId,
    of: DeliveryId,
    new: DeliveryId,
) -> Result<bool, StoreError> {
    let sql = "SELECT sealed, body FROM requests WHERE ws = ?1 AND delivery = ?2 \
               ORDER BY revision DESC LIMIT 1";
    let Some(row) = tx.query_opt(sql, &[id(workspace), id(of)]).await? else { return Ok(false) };
    let copy = vec![id(new), Value::Int(0), id(workspace), row.value(0), row.value(1)];
    tx.execute_many(&sql::REQUESTS_ADD, &[copy]).await?;
    Ok(true)
}

pub(crate) async fn run_resend(
    tx: &Tx<'_>,
    command: &ResendCommand,
) -> Result<(Reply, Effects), StoreError> {
    let ResendCommand { workspace, resend } = command;
    if let Some((wanted, status, answer)) = &resend.idempotency {
        remember_answer(tx, resend.now, wanted, *status, answer).await?;
    }
    let sql = format!("SELECT {RESEND_COLUMNS} FROM deliveries v WHERE v.ws = ?1 AND v.id = ?2");
    let row = tx.query_opt(&sql, &[id(*workspace), id(resend.of)]).await?;
    let of = resendable(row.ok_or(StoreError::NotFound)?)?;
    if of.lead_is_erased {
        return Err(StoreError::NotFound);
    }
    let same = resend.payload == Payload::Same;
    if same && !copy_request(tx, *workspace, resend.of, resend.id).await? {
        return Err(StoreError::NotFound);
    }
    let marked = vec![
        id(*workspace),
        id(resend.of),
        opt_id(Some(resend.id)),
        of.state.as_str().into(),
        Value::Int(1),
        resend.now.into(),
    ];
    if tx.query_many(&RESENT, &[marked]).await?.is_empty() {
        // It went on at this very moment.
        return Err(StoreError::Collision);
    }
    let new = of.again(*workspace, resend.id, resend.now)?;
    tx.execute_many(&sql::DELIVERIES_ADD, &[new.values()]).await?;
    if let Some(audit) = &resend.audit {
        record(tx, audit).await?;
    }
    let effects = Effects { lanes: vec![new.lane], ..Effects::default() };
    Ok((Reply::Resent(resend.id), effects))
}
