//! The configuration of a business as a file: what `export` writes and `apply` reads.
//!
//! A document stands in it as the API shows it, without what the server makes (ids, versions,
//! times, URLs) and without secrets; other documents are named by what people call them.

pub(super) mod live;
pub(super) mod plan;
mod yaml;

use crate::failure::Failure;
use baton_domain::secret::MASK;
use serde_json::{Map, Value};

/// The format of the file; another number is another format.
const FORMAT: u64 = 1;
/// Deepest nesting of a document in a file.
const DEPTH_MAX: usize = 32;

/// A document as the API or the file has it.
pub(super) type Document = Map<String, Value>;

/// The kinds of documents, in the order they are made: a destination needs its campaign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Campaign,
    Source,
    Destination,
    Webhook,
}

impl Kind {
    pub(super) const ALL: [Self; 4] =
        [Self::Campaign, Self::Source, Self::Destination, Self::Webhook];

    /// Its section in the file, and its place in the API.
    pub(super) fn section(self) -> &'static str {
        match self {
            Self::Campaign => "campaigns",
            Self::Source => "sources",
            Self::Destination => "destinations",
            Self::Webhook => "webhooks",
        }
    }

    pub(super) fn path(self) -> String {
        format!("/api/v1/{}", self.section())
    }

    /// The keys by which a document of the file is known.
    pub(super) fn identity(self) -> &'static [&'static str] {
        match self {
            Self::Campaign => &["reference"],
            Self::Source | Self::Destination => &["campaign", "name"],
            Self::Webhook => &["url"],
        }
    }

    /// Keys of the API that hold an id, what the file has in their place, and of which kind.
    pub(super) fn references(self) -> &'static [(&'static str, &'static str, Kind)] {
        match self {
            Self::Source => &[("campaign_id", "campaign", Kind::Campaign)],
            Self::Destination => &[
                ("campaign_id", "campaign", Kind::Campaign),
                ("failover_id", "failover", Kind::Destination),
            ],
            Self::Campaign | Self::Webhook => &[],
        }
    }

    /// Keys that hold lists of ids of destinations, by lists' names; the file has names there.
    pub(super) fn lists(self) -> &'static [&'static str] {
        match self {
            Self::Destination => &["linked"],
            Self::Campaign | Self::Source | Self::Webhook => &[],
        }
    }

    /// Keys of the API that the server makes, or that are switches and not configuration.
    fn made_by_server(self) -> &'static [&'static str] {
        match self {
            Self::Campaign => &["paused"],
            Self::Source => &[
                "webhook_id",
                "inbound_url",
                "spec_url",
                "secret",
                "secrets",
                "previous_secret_until",
            ],
            Self::Destination => &["secret", "secrets", "previous_secret_until", "disabled"],
            Self::Webhook => &["secret", "secrets", "previous_secret_until", "paused", "disabled"],
        }
    }

    /// What people call the document.
    pub(super) fn name_of(self, document: &Document) -> String {
        let text = |key: &&str| document.get(*key).and_then(Value::as_str).unwrap_or("?");
        self.identity().iter().map(text).collect::<Vec<_>>().join(" / ")
    }
}

/// Keys every document of the API has and no file.
const MADE_BY_SERVER: &[&str] = &["id", "workspace_id", "version", "created_at", "updated_at"];

/// The documents of a file by kind, in order.
#[derive(Clone, Default, PartialEq, Debug)]
pub(super) struct ConfigFile {
    documents: [Vec<Document>; 4],
}

impl ConfigFile {
    pub(super) fn of(&self, kind: Kind) -> &[Document] {
        &self.documents[kind as usize]
    }

    pub(super) fn add(&mut self, kind: Kind, document: Document) {
        self.documents[kind as usize].push(document);
    }

    /// The document of the same identity.
    pub(super) fn find(&self, kind: Kind, like: &Document) -> Option<&Document> {
        let same = |d: &&Document| kind.identity().iter().all(|k| d.get(*k) == like.get(*k));
        self.of(kind).iter().find(same)
    }

    /// How much is in it.
    pub(super) fn summary(&self) -> String {
        let count = |kind: &Kind| format!("{} {}", self.of(*kind).len(), kind.section());
        Kind::ALL.iter().map(count).collect::<Vec<_>>().join(", ")
    }

    /// The file's text.
    pub(super) fn to_yaml(&self) -> Result<String, Failure> {
        let mut whole = Document::new();
        whole.insert("format".to_owned(), FORMAT.into());
        for kind in Kind::ALL {
            let documents = self.of(kind).iter().cloned().map(Value::Object).collect();
            whole.insert(kind.section().to_owned(), Value::Array(documents));
        }
        yaml::write(&Value::Object(whole))
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn from_yaml(text: &str) -> Result<Self, String> {
        let Value::Object(mut whole) = yaml::read(text)? else {
            return Err("sections such as `campaigns:` are expected".to_owned());
        };
        match whole.remove("format").and_then(|f| f.as_u64()) {
            Some(FORMAT) => {}
            _ => return Err(format!("`format: {FORMAT}` is expected at its top")),
        }
        let mut file = Self::default();
        for kind in Kind::ALL {
            let section = kind.section();
            match whole.remove(section) {
                None | Some(Value::Null) => {}
                Some(Value::Array(documents)) => {
                    for document in documents {
                        file.take(kind, document)?;
                    }
                }
                Some(_) => return Err(format!("`{section}` is a list")),
            }
        }
        match whole.keys().next() {
            Some(key) => Err(format!("`{key}` is not a section")),
            None => Ok(file),
        }
    }

    fn take(&mut self, kind: Kind, document: Value) -> Result<(), String> {
        let section = kind.section();
        let Value::Object(document) = document else {
            return Err(format!("`{section}` is a list of documents"));
        };
        for key in kind.identity() {
            let text = document.get(*key).and_then(Value::as_str).unwrap_or_default();
            if text.is_empty() {
                return Err(format!("{section}: each needs `{key}`, by which it is known"));
            }
        }
        if self.find(kind, &document).is_some() {
            let name = kind.name_of(&document);
            return Err(format!("{section}: {name} is in the file twice"));
        }
        self.add(kind, document);
        Ok(())
    }
}

/// The document as it stands in a file; `name_of` gives the name of another document by its id.
pub(super) fn as_in_file(
    kind: Kind,
    document: &Document,
    name_of: impl Fn(Kind, &str) -> Option<String>,
) -> Document {
    let mut shown = Document::new();
    for (key, value) in document {
        if MADE_BY_SERVER.contains(&key.as_str()) || kind.made_by_server().contains(&key.as_str()) {
            continue;
        }
        let reference = kind.references().iter().find(|(api, _, _)| api == key);
        match (reference, value) {
            (Some((_, file, of)), Value::String(id)) => {
                if let Some(name) = name_of(*of, id) {
                    shown.insert((*file).to_owned(), name.into());
                }
            }
            (Some(_), _) => {}
            (None, Value::Object(lists)) if kind.lists().contains(&key.as_str()) => {
                let named = |id: &str| name_of(Kind::Destination, id);
                // What is linked to a destination that is gone is linked to nothing.
                let (lists, _) = renamed(lists, &named);
                if !lists.is_empty() {
                    shown.insert(key.clone(), Value::Object(lists));
                }
            }
            (None, value) => {
                if let Some(value) = without_secrets(value, 0) {
                    shown.insert(key.clone(), value);
                }
            }
        }
    }
    shown
}

/// Lists of texts with another text for each, without empty lists; and what has no other text.
pub(super) fn renamed(
    lists: &Document,
    other: &dyn Fn(&str) -> Option<String>,
) -> (Document, Vec<String>) {
    let (mut out, mut unknown) = (Document::new(), Vec::new());
    for (key, list) in lists {
        let Value::Array(list) = list else {
            out.insert(key.clone(), list.clone());
            continue;
        };
        let mut kept = Vec::new();
        for text in list.iter().filter_map(Value::as_str) {
            match other(text) {
                Some(text) => kept.push(Value::String(text)),
                None => unknown.push(text.to_owned()),
            }
        }
        if !kept.is_empty() {
            out.insert(key.clone(), Value::Array(kept));
        }
    }
    (out, unknown)
}

/// The value without what is masked, null or too deep; `None` when nothing is left to say.
fn without_secrets(value: &Value, depth: usize) -> Option<Value> {
    match value {
        _ if depth > DEPTH_MAX => None,
        Value::Null => None,
        Value::String(text) if text == MASK => None,
        Value::Object(map) => {
            let kept = map.iter().filter_map(|(key, value)| {
                without_secrets(value, depth + 1).map(|value| (key.clone(), value))
            });
            Some(Value::Object(kept.collect()))
        }
        Value::Array(list) => Some(Value::Array(
            list.iter().filter_map(|value| without_secrets(value, depth + 1)).collect(),
        )),
        other => Some(other.clone()),
    }
}

#[cfg(test)]
mod tests;
