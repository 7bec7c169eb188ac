//! Whether a request's signatures are right, from the receiver's side.
//!
//! Two schemes, both HMAC-SHA256 with the same secret: `X-LeadsBot-Signature` is the lowercase hex
//! of the raw body, keyed with the secret's text; the `webhook-*` trio is Standard Webhooks 1.0.0
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>),
//! keyed with the bytes that the secret's base64 stands for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use baton_domain::secret::Secret;
use baton_domain::time::Millis;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;

/// How far `webhook-timestamp` may be from now, either way, in seconds (Standard Webhooks'
/// reference libraries).
pub const TIMESTAMP_TOLERANCE_SECONDS: i64 = 300;

/// What a check of one signature gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignatureCheck {
    /// No secret is known for this path, or the secret cannot key this scheme.
    Unchecked,
    /// The request carries no such signature, or not all headers of it.
    Absent,
    /// It is right.
    Right,
    /// It is not.
    Wrong,
    /// It is right, but its timestamp is more than [`TIMESTAMP_TOLERANCE_SECONDS`] away.
    Stale,
}

impl SignatureCheck {
    /// The word shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unchecked => "unchecked",
            Self::Absent => "absent",
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Stale => "stale",
        }
    }
}

/// The checks of both schemes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Signatures {
    /// `X-LeadsBot-Signature`.
    pub leadsbot: SignatureCheck,
    /// `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    pub webhook: SignatureCheck,
}

/// What the signatures of a request are worth at `now`. `header` gives the first value of a name.
pub(crate) fn check<'a>(
    secret: Option<&Secret>,
    header: impl Fn(&str) -> Option<&'a str>,
    body: &[u8],
    now: Millis,
) -> Signatures {
    let Some(secret) = secret else {
        let unchecked = SignatureCheck::Unchecked;
        return Signatures { leadsbot: unchecked, webhook: unchecked };
    };
    Signatures {
        leadsbot: check_leadsbot(secret, header("x-leadsbot-signature"), body),
        webhook: check_webhook(
            secret,
            header("webhook-id"),
            header("webhook-timestamp"),
            header("webhook-signature"),
            body,
            now,
        ),
    }
}

fn keyed(key: &[u8]) -> Option<Hmac<Sha256>> {
    Hmac::new_from_slice(key).ok()
}

fn check_leadsbot(secret: &Secret, signature: Option<&str>, body: &[u8]) -> SignatureCheck {
    let Some(signature) = signature else { return SignatureCheck::Absent };
    let Some(mac) = keyed(secret.reveal().as_bytes()) else { return SignatureCheck::Unchecked };
    let lowercase = !signature.bytes().any(|b| b.is_ascii_uppercase());
    let right = lowercase
        && hex::decode(signature)
            .is_ok_and(|given| mac.chain_update(body).verify_slice(&given).is_ok());
    if right { SignatureCheck::Right } else { SignatureCheck::Wrong }
}

fn check_webhook(
    secret: &Secret,
    id: Option<&str>,
    timestamp: Option<&str>,
    signatures: Option<&str>,
    body: &[u8],
    now: Millis,
) -> SignatureCheck {
    let encoded = secret.reveal().strip_prefix("whsec_");
    let Some(mac) = encoded.and_then(|e| STANDARD.decode(e).ok()).and_then(|k| keyed(&k)) else {
        return SignatureCheck::Unchecked;
    };
    let (Some(id), Some(timestamp), Some(signatures)) = (id, timestamp, signatures) else {
        return SignatureCheck::Absent;
    };
    let Ok(sent_at) = timestamp.parse::<i64>() else { return SignatureCheck::Wrong };
    let mac = mac
        .chain_update(id.as_bytes())
        .chain_update(b".")
        .chain_update(timestamp.as_bytes())
        .chain_update(b".")
        .chain_update(body);
    let right = signatures.split(' ').filter_map(|s| s.strip_prefix("v1,")).any(|given| {
        STANDARD.decode(given).is_ok_and(|given| mac.clone().verify_slice(&given).is_ok())
    });
    // A dot in the id would let two different messages sign the same text.
    if !right || id.contains('.') {
        return SignatureCheck::Wrong;
    }
    let age_seconds = (now.0.div_euclid(1_000)).saturating_sub(sent_at);
    if age_seconds.saturating_abs() > TIMESTAMP_TOLERANCE_SECONDS {
        SignatureCheck::Stale
    } else {
        SignatureCheck::Right
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SignatureCheck::{Absent, Right, Stale, Unchecked, Wrong};

    const A: &str = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    const B: &str = "whsec_QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";
    const BODY: &[u8] =
        br#"{"type":"lead.created","timestamp":"2026-01-28T14:30:00Z","data":{"id":"lead_1"}}"#;
    const BY_A: &str = "v1,VX1KyMZYbXDhDnp4U4ff62Sx9oYEfUHLBK0Tkn37KGY=";
    const BY_B: &str = "v1,t+o+2JUvjfdkgTw6otA1rVPL8ZS9OKWfqPXtouZlTns=";
    const SENT: i64 = 1_769_610_600;

    fn trio(secret: &str, id: &str, list: &str, body: &[u8], now_seconds: i64) -> SignatureCheck {
        let now = Millis(now_seconds * 1_000);
        let sent = SENT.to_string();
        check_webhook(&Secret::new(secret), Some(id), Some(&sent), Some(list), body, now)
    }

    #[test]
    fn the_trio_is_judged() {
        let both = format!("{BY_A} {BY_B}");
        for (what, secret, list, body, now, expect) in [
            ("right", A, BY_A, BODY, SENT, Right),
            ("other secret", A, BY_B, BODY, SENT, Wrong),
            ("rotation, old secret", A, both.as_str(), BODY, SENT, Right),
            ("rotation, new secret", B, both.as_str(), BODY, SENT, Right),
            ("tampered body", A, BY_A, b"{}".as_slice(), SENT, Wrong),
            ("cut signature", A, &BY_A[..20], BODY, SENT, Wrong),
            (
                "other version",
                A,
                "v2,VX1KyMZYbXDhDnp4U4ff62Sx9oYEfUHLBK0Tkn37KGY=",
                BODY,
                SENT,
                Wrong,
            ),
            ("nothing", A, "", BODY, SENT, Wrong),
            ("300 s later", A, BY_A, BODY, SENT + 300, Right),
            ("301 s later", A, BY_A, BODY, SENT + 301, Stale),
            ("301 s early", A, BY_A, BODY, SENT - 301, Stale),
            ("no whsec_", "plain", BY_A, BODY, SENT, Unchecked),
        ] {
            assert_eq!(trio(secret, "msg_test_1", list, body, now), expect, "{what}");
        }
        assert_eq!(trio(A, "msg_test_2", BY_A, BODY, SENT), Wrong, "another id");
    }

    #[test]
    fn the_published_vector_holds() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let checked = check_webhook(
            &secret,
            Some("msg_p5jXN8AQM9LWM0D4loKWxJek"),
            Some("1614265330"),
            Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            br#"{"test": 2432232314}"#,
            Millis(1_614_265_330_000),
        );
        assert_eq!(checked, Right);
    }

    #[test]
    fn the_hex_signature_is_judged() {
        // RFC 4231 test case 2.
        let secret = Secret::new("Jefe");
        let body = b"what do ya want for nothing?";
        let right = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        for (signature, expect) in [
            (Some(right), Right),
            (None, Absent),
            (Some(&right[..63]), Wrong),
            (Some(&right[..62]), Wrong),
            (Some("5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843"), Wrong),
            (Some("zz"), Wrong),
            (Some(""), Wrong),
        ] {
            assert_eq!(check_leadsbot(&secret, signature, body), expect, "{signature:?}");
        }
        assert_eq!(check_leadsbot(&secret, Some(right), b"another body"), Wrong);
    }

    #[test]
    fn without_a_secret_nothing_is_claimed() {
        let checks = check(None, |_| Some("x"), b"", Millis(0));
        assert_eq!(checks, Signatures { leadsbot: Unchecked, webhook: Unchecked });
    }

    #[test]
    fn a_part_of_the_trio_is_absent() {
        let secret = Secret::new(A);
        let headers = |name: &str| (name == "webhook-signature").then_some(BY_A);
        let checks = check(Some(&secret), headers, BODY, Millis(SENT * 1_000));
        assert_eq!(checks, Signatures { leadsbot: Absent, webhook: Absent });
    }
}
