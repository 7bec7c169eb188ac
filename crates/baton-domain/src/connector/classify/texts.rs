//! Looking for texts without regular expressions: one pass each, and nothing to compile.

/// A text in which `*` stands for anything, compared as a whole.
#[derive(Clone, Debug)]
pub(super) struct Wild(Vec<String>);

impl Wild {
    pub(super) fn new(text: &str) -> Self {
        Self(text.split('*').map(str::to_owned).collect())
    }

    pub(super) fn is(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.0.as_slice() else {
            return self.0.first().is_some_and(|only| only == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        // The leftmost place is the best one: it leaves most for the pieces that follow.
        for piece in middle {
            let Some(at) = rest.find(piece.as_str()) else { return false };
            rest = &rest[at + piece.len()..];
        }
        rest.ends_with(last.as_str())
    }
}

/// Whether the text has the word with no letter, digit or underscore beside it. A word may begin or
/// end with other characters, as `-5` does.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let mut from = 0;
    while let Some(at) = text[from..].find(word).map(|at| from + at) {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        if !before.is_some_and(part) && !after.is_some_and(part) {
            return true;
        }
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text, expect) in [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "acb", false),
            ("*b*", "abc", true),
            ("*b*", "ac", false),
            ("a*b*b", "abb", true),
            ("a*b*b", "ab", false),
            ("*", "", true),
            ("**", "x\ny", true),
            ("a*a", "a", false),
            ("é*", "éa", true),
        ] {
            assert_eq!(Wild::new(pattern).is(text), expect, "{pattern} on {text}");
        }
    }

    #[test]
    fn words_stand_alone() {
        for (text, word, expect) in [
            ("valid", "valid", true),
            ("invalid", "valid", false),
            ("valid_", "valid", false),
            ("invalid valid", "valid", true),
            ("aaa aa", "aa", true),
            ("{-5}", "-5", true),
            ("-55", "-5", false),
            ("évalid", "valid", false),
            ("x éé", "é", false),
            ("", "a", false),
        ] {
            assert_eq!(has_word(text, word), expect, "{word} in {text}");
        }
    }
}
