use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A request, with `{{ settings.name }}`, `{{ field }}`, `{{ answer.name }}` (what an earlier
/// answer gave) and `{{ auth.token }}` to fill in.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// Scheme and host come from here and from settings only.
    pub url: String,
    /// `json`, `form`, `xml`, `query`, `template`, or `none`.
    pub body: String,
    /// Headers in order. One whose name or value turns out empty is left out.
    #[serde(default)]
    pub headers: Vec<HeaderRow>,
    /// Name of the `headers` setting whose rows are sent too.
    #[serde(default)]
    pub headers_from: Option<String>,
    /// HTTP basic authentication; left out while its password is empty.
    #[serde(default)]
    pub basic: Option<Basic>,
    /// The template of a `template` body.
    #[serde(default)]
    pub template: Option<String>,
    /// The content type when it is not the usual one of the body.
    #[serde(default)]
    pub content_type: Option<String>,
    /// Name of the outermost XML element.
    #[serde(default)]
    pub xml_root: Option<String>,
    /// Name of an object that all of a JSON body is put into.
    #[serde(default)]
    pub json_root: Option<String>,
    /// Fields sent besides the lead's, such as a campaign number from the settings. Neither a lead
    /// nor a mapping can set or change one. A value that is nothing but a number or boolean setting
    /// is one in JSON too; one that turns out empty is left out.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
}

/// One header of a manifest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderRow {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// User and password of HTTP basic authentication (RFC 7617).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basic {
    /// User.
    pub user: String,
    /// Password.
    pub password: String,
}

impl Request {
    /// All texts with placeholders, each with what it is called in the file.
    pub(super) fn texts(&self) -> impl Iterator<Item = &String> {
        let optional = [&self.template, &self.content_type, &self.xml_root, &self.json_root];
        [&self.method, &self.url, &self.body]
            .into_iter()
            .chain(optional.into_iter().flatten())
            .chain(self.headers.iter().flat_map(|row| [&row.name, &row.value]))
            .chain(self.basic.iter().flat_map(|basic| [&basic.user, &basic.password]))
            .chain(self.fields.values())
    }
}
