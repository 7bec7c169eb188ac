use super::json_path::Names;
use crate::exchange::Answer;
use roxmltree::Document;
use serde_json::Value;
use std::borrow::Cow;
use std::cell::OnceCell;

/// The body of an answer as text.
pub(super) struct Body<'a> {
    text: Cow<'a, str>,
    /// The text to be read as XML, where that is another.
    unescaped: Option<String>,
    json: OnceCell<Option<Value>>,
    pub truncated: bool,
}

impl<'a> Body<'a> {
    pub(super) fn new(answer: &'a Answer) -> Self {
        let bytes = answer.body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&answer.body);
        let text = String::from_utf8_lossy(bytes);
        // Some boberdoo installations escape the whole XML once more.
        let escaped = text.trim_start().starts_with("&lt;");
        let unescaped = escaped.then(|| quick_xml::escape::unescape(text.trim()).ok()).flatten();
        let unescaped = unescaped.map(Cow::into_owned);
        Self { text, unescaped, json: OnceCell::new(), truncated: answer.truncated }
    }

    fn json(&self) -> Option<&Value> {
        let read = || serde_json::from_str(&self.text).ok();
        self.json.get_or_init(|| if self.truncated { None } else { read() }).as_ref()
    }
}

/// A body that is read: as JSON and XML only when a rule asks for it, and once.
pub(super) struct Reading<'a> {
    body: &'a Body<'a>,
    lower: OnceCell<String>,
    names: OnceCell<Names<'a>>,
    xml: OnceCell<Option<Document<'a>>>,
}

impl<'a> Reading<'a> {
    pub(super) fn of(body: &'a Body<'a>) -> Self {
        Self { body, lower: OnceCell::new(), names: OnceCell::new(), xml: OnceCell::new() }
    }

    pub(super) fn text(&self) -> &str {
        &self.body.text
    }

    /// The body in lower case.
    pub(super) fn lower(&self) -> &str {
        self.lower.get_or_init(|| self.body.text.to_lowercase())
    }

    /// Whether the body went on past the reading limit.
    pub(super) fn truncated(&self) -> bool {
        self.body.truncated
    }

    /// The body as JSON; `None` when it is not, or when it was cut.
    pub(super) fn json(&self) -> Option<&'a Value> {
        self.body.json()
    }

    /// The members of all objects in the JSON by name, for paths that look for a name everywhere.
    pub(super) fn names(&self, json: &'a Value) -> &Names<'a> {
        self.names.get_or_init(|| Names::of(json))
    }

    /// The body as XML; `None` when it is not, has a DTD, or was cut.
    pub(super) fn xml(&self) -> Option<&Document<'a>> {
        let read = || {
            let text = self.body.unescaped.as_deref().unwrap_or(&self.body.text);
            super::xpath::parse(text.trim_start())
        };
        self.xml.get_or_init(|| if self.body.truncated { None } else { read() }).as_ref()
    }

    /// What the body is, for a person whose rules did not match.
    pub(super) fn kind(&self) -> &'static str {
        let text = self.text().trim_start();
        let head: String = text.chars().take(200).collect::<String>().to_ascii_lowercase();
        if text.is_empty() {
            "an empty body"
        } else if text.starts_with('\u{1f}') {
            "compressed bytes"
        } else if head.starts_with("<!doctype html") || head.contains("<html") {
            "an HTML page"
        } else if self.json().is_some() {
            "JSON"
        } else if text.starts_with('<') && self.xml().is_some() {
            "XML"
        } else if text.contains('\u{fffd}') {
            "bytes that are not text"
        } else {
            "text"
        }
    }
}
