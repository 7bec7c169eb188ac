//! Body templates: Jinja syntax, values escaped for the format, bounded in time and size.
//!
//! Tags are `if` and `for` only. Tags that name values (`set`, `with`) would allow a few lines to
//! double a text until memory ends, which fuel does not count.

mod anything;

use self::anything::{ANYTHING, Anything};
use super::body::allowed_in_xml;
use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

/// Steps one rendering may take.
const FUEL: u64 = 100_000;
/// Deepest nesting of calls in one rendering.
const RECURSION_MAX: usize = 50;
/// Most bytes the trial rendering of a check writes.
const TRIAL_BYTES_MAX: usize = 64 * 1024;
/// Deepest nesting of a value handed to a template.
const VALUE_DEPTH_MAX: usize = 32;
/// Tags a template may use.
const TAGS: [&str; 7] = ["if", "elif", "else", "endif", "for", "endfor", "raw"];
/// Filters a template may use. The others can make a text much longer or undo the escaping.
const FILTERS: [&str; 10] =
    ["upper", "lower", "trim", "title", "default", "length", "join", "first", "last", "number"];
/// Stand before and after a value in JSON output until its place is known. Control characters
/// cannot come from a value, which is JSON by then, nor from a template, which is checked.
const OPEN: char = '\u{1}';
const CLOSE: char = '\u{2}';

/// What a template writes, so what values are escaped for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    Json,
    Xml,
    Form,
    Text,
}

impl Format {
    /// The format of a content type; `Text` escapes nothing.
    pub(super) fn of(content_type: &str) -> Self {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        let essence = essence.to_ascii_lowercase();
        if essence.contains("json") {
            Self::Json
        } else if essence.contains("xml") || essence.contains("html") {
            Self::Xml
        } else if essence == "application/x-www-form-urlencoded" {
            Self::Form
        } else {
            Self::Text
        }
    }
}

/// Checks a template's syntax, tags and filters' names, and that it can write what its format is:
/// either without any value or with every value there is.
pub(super) fn check(source: &str, format: Format) -> Result<(), String> {
    if source.trim().is_empty() {
        return Err("is empty".to_owned());
    }
    if source.contains([OPEN, CLOSE]) {
        return Err("holds a control character".to_owned());
    }
    for piece in source.split("{%").skip(1) {
        let tag: String = piece
            .trim_start_matches(['-', '+'])
            .trim_start()
            .chars()
            .take_while(|c| c.is_ascii_alphabetic())
            .collect();
        if !TAGS.contains(&tag.as_str()) && tag != "endraw" {
            return Err(format!("uses the tag `{tag}`; only if and for are supported"));
        }
    }
    let environment = environment(format);
    let template = environment.template_from_str(source).map_err(|e| explain(&e))?;
    check_code(source)?;
    let nothing = Value::from(BTreeMap::<String, Value>::new());
    let mut misfits = Vec::new();
    let trials = [nothing, Value::from_object(Anything)];
    let made = trials.len();
    for values in trials {
        match trial(&template, values, format) {
            // Names of tests and functions only show when they are used.
            Err(e) if matches!(e.kind(), ErrorKind::UnknownTest | ErrorKind::UnknownFunction) => {
                return Err(explain(&e));
            }
            // What does not suit these values may suit a lead's.
            Err(_) | Ok(Ok(())) => {}
            Ok(Err(why)) => misfits.push(why),
        }
    }
    match misfits.pop() {
        Some(why) if misfits.len() + 1 == made => Err(format!("{why}, whatever the lead")),
        _ => Ok(()),
    }
}

/// Renders a template with made-up values: whether what it writes is of its format.
fn trial(
    template: &minijinja::Template<'_, '_>,
    values: Value,
    format: Format,
) -> Result<Result<(), String>, Error> {
    let mut out = Bounded { bytes: Vec::new(), left: TRIAL_BYTES_MAX, over: false };
    template.render_captured_to(values, &mut out)?;
    let text = String::from_utf8_lossy(&out.bytes);
    Ok(finished(&text, format).map(drop))
}

/// What was written, with the values in their places.
fn finished(text: &str, format: Format) -> Result<String, String> {
    match format {
        Format::Json => {
            let text = put_values(text);
            serde_json::from_str::<serde::de::IgnoredAny>(&text).map_err(|e| {
                let (line, column) = (e.line(), e.column());
                format!("gives no JSON: line {line}, column {column} of what it writes")
            })?;
            Ok(text)
        }
        Format::Xml if !is_xml(text) => Err("gives no well-formed XML".to_owned()),
        Format::Xml | Format::Form | Format::Text => Ok(text.to_owned()),
    }
}

/// Refuses unknown filters, which are otherwise looked up when they are used, perhaps in a branch that
/// a rare lead takes; and `*`, which makes texts of 100 MB in one step.
fn check_code(source: &str) -> Result<(), String> {
    let mut rest = source;
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let (code, after) = code_until_end(&rest[at + 2..]);
        if code.contains('*') {
            return Err("multiplies, which is not supported".to_owned());
        }
        for piece in code.split('|').skip(1) {
            let word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
            let name: String = piece.trim_start().chars().take_while(word).collect();
            if !FILTERS.contains(&name.as_str()) {
                let known = FILTERS.join(", ");
                return Err(format!("uses the filter `{name}`; there are {known}"));
            }
        }
        rest = after;
    }
    Ok(())
}

/// The code of a tag without what stands in quotes, and what follows the tag.
fn code_until_end(text: &str) -> (String, &str) {
    let mut code = String::new();
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None if c == '}' && (code.ends_with('}') || code.ends_with('%')) => {
                return (code, &text[at + 1..]);
            }
            None => code.push(c),
        }
    }
    (code, "")
}

/// Renders a template. `payload` is what it sees as `payload`; `limit` is the most bytes it may
/// write.
pub(super) fn render(
    source: &str,
    context: &serde_json::Map<String, Json>,
    payload: Payload,
    format: Format,
    limit: usize,
) -> Result<String, String> {
    let environment = environment(format);
    let template = environment.template_from_str(source).map_err(|e| explain(&e))?;
    let mut out = Bounded { bytes: Vec::new(), left: limit, over: false };
    let mut names = named(context, 0);
    names.insert("payload".to_owned(), Value::from_object(payload));
    let done = template.render_captured_to(Value::from(names), &mut out).map(drop);
    if out.over {
        return Err(format!("writes more than {limit} bytes"));
    }
    done.map_err(|e| explain(&e))?;
    let text = String::from_utf8(out.bytes).map_err(|_| "wrote bytes that are not text")?;
    let text = finished(&text, format)?;
    if text.len() > limit {
        return Err(format!("writes more than {limit} bytes"));
    }
    Ok(text)
}

/// Errors may quote values, which are personal data: only the kind and the line are told.
fn explain(error: &Error) -> String {
    let what = match error.kind() {
        ErrorKind::OutOfFuel => "takes too many steps".to_owned(),
        ErrorKind::SyntaxError | ErrorKind::UnknownFilter | ErrorKind::UnknownTest => {
            format!("has an error: {error}")
        }
        kind => format!("has an error: {kind}"),
    };
    match error.line() {
        Some(line) => format!("{what} (line {line})"),
        None => what,
    }
}

fn environment(format: Format) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(RECURSION_MAX);
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_formatter(move |out, _state, value| write_value(out, _state, value, format));
    environment.add_filter("upper", minijinja::filters::upper);
    environment.add_filter("lower", minijinja::filters::lower);
    environment.add_filter("trim", minijinja::filters::trim);
    environment.add_filter("title", minijinja::filters::title);
    environment.add_filter("default", minijinja::filters::default);
    environment.add_filter("length", minijinja::filters::length);
    environment.add_filter("join", minijinja::filters::join);
    environment.add_filter("first", minijinja::filters::first);
    environment.add_filter("last", minijinja::filters::last);
    environment.add_filter("number", |value: Value| number(&value));
    environment.add_test("defined", minijinja::tests::is_defined);
    environment.add_test("undefined", minijinja::tests::is_undefined);
    environment
}

fn write_value(
    out: &mut Output<'_>,
    _state: &mut State<'_, '_>,
    value: &Value,
    format: Format,
) -> Result<(), Error> {
    let empty = value.is_undefined() || value.is_none();
    let written = match format {
        Format::Json => {
            let json = if empty {
                "null".to_owned()
            } else if let Some(digits) = value.downcast_object_ref::<Digits>() {
                digits.0.clone()
            } else if let Some(payload) = value.downcast_object_ref::<Payload>() {
                payload.json.clone()
            } else if value.downcast_object_ref::<Anything>().is_some() {
                Json::from(ANYTHING).to_string()
            } else {
                serde_json::to_string(value)
                    .map_err(|_| Error::new(ErrorKind::BadSerialization, "not a JSON value"))?
            };
            out.write_str(&format!("{OPEN}{json}{CLOSE}"))
        }
        _ if empty => Ok(()),
        Format::Xml if value.downcast_object_ref::<Payload>().is_some() => {
            let payload = value.downcast_object_ref::<Payload>();
            out.write_str(payload.map_or("", |p| p.xml.as_str()))
        }
        Format::Xml => {
            let text = allowed_in_xml(&value.to_string());
            out.write_str(&quick_xml::escape::escape(text.as_str()))
        }
        Format::Form => {
            let text = value.to_string();
            let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            out.write_str(&encoded)
        }
        Format::Text => out.write_str(&value.to_string()),
    };
    written.map_err(Error::from)
}

/// Puts each marked value where it stands: within a string of the template without quotes, elsewhere
/// as the JSON value it is. So neither `"{{ name }}"` nor `{{ name }}` lets a value break out.
fn put_values(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_string = false;
    let mut escaped = false;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == OPEN {
            let json: String = rest.by_ref().take_while(|c| *c != CLOSE).collect();
            if in_string {
                put_in_string(&mut out, &json)
            } else {
                out.push_str(&json)
            }
            escaped = false;
            continue;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
        out.push(c);
    }
    out
}

fn put_in_string(out: &mut String, json: &str) {
    if json == "null" {
        return;
    }
    if let Some(inner) = json.strip_prefix('"').and_then(|j| j.strip_suffix('"')) {
        out.push_str(inner);
        return;
    }
    // A number, a boolean, or a structure: its JSON as text.
    let quoted = Json::from(json).to_string();
    out.push_str(&quoted[1..quoted.len() - 1]);
}

/// Whether the text is one well-formed XML document.
pub(super) fn is_xml(text: &str) -> bool {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(text);
    let mut depth = 0usize;
    let mut roots = 0usize;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return depth == 0 && roots == 1,
            Ok(Event::Start(_)) => {
                roots += usize::from(depth == 0);
                depth += 1;
            }
            Ok(Event::Empty(_)) => roots += usize::from(depth == 0),
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

/// All of a payload at once, for templates that only put something around it. Written in JSON it is
/// an object, in XML its elements.
#[derive(Debug)]
pub(super) struct Payload {
    json: String,
    xml: String,
}

impl Payload {
    pub(super) fn of(payload: &serde_json::Map<String, Json>) -> Self {
        let json = serde_json::to_string(payload).unwrap_or_default();
        Self { json, xml: super::body::xml_elements(payload).unwrap_or_default() }
    }
}

impl Object for Payload {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json)
    }
}

/// A text of digits as a number, anything else as it is: `"id": {{ answer.vendor_id | number }}`.
fn number(value: &Value) -> Value {
    if value.downcast_object_ref::<Anything>().is_some() {
        return Value::from(1);
    }
    let text = value.as_str().unwrap_or_default();
    match serde_json::from_str::<Json>(text) {
        Ok(Json::Number(number)) => Value::from_object(Digits(number.to_string())),
        _ => value.clone(),
    }
}

/// A text as it may stand within that format, in a string or an element.
pub(super) fn put_text(text: &str, format: Format) -> String {
    match format {
        Format::Json => {
            let quoted = Json::from(text).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        Format::Xml => quick_xml::escape::escape(allowed_in_xml(text).as_str()).into_owned(),
        Format::Form => form_urlencoded::byte_serialize(text.as_bytes()).collect(),
        Format::Text => text.to_owned(),
    }
}

/// A number whose digits would not survive as a machine number.
#[derive(Debug)]
struct Digits(String);

impl Object for Digits {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn named(map: &serde_json::Map<String, Json>, depth: usize) -> BTreeMap<String, Value> {
    map.iter().map(|(name, value)| (name.clone(), convert(value, depth + 1))).collect()
}

fn convert(value: &Json, depth: usize) -> Value {
    if depth > VALUE_DEPTH_MAX {
        return Value::from(());
    }
    match value {
        Json::Null => Value::from(()),
        Json::Bool(flag) => Value::from(*flag),
        Json::String(text) => Value::from(text.as_str()),
        Json::Number(number) => match number.to_string().parse::<i64>() {
            Ok(whole) => Value::from(whole),
            Err(_) => Value::from_object(Digits(number.to_string())),
        },
        Json::Array(items) => items.iter().map(|item| convert(item, depth + 1)).collect(),
        Json::Object(map) => Value::from(named(map, depth)),
    }
}

struct Bounded {
    bytes: Vec<u8>,
    left: usize,
    over: bool,
}

impl Write for &mut Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.left {
            self.over = true;
            return Err(io::Error::other("the output is too long"));
        }
        self.left -= bytes.len();
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
