//! How secrets are told apart without being shown.

use baton_domain::secret::Secret;
use serde::Serialize;
use utoipa::ToSchema;

/// Shorter secrets show nothing of themselves.
const HINTED_CHARS_MIN: usize = 12;
/// How many of its last characters a secret shows.
const HINT_CHARS: usize = 4;

/// A secret that is set. Its hint is made when it is asked for: nothing of a secret is stored
/// unsealed.
#[derive(Serialize, ToSchema)]
pub struct SecretHint {
    /// `signing`, or the name of a setting.
    #[schema(example = "signing")]
    pub name: String,
    /// Its last four characters; null where it has less than twelve.
    #[schema(example = "Zm9v")]
    pub ends: Option<String>,
}

/// What is shown of a secret.
pub(super) fn hint(name: &str, secret: &Secret) -> SecretHint {
    let text = secret.reveal().trim_end();
    let chars = text.chars().count();
    let ends = (chars >= HINTED_CHARS_MIN).then(|| text.chars().skip(chars - HINT_CHARS).collect());
    SecretHint { name: name.to_owned(), ends }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_secrets_show_their_end() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(hint("x", &Secret::new(text)).ends.as_deref(), expect, "{text}");
        };
        check("", None);
        check("12345678901", None);
        check("123456789012", Some("9012"));
        check("whsec_0123456789äöü=", Some("äöü="));
        check("123456789012\n", Some("9012"));
    }
}
