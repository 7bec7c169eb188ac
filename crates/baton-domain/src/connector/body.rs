//! A payload as bytes: JSON, form or XML.

use crate::personal::scalar_text;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::{Map, Value};
use std::io;

/// Name of the element that holds a field whose own name cannot be an element's.
const ANY_FIELD: &str = "field";
/// Name of the elements of a list within a list.
const LIST_ITEM: &str = "item";
/// Longest element name, in bytes.
const ELEMENT_BYTES_MAX: usize = 100;

/// JSON with the digits of numbers as they came.
pub(super) fn json(payload: &Map<String, Value>) -> Vec<u8> {
    // Writing a map of JSON values to memory has nothing that can fail.
    serde_json::to_vec(payload).unwrap_or_default()
}

/// Names and texts for a form or a query: a list of scalars repeats its name, other structures are
/// written as JSON, null is left out.
pub(super) fn pairs(payload: &Map<String, Value>) -> Vec<(&str, String)> {
    let mut out = Vec::new();
    for (name, value) in payload {
        match value {
            Value::Null => {}
            Value::Array(items) if items.iter().all(|i| !i.is_array() && !i.is_object()) => {
                out.extend(items.iter().filter_map(scalar_text).map(|t| (name.as_str(), t)));
            }
            other => {
                out.push((name, scalar_text(other).unwrap_or_else(|| other.to_string())));
            }
        }
    }
    out
}

pub(super) fn form(payload: &Map<String, Value>) -> Vec<u8> {
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (name, text) in pairs(payload) {
        out.append_pair(name, &text);
    }
    out.finish().into_bytes()
}

/// XML 1.0 in UTF-8. Objects nest, lists repeat their element, null is an empty element, and a name
/// that cannot be an element becomes `<field name="...">`. Characters XML cannot hold are dropped.
pub(super) fn xml(root: &str, payload: &Map<String, Value>) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new(Vec::new());
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer.write_event(Event::Start(BytesStart::new(root)))?;
    write_object(&mut writer, payload)?;
    writer.write_event(Event::End(BytesEnd::new(root)))?;
    Ok(writer.into_inner())
}

/// The elements of a payload without one around them.
pub(super) fn xml_elements(payload: &Map<String, Value>) -> io::Result<String> {
    let mut writer = Writer::new(Vec::new());
    write_object(&mut writer, payload)?;
    String::from_utf8(writer.into_inner()).map_err(io::Error::other)
}

fn write_object(writer: &mut Writer<Vec<u8>>, object: &Map<String, Value>) -> io::Result<()> {
    for (name, value) in object {
        match value {
            Value::Array(items) => {
                for item in items {
                    write_element(writer, name, item)?;
                }
            }
            other => write_element(writer, name, other)?,
        }
    }
    Ok(())
}

fn write_element(writer: &mut Writer<Vec<u8>>, name: &str, value: &Value) -> io::Result<()> {
    let clean;
    let start = if is_element_name(name) {
        BytesStart::new(name)
    } else {
        clean = allowed_in_xml(name);
        BytesStart::new(ANY_FIELD).with_attributes([("name", clean.as_str())])
    };
    let end = start.to_end().into_owned();
    writer.write_event(Event::Start(start.borrow()))?;
    match value {
        Value::Object(inner) => write_object(writer, inner)?,
        Value::Array(items) => {
            for item in items {
                write_element(writer, LIST_ITEM, item)?;
            }
        }
        scalar => {
            let text = allowed_in_xml(&scalar_text(scalar).unwrap_or_default());
            writer.write_event(Event::Text(BytesText::new(&text)))?;
        }
    }
    writer.write_event(Event::End(end))
}

/// Whether a text can name an element. Narrower than XML: ASCII, no colon (a namespace) and no dot
/// (dots nest).
pub(super) fn is_element_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let first = bytes.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    let rest = bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    let reserved = bytes.get(..3).is_some_and(|b| b.eq_ignore_ascii_case(b"xml"));
    first && rest && !reserved && bytes.len() <= ELEMENT_BYTES_MAX
}

/// The text without the characters XML 1.0 section 2.2 excludes.
pub(super) fn allowed_in_xml(text: &str) -> String {
    let allowed = |c: &char| matches!(*c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    text.chars().filter(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn shown(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn json_keeps_digits_and_order() {
        let text = r#"{"b":12.50,"a":12345678901234567890123,"c":{"d":[true,null]}}"#;
        assert_eq!(shown(json(&serde_json::from_str(text).unwrap())), text);
    }

    #[test]
    fn forms_repeat_lists_and_leave_null_out() {
        let payload =
            object(json!({"a b":"x&y=é","n":12.5,"l":["p",1],"o":{"k":1},"z":null,"t":true}));
        assert_eq!(
            shown(form(&payload)),
            "a+b=x%26y%3D%C3%A9&n=12.5&l=p&l=1&o=%7B%22k%22%3A1%7D&t=true"
        );
    }

    #[test]
    fn xml_nests_escapes_and_cannot_be_broken_out_of() {
        let payload = object(json!({
            "name":"<b>\"Jane\" & co\u{0}\u{b}</b>","n":12.5,"tags":["a","b"],
            "contact":{"city":"X"},"what is <it>?":"y","xmlns":"z","none":null,"deep":[["q"]],
        }));
        assert_eq!(
            shown(xml("lead", &payload).unwrap()),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><lead>\
             <name>&lt;b&gt;&quot;Jane&quot; &amp; co&lt;/b&gt;</name><n>12.5</n>\
             <tags>a</tags><tags>b</tags><contact><city>X</city></contact>\
             <field name=\"what is &lt;it&gt;?\">y</field><field name=\"xmlns\">z</field>\
             <none></none><deep><item>q</item></deep></lead>"
        );
    }

    #[test]
    fn element_names_are_plain() {
        for good in ["a", "_a", "First_Name", "a-1"] {
            assert!(is_element_name(good), "{good}");
        }
        for bad in ["", "1a", "-a", "a b", "a:b", "a.b", "é", "xml", "XMLthing", "a>"] {
            assert!(!is_element_name(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_payload_gives_xml_that_reads_back(name in ".{0,20}", text in ".{0,60}") {
            let payload = object(json!({ name: text }));
            let bytes = xml("lead", &payload).unwrap();
            prop_assert!(super::super::template::is_xml(&String::from_utf8(bytes).unwrap()));
        }
    }
}
