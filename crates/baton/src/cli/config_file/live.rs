//! The documents of a running server.

use super::plan::Change;
use super::{ConfigFile, Document, Kind, as_in_file, renamed};
use crate::cli::remote::Remote;
use crate::failure::Failure;
use crate::terminal;
use serde_json::Value;

/// Kinds of sources that are made with their campaign, or with its first import.
const MADE_BY_THEMSELVES: [&str; 2] = ["api", "import"];

/// The documents of a server, as the API has them.
pub(in crate::cli) struct Live {
    documents: [Vec<Document>; 4],
    /// References to documents that are made later: path of the document and its patch, by names.
    later: Vec<(String, Change)>,
}

fn text<'a>(document: &'a Document, key: &str) -> Option<&'a str> {
    document.get(key).and_then(Value::as_str)
}

impl Live {
    /// Reads all documents.
    pub(in crate::cli) async fn read(remote: &Remote) -> Result<Self, Failure> {
        let mut documents = [const { Vec::new() }; 4];
        for kind in Kind::ALL {
            let mut rows = remote.list(&kind.path()).await?;
            rows.retain(|row| {
                kind != Kind::Source
                    || text(row, "kind").is_none_or(|kind| !MADE_BY_THEMSELVES.contains(&kind))
            });
            documents[kind as usize] = rows;
        }
        Ok(Self { documents, later: Vec::new() })
    }

    /// The same as they stand in a file.
    pub(in crate::cli) fn as_file(&self) -> ConfigFile {
        let mut file = ConfigFile::default();
        for kind in Kind::ALL {
            for document in &self.documents[kind as usize] {
                let shown = as_in_file(kind, document, |of, id| self.name_of(of, id));
                file.add(kind, shown);
            }
        }
        file
    }

    fn name_of(&self, kind: Kind, id: &str) -> Option<String> {
        let found = self.documents[kind as usize].iter().find(|d| text(d, "id") == Some(id))?;
        let key = if kind == Kind::Campaign { "reference" } else { "name" };
        text(found, key).map(str::to_owned)
    }

    /// The id of a document that another one names; destinations only within one campaign.
    fn id_of(&self, kind: Kind, name: &str, campaign: Option<&str>) -> Option<&str> {
        let key = if kind == Kind::Campaign { "reference" } else { "name" };
        let fits = |d: &&Document| {
            text(d, key) == Some(name)
                && (kind == Kind::Campaign || text(d, "campaign_id") == campaign)
        };
        self.documents[kind as usize].iter().find(fits).and_then(|d| text(d, "id"))
    }

    /// Makes one change, and knows it from then on.
    pub(in crate::cli) async fn make(
        &mut self,
        remote: &Remote,
        change: &Change,
    ) -> Result<(), Failure> {
        let kind = change.kind;
        let campaign = text(&change.identity, "campaign")
            .and_then(|name| self.id_of(Kind::Campaign, name, None))
            .map(str::to_owned);
        let (body, missing) = self.with_ids(change, campaign.as_deref())?;
        if change.new {
            let made = remote.call("POST", &kind.path(), Some(&Value::Object(body))).await?;
            let Value::Object(made) = made else {
                return Err(Failure::Failed(format!("{}: no document came back", change.name)));
            };
            if let Some(secret) = text(&made, "secret") {
                terminal::say(format!("{}: its secret, shown this once: {secret}", change.name));
            }
            if let (Some(missing), Some(id)) = (missing, text(&made, "id")) {
                self.later.push((format!("{}/{id}", kind.path()), missing));
            }
            self.documents[kind as usize].push(made);
            return Ok(());
        }
        let same = |d: &&Document| {
            let shown = as_in_file(kind, d, |of, id| self.name_of(of, id));
            kind.identity().iter().all(|k| shown.get(*k) == change.identity.get(*k))
        };
        let id = self.documents[kind as usize].iter().find(same).and_then(|d| text(d, "id"));
        let id = id.ok_or_else(|| Failure::Failed(format!("{} is gone", change.name)))?;
        let path = format!("{}/{id}", kind.path());
        if let Some(missing) = missing {
            self.later.push((path.clone(), missing));
        }
        remote.call("PATCH", &path, Some(&Value::Object(body))).await.map(|_| ())
    }

    /// Makes the references to documents that came later in the file.
    pub(in crate::cli) async fn finish(&mut self, remote: &Remote) -> Result<(), Failure> {
        for (path, change) in std::mem::take(&mut self.later) {
            let campaign = text(&change.identity, "campaign")
                .and_then(|name| self.id_of(Kind::Campaign, name, None));
            let (body, missing) = self.with_ids(&change, campaign)?;
            if let Some(missing) = missing {
                let names: Vec<String> = missing.body.values().map(Value::to_string).collect();
                return Err(Failure::Failed(format!(
                    "{}: there is no {} in the campaign",
                    change.name,
                    names.join(", ")
                )));
            }
            remote.call("PATCH", &path, Some(&Value::Object(body))).await?;
        }
        Ok(())
    }

    /// The change's body with ids in place of names, and what has no id yet.
    fn with_ids(
        &self,
        change: &Change,
        campaign: Option<&str>,
    ) -> Result<(Document, Option<Change>), Failure> {
        let mut body = change.body.clone();
        let mut missing = Document::new();
        for (api, file, of) in change.kind.references() {
            match body.shift_remove(*file) {
                None => {}
                Some(Value::String(name)) => match self.id_of(*of, &name, campaign) {
                    Some(id) => {
                        body.insert((*api).to_owned(), id.into());
                    }
                    None if *of == change.kind => {
                        missing.insert((*file).to_owned(), name.into());
                    }
                    None => {
                        return Err(Failure::Failed(format!(
                            "{}: there is no {file} `{name}`",
                            change.name
                        )));
                    }
                },
                Some(other) => {
                    body.insert((*api).to_owned(), other);
                }
            }
        }
        for key in change.kind.lists() {
            let Some(Value::Object(lists)) = body.get(*key) else { continue };
            let id = |name: &str| self.id_of(Kind::Destination, name, campaign).map(str::to_owned);
            let (ids, unknown) = renamed(lists, &id);
            if unknown.is_empty() {
                body.insert((*key).to_owned(), Value::Object(ids));
            } else if let Some(names) = body.shift_remove(*key) {
                missing.insert((*key).to_owned(), names);
            }
        }
        let rest = (!missing.is_empty()).then(|| change.with_body(missing));
        Ok((body, rest))
    }
}
