//! Behaviour that a request asks for in its own query.

use crate::behaviour::{Behaviour, Chance, Drip, Reply, SEQUENCE_STEPS_MAX, ScriptError, refusal};
use crate::vendor::script::{Outcome, VendorName, VendorScript};
use std::str::FromStr;

/// What a query asks for, as far as every path knows the words.
struct Asked {
    reply: Reply,
    /// Whether anything was said about the answer itself.
    scripted: bool,
    whole: Option<Behaviour>,
    delay_ms: u64,
    accept_rate: Option<f64>,
    seed: u64,
    fail_first: usize,
}

impl Asked {
    fn new() -> Self {
        Self {
            reply: Reply::default(),
            scripted: false,
            whole: None,
            delay_ms: 0,
            accept_rate: None,
            seed: 0,
            fail_first: 0,
        }
    }

    /// Takes in one parameter; others than the sandbox's are passed over.
    fn take(&mut self, name: &str, value: &str) -> Result<(), ScriptError> {
        let reply = &mut self.reply;
        match name {
            "delay_ms" => self.delay_ms = number("delay_ms", value)?,
            "accept_rate" => self.accept_rate = Some(number("accept_rate", value)?),
            "seed" => self.seed = number("seed", value)?,
            "fail_first" => self.fail_first = number("fail_first", value)?,
            "reset" if flag("reset", value)? => self.whole = Some(Behaviour::Reset),
            "hang" if flag("hang", value)? => self.whole = Some(Behaviour::Hang),
            "status" => reply.status = number("status", value)?,
            "body" => reply.body = value.to_owned().into(),
            "header" => {
                let (name, value) = value.split_once(':').ok_or_else(|| ScriptError::Query {
                    name: "header",
                    value: value.to_owned(),
                    expected: "Name: value",
                })?;
                reply.headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
            "retry_after" => reply.headers.push(("retry-after".to_owned(), value.to_owned())),
            "drip" => reply.drip = Some(Drip { bytes: 1, every_ms: number("drip", value)? }),
            "size" => reply.size = Some(number("size", value)?),
            "redirect" => {
                reply.status = 302;
                reply.headers.push(("location".to_owned(), value.to_owned()));
            }
            _ => return Ok(()),
        }
        let about_answer = !["delay_ms", "accept_rate", "seed", "fail_first"].contains(&name);
        self.scripted |= about_answer;
        Ok(())
    }

    /// The answer that is asked for.
    fn answer(&self) -> Behaviour {
        let reply = || self.reply.clone().delay_ms(self.delay_ms).into();
        self.whole.clone().unwrap_or_else(reply)
    }
}

/// The behaviour a query asks for; parameters that are none of the sandbox's are passed over.
///
/// # Errors
/// When one of the sandbox's own parameters cannot be read, or asks for more than a limit.
pub(crate) fn behaviour(query: &str) -> Result<Behaviour, ScriptError> {
    let mut asked = Asked::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        asked.take(&name, &value)?;
    }
    let behaviour = match (&asked.whole, asked.accept_rate) {
        (None, Some(accept_rate)) => Behaviour::Chance(Chance {
            accept_rate,
            seed: asked.seed,
            accepted: asked.reply.clone().delay_ms(asked.delay_ms),
            refused: refusal(),
        }),
        _ => asked.answer(),
    };
    let behaviour = fail_first_then(asked.fail_first, behaviour)?;
    behaviour.check()?;
    Ok(behaviour)
}

/// The behaviour of a vendor whose path is asked. What the query says about the answer itself is
/// the fault: of the first requests with `fail_first`, of some with `fault_rate`, else of all.
///
/// # Errors
/// As those of [`behaviour`].
pub(crate) fn vendor(query: &str, name: VendorName) -> Result<Behaviour, ScriptError> {
    let mut asked = Asked::new();
    let mut script = VendorScript::new(name);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        asked.take(&name, &value)?;
        script_word(&mut script, &name, &value)?;
    }
    script.delay_ms = asked.delay_ms;
    script.seed = asked.seed;
    script.accept_rate = asked.accept_rate.unwrap_or(script.accept_rate);
    let fault = asked.scripted.then(|| asked.answer());
    if asked.fail_first >= SEQUENCE_STEPS_MAX {
        return Err(ScriptError::Sequence);
    }
    let behaviour = if asked.fail_first > 0 {
        let mut steps = vec![fault.unwrap_or(Reply::status(503).into()); asked.fail_first];
        steps.push(script.into());
        Behaviour::Sequence(steps)
    } else if script.fault_rate > 0.0 {
        script.fault = fault;
        script.into()
    } else {
        fault.unwrap_or_else(|| script.into())
    };
    behaviour.check()?;
    Ok(behaviour)
}

/// Takes in one parameter that only vendors know.
fn script_word(script: &mut VendorScript, name: &str, value: &str) -> Result<(), ScriptError> {
    let outcome = |name| {
        Outcome::parse(value).ok_or_else(|| ScriptError::Query {
            name,
            value: value.to_owned(),
            expected: "an outcome such as accepted, rejected or duplicate",
        })
    };
    match name {
        "outcome" => script.outcome = Some(outcome("outcome")?),
        "refusal" => script.refusal = outcome("refusal")?,
        "code" => script.code = Some(number("code", value)?),
        "reason" => script.reason = Some(value.to_owned()),
        "prices" => {
            script.prices = value.parse().map_err(|_| ScriptError::Query {
                name: "prices",
                value: value.to_owned(),
                expected: "a price, a range such as 5-25, or a list such as 5,10,25",
            })?;
        }
        "post_accept_rate" => script.post_accept_rate = number("post_accept_rate", value)?,
        "fault_rate" => script.fault_rate = number("fault_rate", value)?,
        "fault_takes_lead" => script.fault_takes_lead = flag("fault_takes_lead", value)?,
        "delay_ms_max" => script.delay_ms_max = number("delay_ms_max", value)?,
        "duplicates" => script.duplicates = flag("duplicates", value)?,
        "required" => script.required = value.split(',').map(str::to_owned).collect(),
        "redirect_url" => script.redirect_url = Some(value.to_owned()),
        "bids" => script.bids = number("bids", value)?,
        "error_status" => script.error_status = Some(number("error_status", value)?),
        "live" => script.live = flag("live", value)?,
        "hidden" => script.hidden = flag("hidden", value)?,
        "escaped" => script.escaped = flag("escaped", value)?,
        "polls" => script.polls = number("polls", value)?,
        "token_seconds" => script.token_seconds = number("token_seconds", value)?,
        "token_uses" => script.token_uses = Some(number("token_uses", value)?),
        _ => {}
    }
    Ok(())
}

/// The behaviour after that many failures. A behaviour that is a success by itself fails with 503
/// before; any other is the failure, and a success follows.
fn fail_first_then(times: usize, behaviour: Behaviour) -> Result<Behaviour, ScriptError> {
    if times == 0 {
        return Ok(behaviour);
    }
    if times >= SEQUENCE_STEPS_MAX {
        return Err(ScriptError::Sequence);
    }
    let succeeds = match &behaviour {
        Behaviour::Reply(reply) => (200..300).contains(&reply.status),
        Behaviour::Chance(_) => true,
        _ => false,
    };
    let (failure, success) = if succeeds {
        (Reply::status(503).into(), behaviour)
    } else {
        (behaviour, Reply::default().into())
    };
    let mut steps = vec![failure; times];
    steps.push(success);
    Ok(Behaviour::Sequence(steps))
}

fn number<T: FromStr>(name: &'static str, value: &str) -> Result<T, ScriptError> {
    value.parse().map_err(|_| ScriptError::Query {
        name,
        value: value.to_owned(),
        expected: "a number in range",
    })
}

fn flag(name: &'static str, value: &str) -> Result<bool, ScriptError> {
    match value {
        "1" | "true" | "" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(ScriptError::Query { name, value: value.to_owned(), expected: "0 or 1" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(query: &str, expect: impl Into<Behaviour>) {
        assert_eq!(behaviour(query), Ok(expect.into()), "{query}");
    }

    #[test]
    fn queries_ask_for_behaviour() {
        check("", Reply::default());
        check("email=a%40b.example&utm_source=x", Reply::default());
        check(
            "status=500&delay_ms=200&body=%7B%7D",
            Reply::status(500).delay_ms(200).body(&b"{}"[..]),
        );
        check("retry_after=5&status=429", Reply::status(429).header("retry-after", "5"));
        check("header=X-A:%20b", Reply::default().header("X-A", "b"));
        check("redirect=http://a.example/", Reply::redirect("http://a.example/"));
        check("reset=1", Behaviour::Reset);
        check("hang=1", Behaviour::Hang);
        check("reset=0", Reply::default());
        let drip = Some(Drip { bytes: 1, every_ms: 2 });
        check("drip=2&size=9", Reply { drip, size: Some(9), ..Reply::default() });
        check(
            "accept_rate=0.7&seed=7",
            Behaviour::Chance(Chance {
                accept_rate: 0.7,
                seed: 7,
                accepted: Reply::default(),
                refused: refusal(),
            }),
        );
    }

    #[test]
    fn failures_come_first_then_success() {
        let failed = || Behaviour::from(Reply::status(503));
        check(
            "fail_first=2",
            Behaviour::Sequence(vec![failed(), failed(), Reply::default().into()]),
        );
        check(
            "fail_first=1&status=500",
            Behaviour::Sequence(vec![Reply::status(500).into(), Reply::default().into()]),
        );
        check(
            "fail_first=1&reset=1",
            Behaviour::Sequence(vec![Behaviour::Reset, Reply::default().into()]),
        );
    }

    #[test]
    fn queries_script_vendors() {
        let check = |query: &str, expect: Behaviour| {
            assert_eq!(vendor(query, VendorName::Leadbyte), Ok(expect), "{query}");
        };
        let plain = || VendorScript::new(VendorName::Leadbyte);
        check("key=abc&email=a%40b.example", plain().into());
        check(
            "outcome=duplicate&live=1&prices=5-25&seed=7&accept_rate=0.5&delay_ms=20&delay_ms_max=40",
            VendorScript {
                outcome: Some(Outcome::Duplicate),
                live: true,
                prices: "5-25".parse().unwrap(),
                seed: 7,
                accept_rate: 0.5,
                delay_ms: 20,
                delay_ms_max: 40,
                ..plain()
            }
            .into(),
        );
        check("required=phone1,email", {
            VendorScript { required: vec!["phone1".to_owned(), "email".to_owned()], ..plain() }
                .into()
        });
        check("status=500", Reply::status(500).into());
        check("fail_first=1&reset=1", Behaviour::Sequence(vec![Behaviour::Reset, plain().into()]));
        check(
            "fault_rate=0.1&status=500&fault_takes_lead=1",
            VendorScript {
                fault_rate: 0.1,
                fault: Some(Reply::status(500).into()),
                fault_takes_lead: true,
                ..plain()
            }
            .into(),
        );
        for (query, name) in
            [("outcome=sold", "outcome"), ("prices=free", "prices"), ("live=maybe", "live")]
        {
            let error = vendor(query, VendorName::Leadbyte).unwrap_err();
            assert!(matches!(error, ScriptError::Query { name: n, .. } if n == name), "{query}");
        }
        let many = vendor("fail_first=18446744073709551615", VendorName::Leadprosper);
        assert_eq!(many, Err(ScriptError::Sequence));
        assert_eq!(vendor("bids=21", VendorName::Leadprosper), Err(ScriptError::Bids(21)));
    }

    #[test]
    fn unreadable_parameters_are_named() {
        for (query, name) in
            [("status=abc", "status"), ("delay_ms=-1", "delay_ms"), ("reset=yes", "reset")]
        {
            let error = behaviour(query).unwrap_err();
            assert!(matches!(error, ScriptError::Query { name: n, .. } if n == name), "{query}");
        }
        assert_eq!(behaviour("status=42"), Err(ScriptError::Status(42)));
        assert_eq!(behaviour("fail_first=1000"), Err(ScriptError::Sequence));
    }

    proptest! {
        #[test]
        fn no_query_panics(query in "(status|size|drip|header|seed|fail_first|accept_rate)=\\PC{0,12}") {
            let _ = behaviour(&query);
        }
    }
}
