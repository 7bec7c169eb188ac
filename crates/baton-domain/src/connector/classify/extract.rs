use super::body::{Body, Reading};
use super::json_path::{self, Path};
use super::test::user_pattern;
use super::xpath::XPath;
use crate::connector::rules::Extract;
use crate::exchange::Answer;
use crate::personal::scalar_text;
use regex::Regex;
use std::collections::BTreeMap;

/// Where values sit in an answer, by what they are.
pub type Places = BTreeMap<String, Extract>;

/// Longest value taken from an answer, in bytes. A longer one is left out: half a redirect URL is
/// worse than none.
pub const EXTRACTED_BYTES_MAX: usize = 2_048;
/// Most digits of a price, on both sides of the point together.
const PRICE_DIGITS_MAX: usize = 18;

#[derive(Clone, Debug)]
pub(super) enum Source {
    JsonPath(Path),
    Xpath(XPath),
    Regex(Regex),
}

/// One place in an answer, for readers that want nothing but the value there.
#[derive(Clone, Debug)]
pub struct Place(Source);

impl Place {
    /// Checks and compiles it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compile(place: &Extract) -> Result<Self, String> {
        compile(place).map(Self)
    }

    /// The text there, if there is one.
    #[must_use]
    pub fn find(&self, answer: &Answer) -> Option<String> {
        find(&self.0, &Reading::of(&Body::new(answer))).map(|text| text.trim().to_owned())
    }
}

pub(super) fn is_known_key(key: &str) -> bool {
    matches!(key, "price" | "vendor_id" | "queue_id" | "ping_id" | "redirect_url" | "reason")
        || key.strip_prefix("field:").is_some_and(|name| {
            !name.is_empty() && name.len() <= 64 && !name.chars().any(char::is_control)
        })
}

/// Checks and compiles a place.
pub(super) fn compile(place: &Extract) -> Result<Source, String> {
    match place {
        Extract::JsonPath(path) => json_path::compile(path).map(Source::JsonPath),
        Extract::Regex(text) => user_pattern(text).map(Source::Regex),
        Extract::Xpath(path) => XPath::compile(path).map(Source::Xpath),
    }
}

/// Takes the values out of an answer. What cannot be used is named in `warnings`.
pub(super) fn take(
    sources: &[(String, Source)],
    body: &Reading<'_>,
    into: &mut BTreeMap<String, String>,
    warnings: &mut Vec<String>,
) {
    for (key, source) in sources {
        if into.contains_key(key) {
            continue;
        }
        let Some(found) = find(source, body) else {
            continue;
        };
        let text: String = found.trim().chars().filter(|c| !c.is_control()).collect();
        match usable(key, &text) {
            Ok(()) => drop(into.insert(key.clone(), text)),
            Err(why) => warnings.push(format!("{key} was not taken: {why}")),
        }
    }
}

fn find(source: &Source, body: &Reading<'_>) -> Option<String> {
    match source {
        Source::JsonPath(path) => {
            let found = path.query(body.json()?, body);
            found.into_iter().find_map(scalar_text).filter(|t| !t.is_empty())
        }
        Source::Xpath(path) => path.texts(body.xml()?).into_iter().find(|t| !t.is_empty()),
        Source::Regex(regex) => {
            let groups = regex.captures(body.text())?;
            let hit = if groups.len() > 1 { groups.get(1) } else { groups.get(0) };
            hit.map(|m| m.as_str().to_owned()).filter(|t| !t.is_empty())
        }
    }
}

fn usable(key: &str, text: &str) -> Result<(), &'static str> {
    if text.len() > EXTRACTED_BYTES_MAX {
        return Err("it is longer than 2048 bytes");
    }
    match key {
        "price" if !is_decimal(text) => Err("it is not a decimal number such as 12.50"),
        "redirect_url" if !is_web_url(text) => Err("it is not an http or https URL"),
        _ => Ok(()),
    }
}

fn is_decimal(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    digits(whole) && digits(fraction) && whole.len() + fraction.len() <= PRICE_DIGITS_MAX
}

fn is_web_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host())
}
