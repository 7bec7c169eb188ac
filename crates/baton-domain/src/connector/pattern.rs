//! Texts with places to fill in: `https://crm.example/leads/{{ email }}`.

/// What comes before the name of a setting in a placeholder.
pub const SETTINGS: &str = "settings.";
/// What comes before the name of a value that an earlier answer gave.
pub const ANSWER: &str = "answer.";
/// The placeholder of a token that is fetched before the request.
pub const AUTH_TOKEN: &str = "auth.token";

/// Longest name in a placeholder, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// A text with placeholders, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern(pub Vec<Part>);

/// A part of a [`Pattern`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// The value of that name.
    Name(String),
}

impl Pattern {
    /// Reads a text. A placeholder is a name between `{{` and `}}`; single braces are text.
    ///
    /// # Errors
    /// A sentence about a placeholder that does not end or has no usable name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (name, after) =
                after.split_once("}}").ok_or("a placeholder begins with {{ and does not end")?;
            let name = name.trim();
            let usable = |c: char| !c.is_control() && !matches!(c, '{' | '}' | '|' | '(' | '"');
            if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(usable) {
                return Err("a placeholder holds the name of a field and nothing else, such as \
                            {{ email }}"
                    .to_owned());
            }
            parts.push(Part::Name(name.to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// Reads a text a destination sets: its placeholders are fields, never settings or the token,
    /// so that nobody moves a credential to a place where it is shown.
    ///
    /// # Errors
    /// As [`Pattern::parse`].
    pub fn of_fields(text: &str) -> Result<Self, String> {
        let pattern = Self::parse(text)?;
        let secret = |name: &&str| name.starts_with(SETTINGS) || *name == AUTH_TOKEN;
        if let Some(name) = pattern.names().find(secret) {
            return Err(format!("`{name}` cannot be used here; name a field of the lead"));
        }
        Ok(pattern)
    }

    /// The names in it, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Name(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found_and_braces_are_text() {
        let name = |n: &str| Part::Name(n.to_owned());
        let text = |t: &str| Part::Text(t.to_owned());
        for (input, expect) in [
            ("", vec![]),
            ("a{b}", vec![text("a{b}")]),
            ("{{ a }}", vec![name("a")]),
            ("x{{a}}{{fields.b c}}y", vec![text("x"), name("a"), name("fields.b c"), text("y")]),
        ] {
            assert_eq!(Pattern::parse(input), Ok(Pattern(expect)), "{input}");
        }
        for bad in ["{{", "{{ }}", "{{ a | upper }}", "{{ {{ a }} }}", "{{ f() }}"] {
            assert!(Pattern::parse(bad).is_err(), "{bad}");
        }
    }
}
