//! What a rule looks for in an answer.

use super::body::Reading;
use super::json_path::{self, Path};
use super::texts::{Wild, has_word};
use super::xpath::XPath;
use crate::connector::rules::{Match, ResponseRule};
use crate::personal::scalar_text;
use regex::{Regex, RegexBuilder};
use serde_json::Value;
use std::ops::RangeInclusive;

/// Longest regular expression, in bytes.
pub const PATTERN_BYTES_MAX: usize = 2_000;
/// Most memory one compiled pattern may take, in bytes.
const PATTERN_MEMORY_MAX: usize = 256 * 1024;
/// Deepest nesting of lists whose items are compared.
const LISTS_MAX: usize = 4;

/// What a rule looks for, compiled.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// A text anywhere, in lower case.
    Keyword(String),
    /// A whole word, in lower case.
    Word(String),
    /// A pattern that finds something in the body.
    Regex(Regex),
    /// The whole trimmed body.
    Whole(Wild),
    Status(RangeInclusive<u16>),
    JsonPath {
        path: Path,
        expected: Expected,
    },
    Xpath {
        path: XPath,
        expected: Expected,
    },
}

/// What a path's text has to be.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// `*`: anything at all.
    Anything,
    /// One of these texts, in lower case.
    Texts(Vec<String>),
    /// One of several texts in lower case, with `*` for anything.
    Wild(Vec<Wild>),
}

/// How one rule saw an answer.
pub(super) struct Look {
    pub hit: bool,
    pub why: Why,
}

/// Why, for people; put into words only when somebody asks.
pub(super) enum Why {
    Status,
    Text(&'static str),
}

impl Test {
    /// Compiles what a rule looks for. The error names the part of the rule.
    pub(super) fn compile(rule: &ResponseRule) -> Result<Self, (&'static str, String)> {
        let on_value = |message: String| ("value", message);
        let value = rule.value.trim();
        let path = || {
            let missing = "missing; say where to look, such as $.status or /response/status";
            rule.path.as_deref().ok_or_else(|| ("path", missing.to_owned()))
        };
        Ok(match rule.matching {
            Match::Keyword => Self::Keyword(value.to_lowercase()),
            Match::Word => Self::Word(value.to_lowercase()),
            Match::Exact => Self::Whole(Wild::new(value)),
            Match::Status => Self::Status(statuses(value).ok_or_else(|| {
                on_value("not a status; write 200, 2xx or 200-204, within 100 to 599".to_owned())
            })?),
            Match::JsonPath => Self::JsonPath {
                path: json_path::compile(path()?).map_err(|message| ("path", message))?,
                expected: Expected::compile(value).map_err(on_value)?,
            },
            Match::Xpath => Self::Xpath {
                path: XPath::compile(path()?).map_err(|message| ("path", message))?,
                expected: Expected::compile(value).map_err(on_value)?,
            },
            Match::Regex => Self::Regex(user_pattern(&rule.value).map_err(on_value)?),
        })
    }

    /// Looks at an answer.
    pub(super) fn look(&self, status: u16, reading: &Reading<'_>) -> Look {
        let (hit, why) = match self {
            Self::Status(range) => {
                return Look { hit: range.contains(&status), why: Why::Status };
            }
            Self::Keyword(text) => found(reading.lower().contains(text.as_str())),
            Self::Word(word) => found(has_word(reading.lower(), word)),
            Self::Regex(regex) => found(regex.is_match(reading.text())),
            Self::Whole(_) if reading.truncated() => {
                (false, "the answer was cut at the reading limit, its end is not known")
            }
            Self::Whole(wild) => {
                let hit = wild.is(reading.text().trim());
                let not = "the whole body is not that text";
                (hit, if hit { "the whole body is that text" } else { not })
            }
            Self::JsonPath { path, expected } => look_in_json(path, expected, reading),
            Self::Xpath { path, expected } => look_in_xml(path, expected, reading),
        };
        Look { hit, why: Why::Text(why) }
    }
}

fn found(hit: bool) -> (bool, &'static str) {
    (hit, if hit { "found in the body" } else { "not found in the body" })
}

const CUT: &str = "the body was cut at the reading limit";
const NOTHING: &str = "the path leads to nothing";
const EQUAL: &str = "the value there is equal";
const OTHER: &str = "another value is there";

fn look_in_json(path: &Path, expected: &Expected, reading: &Reading<'_>) -> (bool, &'static str) {
    let Some(json) = reading.json() else {
        return (false, if reading.truncated() { CUT } else { "the body is not JSON" });
    };
    let nodes = path.query(json, reading);
    if nodes.is_empty() {
        return (false, NOTHING);
    }
    let hit = nodes.iter().any(|node| expected.meets(node, 0));
    (hit, if hit { EQUAL } else { OTHER })
}

fn look_in_xml(path: &XPath, expected: &Expected, reading: &Reading<'_>) -> (bool, &'static str) {
    let Some(xml) = reading.xml() else {
        return (false, if reading.truncated() { CUT } else { "the body is not XML" });
    };
    let texts = path.texts(xml);
    if texts.is_empty() {
        return (false, NOTHING);
    }
    let hit = texts.iter().any(|text| expected.is(text));
    (hit, if hit { EQUAL } else { OTHER })
}

impl Expected {
    fn compile(value: &str) -> Result<Self, String> {
        if value == "*" {
            return Ok(Self::Anything);
        }
        let texts: Vec<&str> = value.split('|').map(str::trim).collect();
        if texts.iter().any(|text| text.is_empty()) {
            return Err("has an empty text beside a `|`; it stands between alternatives".to_owned());
        }
        if !value.contains('*') {
            return Ok(Self::Texts(texts.iter().map(|text| text.to_lowercase()).collect()));
        }
        Ok(Self::Wild(texts.iter().map(|text| Wild::new(&text.to_lowercase())).collect()))
    }

    fn is(&self, text: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Texts(texts) => {
                let text = text.trim().to_lowercase();
                texts.contains(&text)
            }
            Self::Wild(wild) => {
                let text = text.trim().to_lowercase();
                wild.iter().any(|wild| wild.is(&text))
            }
        }
    }

    /// Whether a JSON value, or an item of a list, is the expected one.
    fn meets(&self, value: &Value, depth: usize) -> bool {
        match (self, value) {
            (Self::Anything, _) => true,
            (_, Value::Null) => self.is("null"),
            (_, Value::Array(items)) if depth < LISTS_MAX => {
                items.iter().any(|item| self.meets(item, depth + 1))
            }
            (_, Value::String(text)) => self.is(text),
            (_, other) => scalar_text(other).is_some_and(|text| self.is(&text)),
        }
    }
}

pub(super) fn user_pattern(text: &str) -> Result<Regex, String> {
    if text.is_empty() {
        return Err("empty; write a pattern".to_owned());
    }
    if text.len() > PATTERN_BYTES_MAX {
        return Err(format!("longer than {PATTERN_BYTES_MAX} bytes"));
    }
    pattern(text)
}

fn pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).size_limit(PATTERN_MEMORY_MAX).build().map_err(|e| match e {
        regex::Error::CompiledTooBig(_) => "the pattern is too complicated; simplify it".to_owned(),
        other => format!("not a pattern: {other}"),
    })
}

/// The statuses a text names: `200`, `2xx`, `200-204`.
pub(in crate::connector) fn statuses(value: &str) -> Option<RangeInclusive<u16>> {
    let one = |text: &str| {
        let text = text.trim();
        let right = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u16>().ok().filter(|s| right && (100..=599).contains(s))
    };
    if let Some(class) = value.strip_suffix("xx").or_else(|| value.strip_suffix("XX")) {
        let start = class.parse::<u16>().ok().filter(|c| (1..=5).contains(c))? * 100;
        return Some(start..=start + 99);
    }
    let (from, to) = value.split_once('-').unwrap_or((value, value));
    let (from, to) = (one(from)?, one(to)?);
    (from <= to).then_some(from..=to)
}
