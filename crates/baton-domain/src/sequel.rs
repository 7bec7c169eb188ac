//! What a delivery does about versions of its lead that came before or after it: a partial lead,
//! the completed one, a stale one.

use crate::delivery::DeliveryState;

/// A delivery that is due, and what else is known of its lead at the same destination.
#[derive(Clone, Debug)]
pub struct Due<'a> {
    /// The version of the lead's data that this delivery carries.
    pub version: i64,
    /// The newest version the lead has.
    pub newest: i64,
    /// Deliveries of earlier versions to the same destination, newest first.
    pub earlier: &'a [Earlier],
    /// Whether the connector has an update call, and the settings it needs are set.
    pub can_update: bool,
    /// Whether the connector asks after queued leads here.
    pub can_poll: bool,
}

/// A delivery of an earlier version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Earlier {
    /// Where it stands.
    pub state: DeliveryState,
    /// The vendor's id of the lead, if its answer or a poll gave one.
    pub vendor_id: Option<String>,
    /// Whether asking after it has ended, for a `queued` one.
    pub poll_ended: bool,
}

/// What is done with a delivery that is due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// It is posted.
    Post,
    /// It is sent as an update of the vendor's lead of that id.
    Update {
        /// The vendor's id of the partial lead.
        vendor_id: String,
    },
    /// Not yet: an earlier version is on its way, and this one must not overtake it.
    Wait,
    /// Not at all: a newer version of the lead has come.
    Superseded,
}

/// Decides what is done with a delivery that is due.
///
/// A partial version is never sent once a newer one is stored, so a stale partial cannot overtake.
/// A completed lead waits while an earlier version is in flight, and, where it could be an update,
/// while the vendor can still be asked for the id. It is an update where that id is known, otherwise
/// a post; the receiver tells them apart by `is_partial_lead`.
#[must_use]
pub fn step(due: &Due<'_>) -> Step {
    if due.version < due.newest {
        return Step::Superseded;
    }
    if due.earlier.iter().any(|e| e.state == DeliveryState::InFlight) {
        return Step::Wait;
    }
    if !due.can_update {
        return Step::Post;
    }
    let taken = |e: &&Earlier| matches!(e.state, DeliveryState::Accepted | DeliveryState::Queued);
    if let Some(id) = due.earlier.iter().filter(taken).find_map(|e| e.vendor_id.clone()) {
        return Step::Update { vendor_id: id };
    }
    let asking = |e: &Earlier| e.state == DeliveryState::Queued && !e.poll_ended;
    if due.can_poll && due.earlier.iter().any(asking) { Step::Wait } else { Step::Post }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeliveryState as S;

    fn earlier(state: DeliveryState, id: Option<&str>, poll_ended: bool) -> Earlier {
        Earlier { state, vendor_id: id.map(str::to_owned), poll_ended }
    }

    fn check(earlier: &[Earlier], version: i64, can: (bool, bool), expect: Step) {
        let (can_update, can_poll) = can;
        let due = Due { version, newest: 2, earlier, can_update, can_poll };
        assert_eq!(step(&due), expect, "{due:?}");
    }

    #[test]
    fn a_stale_version_is_never_sent() {
        check(&[], 1, (false, false), Step::Superseded);
        check(&[earlier(S::InFlight, None, false)], 1, (true, true), Step::Superseded);
    }

    #[test]
    fn a_completed_lead_updates_what_is_known_and_overtakes_nothing() {
        let update = Step::Update { vendor_id: "77".to_owned() };
        check(&[], 2, (true, true), Step::Post);
        check(&[earlier(S::InFlight, None, false)], 2, (false, false), Step::Wait);
        check(&[earlier(S::Accepted, Some("77"), false)], 2, (true, true), update.clone());
        check(&[earlier(S::Accepted, Some("77"), false)], 2, (false, true), Step::Post);
        check(&[earlier(S::Accepted, None, false)], 2, (true, true), Step::Post);
        check(&[earlier(S::Queued, None, false)], 2, (true, true), Step::Wait);
        check(&[earlier(S::Queued, None, true)], 2, (true, true), Step::Post);
        check(&[earlier(S::Queued, None, false)], 2, (true, false), Step::Post);
        check(&[earlier(S::Queued, Some("77"), true)], 2, (true, true), update);
        check(&[earlier(S::Rejected, Some("77"), true)], 2, (true, true), Step::Post);
        check(&[earlier(S::Superseded, None, false)], 2, (true, true), Step::Post);
    }
}
