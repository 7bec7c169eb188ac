//! What an answer means: response rules first, then the status (DESIGN section 8).
//!
//! Everything here is total: any answer gets a verdict, however hostile its bytes.
//!
//! Rules come before the status defaults, so a rule may give a 429 or a 410 another meaning: the
//! owner of the destination knows the vendor, the defaults only know HTTP. An answer that a rule
//! turned into something else does not disable the destination either.

mod body;
mod compile;
mod evaluate;
mod extract;
mod json_path;
mod test;
mod texts;
mod xpath;

pub use compile::{CompiledRules, RULES_MAX, RuleProblem, VALUE_BYTES_MAX};
pub use evaluate::{Evaluation, RuleOutcome};
pub use extract::{EXTRACTED_BYTES_MAX, Place, Places};

pub use test::PATTERN_BYTES_MAX;
pub(super) use test::statuses;

use crate::connector::rules::ResponseRule;
use crate::exchange::{Answer, Fault, FaultKind, Got};
use crate::retry::parse_retry_after;
use crate::time::Millis;
use crate::verdict::{Classified, Verdict};
use std::collections::BTreeMap;

/// What one attempt means. `now` is when its answer came; a `Retry-After` date counts from there.
#[must_use]
pub fn classify(rules: &CompiledRules, got: &Got, now: Millis) -> Classified {
    match got {
        Got::Answer(answer) => evaluate::classify(rules, answer, now),
        Got::Fault(fault) => of_fault(fault),
    }
}

/// What an answer means and why each rule hit or missed, for the tester in the interface.
#[must_use]
pub fn evaluate(rules: &CompiledRules, answer: &Answer, now: Millis) -> Evaluation {
    evaluate::run(rules, answer, now)
}

/// Checks rules and compiles them; the problems name their rule by its index.
///
/// # Errors
/// All problems of all rules.
pub fn check_rules(rules: &[ResponseRule]) -> Result<(), Vec<RuleProblem>> {
    CompiledRules::compile(rules).map(drop)
}

/// Names and texts of an XML document's elements without children, at most `most`; `None` when it
/// is no XML.
pub(super) fn xml_leaves(text: &str, most: usize) -> Option<Vec<(String, String)>> {
    let document = xpath::parse(text)?;
    let elements = document.descendants().filter(roxmltree::Node::is_element);
    let leaves = elements.filter(|e| !e.children().any(|c| c.is_element()));
    let told = |e: roxmltree::Node<'_, '_>| {
        (e.tag_name().name().to_owned(), e.text().unwrap_or_default().trim().to_owned())
    };
    Some(leaves.take(most).map(told).collect())
}

/// The same verdict for a lead that may have arrived earlier: an attempt before this one ended
/// `unknown`, and now the receiver has the lead already. It most likely took it then, so it is
/// `accepted` and says why. Not for sales, where only the vendor can say what it pays for.
#[must_use]
pub fn after_unknown(classified: Classified) -> Classified {
    if classified.verdict != Verdict::Duplicate {
        return classified;
    }
    let decided_by = format!("{}, after an attempt without an answer", classified.decided_by);
    Classified { verdict: Verdict::Accepted, decided_by, ..classified }
}

/// The verdict on a lead whose request could not be made (a `RenderProblem`, or a request the HTTP
/// client cannot send); `detail` is for people and holds no personal data.
///
/// It is `blocked`: nothing was sent and trying again cannot help, but only this lead is concerned.
/// `auth_or_config` would hold the whole destination because of one lead's value, and `invalid`
/// would claim that the receiver said no.
#[must_use]
pub fn unsendable(detail: &str) -> Classified {
    plain(Verdict::Blocked, "invalid_request".to_owned(), Some(detail.to_owned()))
}

fn of_fault(fault: &Fault) -> Classified {
    let verdict = match (fault.kind, fault.sent) {
        (FaultKind::BlockedAddress, _) => Verdict::Blocked,
        (FaultKind::InvalidRequest, _) => return unsendable(&fault.detail),
        // An answer had begun, whatever the client says about sending.
        (FaultKind::InvalidAnswer, _) | (_, true) => Verdict::Unknown,
        (_, false) => Verdict::Transient,
    };
    plain(verdict, fault_word(fault.kind).to_owned(), Some(fault.detail.clone()))
}

/// The word users see for a fault.
#[must_use]
pub fn fault_word(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::DnsError => "dns_error",
        FaultKind::ConnectionRefused => "connection_refused",
        FaultKind::ConnectionFailed => "connection_failed",
        FaultKind::ConnectionReset => "connection_reset",
        FaultKind::Timeout => "timeout",
        FaultKind::TlsError => "tls_error",
        FaultKind::BlockedAddress => "blocked_address",
        FaultKind::InvalidRequest => "invalid_request",
        FaultKind::InvalidAnswer => "invalid_answer",
    }
}

/// The verdict of an answer no rule hit, and whether it says the receiver is gone for good.
fn of_status(status: u16) -> (Verdict, bool) {
    match status {
        429 => (Verdict::RateLimited, false),
        408 | 425 | 500..=599 => (Verdict::Transient, false),
        401 | 403 => (Verdict::AuthOrConfig, false),
        410 => (Verdict::AuthOrConfig, true),
        _ => (Verdict::Unmatched, false),
    }
}

fn retry_after_ms(answer: &Answer, now: Millis) -> Option<i64> {
    answer.header("retry-after").and_then(|text| parse_retry_after(text, now))
}

fn plain(verdict: Verdict, decided_by: String, reason: Option<String>) -> Classified {
    Classified {
        verdict,
        decided_by,
        rule: None,
        reason,
        extracted: BTreeMap::new(),
        retry_after_ms: None,
        gone: false,
    }
}

#[cfg(test)]
mod tests;
