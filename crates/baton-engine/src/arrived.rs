//! Whether a receiver that says "duplicate" may have the lead from an attempt of ours whose answer
//! was lost.

use crate::engine::Core;
use crate::settle::Ended;
use baton_domain::connector::classify::after_unknown;
use baton_domain::connector::render::Variant;
use baton_domain::delivery::DeliveryCause;
use baton_domain::id::DeliveryId;
use baton_domain::retry::OnUnknown;
use baton_domain::verdict::Verdict;
use baton_store::deliveries::AttemptRow;
use baton_store::{ClaimedDelivery, StoreError};

/// Takes "duplicate" for "accepted" where an earlier attempt of this delivery, or of the one it
/// resends, may have arrived. Not for sales, where only the vendor can say what the lead was taken
/// for: after a bid, and where a person decides about lost answers. The record is asked only when
/// the answer is "duplicate".
pub(crate) async fn reconsider(
    core: &Core,
    ended: &mut Ended<'_>,
    variant: Variant,
) -> Result<(), StoreError> {
    let is_sale = matches!(variant, Variant::Ping | Variant::PingedPost)
        || ended.target.on_unknown(&core.registry) == OnUnknown::Ask;
    if ended.classified.verdict != Verdict::Duplicate
        || is_sale
        || !may_have_arrived(core, ended.claimed).await?
    {
        return Ok(());
    }
    ended.classified = after_unknown(ended.classified.clone());
    if let Some(attempt) = &mut ended.attempt {
        attempt.verdict = ended.classified.verdict;
        attempt.decided_by.clone_from(&ended.classified.decided_by);
    }
    Ok(())
}

async fn may_have_arrived(core: &Core, claimed: &ClaimedDelivery) -> Result<bool, StoreError> {
    // A start that left no attempt behind: the process ended, perhaps after the request was out.
    if claimed.starts > claimed.attempts + 1 {
        return Ok(true);
    }
    if claimed.attempts > 0 && any_lost(core, claimed, claimed.id).await? {
        return Ok(true);
    }
    match claimed.parent {
        Some(parent) if claimed.cause == DeliveryCause::Resend => {
            any_lost(core, claimed, parent).await
        }
        _ => Ok(false),
    }
}

async fn any_lost(
    core: &Core,
    claimed: &ClaimedDelivery,
    delivery: DeliveryId,
) -> Result<bool, StoreError> {
    let attempts = core.store.workspace(claimed.workspace).attempts(delivery).await?;
    Ok(attempts.iter().any(lost))
}

/// Ended without an answer, or with one that came after the delivery had been taken over.
fn lost(attempt: &AttemptRow) -> bool {
    let verdict = attempt.verdict.as_str();
    verdict == Verdict::Unknown.as_str() || (attempt.late && verdict == Verdict::Accepted.as_str())
}
