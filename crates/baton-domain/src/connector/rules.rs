//! Response rules: rows that turn an answer into a verdict (DESIGN section 7, seed 001).

use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One row that turns an answer into a verdict.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ResponseRule {
    /// How the answer is looked at.
    #[serde(rename = "match")]
    pub matching: Match,
    /// Where to look, for `json_path` and `xpath`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What to look for.
    pub value: String,
    /// What it means.
    pub verdict: Verdict,
    /// The reason to record when it hits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Values to take from the answer, by what they are: `price`, `vendor_id`, `redirect_url`,
    /// `reason`, `field:<lead field>`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extract: BTreeMap<String, Extract>,
}

/// How a rule looks at an answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// The text appears anywhere, compared without case.
    Keyword,
    /// The text appears as a whole word, compared without case.
    Word,
    /// The trimmed body is the text; `*` stands for anything, line breaks included.
    Exact,
    /// The status: `200`, `2xx`, `200-204`.
    Status,
    /// A JSON path (RFC 9535) leads to the text, compared without case: to a scalar, or to a list
    /// with such an item. `*` in the text stands for anything, `|` between texts for one or the
    /// other.
    JsonPath,
    /// The same with an XPath on XML. Namespace prefixes are not compared.
    Xpath,
    /// A regular expression (linear time) finds something in the body.
    Regex,
}

/// Where a value is taken from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Extract {
    /// A JSON path's scalar.
    JsonPath(String),
    /// An XPath's text.
    Xpath(String),
    /// The first group of a pattern, or the whole hit when it has no group.
    Regex(String),
}
