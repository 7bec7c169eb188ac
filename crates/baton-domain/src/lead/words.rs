//! Words that stand for yes and no.

/// `yes`, `y`, `true`, `t`, `on`, `1` and `no`, `n`, `false`, `f`, `off`, `0`, in any case.
#[must_use]
pub fn yes_or_no(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text.trim()));
    if is(&["yes", "y", "true", "t", "on", "1"]) {
        Some(true)
    } else if is(&["no", "n", "false", "f", "off", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// As [`yes_or_no`], and the words that check boxes for a consent carry.
#[must_use]
pub fn consent(text: &str) -> Option<bool> {
    let agreed =
        ["accept", "accepted", "agree", "agreed", "i agree", "checked", "consent", "granted"];
    let refused = ["decline", "declined", "disagree", "unchecked", "denied"];
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text.trim()));
    yes_or_no(text).or(if is(&agreed) {
        Some(true)
    } else if is(&refused) {
        Some(false)
    } else {
        None
    })
}
