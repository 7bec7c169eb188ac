//! XPath on XML answers: the location paths of XPath 1.0 that answers of vendors need, over a parsed
//! document without a DTD.
//!
//! ```text
//! /response/status        from the root; a path without a slash before it is read alike
//! //error                 anywhere
//! /a/*[2]                 any element; the second
//! /a/b[last()]            the last
//! /a/b[@code='7']/text()  by an attribute, by a child `[c='x']`, by its own text `[.='x']`
//! /a/b/@code              an attribute
//! /a/b | /a/c             one path or the other
//! ```
//!
//! Prefixes are not compared: `soap:Body` finds every `Body`. Functions and other axes are refused.

use roxmltree::{Document, Node, NodeType, ParsingOptions};
use std::cell::Cell;
use std::collections::BTreeSet;

/// Longest path, in bytes.
pub(super) const PATH_BYTES_MAX: usize = 500;
/// Most steps of a path.
const STEPS_MAX: usize = 16;
/// Most predicates in a path.
const PREDICATES_MAX: usize = 8;
/// Most `//` in a path.
const DEEP_MAX: usize = 2;
/// Most paths joined with `|`.
const PATHS_MAX: usize = 4;
/// Most nodes of a document; a larger one is not read as XML.
pub(super) const NODES_MAX: u32 = 50_000;
/// Most texts a path gives.
const RESULTS_MAX: usize = 100;
/// Longest text taken of one element, in bytes.
const TEXT_BYTES_MAX: usize = 4_096;
/// Most nodes one evaluation looks at.
const LOOKS_MAX: usize = 400_000;

/// A path, compiled.
#[derive(Clone, Debug)]
pub(super) struct XPath(Vec<Vec<Step>>);

#[derive(Clone, Debug)]
struct Step {
    /// After `//`.
    deep: bool,
    test: Test,
    predicates: Vec<Predicate>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Test {
    /// `*`.
    Any,
    Name(String),
    /// `@name` or `@*`.
    Attribute(Option<String>),
    /// `text()`.
    Text,
    /// `.`.
    Here,
}

#[derive(Clone, Debug)]
enum Predicate {
    Nth(usize),
    Last,
    /// Something is there.
    Has(Test),
    /// Its text is that.
    Is(Test, String),
}

impl XPath {
    pub(super) fn compile(path: &str) -> Result<Self, String> {
        if path.len() > PATH_BYTES_MAX {
            return Err(format!("the path is longer than {PATH_BYTES_MAX} bytes"));
        }
        let mut parser = Parser { rest: path.trim() };
        let mut paths = vec![parser.path()?];
        while parser.eat("|") {
            paths.push(parser.path()?);
        }
        if !parser.rest.is_empty() {
            return Err(parser.wrong());
        }
        let steps = || paths.iter().flatten();
        let predicates: usize = steps().map(|s| s.predicates.len()).sum();
        let too_much = steps().count() > STEPS_MAX
            || predicates > PREDICATES_MAX
            || steps().filter(|s| s.deep).count() > DEEP_MAX
            || paths.len() > PATHS_MAX;
        if too_much {
            return Err(
                "the path is too complicated; use a simpler path or match `regex`".to_owned()
            );
        }
        let ends = |step: &Step| matches!(step.test, Test::Attribute(_) | Test::Text);
        if paths.iter().any(|p| p.iter().rev().skip(1).any(ends)) {
            return Err("an attribute or text() is the end of a path".to_owned());
        }
        Ok(Self(paths))
    }

    /// The texts the path leads to, in the order of the document; trimmed.
    pub(super) fn texts(&self, document: &Document<'_>) -> Vec<String> {
        let looks = Looks(Cell::new(0));
        let mut out = Vec::new();
        for path in &self.0 {
            walk(path, document, &looks, &mut out);
        }
        out
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn wrong(&self) -> String {
        let at: String = self.rest.chars().take(20).collect();
        format!(
            "not a path Baton reads, at `{at}`; write /a/b, //b, *, @name, text(), [1], [last()], \
             [@name='x'], [name='x']"
        )
    }

    fn eat(&mut self, what: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn path(&mut self) -> Result<Vec<Step>, String> {
        let mut deep = self.eat("//");
        if !deep {
            self.eat("/");
        }
        let mut steps = vec![self.step(deep)?];
        loop {
            deep = self.eat("//");
            if !deep && !self.eat("/") {
                return Ok(steps);
            }
            steps.push(self.step(deep)?);
        }
    }

    fn step(&mut self, deep: bool) -> Result<Step, String> {
        let test = self.test()?;
        let mut predicates = Vec::new();
        while self.eat("[") {
            predicates.push(self.predicate()?);
            if !self.eat("]") {
                return Err(self.wrong());
            }
        }
        Ok(Step { deep, test, predicates })
    }

    fn test(&mut self) -> Result<Test, String> {
        if self.eat("@") {
            return Ok(Test::Attribute(if self.eat("*") { None } else { Some(self.name()?) }));
        }
        if self.eat("text()") {
            return Ok(Test::Text);
        }
        if self.eat("*") {
            return Ok(Test::Any);
        }
        if self.rest.starts_with("..") {
            return Err("`..` is not supported; begin at the top".to_owned());
        }
        if self.eat(".") {
            return Ok(Test::Here);
        }
        self.name().map(Test::Name)
    }

    /// A name without its prefix.
    fn name(&mut self) -> Result<String, String> {
        let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        let begins = |c: char| c.is_alphabetic() || c == '_';
        let local = name.rsplit(':').next().unwrap_or_default();
        if !local.starts_with(begins) || name.contains("::") || rest.starts_with('(') {
            return Err(self.wrong());
        }
        self.rest = rest.trim_start();
        Ok(local.to_owned())
    }

    fn predicate(&mut self) -> Result<Predicate, String> {
        if self.eat("last()") {
            return Ok(Predicate::Last);
        }
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            let nth = self.rest[..digits].parse().map_err(|_| self.wrong())?;
            self.rest = self.rest[digits..].trim_start();
            return if nth == 0 {
                Err("positions begin at 1".to_owned())
            } else {
                Ok(Predicate::Nth(nth))
            };
        }
        let test = self.test()?;
        if self.eat("=") {
            Ok(Predicate::Is(test, self.literal()?))
        } else {
            Ok(Predicate::Has(test))
        }
    }

    fn literal(&mut self) -> Result<String, String> {
        let quote = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let Some(quote) = quote else { return Err(self.wrong()) };
        let inside = &self.rest[1..];
        let end = inside.find(quote).ok_or_else(|| self.wrong())?;
        self.rest = inside[end + 1..].trim_start();
        Ok(inside[..end].to_owned())
    }
}

/// Parses an answer. Documents with a DTD are refused, so there are no entities to expand.
pub(super) fn parse(text: &str) -> Option<Document<'_>> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..Default::default() };
    Document::parse_with_options(text, options).ok()
}

/// How many nodes were looked at.
struct Looks(Cell<usize>);

impl Looks {
    /// Counts one more; `false` when it is enough.
    fn more(&self) -> bool {
        self.0.set(self.0.get() + 1);
        self.0.get() <= LOOKS_MAX
    }
}

fn walk(path: &[Step], document: &Document<'_>, looks: &Looks, out: &mut Vec<String>) {
    let mut at = vec![document.root()];
    for (index, step) in path.iter().enumerate() {
        let plain = matches!(step.test, Test::Name(_) | Test::Any) && step.predicates.is_empty();
        if step.deep && index == 0 && plain {
            // The usual `//name`, in one pass.
            let all = document.descendants().take_while(|_| looks.more());
            at = all.filter(|node| is(*node, &step.test)).collect();
            continue;
        }
        if step.deep {
            at = deepened(&at, looks);
        }
        match &step.test {
            Test::Attribute(name) => return attributes(&at, name.as_deref(), looks, out),
            Test::Text => {
                let texts = at.iter().flat_map(Node::children).filter(Node::is_text);
                for node in texts.take_while(|_| looks.more()) {
                    push(out, node.text().unwrap_or_default());
                }
                return;
            }
            test => {
                let next = at.iter().flat_map(|node| children(*node, test, step, looks));
                at = next.collect();
            }
        }
    }
    for node in at {
        push(out, &text_of(node, looks));
    }
}

fn push(out: &mut Vec<String>, text: &str) {
    if out.len() < RESULTS_MAX {
        out.push(text.trim().to_owned());
    }
}

/// The nodes and all elements in them, each once, in the document's order.
fn deepened<'a, 'i>(at: &[Node<'a, 'i>], looks: &Looks) -> Vec<Node<'a, 'i>> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for start in at {
        // What is in an element that was looked at was looked at too.
        if seen.contains(&start.id().get()) {
            continue;
        }
        for node in start.descendants().take_while(|_| looks.more()) {
            if node.node_type() != NodeType::Text && seen.insert(node.id().get()) {
                out.push(node);
            }
        }
    }
    out
}

fn attributes(at: &[Node<'_, '_>], name: Option<&str>, looks: &Looks, out: &mut Vec<String>) {
    for attribute in at.iter().flat_map(Node::attributes).take_while(|_| looks.more()) {
        if name.is_none_or(|name| name == attribute.name()) {
            push(out, attribute.value());
        }
    }
}

/// The children a step leads to, its predicates applied one after the other.
fn children<'a, 'i>(
    node: Node<'a, 'i>,
    test: &Test,
    step: &Step,
    looks: &Looks,
) -> Vec<Node<'a, 'i>> {
    let mut found: Vec<Node<'a, 'i>> = match test {
        Test::Here => vec![node],
        _ => node.children().take_while(|_| looks.more()).filter(|c| is(*c, test)).collect(),
    };
    for predicate in &step.predicates {
        found = match predicate {
            Predicate::Nth(nth) => found.into_iter().skip(nth - 1).take(1).collect(),
            Predicate::Last => found.pop().into_iter().collect(),
            Predicate::Has(test) => {
                found.into_iter().filter(|n| values(*n, test, looks, |_| true)).collect()
            }
            Predicate::Is(test, text) => {
                found.into_iter().filter(|n| values(*n, test, looks, |v| v == text)).collect()
            }
        };
    }
    found
}

fn is(node: Node<'_, '_>, test: &Test) -> bool {
    node.is_element()
        && match test {
            Test::Any => true,
            Test::Name(name) => node.tag_name().name() == name,
            Test::Attribute(_) | Test::Text | Test::Here => false,
        }
}

/// Whether a text the test leads to from a node is the wanted one.
fn values(node: Node<'_, '_>, test: &Test, looks: &Looks, wanted: impl Fn(&str) -> bool) -> bool {
    let wanted = |text: &str| wanted(text.trim());
    match test {
        Test::Here => wanted(&text_of(node, looks)),
        Test::Text => node
            .children()
            .take_while(|_| looks.more())
            .any(|c| c.is_text() && wanted(c.text().unwrap_or_default())),
        Test::Attribute(name) => node
            .attributes()
            .take_while(|_| looks.more())
            .any(|a| name.as_deref().is_none_or(|n| n == a.name()) && wanted(a.value())),
        test => node
            .children()
            .take_while(|_| looks.more())
            .any(|c| is(c, test) && wanted(&text_of(c, looks))),
    }
}

/// All text within a node, up to a limit.
fn text_of(node: Node<'_, '_>, looks: &Looks) -> String {
    let mut out = String::new();
    for inner in node.descendants().take_while(|_| looks.more()) {
        let Some(text) = inner.text().filter(|_| inner.is_text()) else { continue };
        let left = TEXT_BYTES_MAX - out.len();
        let end = text.floor_char_boundary(left.min(text.len()));
        out.push_str(&text[..end]);
        if end < text.len() {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(path: &str, xml: &str) -> Vec<String> {
        XPath::compile(path).unwrap().texts(&parse(xml).unwrap())
    }

    #[test]
    fn paths_lead_where_xpath_says() {
        let xml = r#"<?xml version="1.0"?><r xmlns:s="urn:x"><status code="7"> Matched </status>
            <s:lead kind="a"><id>1</id><id>2</id></s:lead><lead kind="b"><id>3</id></lead>
            <note>one <b>two</b> three</note><c><![CDATA[<x>]]></c><e/></r>"#;
        for (path, expect) in [
            ("/r/status", vec!["Matched"]),
            ("r/status", vec!["Matched"]),
            ("/status", vec![]),
            ("//status", vec!["Matched"]),
            ("/r/status/@code", vec!["7"]),
            ("//@kind", vec!["a", "b"]),
            ("//@*", vec!["7", "a", "b"]),
            ("/r/lead/id", vec!["1", "2", "3"]),
            ("/r/s:lead/id", vec!["1", "2", "3"]),
            ("/r/lead/id[1]", vec!["1", "3"]),
            ("/r/lead[1]/id[2]", vec!["2"]),
            ("/r/lead/id[last()]", vec!["2", "3"]),
            ("//id[1]", vec!["1", "3"]),
            ("/r/lead[@kind='b']/id", vec!["3"]),
            ("/r/lead[@kind]/id[1]", vec!["1", "3"]),
            ("/r/lead[id='3']/@kind", vec!["b"]),
            ("/r/lead[ id = \"3\" ] / @kind", vec!["b"]),
            ("//id[.='2']", vec!["2"]),
            ("//id[text()='2']", vec!["2"]),
            ("/r/*[1]", vec!["Matched"]),
            ("/r/note", vec!["one two three"]),
            ("/r/note/text()", vec!["one", "three"]),
            ("/r/c", vec!["<x>"]),
            ("/r/e", vec![""]),
            ("/r/none | //b", vec!["two"]),
            ("/r/./status", vec!["Matched"]),
            ("/r//id", vec!["1", "2", "3"]),
        ] {
            assert_eq!(texts(path, xml), expect, "{path}");
        }
    }

    #[test]
    fn what_is_not_read_is_refused_when_saved() {
        for bad in [
            "",
            "/",
            "//",
            "a/",
            "/a[",
            "/a[]",
            "/a[0]",
            "/a[b=c]",
            "/a[b='c]",
            "count(//a)",
            "/a/../b",
            "/a/ancestor::b",
            "string(/a)",
            "/@a/b",
            "/text()/b",
            "//a//b//c",
            "/a b",
            "/a|",
            "/a[1][1][1][1][1][1][1][1][1]",
            "a|a|a|a|a",
            "$x",
            "/a[position()=1]",
        ] {
            assert!(XPath::compile(bad).is_err(), "{bad}");
        }
        assert!(XPath::compile(&"/a".repeat(300)).is_err());
        assert!(XPath::compile(&"/a".repeat(STEPS_MAX + 1)).is_err());
    }

    #[test]
    fn entities_and_bombs_are_not_read() {
        for hostile in [
            r#"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>"#,
            r#"<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>"#,
            r#"<!DOCTYPE a SYSTEM "http://evil.example/a.dtd"><a/>"#,
            "<a>&x;</a>",
            "<a>",
            "<a></b>",
            "",
            "<html><br></html>",
        ] {
            assert!(parse(hostile).is_none(), "{hostile}");
        }
        let deep = format!("{}{}", "<a>".repeat(40_000), "</a>".repeat(40_000));
        if let Some(document) = parse(&deep) {
            let path = XPath::compile("//a[1]//a").unwrap();
            assert!(path.texts(&document).len() <= RESULTS_MAX);
        }
        let wide = format!("<a>{}</a>", "<b/>".repeat(60_000));
        assert!(parse(&wide).is_none());
    }

    proptest! {
        #[test]
        fn any_path_compiles_or_is_refused(path in "[/a@*.|()\\[\\]'=1:\" \\PC]{0,40}", xml in "(<a>|</a>|<b c='1'>|</b>|x|&lt;){0,30}") {
            if let (Ok(path), Some(document)) = (XPath::compile(&path), parse(&xml)) {
                prop_assert!(path.texts(&document).len() <= RESULTS_MAX);
            }
        }
    }
}
