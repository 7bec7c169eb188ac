//! Signatures of what is sent, and the check of what comes in (DESIGN section 7).
//!
//! Two schemes travel together. `X-LeadsBot-Signature` is the hex HMAC-SHA256 of the body, keyed
//! with the secret's text as shown (seeds 002 and 003). The trio `webhook-id`,
//! `webhook-timestamp`, `webhook-signature` is Standard Webhooks 1.0.0, keyed with the bytes the
//! secret's text stands for.

use crate::secret::{
    CAPTURE_HMAC, CAPTURE_HMAC_PREVIOUS, SIGNING, SIGNING_PREVIOUS, Secret, Secrets,
};
use crate::time::Millis;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use std::borrow::Cow;

/// What a signing secret starts with.
pub const SECRET_PREFIX: &str = "whsec_";
/// Header of the hex signature.
pub const HEX_HEADER: &str = "X-LeadsBot-Signature";
/// Header of the id that stays the same over retries and resends.
pub const ID_HEADER: &str = "webhook-id";
/// Header of the attempt's time in Unix seconds.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// Header of the Standard Webhooks signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// The signing secret made of 32 random bytes: `whsec_` and their base64.
#[must_use]
pub fn new_secret(random: [u8; 32]) -> Secret {
    Secret::new(format!("{SECRET_PREFIX}{}", STANDARD.encode(random)))
}

/// A document's secrets as they count at `now`: without the previous signing secret once the grace
/// period of its rotation is over. A previous secret without an end is kept.
#[must_use]
pub fn secrets_at(
    secrets: &Secrets,
    previous_until: Option<Millis>,
    now: Millis,
) -> Cow<'_, Secrets> {
    if previous_until.is_none_or(|end| now < end) || !secrets.contains_key(SIGNING_PREVIOUS) {
        return Cow::Borrowed(secrets);
    }
    let mut counting = secrets.clone();
    counting.remove(SIGNING_PREVIOUS);
    Cow::Owned(counting)
}

/// The secrets with which a capture may be signed at `now`: the source's own, and the former one
/// until the grace period of a rotation ends.
pub fn capture_secrets_at(
    secrets: &Secrets,
    previous_until: Option<Millis>,
    now: Millis,
) -> impl Iterator<Item = &Secret> {
    let former = previous_until.filter(|end| now < *end).map(|_| CAPTURE_HMAC_PREVIOUS);
    [Some(CAPTURE_HMAC), former].into_iter().flatten().filter_map(|name| secrets.get(name))
}

/// The headers that sign one attempt; none when the document has no signing secret.
///
/// `id` is the delivery's id (for subscriptions the event's) and holds no dot; `timestamp_s` is the
/// Unix time of this attempt. While [`SIGNING_PREVIOUS`] is there, the grace period of a rotation
/// runs: the hex signature stays on the previous secret, because its receivers know one secret
/// only, and `webhook-signature` lists the new and the previous one.
#[must_use]
pub fn sign(secrets: &Secrets, id: &str, timestamp_s: i64, body: &[u8]) -> Vec<(String, String)> {
    let Some(current) = secrets.get(SIGNING) else {
        return Vec::new();
    };
    let previous = secrets.get(SIGNING_PREVIOUS);
    let hex_secret = previous.unwrap_or(current);
    let mut list = standard(current, id, timestamp_s, body);
    if let Some(previous) = previous {
        list.push(' ');
        list.push_str(&standard(previous, id, timestamp_s, body));
    }
    vec![
        (HEX_HEADER.to_owned(), hex_signature(hex_secret, body)),
        (ID_HEADER.to_owned(), id.to_owned()),
        (TIMESTAMP_HEADER.to_owned(), timestamp_s.to_string()),
        (SIGNATURE_HEADER.to_owned(), list),
    ]
}

/// Lowercase hex HMAC-SHA256 of the body, keyed with the secret's text.
#[must_use]
pub fn hex_signature(secret: &Secret, body: &[u8]) -> String {
    hex::encode(mac(secret.reveal().as_bytes(), &[body]).finalize().into_bytes())
}

/// Whether `header` is the hex signature of the body, compared in constant time.
///
/// Upper-case hex and surrounding spaces are accepted; anything else that is not the hex of 32
/// bytes is simply not the signature.
#[must_use]
pub fn verify_hex(secret: &Secret, body: &[u8], header: &str) -> bool {
    let Ok(claimed) = hex::decode(header.trim()) else {
        return false;
    };
    mac(secret.reveal().as_bytes(), &[body]).verify_slice(&claimed).is_ok()
}

fn standard(secret: &Secret, id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let head = format!("{id}.{timestamp_s}.");
    let tag = mac(&key_bytes(secret), &[head.as_bytes(), body]).finalize().into_bytes();
    format!("v1,{}", STANDARD.encode(tag))
}

/// The bytes a `whsec_` text stands for. A text in another form keys with its own bytes, so that a
/// request is never sent unsigned.
fn key_bytes(secret: &Secret) -> Vec<u8> {
    let text = secret.reveal();
    text.strip_prefix(SECRET_PREFIX)
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .unwrap_or_else(|| text.as_bytes().to_vec())
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    // HMAC takes keys of any length; should the crate ever refuse one, an empty key makes a
    // signature that no receiver accepts, which is seen at once.
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|_| Hmac::<Sha256>::new(&Default::default()));
    for part in parts {
        mac.update(part);
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    const B: &str = "whsec_QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";
    const LEAD: &[u8] =
        br#"{"type":"lead.created","timestamp":"2026-01-28T14:30:00Z","data":{"id":"lead_1"}}"#;

    fn secrets(pairs: &[(&str, &str)]) -> Secrets {
        pairs.iter().map(|(n, s)| ((*n).to_owned(), Secret::new(*s))).collect()
    }

    fn header(headers: &[(String, String)], name: &str) -> String {
        headers.iter().find(|(n, _)| n == name).unwrap().1.clone()
    }

    #[test]
    fn the_standard_webhooks_vectors_hold() {
        // reference/integrations.md section 9.
        for (secret, id, at, body, expect) in [
            (
                "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                br#"{"test": 2432232314}"#.as_slice(),
                "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
            (
                A,
                "msg_test_1",
                1_769_610_600,
                LEAD,
                "v1,VX1KyMZYbXDhDnp4U4ff62Sx9oYEfUHLBK0Tkn37KGY=",
            ),
            (
                B,
                "msg_test_1",
                1_769_610_600,
                LEAD,
                "v1,t+o+2JUvjfdkgTw6otA1rVPL8ZS9OKWfqPXtouZlTns=",
            ),
        ] {
            let headers = sign(&secrets(&[(SIGNING, secret)]), id, at, body);
            assert_eq!(header(&headers, SIGNATURE_HEADER), expect);
            assert_eq!(header(&headers, ID_HEADER), id);
            assert_eq!(header(&headers, TIMESTAMP_HEADER), at.to_string());
        }
    }

    #[test]
    fn the_hex_signature_is_keyed_with_the_text_as_shown() {
        // RFC 4231 test case 2: the key there is the text `Jefe`.
        let expect = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let body = b"what do ya want for nothing?";
        assert_eq!(hex_signature(&Secret::new("Jefe"), body), expect);
        assert!(verify_hex(&Secret::new("Jefe"), body, expect));
        assert!(verify_hex(&Secret::new("Jefe"), body, &expect.to_uppercase()));
    }

    #[test]
    fn a_wrong_signature_of_any_shape_is_refused() {
        let secret = Secret::new(A);
        let right = hex_signature(&secret, LEAD);
        let other_body = hex_signature(&secret, b"x");
        for header in ["", "zz", &right[..62], &format!("{right}00"), &other_body, "é"] {
            assert!(!verify_hex(&secret, LEAD, header), "{header}");
        }
        assert!(!verify_hex(&Secret::new(B), LEAD, &right));
    }

    #[test]
    fn the_previous_secret_counts_until_its_end() {
        let both = secrets(&[(SIGNING, A), (SIGNING_PREVIOUS, B)]);
        for (until, kept) in
            [(None, true), (Some(Millis(1_001)), true), (Some(Millis(1_000)), false)]
        {
            let counting = secrets_at(&both, until, Millis(1_000));
            assert_eq!(counting.contains_key(SIGNING_PREVIOUS), kept, "{until:?}");
            assert!(counting.contains_key(SIGNING));
        }
    }

    #[test]
    fn a_capture_may_be_signed_with_the_former_secret_until_its_end() {
        let both = secrets(&[(CAPTURE_HMAC, A), (CAPTURE_HMAC_PREVIOUS, B)]);
        for (until, expect) in [(Some(1_001), vec![A, B]), (Some(1_000), vec![A]), (None, vec![A])]
        {
            let counting: Vec<&str> = capture_secrets_at(&both, until.map(Millis), Millis(1_000))
                .map(Secret::reveal)
                .collect();
            assert_eq!(counting, expect, "{until:?}");
        }
        assert_eq!(capture_secrets_at(&Secrets::new(), None, Millis(0)).count(), 0);
    }

    #[test]
    fn during_the_grace_both_secrets_sign_and_hex_stays_on_the_previous() {
        let both = secrets(&[(SIGNING, A), (SIGNING_PREVIOUS, B)]);
        let headers = sign(&both, "msg_test_1", 1_769_610_600, LEAD);
        assert_eq!(
            header(&headers, SIGNATURE_HEADER),
            "v1,VX1KyMZYbXDhDnp4U4ff62Sx9oYEfUHLBK0Tkn37KGY= \
             v1,t+o+2JUvjfdkgTw6otA1rVPL8ZS9OKWfqPXtouZlTns="
        );
        assert_eq!(header(&headers, HEX_HEADER), hex_signature(&Secret::new(B), LEAD));
        let after = sign(&secrets(&[(SIGNING, A)]), "msg_test_1", 1_769_610_600, LEAD);
        assert_eq!(header(&after, HEX_HEADER), hex_signature(&Secret::new(A), LEAD));
    }

    #[test]
    fn without_a_secret_nothing_is_signed() {
        assert!(sign(&Secrets::new(), "msg_1", 0, b"").is_empty());
    }

    #[test]
    fn a_new_secret_shows_its_bytes_in_base64() {
        assert_eq!(new_secret([0x41; 32]).reveal(), A);
    }
}
