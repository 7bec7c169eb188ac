//! Where a vendor decides what becomes of a lead.

use crate::vendor::fields::Fields;
use crate::vendor::memory::{LeadRow, Memory, Ping, Waiting};
use crate::vendor::prices::Cents;
use crate::vendor::script::{Outcome, VendorScript};
use baton_domain::time::Millis;

/// Names under which vendors' clients send an e-mail address, and phone numbers.
const EMAILS: [&str; 3] = ["email", "Email", "email_address"];
const PHONES: [&str; 10] = [
    "phone1",
    "phone",
    "phone_1",
    "phoneNumber",
    "cellPhone",
    "Phone",
    "Primary_Phone",
    "Phone_1",
    "mobile",
    "Mobile",
];

/// One vendor at one place, for the time of one request.
pub(super) struct Desk<'a> {
    pub(super) script: &'a VendorScript,
    pub(super) memory: &'a mut Memory,
    pub(super) place: &'a str,
    pub(super) now: Millis,
}

/// A well-formed lead that wants a decision.
pub(super) struct Offer<'a> {
    pub(super) campaign: &'a str,
    pub(super) fields: &'a Fields,
    /// Test leads are taken, are not drawn for, and are no duplicates.
    pub(super) test: bool,
}

/// What was decided.
#[derive(Clone, Copy)]
pub(super) struct Decision {
    pub(super) outcome: Outcome,
    pub(super) price: Cents,
    /// Number of the lead at this place, from 1; the vendor makes its id from it.
    pub(super) number: u64,
    pub(super) test: bool,
}

impl Desk<'_> {
    pub(super) fn next_number(&mut self) -> u64 {
        self.memory.last_number += 1;
        self.memory.last_number
    }

    /// The text of a refusal: the script's, or the vendor's usual one.
    pub(super) fn reason<'b>(&'b self, usual: &'b str) -> &'b str {
        self.script.reason.as_deref().unwrap_or(usual)
    }

    /// Names the script's campaign requires.
    pub(super) fn required(&self) -> impl Iterator<Item = &str> {
        self.script.required.iter().map(String::as_str)
    }

    /// Decides about a lead that came without a ping.
    pub(super) fn decide(&mut self, offer: &Offer<'_>) -> Decision {
        let decision = self.draw(offer);
        self.remember(offer, decision.outcome);
        decision
    }

    /// Decides about a ping: what is taken here is not known as a lead yet.
    pub(super) fn bid(&mut self, offer: &Offer<'_>) -> Decision {
        self.draw(offer)
    }

    /// Decides about a lead whose ping was taken at that price.
    pub(super) fn decide_after(&mut self, offer: &Offer<'_>, ping: Ping) -> Decision {
        let outcome = self.settled(offer).unwrap_or_else(|| {
            let n = self.memory.posts;
            self.memory.posts += 1;
            if self.script.accepts_post(n) { Outcome::Accepted } else { self.script.refusal }
        });
        self.remember(offer, outcome);
        let number = self.next_number();
        Decision { outcome, price: ping.price, number, test: offer.test }
    }

    /// The outcome that needs no draw.
    fn settled(&self, offer: &Offer<'_>) -> Option<Outcome> {
        if let Some(outcome) = self.script.outcome {
            return Some(outcome);
        }
        if self.script.code.is_some() {
            return Some(Outcome::Rejected);
        }
        if offer.test {
            return Some(Outcome::Accepted);
        }
        let known = |key: &String| self.memory.known.get(key).is_some();
        (self.script.duplicates && keys(offer).iter().any(known)).then_some(Outcome::Duplicate)
    }

    fn draw(&mut self, offer: &Offer<'_>) -> Decision {
        let n = self.memory.draws;
        let outcome = self.settled(offer).unwrap_or_else(|| {
            if self.script.accepts(n) { Outcome::Accepted } else { self.script.refusal }
        });
        if outcome != Outcome::Duplicate && !offer.test {
            self.memory.draws += 1;
        }
        let number = self.next_number();
        Decision { outcome, price: self.script.price(n), number, test: offer.test }
    }

    fn remember(&mut self, offer: &Offer<'_>, outcome: Outcome) {
        if outcome.is_taken() && !offer.test {
            for key in keys(offer) {
                self.memory.known.insert(key, ());
            }
        }
    }

    /// Makes a lead unknown again that the vendor did not take after all.
    pub(super) fn forget(&mut self, offer: &Offer<'_>) {
        for key in keys(offer) {
            self.memory.known.remove(&key);
        }
    }

    /// Puts a lead or ping on the list of what was received, under the vendor's id.
    pub(super) fn list(&mut self, id: &str, campaign: &str, decision: &Decision, ping: bool) {
        let row = LeadRow {
            vendor: self.script.name,
            place: self.place.to_owned(),
            id: id.to_owned(),
            campaign: campaign.to_owned(),
            outcome: decision.outcome,
            price: decision.price,
            test: decision.test,
            ping,
            updates: 0,
            at: self.now,
        };
        self.memory.leads.insert(id.to_owned(), row);
    }

    /// Keeps a lead whose outcome will be asked for. One that stays queued never gets any.
    pub(super) fn keep_waiting(&mut self, id: &str, decision: &Decision) {
        let waiting = Waiting {
            outcome: decision.outcome,
            price: decision.price,
            number: decision.number,
            polls_left: match decision.outcome {
                Outcome::Queued => u64::MAX,
                _ => self.script.polls,
            },
        };
        self.memory.waiting.insert(id.to_owned(), waiting);
    }

    /// Asks for a waiting lead: unknown, or whether it is still pending and what it is.
    pub(super) fn poll(&mut self, id: &str) -> Option<(bool, Waiting)> {
        let waiting = self.memory.waiting.get_mut(id)?;
        let pending = waiting.polls_left > 0;
        if pending && waiting.polls_left < u64::MAX {
            waiting.polls_left -= 1;
        }
        Some((pending, waiting.clone()))
    }

    /// Marks a lead as changed; false when it is not known.
    pub(super) fn update(&mut self, id: &str) -> bool {
        match self.memory.leads.get_mut(id) {
            Some(row) => {
                row.updates += 1;
                true
            }
            None => false,
        }
    }
}

/// What a lead is known by: its campaign with its e-mail address, and with its phone number.
fn keys(offer: &Offer<'_>) -> Vec<String> {
    let campaign = offer.campaign;
    let email = offer.fields.any(&EMAILS).map(|email| {
        let email = email.to_lowercase();
        format!("{campaign}\nemail\n{email}")
    });
    let phone = offer.fields.any(&PHONES).and_then(|phone| {
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        (!digits.is_empty()).then(|| format!("{campaign}\nphone\n{digits}"))
    });
    email.into_iter().chain(phone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor::script::VendorName;

    fn decide(memory: &mut Memory, script: &VendorScript, form: &str, test: bool) -> Outcome {
        let mut desk = Desk { script, memory, place: "/x", now: Millis(0) };
        let fields = Fields::from_form(form.as_bytes());
        let campaign = fields.get("campid").unwrap_or_default();
        desk.decide(&Offer { campaign, fields: &fields, test }).outcome
    }

    #[test]
    fn leads_are_known_by_campaign_with_email_or_phone() {
        let mut memory = Memory::default();
        let script = VendorScript::new(VendorName::Leadbyte);
        let mut check = |form: &str, expect: Outcome| {
            assert_eq!(decide(&mut memory, &script, form, false), expect, "{form}");
        };
        check("campid=A&email=Jo%40a.example&phone1=07700+900123", Outcome::Accepted);
        check("campid=A&email=jo%40A.example&phone1=1", Outcome::Duplicate);
        check("campid=A&email=al%40a.example&phone1=(07700)900-123", Outcome::Duplicate);
        check("campid=B&email=Jo%40a.example", Outcome::Accepted);
        check("campid=A", Outcome::Accepted);
        check("campid=A&email=+&phone1=-", Outcome::Accepted);
    }

    #[test]
    fn only_what_was_taken_is_known() {
        let form = "campid=A&email=jo%40a.example";
        let mut memory = Memory::default();
        let mut script = VendorScript::new(VendorName::Leadbyte);
        script.accept_rate = 0.0;
        assert_eq!(decide(&mut memory, &script, form, false), Outcome::Rejected);
        assert_eq!(decide(&mut memory, &script, form, true), Outcome::Accepted, "a test");
        script.accept_rate = 1.0;
        assert_eq!(decide(&mut memory, &script, form, false), Outcome::Accepted);
        assert_eq!(decide(&mut memory, &script, form, false), Outcome::Duplicate);
        script.duplicates = false;
        assert_eq!(decide(&mut memory, &script, form, false), Outcome::Accepted);
        script.outcome = Some(Outcome::CapReached);
        assert_eq!(decide(&mut memory, &script, form, true), Outcome::CapReached);
    }

    #[test]
    fn draws_can_be_foretold_whatever_comes_between() {
        let mut memory = Memory::default();
        let mut script = VendorScript::new(VendorName::Leadbyte);
        script.accept_rate = 0.5;
        script.seed = 9;
        let known = "campid=A&email=known%40a.example";
        let accepted = |outcome| outcome == Outcome::Accepted;
        while !accepted(decide(&mut memory, &script, known, false)) {}
        let before = memory.draws;
        for n in 0..50 {
            assert_eq!(decide(&mut memory, &script, known, false), Outcome::Duplicate);
            decide(&mut memory, &script, "campid=A&email=test%40a.example", true);
            let form = format!("campid=A&email={n}%40a.example");
            let got = accepted(decide(&mut memory, &script, &form, false));
            assert_eq!(got, script.accepts(before + n), "lead {n}");
        }
    }
}
