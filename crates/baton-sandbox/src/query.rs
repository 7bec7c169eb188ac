//! Behaviour that a request asks for in its own query.

use crate::behaviour::{Behaviour, Chance, Drip, Reply, SEQUENCE_STEPS_MAX, ScriptError, refusal};
use std::str::FromStr;

/// The behaviour a query asks for; parameters that are none of the sandbox's are passed over.
///
/// # Errors
/// When one of the sandbox's own parameters cannot be read, or asks for more than a limit.
pub(crate) fn behaviour(query: &str) -> Result<Behaviour, ScriptError> {
    let mut reply = Reply::default();
    let mut whole = None;
    let mut accept_rate: Option<f64> = None;
    let mut seed = 0;
    let mut fail_first = 0;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "status" => reply.status = number("status", &value)?,
            "delay_ms" => reply.delay_ms = number("delay_ms", &value)?,
            "body" => reply.body = value.into_owned().into(),
            "header" => {
                let (name, value) = value.split_once(':').ok_or_else(|| ScriptError::Query {
                    name: "header",
                    value: value.to_string(),
                    expected: "Name: value",
                })?;
                reply.headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
            "retry_after" => reply.headers.push(("retry-after".to_owned(), value.into_owned())),
            "drip" => {
                reply.drip = Some(Drip { bytes: 1, every_ms: number("drip", &value)? });
            }
            "size" => reply.size = Some(number("size", &value)?),
            "redirect" => {
                reply.status = 302;
                reply.headers.push(("location".to_owned(), value.into_owned()));
            }
            "reset" if flag("reset", &value)? => whole = Some(Behaviour::Reset),
            "hang" if flag("hang", &value)? => whole = Some(Behaviour::Hang),
            "accept_rate" => accept_rate = Some(number("accept_rate", &value)?),
            "seed" => seed = number("seed", &value)?,
            "fail_first" => fail_first = number("fail_first", &value)?,
            _ => {}
        }
    }
    let behaviour = match (whole, accept_rate) {
        (Some(whole), _) => whole,
        (None, Some(accept_rate)) => {
            Behaviour::Chance(Chance { accept_rate, seed, accepted: reply, refused: refusal() })
        }
        (None, None) => reply.into(),
    };
    let behaviour = fail_first_then(fail_first, behaviour)?;
    behaviour.check()?;
    Ok(behaviour)
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
