//! Reading deliveries and their attempts; resending.

mod failures;
mod list;
mod new_row;
pub(crate) mod resend;

pub use failures::{FAILURE_GROUPS_MAX, FAILURES_COUNTED_MAX, FailureGroup, Failures};
pub(crate) use list::{DELIVERIES_FAILURES, fails, failure_key, is_rare, of_rare_state};
pub use list::{DeliveryFilter, NOTE_HEAD_CHARS, head_of};
pub use resend::{Payload, Resend};

use crate::claim::read_answered;
use crate::db::{Row, id};
use crate::error::StoreError;
use crate::finish::StoredRequest;
use crate::page::PAGE_MAX;
use crate::steps::{ShownRequest, Step};
use crate::store::WorkspaceStore;
use baton_domain::connector::answered::Answered;
use baton_domain::connector::render::Variant;
use baton_domain::delivery::{DeliveryCause, DeliveryState, Kin};
use baton_domain::exchange::{Phases, RequestSpec};
use baton_domain::id::{DeliveryId, LeadId};
use baton_domain::time::Millis;
pub(crate) use new_row::NewRow;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A delivery as listed.
#[derive(Clone, PartialEq, Debug)]
pub struct DeliveryRow {
    /// Its id.
    pub id: DeliveryId,
    /// The lead it carries.
    pub lead: Option<LeadId>,
    /// Version of the lead's data.
    pub data_version: i64,
    /// The event it carries, by position.
    pub event: Option<i64>,
    /// True when it goes to an event subscription.
    pub to_subscription: bool,
    /// Id of the destination or subscription.
    pub target: Uuid,
    /// Why it exists.
    pub cause: DeliveryCause,
    /// The delivery it was made from.
    pub parent: Option<DeliveryId>,
    /// Its state.
    pub state: DeliveryState,
    /// True while its target is paused or disabled: it waits, whatever its state says.
    pub stopped: bool,
    /// How many attempts were made.
    pub attempts: i64,
    /// When the next one is due; of a queued one, when its receiver is asked next.
    pub next_attempt_at: Option<Millis>,
    /// Verdict of the last attempt.
    pub verdict: Option<String>,
    /// Why it is where it is.
    pub note: Option<String>,
    /// What its answers gave.
    pub answered: Option<Answered>,
    /// When its receiver said that it is queued.
    pub queued_at: Option<Millis>,
    /// How often the receiver was asked since.
    pub asked: i64,
    /// Its newest resend.
    pub resent_by: Option<DeliveryId>,
    /// When it was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
}

impl DeliveryRow {
    /// What matters of it for where the lead went already.
    #[must_use]
    pub fn kin(&self) -> Kin {
        Kin {
            id: self.id,
            target: self.target,
            cause: self.cause,
            parent: self.parent,
            state: self.state,
            data_version: self.data_version,
        }
    }
}

/// The parts of an attempt that are stored as JSON. Read by later releases: fields are only added.
#[derive(Clone, Serialize, Deserialize, PartialEq, Debug, Default)]
pub struct AttemptBody {
    /// What decided.
    pub decided_by: String,
    /// Index of the rule that hit.
    #[serde(default)]
    pub rule: Option<i64>,
    /// The reason given; outside text.
    #[serde(default)]
    pub reason: Option<String>,
    /// HTTP status.
    #[serde(default)]
    pub status: Option<u16>,
    /// Fault word and detail.
    #[serde(default)]
    pub fault: Option<(String, String)>,
    /// Headers of this attempt beside the stored request's.
    #[serde(default)]
    pub sent_headers: Vec<(String, String)>,
    /// The answer's headers.
    #[serde(default)]
    pub answer_headers: Vec<(String, String)>,
    /// Whether the stored answer is only its head.
    #[serde(default)]
    pub answer_cut: bool,
    /// Where the time went.
    #[serde(default)]
    pub phases: Phases,
    /// What was taken from the answer.
    #[serde(default)]
    pub extracted: serde_json::Value,
    /// The exchanges before its own: a token, a bid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Which question about a queued lead it was, from 1; `None`: an attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<i64>,
    /// What a question sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<ShownRequest>,
}

/// One attempt with its answer.
#[derive(Clone, PartialEq, Debug)]
pub struct AttemptRow {
    /// 1, 2, ... A question has the number of the attempt it is about.
    pub n: i64,
    /// True when it ended after somebody else had taken the delivery over.
    pub late: bool,
    /// When it began.
    pub started_at: Millis,
    /// When it ended.
    pub ended_at: Millis,
    /// Its verdict.
    pub verdict: String,
    /// The rest of its record.
    pub body: AttemptBody,
    /// Head of the answer's body.
    pub answer: Vec<u8>,
    /// True when the rest of its record cannot be read; `body` is empty then.
    pub damaged: bool,
}

fn read_attempt(row: &Row) -> Result<AttemptRow, StoreError> {
    let body = serde_json::from_slice(row.bytes(5)?).inspect_err(|error| {
        let column = error.column();
        tracing::error!(n = ?row.int(0).ok(), column, "the record of an attempt is damaged");
    });
    Ok(AttemptRow {
        n: row.int(0)?,
        late: row.flag(1)?,
        started_at: row.millis(2)?,
        ended_at: row.millis(3)?,
        verdict: row.text(4)?.to_owned(),
        damaged: body.is_err(),
        body: body.unwrap_or_default(),
        answer: row.bytes(6)?.to_vec(),
    })
}

#[derive(Serialize, Deserialize)]
struct RequestBody {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: String,
    #[serde(default)]
    body_base64: bool,
    #[serde(default)]
    secret_headers: Vec<String>,
    #[serde(default)]
    variant: Variant,
}

/// Encodes a request for its row; seals it when it holds secrets.
pub(crate) fn encode_request(
    request: &StoredRequest,
    master: &crate::sealing::MasterKey,
) -> Result<(bool, Vec<u8>), StoreError> {
    use base64::Engine as _;
    let (body, body_base64) = match std::str::from_utf8(&request.request.body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => {
            let engine = base64::engine::general_purpose::STANDARD;
            (engine.encode(&request.request.body), true)
        }
    };
    let plain = serde_json::to_vec(&RequestBody {
        method: request.request.method.clone(),
        url: request.request.url.clone(),
        headers: request.request.headers.clone(),
        body,
        body_base64,
        secret_headers: request.secret_headers.clone(),
        variant: request.variant,
    })
    .map_err(|e| StoreError::unreadable("request", &e))?;
    if request.sealed { Ok((true, master.seal("request", &plain)?)) } else { Ok((false, plain)) }
}

fn decode_request(
    sealed: bool,
    bytes: &[u8],
    master: &crate::sealing::MasterKey,
) -> Result<StoredRequest, StoreError> {
    use base64::Engine as _;
    let opened;
    let plain = if sealed {
        opened = master.open("request", bytes)?;
        &opened
    } else {
        bytes
    };
    let stored: RequestBody =
        serde_json::from_slice(plain).map_err(|e| StoreError::unreadable("request", &e))?;
    let body = if stored.body_base64 {
        let engine = base64::engine::general_purpose::STANDARD;
        let decoded = engine.decode(&stored.body);
        let detail = "its body is no base64".to_owned();
        decoded.map_err(|_| StoreError::Damaged { what: "request", detail })?
    } else {
        stored.body.into_bytes()
    };
    Ok(StoredRequest {
        request: RequestSpec {
            method: stored.method,
            url: stored.url,
            headers: stored.headers,
            body,
        },
        secret_headers: stored.secret_headers,
        variant: stored.variant,
        sealed,
    })
}

const COLUMNS: &str = "v.id, v.lead, v.data_version, v.event, v.target_kind, v.lane, v.cause, \
     v.parent, v.state, v.attempts, v.due_at, v.verdict, v.note, v.created_at, v.updated_at, \
     v.answered, v.queued_at, v.asked, (SELECT count(*) FROM stopped_lanes s WHERE s.lane = v.lane), v.resent_by";

fn read_row(row: &Row) -> Result<DeliveryRow, StoreError> {
    let damaged = |what: &str| StoreError::Damaged {
        what: "delivery",
        detail: format!("its {what} is not a known word"),
    };
    let state = DeliveryState::parse(row.text(8)?).ok_or_else(|| damaged("state"))?;
    Ok(DeliveryRow {
        id: row.id(0)?,
        lead: row.opt_id(1)?,
        data_version: row.int(2)?,
        event: row.opt_int(3)?,
        to_subscription: row.int(4)? == 1,
        target: row.uuid(5)?,
        cause: DeliveryCause::parse(row.text(6)?).ok_or_else(|| damaged("cause"))?,
        parent: row.opt_id(7)?,
        state,
        stopped: !state.is_final() && row.flag(18)?,
        attempts: row.int(9)?,
        next_attempt_at: row.opt_millis(10)?,
        verdict: row.opt_text(11)?,
        note: row.opt_text(12)?,
        answered: read_answered(row, 15)?,
        queued_at: row.opt_millis(16)?,
        asked: row.int(17)?,
        resent_by: row.opt_id(19)?,
        created_at: row.millis(13)?,
        updated_at: row.millis(14)?,
    })
}

impl WorkspaceStore {
    /// One delivery.
    pub async fn delivery(&self, delivery: DeliveryId) -> Result<Option<DeliveryRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM deliveries v WHERE v.ws = ?1 AND v.id = ?2");
        let rows = self.query(&sql, &[id(self.workspace), id(delivery)]).await?;
        rows.first().map(read_row).transpose()
    }

    /// What is known of a lead's deliveries to one destination: the newest version that was captured,
    /// and the deliveries of versions before `version`, newest first, at most [`PAGE_MAX`].
    ///
    /// `None` when the lead is no longer stored.
    pub async fn deliveries_before(
        &self,
        lead: LeadId,
        target: Uuid,
        version: i64,
    ) -> Result<Option<(i64, Vec<DeliveryRow>)>, StoreError> {
        let newest = "SELECT captured_version FROM leads WHERE ws = ?1 AND id = ?2";
        let sql = format!(
            "SELECT {COLUMNS} FROM deliveries v WHERE v.ws = ?1 AND v.lead = ?2 AND v.lane = ?3 \
             AND v.data_version < ?4 AND v.target_kind = 0 ORDER BY v.id DESC LIMIT {PAGE_MAX}"
        );
        let rows = self.query(newest, &[id(self.workspace), id(lead)]).await?;
        let Some(newest) = rows.first().map(|row| row.int(0)).transpose()? else {
            return Ok(None);
        };
        let params = [id(self.workspace), id(lead), target.into(), version.into()];
        let rows = self.query(&sql, &params).await?;
        let rows: Vec<DeliveryRow> = rows.iter().map(read_row).collect::<Result<_, _>>()?;
        Ok(Some((newest, rows)))
    }

    /// The attempts of a delivery, in order. One whose record is damaged is there with what can
    /// still be read.
    pub async fn attempts(&self, delivery: DeliveryId) -> Result<Vec<AttemptRow>, StoreError> {
        let rows = self
            .query(
                "SELECT n, late, started_at, ended_at, verdict, body, answer FROM attempts \
                 WHERE ws = ?1 AND delivery = ?2 ORDER BY n, seq LIMIT 500",
                &[id(self.workspace), id(delivery)],
            )
            .await?;
        rows.iter().map(read_attempt).collect()
    }

    /// The request that attempt `n` of a delivery sent: the newest stored at or before it.
    pub async fn request(
        &self,
        delivery: DeliveryId,
        n: i64,
    ) -> Result<Option<StoredRequest>, StoreError> {
        let rows = self
            .query(
                "SELECT sealed, body FROM requests WHERE ws = ?1 AND delivery = ?2 \
                 AND revision <= ?3 ORDER BY revision DESC LIMIT 1",
                &[id(self.workspace), id(delivery), n.into()],
            )
            .await?;
        rows.first()
            .map(|row| decode_request(row.flag(0)?, row.bytes(1)?, self.store.master()))
            .transpose()
    }
}
