//! A vendor request's fields, whatever format they came in.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use serde_json::Value;

/// Deepest nesting of an XML request.
const XML_DEPTH_MAX: usize = 32;
/// Most fields of one request.
const FIELDS_MAX: usize = 2_000;

/// A field's name and whether a value of it is as documented.
pub(super) type Check<'a> = (&'static str, &'a dyn Fn(&str) -> bool);

/// Names and values in the order they came. Nested names are joined with dots.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The pairs of a form or query.
    pub(super) fn from_form(text: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(text).into_owned();
        Self(pairs.take(FIELDS_MAX).collect())
    }

    /// The members of a JSON object; `None` for anything else. Nulls are left out.
    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let mut fields = Self::default();
        let members = value.as_object()?;
        for (name, value) in members {
            fields.add_json(name.clone(), value);
        }
        Some(fields)
    }

    fn add_json(&mut self, name: String, value: &Value) {
        if self.0.len() >= FIELDS_MAX {
            return;
        }
        match value {
            Value::Null => {}
            Value::String(text) => self.0.push((name, text.clone())),
            Value::Bool(_) | Value::Number(_) => self.0.push((name, value.to_string())),
            Value::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    self.add_json(format!("{name}.{n}"), item);
                }
            }
            Value::Object(members) => {
                for (inner, value) in members {
                    self.add_json(format!("{name}.{inner}"), value);
                }
            }
        }
    }

    /// The elements of an XML document, below its root, and the root's name. `None` when it is not
    /// well formed, or declares a document type: no entity is ever resolved.
    pub(super) fn from_xml(text: &[u8]) -> Option<(String, Self)> {
        XmlReading::default().read(std::str::from_utf8(text).ok()?)
    }

    /// The first value of that name, compared with case; blank is none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(n, v)| n == name && !v.trim().is_empty());
        found.map(|(_, value)| value.trim())
    }

    /// The first value of any of these names.
    pub(super) fn any(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// True when the name is there, blank or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }

    /// The first of these that is missing or blank.
    pub(super) fn first_missing<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Option<&'a str> {
        names.into_iter().find(|name| self.get(name).is_none())
    }

    /// All of these that are missing or blank.
    pub(super) fn missing<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        names.into_iter().filter(|name| self.get(name).is_none()).collect()
    }

    /// The first that is there and not as documented.
    pub(super) fn first_wrong(&self, checks: &[Check<'_>]) -> Option<&'static str> {
        let wrong = |(name, right): &&Check<'_>| self.get(name).is_some_and(|value| !right(value));
        checks.iter().find(wrong).map(|(name, _)| *name)
    }

    /// These and then those.
    pub(super) fn and(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }
}

#[derive(Default)]
struct XmlReading {
    fields: Fields,
    root: Option<String>,
    /// Open elements: name, text so far, whether another element was inside.
    open: Vec<(String, String, bool)>,
}

impl XmlReading {
    fn read(mut self, text: &str) -> Option<(String, Fields)> {
        let mut reader = Reader::from_str(text);
        loop {
            match reader.read_event().ok()? {
                Event::Start(start) => self.start(&start)?,
                Event::Empty(start) => {
                    self.start(&start)?;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(part) => self.text(&part.decode().ok()?),
                Event::CData(part) => self.text(&part.decode().ok()?),
                Event::GeneralRef(name) => {
                    let text = reference(&name)?;
                    self.text(&text);
                }
                Event::DocType(_) => return None,
                Event::Eof => break,
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            }
        }
        if self.open.is_empty() { Some((self.root?, self.fields)) } else { None }
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Option<()> {
        let name = std::str::from_utf8(start.local_name().into_inner()).ok()?.to_owned();
        match self.open.last_mut() {
            Some((_, _, nested)) => *nested = true,
            None if self.root.is_some() => return None,
            None => self.root = Some(name.clone()),
        }
        self.open.push((name, String::new(), false));
        (self.open.len() <= XML_DEPTH_MAX && self.fields.0.len() <= FIELDS_MAX).then_some(())
    }

    fn text(&mut self, text: &str) {
        if let Some((_, so_far, _)) = self.open.last_mut() {
            so_far.push_str(text);
        }
    }

    fn end(&mut self) {
        let Some((name, text, nested)) = self.open.pop() else { return };
        if nested || self.open.is_empty() {
            return;
        }
        let mut path: Vec<&str> = self.open.iter().skip(1).map(|(n, _, _)| n.as_str()).collect();
        path.push(&name);
        let path = path.join(".");
        self.fields.0.push((path, text));
    }
}

fn reference(name: &BytesRef<'_>) -> Option<String> {
    if let Some(char) = name.resolve_char_ref().ok()? {
        return Some(char.to_string());
    }
    let name = name.decode().ok()?;
    quick_xml::escape::resolve_predefined_entity(&name).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check_xml(text: &str, expect: Option<(&str, &[(&str, &str)])>) {
        let read = Fields::from_xml(text.as_bytes());
        let expect = expect.map(|(root, pairs)| {
            let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
            (root.to_owned(), Fields(pairs.collect()))
        });
        assert!(read == expect, "{text}: {:?}", read.map(|(root, fields)| (root, fields.0)));
    }

    #[test]
    fn xml_is_read_strictly() {
        check_xml(
            "<?xml version=\"1.0\"?><Request><Key>a &amp; b&#33;</Key><Empty/><x:N xmlns:x=\"y\"><Deep><![CDATA[<c>]]></Deep></x:N></Request>",
            Some(("Request", &[("Key", "a & b!"), ("Empty", ""), ("N.Deep", "<c>")])),
        );
        for wrong in [
            "",
            "plain",
            "<a><b></a></b>",
            "<a/><b/>",
            "<a>",
            "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a><b>&e;</b></a>",
            "<!DOCTYPE a><a><b>c</b></a>",
            "<a><b>&unknown;</b></a>",
        ] {
            check_xml(wrong, None);
        }
        let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
        check_xml(&deep, None);
    }

    #[test]
    fn json_members_are_flattened() {
        let value = serde_json::json!({
            "a": " x ", "b": 1.50, "c": true, "d": null, "e": {"f": {"g": "deep"}}, "h": ["i", "j"], "k": " "
        });
        let fields = Fields::from_json(&value).unwrap();
        for (name, expect) in [
            ("a", Some("x")),
            ("b", Some("1.5")),
            ("c", Some("true")),
            ("d", None),
            ("e.f.g", Some("deep")),
            ("h.1", Some("j")),
            ("k", None),
        ] {
            assert_eq!(fields.get(name), expect, "{name}");
        }
        assert!(fields.has("k") && !fields.has("d"));
        assert_eq!(fields.missing(["a", "k", "z"]), ["k", "z"]);
        assert!(Fields::from_json(&serde_json::json!([1])).is_none());
    }

    proptest! {
        #[test]
        fn no_xml_panics(text in "(<[ab/]>|&#?[a-z0-9]{0,4};|[a-z<>&\"'=!\\[\\]-]|<!\\[CDATA\\[){0,30}") {
            let _ = Fields::from_xml(text.as_bytes());
        }
    }
}
