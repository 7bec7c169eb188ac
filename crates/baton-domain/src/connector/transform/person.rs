/// The first word of a full name; `None` for an empty one.
pub(super) fn first_name(full: &str) -> Option<String> {
    full.split_whitespace().next().map(str::to_owned)
}

/// All words of a full name but the first; empty when there is one word only, since a name that
/// is no last name must not be sent as one.
pub(super) fn last_name(full: &str) -> Option<String> {
    let mut words = full.split_whitespace();
    words.next()?;
    Some(words.collect::<Vec<_>>().join(" "))
}
