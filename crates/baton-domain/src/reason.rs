//! Reasons as reports group them: the same words for the same cause, and no personal data.
//!
//! Vendors put ids, addresses and numbers into what they say (`Duplicate of lead 81273`). What
//! varies is replaced, so that one cause is one line of a report, and so that the counts can
//! outlive the leads they came from.

use crate::verdict::{Classified, Verdict};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Most characters of a grouped reason.
pub const REASON_CHARS_MAX: usize = 160;
/// What stands for a part that varies.
const VARIES: &str = "#";
/// Digits in a word that make it one that varies: ids, phone numbers, dates. Fewer are a code.
const DIGITS_MIN: usize = 5;

/// A reason as reports group it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// Names it within a destination and a verdict.
    pub id: Uuid,
    /// The words; empty for none.
    pub text: String,
}

impl Reason {
    /// The reason of a text, case and what varies aside.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let cut: String = steadied(text).chars().take(REASON_CHARS_MAX).collect();
        // The last word may have lost the letter that told it from an id.
        Self::named(steadied(&cut))
    }

    /// The reason with these very words.
    fn named(text: String) -> Self {
        if text.is_empty() {
            return Self { id: Uuid::nil(), text };
        }
        let hash = Sha256::digest(text.to_lowercase().as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        Self { id: Uuid::from_bytes(id), text }
    }

    /// The reason of an attempt that ended a delivery.
    ///
    /// An accepted lead needs none. All unmatched answers share one: what they have in common is
    /// looked for in the answers themselves.
    #[must_use]
    pub fn of(classified: &Classified) -> Self {
        match classified.verdict {
            Verdict::Accepted => Self::new(""),
            Verdict::Unmatched => Self { id: Uuid::nil(), text: UNMATCHED.to_owned() },
            _ => match &classified.reason {
                Some(told) => Self::new(told),
                // The words of a rule are the destination's own and the same each time.
                None => Self::named(classified.decided_by.chars().take(REASON_CHARS_MAX).collect()),
            },
        }
    }
}

/// What reports say of answers that no rule matched.
pub const UNMATCHED: &str = "no response rule matches";

/// The words of a text with one blank between them, those that vary replaced; never longer.
fn steadied(text: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().map(steady).collect();
    words.dedup_by(|a, b| *a == VARIES && *b == VARIES);
    words.join(" ")
}

/// A word, or what stands for it when it varies.
fn steady(word: &str) -> &str {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let hex = word.len() >= 16
        && digits > 0
        && word.bytes().all(|b| b.is_ascii_hexdigit() || !b.is_ascii_alphanumeric());
    if digits >= DIGITS_MIN || hex || word.contains('@') { VARIES } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn what_varies_is_replaced() {
        let check = |text: &str, expect: &str| assert_eq!(Reason::new(text).text, expect, "{text}");
        check("Duplicate Email Lead", "Duplicate Email Lead");
        check("Duplicate of lead 8127345, try later", "Duplicate of lead # try later");
        check("jane@example.com is on file", "# is on file");
        check("tel +44 20 7946 0000", "tel +44 20 7946 0000");
        check("phone 02079460000 (+447700900123) known", "phone # known");
        check("lead 0198c2f1-7d6a-7000-8000-00000000beef exists", "lead # exists");
        check("error 302: no coverage", "error 302: no coverage");
        check("  many   blanks\n here ", "many blanks here");
        check("", "");
        check(&"word ".repeat(100), "word ".repeat(100)[..REASON_CHARS_MAX].trim_end());
        let told = "word ".repeat(28);
        check(&format!("{told}{}gone", "abcdefabcdefabcdefa1"), &format!("{told}#"));
    }

    #[test]
    fn one_cause_is_one_line() {
        assert_eq!(Reason::new("No Demand").id, Reason::new("no  demand").id);
        assert_eq!(Reason::new("dup of 1234567").id, Reason::new("dup of 7654321").id);
        assert_ne!(Reason::new("No Demand").id, Reason::new("Cap reached").id);
        assert!(Reason::new("").id.is_nil());
    }

    #[test]
    fn the_rule_is_named_where_no_reason_was_given() {
        let decided_by = "rule 5 ($..code is `12345`)".to_owned();
        let refused = Classified {
            verdict: Verdict::Rejected,
            rule: None,
            decided_by: decided_by.clone(),
            reason: None,
            extracted: BTreeMap::new(),
            retry_after_ms: None,
            gone: false,
        };
        assert_eq!(Reason::of(&refused).text, decided_by);
        let told = Classified { reason: Some("lead 12345 known".to_owned()), ..refused };
        assert_eq!(Reason::of(&told).text, "lead # known");
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_a_bounded_reason(text in "\\PC{0,400}") {
            let reason = Reason::new(&text);
            proptest::prop_assert!(reason.text.chars().count() <= REASON_CHARS_MAX);
            proptest::prop_assert_eq!(Reason::new(&reason.text).text, reason.text);
        }
    }
}
