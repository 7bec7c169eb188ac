//! Hiding secrets in what is shown: attempts, previews, exports.

use crate::secret::{MASK, Secrets};

/// Shortest secret that is looked for. A shorter one would blot out ordinary text.
const SECRET_CHARS_MIN: usize = 4;

/// The text with every secret in it replaced, also where it stands percent-encoded or in JSON.
#[must_use]
pub fn mask(text: &str, secrets: &Secrets) -> String {
    let mut out = text.to_owned();
    for secret in secrets.values().map(crate::secret::Secret::reveal) {
        if secret.chars().count() < SECRET_CHARS_MIN {
            continue;
        }
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let path = form.replace('+', "%20");
        let json = serde_json::Value::from(secret).to_string();
        let xml = quick_xml::escape::escape(secret);
        for shape in [secret, &form, &path, json.trim_matches('"'), &xml] {
            out = out.replace(shape, MASK);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn secrets_are_hidden_in_every_shape() {
        let secrets = Secrets::from([
            ("key".to_owned(), Secret::new("p&ss \"word")),
            ("short".to_owned(), Secret::new("abc")),
        ]);
        for text in [
            "X-Key: p&ss \"word",
            "key=p%26ss+%22word&a=1",
            "/p%26ss%20%22word/x",
            r#"{"key":"p&ss \"word"}"#,
            "<key>p&amp;ss &quot;word</key>",
        ] {
            let shown = mask(text, &secrets);
            assert!(shown.contains(MASK) && !shown.contains("ss"), "{shown}");
        }
        assert_eq!(mask("abc", &secrets), "abc");
    }
}
