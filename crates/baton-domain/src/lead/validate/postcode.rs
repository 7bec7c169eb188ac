//! Postal codes.

use regex::Regex;
use std::sync::LazyLock;

/// Most characters of a postal code of a country without rules of its own.
const OTHER_CHARS_MAX: usize = 12;

/// Royal Mail's forms of outward and inward code, without the space.
static BRITISH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new("^(?:GIR0AA|[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][ABD-HJLNP-UW-Z]{2})$").ok()
});
/// Canada Post's form; D, F, I, O, Q and U are not used, W and Z not in front.
static CANADIAN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let letter = "[ABCEGHJ-NPRSTV-Z]";
    Regex::new(&format!("^[ABCEGHJ-NPRSTVXY][0-9]{letter}[0-9]{letter}[0-9]$")).ok()
});

/// The postal code in upper case with the country's spacing: `M1 1AA`, `78701` or `78701-1234`,
/// `K1A 0B6`; elsewhere letters, digits, single spaces and hyphens. `None` when it is none.
///
/// The Crown dependencies write codes as Great Britain does, US territories as the US does.
pub(super) fn normal_postcode(text: &str, country: Option<&str>) -> Option<String> {
    if !text.is_ascii() {
        return None;
    }
    let upper = text.to_ascii_uppercase();
    match country.map(str::to_ascii_uppercase).as_deref() {
        Some("GB" | "GG" | "JE" | "IM") => spaced(&upper, &BRITISH),
        Some("CA") => spaced(&upper, &CANADIAN),
        Some("US" | "PR" | "GU" | "VI" | "AS" | "MP") => zip(&upper),
        _ => other(&upper),
    }
}

fn compact(upper: &str) -> String {
    upper.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}

/// A code of the given form, with a space before its last three characters.
fn spaced(upper: &str, form: &Option<Regex>) -> Option<String> {
    let code = compact(upper);
    if !form.as_ref()?.is_match(&code) {
        return None;
    }
    let (front, back) = code.split_at_checked(code.len().checked_sub(3)?)?;
    Some(format!("{front} {back}"))
}

fn zip(upper: &str) -> Option<String> {
    let code = compact(upper);
    if !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match code.len() {
        5 => Some(code),
        9 => Some(format!("{}-{}", &code[..5], &code[5..])),
        _ => None,
    }
}

fn other(upper: &str) -> Option<String> {
    let code = upper.split_whitespace().collect::<Vec<_>>().join(" ");
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-');
    let length = code.chars().count();
    let is_code = (2..=OTHER_CHARS_MAX).contains(&length)
        && code.chars().all(good)
        && code.chars().any(|c| c.is_ascii_alphanumeric());
    is_code.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postcodes() {
        let check = |country: Option<&str>, input: &str, expect: Option<&str>| {
            let normal = normal_postcode(input, country);
            assert_eq!(normal.as_deref(), expect, "{input} in {country:?}");
            if let Some(normal) = normal {
                assert_eq!(normal_postcode(&normal, country), Some(normal.clone()), "{normal}");
            }
        };
        let gb = Some("GB");
        check(gb, "m1 1aa", Some("M1 1AA"));
        check(gb, "SW1A1AA", Some("SW1A 1AA"));
        check(gb, "ec1a  1bb", Some("EC1A 1BB"));
        check(gb, "GIR 0AA", Some("GIR 0AA"));
        check(Some("je"), "JE2 3AB", Some("JE2 3AB"));
        for bad in ["", "M1", "M1 1A", "M1 1CC", "12345", "MM11 1AAA", "ſW1A 1AA"] {
            check(gb, bad, None);
        }
        let us = Some("US");
        check(us, "78701", Some("78701"));
        check(us, "78701-1234", Some("78701-1234"));
        check(us, "787011234", Some("78701-1234"));
        check(us, " 02134 ", Some("02134"));
        for bad in ["7870", "787011", "K1A 0B6", "7870A", "٧٨٧٠١"] {
            check(us, bad, None);
        }
        check(Some("CA"), "k1a0b6", Some("K1A 0B6"));
        check(Some("CA"), "K1A-0B6", Some("K1A 0B6"));
        for bad in ["W1A 0B6", "K1D 0B6", "K1A 0B", "12345"] {
            check(Some("CA"), bad, None);
        }
        check(Some("DE"), "10115", Some("10115"));
        check(Some("NL"), "1012  ab", Some("1012 AB"));
        check(Some("PL"), "00-950", Some("00-950"));
        check(None, "ad500", Some("AD500"));
        for bad in ["1", "-", "--", "1234567890123", "10115!", "straße"] {
            check(Some("DE"), bad, None);
        }
    }
}
