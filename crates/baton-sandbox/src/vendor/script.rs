//! How a vendor is told to answer, as data.

use crate::behaviour::{Behaviour, DELAY_MS_MAX, ScriptError, share, splitmix64};
use crate::vendor::prices::{Cents, Prices};
use http::HeaderValue;
use serde::{Deserialize, Serialize};

/// Most bids of one ping's answer.
pub const BIDS_MAX: u8 = 20;
/// Most names in [`VendorScript::required`].
pub const REQUIRED_MAX: usize = 200;

/// Keeps the draws of one request apart: each kind of draw has a stream of its own.
const PRICE_STREAM: u64 = 0x7072_6963_6500_0001;
const POST_STREAM: u64 = 0x706f_7374_0000_0002;
const FAULT_STREAM: u64 = 0x6661_756c_7400_0003;
const DELAY_STREAM: u64 = 0x6465_6c61_7900_0004;

/// A vendor whose API the sandbox speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VendorName {
    /// LeadByte: REST v1.3 and the classic API.
    Leadbyte,
    /// LeadProsper: direct post and ping/post.
    Leadprosper,
    /// Phonexa LMS Sync.
    Phonexa,
    /// LeadConduit: submit and ping.
    Leadconduit,
    /// boberdoo: form, JSON and XML endpoints.
    Boberdoo,
    /// Zapier: catch hooks and the target URLs of REST hooks.
    Zapier,
    /// An invented CRM: a token first, then leads as JSON or XML.
    Crm,
}

impl VendorName {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Leadbyte,
        Self::Leadprosper,
        Self::Phonexa,
        Self::Leadconduit,
        Self::Boberdoo,
        Self::Zapier,
        Self::Crm,
    ];

    /// The word in paths and scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leadbyte => "leadbyte",
            Self::Leadprosper => "leadprosper",
            Self::Phonexa => "phonexa",
            Self::Leadconduit => "leadconduit",
            Self::Boberdoo => "boberdoo",
            Self::Zapier => "zapier",
            Self::Crm => "crm",
        }
    }

    /// The vendor that answers a path for which there is no rule: the one named by its first
    /// segment, when something follows.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let (first, _) = path.strip_prefix('/')?.split_once('/')?;
        Self::ALL.into_iter().find(|name| name.as_str() == first)
    }
}

/// What becomes of a lead; the words are those of Baton's verdicts. Each vendor says it in its own
/// way, and the nearest it has where it knows no such answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Taken.
    Accepted,
    /// Taken, to be decided later, which never comes.
    Queued,
    /// Not wanted.
    Rejected,
    /// Had already.
    Duplicate,
    /// A field is missing or wrong.
    Invalid,
    /// The day's number is full.
    CapReached,
    /// The credentials or the campaign are wrong.
    AuthOrConfig,
    /// Too many requests.
    RateLimited,
    /// A fault on the vendor's side.
    Transient,
}

impl Outcome {
    const ALL: [Self; 9] = [
        Self::Accepted,
        Self::Queued,
        Self::Rejected,
        Self::Duplicate,
        Self::Invalid,
        Self::CapReached,
        Self::AuthOrConfig,
        Self::RateLimited,
        Self::Transient,
    ];

    /// The word in scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Queued => "queued",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
            Self::Invalid => "invalid",
            Self::CapReached => "cap_reached",
            Self::AuthOrConfig => "auth_or_config",
            Self::RateLimited => "rate_limited",
            Self::Transient => "transient",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }

    /// True when the vendor has the lead afterwards.
    pub(crate) fn is_taken(self) -> bool {
        matches!(self, Self::Accepted | Self::Queued)
    }
}

/// How a vendor is to answer. Without anything said it takes every lead that is well formed and
/// new, for 25.00.
///
/// As JSON: `{"vendor":{"name":"leadbyte","accept_rate":0.7,"seed":7,"prices":"5-25"}}`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VendorScript {
    /// Whose API is spoken.
    pub name: VendorName,
    /// What every well-formed lead gets, known or not; nothing is drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Refuses every well-formed lead with this code of the vendor's own, where it has codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// The text of refusals, instead of the vendor's usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Share of new leads that are taken, 0 to 1.
    #[serde(default = "all")]
    pub accept_rate: f64,
    /// Share of leads that are taken after their ping was, 0 to 1.
    #[serde(default = "all")]
    pub post_accept_rate: f64,
    /// What the others get.
    #[serde(default = "rejected")]
    pub refusal: Outcome,
    /// Seed of all draws.
    #[serde(default)]
    pub seed: u64,
    /// What is paid or bid.
    #[serde(default)]
    pub prices: Prices,
    /// Shortest time before an answer, in milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
    /// Longest time before an answer, in milliseconds; less than the shortest means no spread.
    #[serde(default)]
    pub delay_ms_max: u64,
    /// Share of requests that get the fault, 0 to 1.
    #[serde(default)]
    pub fault_rate: f64,
    /// What they get; an empty 503 when nothing is said. Not a sequence, a chance or a vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Behaviour>,
    /// Whether the vendor has taken the lead although the answer is the fault, so that asking
    /// again finds a duplicate.
    #[serde(default)]
    pub fault_takes_lead: bool,
    /// Whether a lead that was taken is a duplicate when it comes again.
    #[serde(default = "yes")]
    pub duplicates: bool,
    /// Names of lead fields that the campaign requires, besides what the API itself does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// Where the person is to be sent, for vendors whose answer says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_url: Option<String>,
    /// Bids in the answer to a LeadProsper ping; with more than one the lead is shared.
    #[serde(default = "one")]
    pub bids: u8,
    /// HTTP status of business errors of LeadByte and LeadProsper, which is 200 usually.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_status: Option<u16>,
    /// LeadByte: live buyer responses, so that the answer holds `records`.
    #[serde(default)]
    pub live: bool,
    /// boberdoo: the source does not see whether a lead matched. Zapier: silent mode.
    #[serde(default)]
    pub hidden: bool,
    /// boberdoo: XML answers are escaped once more.
    #[serde(default)]
    pub escaped: bool,
    /// How often a queued lead is still pending when asked for.
    #[serde(default)]
    pub polls: u64,
    /// CRM: how long a token lives, in seconds.
    #[serde(default = "hour")]
    pub token_seconds: u32,
    /// CRM: how many requests a token is good for; without it, any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_uses: Option<u64>,
}

fn all() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

fn one() -> u8 {
    1
}

fn hour() -> u32 {
    3_600
}

fn rejected() -> Outcome {
    Outcome::Rejected
}

impl VendorScript {
    /// The vendor that takes every lead that is well formed and new.
    #[must_use]
    pub fn new(name: VendorName) -> Self {
        Self {
            name,
            outcome: None,
            code: None,
            reason: None,
            accept_rate: all(),
            post_accept_rate: all(),
            refusal: rejected(),
            seed: 0,
            prices: Prices::default(),
            delay_ms: 0,
            delay_ms_max: 0,
            fault_rate: 0.0,
            fault: None,
            fault_takes_lead: false,
            duplicates: yes(),
            required: Vec::new(),
            redirect_url: None,
            bids: one(),
            error_status: None,
            live: false,
            hidden: false,
            escaped: false,
            polls: 0,
            token_seconds: hour(),
            token_uses: None,
        }
    }

    /// Whether the `n`-th lead (or ping) that is drawn for is taken, from 0. It depends on seed,
    /// rate and `n` only.
    #[must_use]
    pub fn accepts(&self, n: u64) -> bool {
        share(self.seed, n) < self.accept_rate
    }

    /// Whether the `n`-th post after a ping is taken, from 0.
    #[must_use]
    pub fn accepts_post(&self, n: u64) -> bool {
        share(self.seed ^ POST_STREAM, n) < self.post_accept_rate
    }

    /// What the `n`-th lead (or ping) is worth, from 0.
    #[must_use]
    pub fn price(&self, n: u64) -> Cents {
        self.prices.pick(splitmix64(self.seed ^ PRICE_STREAM, n))
    }

    /// Whether the `n`-th request gets the fault, from 0.
    #[must_use]
    pub fn faults(&self, n: u64) -> bool {
        share(self.seed ^ FAULT_STREAM, n) < self.fault_rate
    }

    /// How long the `n`-th request waits for its answer, from 0, in milliseconds.
    #[must_use]
    pub fn delay(&self, n: u64) -> u64 {
        let spread = self.delay_ms_max.saturating_sub(self.delay_ms);
        self.delay_ms + splitmix64(self.seed ^ DELAY_STREAM, n) % (spread + 1)
    }

    /// Whether it can be followed.
    pub(crate) fn check(&self) -> Result<(), ScriptError> {
        for rate in [self.accept_rate, self.post_accept_rate, self.fault_rate] {
            if !(0.0..=1.0).contains(&rate) {
                return Err(ScriptError::AcceptRate(rate));
            }
        }
        let delay = self.delay_ms.max(self.delay_ms_max);
        if delay > DELAY_MS_MAX {
            return Err(ScriptError::Delay(delay));
        }
        if let Some(fault) = &self.fault {
            if matches!(fault, Behaviour::Sequence(_) | Behaviour::Chance(_) | Behaviour::Vendor(_))
            {
                return Err(ScriptError::Fault);
            }
            fault.check()?;
        }
        if let Some(status) = self.error_status
            && !(200..=599).contains(&status)
        {
            return Err(ScriptError::Status(status));
        }
        if let Some(url) = &self.redirect_url
            && HeaderValue::from_str(url).is_err()
        {
            return Err(ScriptError::Header("redirect_url".to_owned()));
        }
        if self.bids == 0 || self.bids > BIDS_MAX {
            return Err(ScriptError::Bids(self.bids));
        }
        if self.required.len() > REQUIRED_MAX {
            return Err(ScriptError::Required(self.required.len()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behaviour::Reply;

    #[test]
    fn paths_name_their_vendor() {
        let check = |path: &str, expect: Option<VendorName>| {
            assert_eq!(VendorName::of_path(path), expect, "{path}");
        };
        check("/leadbyte/restapi/v1.3/leads", Some(VendorName::Leadbyte));
        check("/crm/leads", Some(VendorName::Crm));
        check("/crm", None);
        check("/hook/crm/leads", None);
        check("crm/leads", None);
        check("/", None);
    }

    #[test]
    fn draws_repeat_and_follow_their_rates() {
        let mut script = VendorScript::new(VendorName::Leadbyte);
        script.accept_rate = 0.3;
        script.fault_rate = 0.1;
        script.seed = 5;
        script.delay_ms = 20;
        script.delay_ms_max = 40;
        script.prices = "5-25".parse().unwrap();
        let count = |hit: &dyn Fn(u64) -> bool| (0..10_000).filter(|n| hit(*n)).count();
        assert!((2_800..3_200).contains(&count(&|n| script.accepts(n))));
        assert!((850..1_150).contains(&count(&|n| script.faults(n))));
        assert_eq!(count(&|n| script.accepts_post(n)), 10_000);
        assert!((0..1_000).all(|n| (20..=40).contains(&script.delay(n))));
        assert!((0..1_000).all(|n| (500..=2_500).contains(&script.price(n).0)));
        let both = count(&|n| script.accepts(n) && script.faults(n));
        assert!((200..400).contains(&both), "the draws of one request are independent: {both}");
        assert_eq!(script.price(7), script.clone().price(7));
    }

    #[test]
    fn scripts_that_cannot_be_followed_are_refused() {
        let check = |change: &dyn Fn(&mut VendorScript), expect: ScriptError| {
            let mut script = VendorScript::new(VendorName::Crm);
            change(&mut script);
            assert_eq!(script.check(), Err(expect));
        };
        check(&|s| s.fault_rate = -0.1, ScriptError::AcceptRate(-0.1));
        check(&|s| s.delay_ms_max = 600_001, ScriptError::Delay(600_001));
        check(&|s| s.fault = Some(Behaviour::Sequence(Vec::new())), ScriptError::Fault);
        check(&|s| s.fault = Some(Reply::status(99).into()), ScriptError::Status(99));
        check(&|s| s.error_status = Some(100), ScriptError::Status(100));
        check(&|s| s.bids = 0, ScriptError::Bids(0));
        let bad_url = |s: &mut VendorScript| s.redirect_url = Some("http://a\nb".to_owned());
        check(&bad_url, ScriptError::Header("redirect_url".to_owned()));
    }

    #[test]
    fn json_goes_there_and_back() {
        let text = r#"{"vendor":{"name":"leadbyte","accept_rate":0.7,"prices":"5.00-25.00",
            "fault_rate":0.1,"fault":"reset","required":["phone1"]}}"#;
        let read: Behaviour = serde_json::from_str(text).unwrap();
        let again = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Behaviour>(&again).unwrap(), read);
        let Behaviour::Vendor(script) = read else { panic!("{again}") };
        assert_eq!((script.accept_rate, script.fault), (0.7, Some(Behaviour::Reset)));
        for wrong in [
            r#"{"vendor":{}}"#,
            r#"{"vendor":{"name":"leadsbyte"}}"#,
            r#"{"vendor":{"name":"crm","prices":"free"}}"#,
            r#"{"vendor":{"name":"crm","acept_rate":1}}"#,
        ] {
            assert!(serde_json::from_str::<Behaviour>(wrong).is_err(), "{wrong}");
        }
    }
}
