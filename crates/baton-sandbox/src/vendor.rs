//! Answers in the words of the vendors that Baton delivers to.
//!
//! Each vendor is a module: which paths it serves, what it checks, how it says each outcome. What
//! is documented by the vendors and what is a guess is told in `docs/sandbox.md`.

mod ask;
mod boberdoo;
mod crm;
mod desk;
mod fields;
mod leadbyte;
mod leadconduit;
mod leadprosper;
mod memory;
mod phonexa;
pub(crate) mod prices;
pub(crate) mod script;
mod zapier;

pub(crate) use memory::Memories;

use crate::behaviour::{Behaviour, Reply};
use ask::Ask;
use baton_domain::secret::Secret;
use baton_domain::time::Millis;
use desk::Desk;
use http::request::Parts;
use script::{Outcome, VendorName, VendorScript};
use serde_json::Value;

/// A vendor's answer, and a word about it for the list of what was received: an outcome, or what
/// was wrong with the request. It holds names of fields, never their values.
struct Answer {
    reply: Reply,
    note: String,
}

impl Answer {
    fn json(status: u16, body: &Value, note: impl Into<String>) -> Self {
        Self { reply: Reply::status(status).body(body.to_string()), note: note.into() }
    }

    fn xml(status: u16, body: String, note: impl Into<String>) -> Self {
        let reply = Reply::status(status).header("content-type", "text/xml; charset=utf-8");
        Self { reply: reply.body(body), note: note.into() }
    }

    fn text(status: u16, body: &str, note: impl Into<String>) -> Self {
        let reply = Reply::status(status).header("content-type", "text/plain; charset=utf-8");
        Self { reply: reply.body(body.to_owned()), note: note.into() }
    }

    /// HTTP 429 and 503, for the two outcomes that most vendors have no words for.
    fn overload(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::RateLimited => Some(Self::text(429, "Too Many Requests\n", outcome.as_str())),
            Outcome::Transient => Some(Self::text(503, "Service Unavailable\n", outcome.as_str())),
            _ => None,
        }
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.reply = self.reply.header(name, value);
        self
    }
}

/// Text for an element or attribute.
fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

fn serves(name: VendorName, rest: &str) -> bool {
    match name {
        VendorName::Leadbyte => leadbyte::serves(rest),
        VendorName::Leadprosper => leadprosper::serves(rest),
        VendorName::Phonexa => phonexa::serves(rest),
        VendorName::Leadconduit => leadconduit::serves(rest),
        VendorName::Boberdoo => boberdoo::serves(rest),
        VendorName::Zapier => zapier::serves(rest),
        VendorName::Crm => crm::serves(rest),
    }
}

/// The paths a vendor serves, for who asks for another.
fn paths(name: VendorName) -> &'static str {
    match name {
        VendorName::Leadbyte => leadbyte::PATHS,
        VendorName::Leadprosper => leadprosper::PATHS,
        VendorName::Phonexa => phonexa::PATHS,
        VendorName::Leadconduit => leadconduit::PATHS,
        VendorName::Boberdoo => boberdoo::PATHS,
        VendorName::Zapier => zapier::PATHS,
        VendorName::Crm => crm::PATHS,
    }
}

fn answer(name: VendorName, ask: &Ask<'_>, desk: &mut Desk<'_>) -> Answer {
    match name {
        VendorName::Leadbyte => leadbyte::answer(ask, desk),
        VendorName::Leadprosper => leadprosper::answer(ask, desk),
        VendorName::Phonexa => phonexa::answer(ask, desk),
        VendorName::Leadconduit => leadconduit::answer(ask, desk),
        VendorName::Boberdoo => boberdoo::answer(ask, desk),
        VendorName::Zapier => zapier::answer(ask, desk),
        VendorName::Crm => crm::answer(ask, desk),
    }
}

/// Where the vendor's own path begins: the place before it, and the rest.
fn split(name: VendorName, path: &str) -> Option<(&str, &str)> {
    path.match_indices('/').map(|(at, _)| path.split_at(at)).find(|(_, rest)| serves(name, rest))
}

/// What a scripted vendor does with a request, and its note. `key` is the credential the path's
/// secret wants; without one any credential is right.
pub(crate) fn act(
    memories: &Memories,
    script: &VendorScript,
    head: &Parts,
    body: &[u8],
    now: Millis,
    key: Option<Secret>,
) -> (Behaviour, String) {
    let path = head.uri.path();
    let Some((place, rest)) = split(script.name, path) else {
        let (name, paths) = (script.name.as_str(), paths(script.name));
        let text = format!("the sandbox's {name} has no such path; it answers {paths}\n");
        let answer = Answer::text(404, &text, "no such path");
        return (answer.reply.into(), answer.note);
    };
    memories.with(script.name, place, |memory| {
        let n = memory.requests;
        memory.requests += 1;
        let fault = script
            .faults(n)
            .then(|| script.fault.clone().unwrap_or_else(|| Reply::status(503).body("").into()));
        if let Some(fault) = &fault
            && !script.fault_takes_lead
        {
            return (fault.clone(), "fault".to_owned());
        }
        let ask = Ask { head, rest, body, now, key };
        let mut desk = Desk { script, memory, place, now };
        let answer = answer(script.name, &ask, &mut desk);
        match fault {
            Some(fault) => (fault, format!("fault after {}", answer.note)),
            None => (answer.reply.delay_ms(script.delay(n)).into(), answer.note),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;
    use proptest::prelude::*;

    fn ask(script: &VendorScript, method: &str, uri: &str, kind: &str, body: &[u8]) -> Behaviour {
        let request = Request::builder().method(method).uri(uri).header("content-type", kind);
        let (head, ()) = request.header("x_key", "k").body(()).unwrap().into_parts();
        act(&Memories::default(), script, &head, body, Millis(0), None).0
    }

    #[test]
    fn the_place_is_what_stands_before_the_vendors_path() {
        let check = |name, path: &str, expect: Option<(&str, &str)>| {
            assert_eq!(split(name, path), expect, "{path}");
        };
        let leads = "/restapi/v1.3/leads";
        check(VendorName::Leadbyte, leads, Some(("", leads)));
        check(VendorName::Leadbyte, "/a/b/restapi/v1.3/leads", Some(("/a/b", leads)));
        check(VendorName::Leadbyte, "/leadbyte/leads", None);
        check(VendorName::Leadprosper, "/leadprosper/ping", Some(("/leadprosper", "/ping")));
        check(VendorName::Crm, "/crm/leads/crm-1", Some(("/crm", "/leads/crm-1")));
    }

    #[test]
    fn another_path_is_told_which_there_are() {
        let script = VendorScript::new(VendorName::Phonexa);
        let Behaviour::Reply(reply) = ask(&script, "POST", "/phonexa/leads", "", b"") else {
            panic!("an answer is expected")
        };
        assert_eq!(reply.status, 404);
        assert!(reply.body.windows(10).any(|w| w == b"/fullpost/"));
    }

    proptest! {
        #[test]
        fn no_request_panics(
            vendor in 0..VendorName::ALL.len(),
            path in 0..16usize,
            kind in "(application/json|text/xml|application/x-www-form-urlencoded|text/html|;=)",
            body in "(\\{\"(Request|leads|lp_key|apiId|email)\":(\\[|\"|\\{|1).{0,20})|(<Request>.{0,30})|.{0,40}",
            method in "(GET|POST|PUT|DELETE|PATCH)",
        ) {
            let name = VendorName::ALL[vendor];
            let all: Vec<&str> = paths(name).split([' ', ',']).filter(|p| p.starts_with('/')).collect();
            let uri = all[path % all.len()].replace(['{', '}'], "");
            ask(&VendorScript::new(name), &method, &uri, &kind, body.as_bytes());
        }
    }
}
