//! E-mail addresses.

/// Most bytes of an address: a path of 256 without its angle brackets (RFC 5321, 4.5.3.1.3).
const ADDRESS_BYTES_MAX: usize = 254;
/// Most bytes before the `@` (RFC 5321, 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;

/// The address with its domain in lower case; `None` when mail could not be sent to it.
///
/// What mailboxes in use look like (RFC 5321 `Dot-string`, and letters beyond ASCII as RFC 6531
/// has them), not all the grammar allows: no quotes, no comments, no address literals, and a
/// domain of at least two names. Whether the domain takes mail is asked elsewhere.
pub(crate) fn normal_email(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    if text.len() > ADDRESS_BYTES_MAX || local.len() > LOCAL_BYTES_MAX || !is_local(local) {
        return None;
    }
    let domain = domain.to_lowercase();
    is_domain(&domain).then(|| format!("{local}@{domain}"))
}

fn is_local(local: &str) -> bool {
    let good = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => true,
        '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^' | '_'
        | '`' | '{' | '|' | '}' | '~' => true,
        other => !other.is_ascii() && other.is_alphanumeric(),
    };
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(good))
}

fn is_domain(domain: &str) -> bool {
    let good =
        |c: char| c.is_ascii_alphanumeric() || c == '-' || (!c.is_ascii() && c.is_alphanumeric());
    let marks = |c: char| good(c) || is_combining(c);
    if !domain.chars().all(|c| c == '.' || marks(c)) {
        return false;
    }
    // To ASCII as browsers do it (UTS 46), which also bounds what Unicode may stand there.
    let Ok(url::Host::Domain(ascii)) = url::Host::parse(domain) else { return false };
    let labels: Vec<&str> = ascii.split('.').collect();
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    ascii.len() <= 253
        && labels.len() >= 2
        && labels.iter().all(is_label)
        && labels
            .last()
            .is_some_and(|top| top.len() >= 2 && !top.starts_with(|c: char| c.is_ascii_digit()))
}

/// Vowel signs and accents that follow their letter, as in Indic domain names.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{0900}'..='\u{0DFF}' | '\u{0E31}'..='\u{0E4E}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check = |input: &str, expect: Option<&str>| {
            assert_eq!(normal_email(input).as_deref(), expect, "{input}");
        };
        check("jane@example.com", Some("jane@example.com"));
        check("Jane.Smith+ads@EXAMPLE.Co.UK", Some("Jane.Smith+ads@example.co.uk"));
        check("o'neil@x-y.example", Some("o'neil@x-y.example"));
        check("jürgen@MÜNCHEN.de", Some("jürgen@münchen.de"));
        check("用户@例子.中国", Some("用户@例子.中国"));
        check("x@xn--mnchen-3ya.de", Some("x@xn--mnchen-3ya.de"));
        check("123@1.example", Some("123@1.example"));
        let local = "a".repeat(64);
        check(&format!("{local}@example.com"), Some(&format!("{local}@example.com")));
        check(&format!("a{local}@example.com"), None);
        let long =
            format!("{local}@{}.com", ["b".repeat(63), "c".repeat(63), "d".repeat(57)].join("."));
        assert_eq!(long.len(), 254);
        check(&long, Some(&long));
        check(&long.replace("@b", "@bb"), None);
        check(&format!("a@{}.com", "b".repeat(64)), None);
        for bad in [
            "",
            "@",
            "jane",
            "jane@",
            "@example.com",
            "jane@example",
            "jane@@example.com",
            "jane smith@example.com",
            "jane@exam ple.com",
            "jane..x@example.com",
            ".jane@example.com",
            "jane.@example.com",
            "jane@.example.com",
            "jane@example..com",
            "jane@example.com.",
            "jane@-x.com",
            "jane@x-.com",
            "jane@127.0.0.1",
            "jane@[127.0.0.1]",
            "jane@0x7f.1",
            "jane@example.c",
            "\"jane\"@example.com",
            "jane@exa_mple.com",
            "jane@example.com>",
            "<jane@example.com>",
            "a@b.com,c@d.com",
            "jane@example%2ecom",
            "jane\n@example.com",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn normal_form_is_its_own() {
        for text in ["A@B.COM", "x@İstanbul.example", "y@ΣΑΣ.example", "z@straße.de"] {
            if let Some(once) = normal_email(text) {
                assert_eq!(normal_email(&once), Some(once));
            }
        }
    }
}
