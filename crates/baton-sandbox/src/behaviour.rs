//! What the sandbox does with a request, as data.

use crate::vendor::script::VendorScript;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

/// Longest delay before an answer or between two pieces of it, in milliseconds.
pub const DELAY_MS_MAX: u64 = 600_000;
/// Longest answer body that can be asked for, in bytes.
pub const SIZE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Most steps of a [`Behaviour::Sequence`].
pub const SEQUENCE_STEPS_MAX: usize = 1_000;

/// What is done with the requests to a path.
///
/// As JSON: `{"reply":{"status":500}}`, `{"sequence":[{"reply":{"status":503}},"reset"]}`,
/// `{"chance":{"accept_rate":0.7,"seed":7}}`, `"hang"`, `"reset"`, `{"raw":{"body":"nonsense"}}`,
/// `{"vendor":{"name":"leadbyte"}}`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// An HTTP answer.
    Reply(Reply),
    /// The first step for the first request, and so on; the last step for all that follow.
    Sequence(Vec<Behaviour>),
    /// One of two answers by a seeded draw.
    Chance(Chance),
    /// The request is read and never answered.
    Hang,
    /// The request is read, then the connection is reset (TCP RST) without an answer.
    Reset,
    /// Bytes that need not be HTTP, then the connection is closed.
    Raw(Raw),
    /// What a vendor's API would answer.
    Vendor(Box<VendorScript>),
}

/// An HTTP answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reply {
    /// Status code, 200 to 999.
    pub status: u16,
    /// Headers in order. Without a `content-type` among them, `application/json` is sent.
    pub headers: Vec<(String, String)>,
    /// Body. In JSON a text, or `{"base64":"..."}` for bytes that are none.
    #[serde(with = "text_or_base64")]
    pub body: Bytes,
    /// Time between the end of the request and the answer, in milliseconds.
    pub delay_ms: u64,
    /// Sends the body in small pieces.
    pub drip: Option<Drip>,
    /// Fills the body up to this many bytes with `x`; a longer body is sent as it is.
    pub size: Option<u64>,
    /// Ends the connection inside the body.
    pub cut: Option<Cut>,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: Bytes::from_static(br#"{"ok":true}"#),
            delay_ms: 0,
            drip: None,
            size: None,
            cut: None,
        }
    }
}

impl Reply {
    /// An answer with that status and the default body.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// The same with another body.
    #[must_use]
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same after a delay.
    #[must_use]
    pub fn delay_ms(self, delay_ms: u64) -> Self {
        Self { delay_ms, ..self }
    }

    /// A redirect (302) to another URL.
    #[must_use]
    pub fn redirect(url: &str) -> Self {
        Self::status(302).header("location", url)
    }
}

/// A body sent piece by piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drip {
    /// Bytes in a piece, at least 1.
    pub bytes: u64,
    /// Time between two pieces, in milliseconds.
    pub every_ms: u64,
}

/// A connection that ends inside a body. The answer promises more bytes than are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// Body bytes sent before the end.
    pub after_bytes: u64,
    /// How it ends.
    pub how: CutHow,
}

/// How a connection is ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CutHow {
    /// With TCP RST.
    Reset,
    /// With TCP FIN, as a crashed process' system does.
    Close,
}

/// One of two answers; the draw of the n-th request under this rule depends on seed and n only.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chance {
    /// Share of requests that get `accepted`, 0 to 1.
    pub accept_rate: f64,
    /// Seed of the draws.
    pub seed: u64,
    /// The answer to the lucky.
    #[serde(default)]
    pub accepted: Reply,
    /// The answer to the others; 422 when nothing is said.
    #[serde(default = "refusal")]
    pub refused: Reply,
}

/// The answer of an unlucky draw when none is given.
pub(crate) fn refusal() -> Reply {
    Reply::status(422).body(&br#"{"ok":false,"reason":"refused by the sandbox's draw"}"#[..])
}

/// Bytes written to the socket as they are.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    /// The bytes, a status line included when there is to be one.
    #[serde(with = "text_or_base64")]
    pub body: Bytes,
    /// Writes them in small pieces; with a valid head this is a slow head.
    #[serde(default)]
    pub drip: Option<Drip>,
}

impl From<VendorScript> for Behaviour {
    fn from(script: VendorScript) -> Self {
        Self::Vendor(Box::new(script))
    }
}

impl From<Reply> for Behaviour {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

/// Why a script cannot be followed. The texts are for people who write scripts.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ScriptError {
    /// The status is out of range.
    #[error("status {0} cannot be answered; give 200 to 999, or use raw for anything else")]
    Status(u16),
    /// A header's name or value cannot be sent.
    #[error("header {0:?} cannot be sent; use raw for broken headers")]
    Header(String),
    /// A time is too long.
    #[error("{0} ms is too long; the limit is {DELAY_MS_MAX} ms")]
    Delay(u64),
    /// A body is too large.
    #[error("a body of {0} bytes is too large; the limit is {SIZE_BYTES_MAX} bytes")]
    Size(u64),
    /// Dripping pieces of no bytes never ends.
    #[error("a drip needs at least one byte in a piece")]
    Drip,
    /// A rate is not a share.
    #[error("rate {0} is not between 0 and 1")]
    AcceptRate(f64),
    /// A sequence has no steps, too many, or a sequence among them.
    #[error("a sequence needs 1 to {SEQUENCE_STEPS_MAX} steps, none of them a sequence")]
    Sequence,
    /// A vendor's fault is made of several behaviours.
    #[error("a fault is one of reply, hang, reset and raw")]
    Fault,
    /// The number of bids is out of range.
    #[error("{0} bids cannot be made; give 1 to {limit}", limit = crate::vendor::script::BIDS_MAX)]
    Bids(u8),
    /// Too many fields are required.
    #[error("{0} required fields are too many; the limit is {limit}",
        limit = crate::vendor::script::REQUIRED_MAX)]
    Required(usize),
    /// The path pattern is not one.
    #[error("path pattern {0:?} needs a leading slash, and a star only at its end")]
    Pattern(String),
    /// The table is full.
    #[error("there are {limit} entries already; remove some first", limit = crate::RULES_MAX)]
    Full,
    /// A query parameter of a request cannot be read.
    #[error("query parameter {name}={value} cannot be read; {expected} is expected")]
    Query {
        /// The parameter.
        name: &'static str,
        /// What it was.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl Behaviour {
    /// Whether it can be followed.
    pub(crate) fn check(&self) -> Result<(), ScriptError> {
        match self {
            Self::Sequence(steps) => {
                let nested = steps.iter().any(|s| matches!(s, Self::Sequence(_)));
                if steps.is_empty() || steps.len() > SEQUENCE_STEPS_MAX || nested {
                    return Err(ScriptError::Sequence);
                }
                steps.iter().try_for_each(Self::check)
            }
            Self::Reply(reply) => reply.check(),
            Self::Chance(chance) => {
                if !(0.0..=1.0).contains(&chance.accept_rate) {
                    return Err(ScriptError::AcceptRate(chance.accept_rate));
                }
                chance.accepted.check()?;
                chance.refused.check()
            }
            Self::Raw(raw) => check_drip(raw.drip),
            Self::Vendor(script) => script.check(),
            Self::Hang | Self::Reset => Ok(()),
        }
    }

    /// What the request with that many predecessors under the same rule gets: never a sequence
    /// and never a chance.
    pub(crate) fn step(&self, predecessors: u64) -> Self {
        match self {
            Self::Sequence(steps) => {
                let last = steps.len().saturating_sub(1);
                let index = usize::try_from(predecessors).unwrap_or(last).min(last);
                steps.get(index).map_or(Self::Hang, |step| step.step(predecessors))
            }
            Self::Chance(chance) => Self::Reply(if chance.is_lucky(predecessors) {
                chance.accepted.clone()
            } else {
                chance.refused.clone()
            }),
            one => one.clone(),
        }
    }
}

impl Chance {
    fn is_lucky(&self, predecessors: u64) -> bool {
        share(self.seed, predecessors) < self.accept_rate
    }
}

/// The `n`-th draw of a seed: at least 0, less than 1.
pub(crate) fn share(seed: u64, n: u64) -> f64 {
    // The upper 53 bits are all that an f64 in [0, 1) can hold.
    let draw = splitmix64(seed, n) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
    let share = draw as f64 / (1u64 << 53) as f64;
    share
}

/// The `n`-th number of the SplitMix64 generator (Steele, Lea, Flood: "Fast splittable pseudorandom
/// number generators", 2014).
pub(crate) fn splitmix64(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn check_delay(ms: u64) -> Result<(), ScriptError> {
    if ms > DELAY_MS_MAX { Err(ScriptError::Delay(ms)) } else { Ok(()) }
}

fn check_drip(drip: Option<Drip>) -> Result<(), ScriptError> {
    match drip {
        Some(Drip { bytes: 0, .. }) => Err(ScriptError::Drip),
        Some(drip) => check_delay(drip.every_ms),
        None => Ok(()),
    }
}

impl Reply {
    fn check(&self) -> Result<(), ScriptError> {
        if self.status < 200 || StatusCode::from_u16(self.status).is_err() {
            return Err(ScriptError::Status(self.status));
        }
        for (name, value) in &self.headers {
            let name_ok = HeaderName::from_bytes(name.as_bytes()).is_ok();
            if !name_ok || HeaderValue::from_str(value).is_err() {
                return Err(ScriptError::Header(name.clone()));
            }
        }
        check_delay(self.delay_ms)?;
        check_drip(self.drip)?;
        let size = self.size.unwrap_or(0).max(self.cut.map_or(0, |cut| cut.after_bytes));
        if size > SIZE_BYTES_MAX { Err(ScriptError::Size(size)) } else { Ok(()) }
    }
}

/// Bytes in JSON: a text where they are one, `{"base64":"..."}` where not.
mod text_or_base64 {
    use super::Bytes;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error as _;
    use serde::ser::SerializeMap as _;
    use serde::{Deserialize, Deserializer, Serializer};
    use serde_json::Value;

    pub(super) fn serialize<S: Serializer>(
        bytes: &Bytes,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("base64", &STANDARD.encode(bytes))?;
        map.end()
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Bytes, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Value::String(text) = value {
            return Ok(Bytes::from(text));
        }
        value
            .get("base64")
            .and_then(Value::as_str)
            .and_then(|text| STANDARD.decode(text).ok())
            .map(Bytes::from)
            .ok_or_else(|| D::Error::custom("expected a text, or {\"base64\": \"...\"}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_goes_on_with_its_last_step() {
        let script = Behaviour::Sequence(vec![
            Reply::status(500).into(),
            Behaviour::Reset,
            Reply::status(200).into(),
        ]);
        for (n, expect) in [
            (0, Reply::status(500).into()),
            (1, Behaviour::Reset),
            (2, Reply::status(200).into()),
            (u64::MAX, Reply::status(200).into()),
        ] {
            assert_eq!(script.step(n), expect, "request {n}");
        }
    }

    #[test]
    fn draws_follow_the_rate_and_repeat_with_the_seed() {
        let draws = |accept_rate, seed| -> Vec<bool> {
            let accepted = Reply::default();
            let chance = Chance { accept_rate, seed, accepted, refused: refusal() };
            (0..10_000).map(|n| chance.is_lucky(n)).collect()
        };
        let lucky = draws(0.7, 7).iter().filter(|l| **l).count();
        assert!((6_800..7_200).contains(&lucky), "{lucky} of 10000 at a rate of 0.7");
        assert_eq!(draws(0.7, 7), draws(0.7, 7));
        assert_ne!(draws(0.7, 7), draws(0.7, 8));
        assert!(draws(1.0, 7).iter().all(|l| *l));
        assert!(!draws(0.0, 7).iter().any(|l| *l));
    }

    #[test]
    fn splitmix_gives_the_numbers_of_its_reference() {
        // First outputs for seed 1234567 of the published C code.
        let first: Vec<u64> = (0..3).map(|n| splitmix64(1_234_567, n)).collect();
        assert_eq!(
            first,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn scripts_that_cannot_be_followed_are_refused() {
        let check = |behaviour: Behaviour, expect: ScriptError| {
            assert_eq!(behaviour.check(), Err(expect), "{behaviour:?}");
        };
        check(Reply::status(100).into(), ScriptError::Status(100));
        check(Reply::status(1000).into(), ScriptError::Status(1000));
        check(
            Reply::status(200).header("bad name", "x").into(),
            ScriptError::Header("bad name".to_owned()),
        );
        check(Reply::status(200).header("x", "a\r\nb").into(), ScriptError::Header("x".to_owned()));
        check(Reply::status(200).delay_ms(600_001).into(), ScriptError::Delay(600_001));
        let size = SIZE_BYTES_MAX + 1;
        check(Reply { size: Some(size), ..Reply::default() }.into(), ScriptError::Size(size));
        let drip = Some(Drip { bytes: 0, every_ms: 1 });
        check(Reply { drip, ..Reply::default() }.into(), ScriptError::Drip);
        check(Behaviour::Sequence(Vec::new()), ScriptError::Sequence);
        check(
            Behaviour::Sequence(vec![Behaviour::Sequence(vec![Behaviour::Hang])]),
            ScriptError::Sequence,
        );
        let chance = Chance {
            accept_rate: 1.5,
            seed: 0,
            accepted: Reply::default(),
            refused: Reply::default(),
        };
        check(Behaviour::Chance(chance), ScriptError::AcceptRate(1.5));
    }

    #[test]
    fn json_goes_there_and_back() {
        for text in [
            r#"{"reply":{"status":503,"headers":[["Retry-After","5"]],"delay_ms":20}}"#,
            r#"{"sequence":[{"reply":{"status":500}},"reset","hang",{"reply":{}}]}"#,
            r#"{"chance":{"accept_rate":0.5,"seed":7}}"#,
            r#"{"raw":{"body":{"base64":"/wD/"},"drip":{"bytes":1,"every_ms":5}}}"#,
            r#"{"reply":{"cut":{"after_bytes":3,"how":"close"},"size":10}}"#,
        ] {
            let read: Behaviour = serde_json::from_str(text).unwrap();
            let again = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<Behaviour>(&again).unwrap(), read, "{text}");
        }
        let typo = serde_json::from_str::<Behaviour>(r#"{"reply":{"stauts":500}}"#);
        assert!(typo.unwrap_err().to_string().contains("unknown field `stauts`"));
    }
}
