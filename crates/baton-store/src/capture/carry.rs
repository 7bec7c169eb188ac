//! What answers gave to a partial lead, carried on to its next version.

use super::run::{Known, PartialRow};
use crate::command::CaptureCommand;
use crate::db::{Tx, Value, id};
use crate::error::StoreError;
use crate::sql;
use baton_domain::id::LeadId;
use baton_domain::lead::{LeadData, LeadState};
use std::collections::HashMap;

/// The data of the partial leads to which answers gave something.
pub(super) async fn read_given(
    tx: &Tx<'_>,
    partials: &HashMap<LeadId, PartialRow>,
) -> Result<HashMap<LeadId, LeadData>, StoreError> {
    let waiting = partials.iter().filter(|(_, row)| row.state == LeadState::Partial);
    let params: Vec<Vec<Value>> =
        waiting.map(|(lead, row)| vec![id(*lead), row.data_version.into()]).collect();
    let mut given = HashMap::new();
    for row in tx.query_many(&sql::LEAD_DATA_FIND, &params).await? {
        let lead: LeadId = row.id(0)?;
        match serde_json::from_slice::<LeadData>(row.bytes(1)?) {
            Ok(data) if data.given.is_empty() => {}
            Ok(data) => drop(given.insert(lead, data)),
            // The new version is worth more than what cannot be read of the old one.
            Err(error) => {
                tracing::error!(%lead, column = error.column(), "the data of a partial lead cannot be read; what answers gave is not carried on");
            }
        }
    }
    Ok(given)
}

/// The body of a lead's new version: the capture's, with what answers gave to the one before.
pub(super) fn body_of(command: &CaptureCommand, lead: LeadId, known: &mut Known) -> Vec<u8> {
    let Some(earlier) = known.given.remove(&lead) else { return command.body.clone() };
    let mut data = command.capture.data.clone();
    if !data.inherit(&earlier) {
        return command.body.clone();
    }
    // It was encoded before, without a value or two.
    let body = serde_json::to_vec(&data).unwrap_or_else(|_| command.body.clone());
    known.given.insert(lead, data);
    body
}
