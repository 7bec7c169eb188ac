//! Phone numbers as people type them, read as of a country.
//!
//! Numbering plans come from the `phonenumber` crate, which carries the metadata of Google's
//! libphonenumber. The reading follows that library's documented steps; the crate's own parser is
//! not used because it removes a trunk prefix twice (`8 800 555-35-35` in Russia) and applies the
//! caller's country to numbers that name another one.

mod plan;

#[cfg(test)]
mod tests;

use plan::{Length, Plan};

/// Longest text that is read as a phone number, in characters.
pub const PHONE_CHARS_MAX: usize = 64;
/// Fewest and most digits of a number whose country is not known: most is E.164's own limit.
const UNPLACED_DIGITS: std::ops::RangeInclusive<usize> = 5..=15;
/// Most digits of a national number, one more than any plan in use has (as in libphonenumber).
const NATIONAL_DIGITS_MAX: usize = 17;
/// Most digits of an extension.
const EXTENSION_DIGITS_MAX: usize = 11;

/// What a text says as a phone number that is at least possible.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone {
    /// `+` and digits; `None` when the country is not known or the area code is missing.
    pub e164: Option<String>,
    /// Whether the number lies in a range that its country has assigned.
    pub valid: bool,
    /// The kind of line: `mobile`, `fixed_line`, `fixed_line_or_mobile`, `toll_free`,
    /// `premium_rate`, `shared_cost`, `voip`, `personal_number`, `pager`, `uan`, `voicemail` or
    /// `unknown`.
    pub line: &'static str,
    /// ISO 3166-1 alpha-2 code of the country the number belongs to, when that is known.
    pub country: Option<&'static str>,
    /// Digits of the extension, if one was given.
    pub extension: Option<String>,
    /// Why a possible number has no E.164 form: `country_unknown` or `area_code_missing`.
    pub doubt: Option<&'static str>,
}

impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Phone")
            .field("valid", &self.valid)
            .field("line", &self.line)
            .field("country", &self.country)
            .finish_non_exhaustive()
    }
}

/// Prepares the reading of numbers, above all of these countries: parsing the numbering plans takes
/// as long as some hundred captures, and the first number that is read would wait for it. Blocks
/// meanwhile; doing it again costs nothing.
pub fn warm_up<'a>(countries: impl IntoIterator<Item = &'a str>) {
    // One country's plan brings all plans in; its own patterns are compiled beside.
    let _ = read_phone(WARM_UP_NUMBER, None);
    for country in countries {
        let _ = read_phone("0100000000", Some(country));
    }
}

/// A number that names its country: one set aside for fiction in the United States.
const WARM_UP_NUMBER: &str = "+12025550123";

/// Reads a phone number as of `country` (ISO 3166-1 alpha-2), unless it names its own with `+` or
/// the country's international prefix. `None` when no such number is possible.
#[must_use]
pub fn read_phone(raw: &str, country: Option<&str>) -> Option<Phone> {
    let typed = Typed::read(raw)?;
    let home = country.and_then(Plan::of_country);
    let Some(place) = locate(&typed, home) else {
        let unplaced =
            home.is_none() && !typed.plus && UNPLACED_DIGITS.contains(&typed.digits.len());
        return unplaced.then_some(Phone {
            e164: None,
            valid: false,
            line: "unknown",
            country: None,
            extension: typed.extension,
            doubt: Some("country_unknown"),
        });
    };
    let national = place.national;
    let (line, country) = place.plan.line_of(&national);
    let whole = match place.plan.length(&national) {
        Length::Possible => true,
        Length::LocalOnly => false,
        Length::TooShort | Length::TooLong | Length::Between => return None,
    };
    Some(Phone {
        e164: whole.then(|| format!("+{}{national}", place.plan.code())),
        valid: whole && line != "unknown",
        line,
        country,
        extension: typed.extension,
        doubt: (!whole).then_some("area_code_missing"),
    })
}

/// The E.164 form (`+447700900123`) of a number read as of `country` (ISO 3166-1 alpha-2). `None`
/// when it is not a possible number, its country is not known, or the area code is missing.
#[must_use]
pub fn to_e164(raw: &str, country: Option<&str>) -> Option<String> {
    read_phone(raw, country)?.e164
}

/// The digits one dials within the number's own country, without spaces: `07700900123` for
/// `+44 7700 900123`, `5125550100` for `+1 512 555 0100`. `None` as in [`to_e164`].
#[must_use]
pub fn to_national(raw: &str, country: Option<&str>) -> Option<String> {
    let e164 = to_e164(raw, country)?;
    let place = international(e164.strip_prefix('+')?)?;
    Some(place.plan.dialled_at_home(&place.national))
}

/// A number's plan and its national significant digits.
struct Place {
    plan: &'static Plan,
    national: String,
}

fn locate(typed: &Typed, home: Option<&'static Plan>) -> Option<Place> {
    let digits = typed.digits.as_str();
    if typed.plus {
        return international(digits);
    }
    let Some(home) = home else {
        // `00` is what most of the world dials before a country code.
        return international(digits.strip_prefix("00")?);
    };
    if let Some(rest) = home.after_international_prefix(digits) {
        return international(rest);
    }
    let place = national(digits, home)?;
    if home.length(&place.national).is_possible() {
        return Some(place);
    }
    let abroad = digits.strip_prefix("00").and_then(international);
    Some(abroad.filter(|p| p.plan.length(&p.national).is_possible()).unwrap_or(place))
}

/// Digits that start with a country code.
fn international(digits: &str) -> Option<Place> {
    // Codes are prefix-free, so the first that fits is the only one.
    let (plan, rest) = (1..=3).find_map(|len| {
        let code = digits.get(..len)?;
        Some((Plan::of_code(code.parse().ok()?)?, &digits[len..]))
    })?;
    Some(Place { plan, national: plan.without_trunk_prefix(rest)? }).filter(Place::fits)
}

/// Digits as written within the country of `home`, where some write the country code without `+`.
fn national(digits: &str, home: &'static Plan) -> Option<Place> {
    let mut digits = digits;
    if let Some(rest) = digits.strip_prefix(home.code().to_string().as_str())
        && let Some(bare) = home.without_trunk_prefix(rest)
        && ((!home.is_general(digits) && home.is_general(&bare))
            || home.length(digits) == Length::TooLong)
    {
        digits = rest;
    }
    Some(Place { plan: home, national: home.without_trunk_prefix(digits)? }).filter(Place::fits)
}

impl Place {
    fn fits(&self) -> bool {
        (2..=NATIONAL_DIGITS_MAX).contains(&self.national.len())
    }
}

/// A typed text taken apart; digits are ASCII.
struct Typed {
    plus: bool,
    digits: String,
    extension: Option<String>,
}

impl Typed {
    fn read(raw: &str) -> Option<Self> {
        let text = raw.trim();
        if text.chars().nth(PHONE_CHARS_MAX).is_some() {
            return None;
        }
        let text = match text.get(..4) {
            Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &text[4..],
            _ => text,
        };
        let mut typed = Self { plus: false, digits: String::new(), extension: None };
        for (at, c) in text.char_indices() {
            if let Some(digit) = ascii_digit(c) {
                typed.digits.push(digit);
            } else if matches!(c, '+' | '\u{FF0B}') && typed.digits.is_empty() && !typed.plus {
                typed.plus = true;
            } else if !is_separator(c) {
                typed.extension = Some(read_extension(&text[at..])?);
                break;
            }
        }
        (!typed.digits.is_empty()).then_some(typed)
    }
}

/// Digits after a word or sign that announces an extension; `None` when it is something else.
fn read_extension(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let rest = [";ext=", "extension", "extn", "ext", "x", "#"]
        .into_iter()
        .find_map(|word| lower.strip_prefix(word))?;
    let mut digits = String::new();
    for c in rest.chars() {
        match ascii_digit(c) {
            Some(digit) => digits.push(digit),
            None if is_separator(c) || matches!(c, ':' | '#') => {}
            None => return None,
        }
    }
    (1..=EXTENSION_DIGITS_MAX).contains(&digits.len()).then_some(digits)
}

/// ASCII, full-width, Arabic-Indic and Extended Arabic-Indic digits as ASCII.
fn ascii_digit(c: char) -> Option<char> {
    let zero = match c {
        '0'..='9' => '0',
        '\u{FF10}'..='\u{FF19}' => '\u{FF10}',
        '\u{0660}'..='\u{0669}' => '\u{0660}',
        '\u{06F0}'..='\u{06F9}' => '\u{06F0}',
        _ => return None,
    };
    char::from_digit(c as u32 - zero as u32, 10)
}

/// Space, punctuation and invisible marks (as pasted from contact lists) within a number.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | ',' | '(' | ')' | '[' | ']' | '/' | '~' | '\u{00AD}')
        || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF08}' | '\u{FF09}' | '\u{FF0D}')
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}')
        || c == '\u{FEFF}'
}
