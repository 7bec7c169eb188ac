//! Hiding secrets in what is shown: attempts, previews, exports.

use crate::secret::{MASK, Secrets};

/// What begins the mark that stands in a request for a token that is put in when it is sent; the
/// delivery's id follows as 32 hex digits.
pub(super) const TOKEN_MARK: &str = "batontoken";
/// Hex digits after it.
const TOKEN_MARK_DIGITS: usize = 32;
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
    if out.contains(TOKEN_MARK) { mask_token(&out) } else { out }
}

fn mask_token(text: &str) -> String {
    let mut pieces = text.split(TOKEN_MARK);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_hexdigit).count();
        if digits >= TOKEN_MARK_DIGITS {
            out.push_str(MASK);
            out.push_str(&piece[TOKEN_MARK_DIGITS..]);
        } else {
            out.push_str(TOKEN_MARK);
            out.push_str(piece);
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
        let mark = format!("Bearer {TOKEN_MARK}{}!", "0f".repeat(16));
        assert_eq!(mask(&mark, &secrets), format!("Bearer {MASK}!"));
        assert_eq!(mask("batontoken batontoken12", &secrets), "batontoken batontoken12");
    }
}
