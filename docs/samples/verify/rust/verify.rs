//! Verifies what Baton sends, with the crates `base64`, `hex`, `hmac` and `sha2`.
//!
//! Use the raw body: the bytes as they came, before any JSON parser has touched them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How far `webhook-timestamp` may be from now, either way.
const TOLERANCE_SECONDS: u64 = 300;

// `verify_slice` compares in constant time and refuses another length.

/// `X-LeadsBot-Signature`: hex HMAC-SHA256 of the raw body, keyed with the secret's text.
pub fn verify_leadsbot(raw_body: &[u8], signature: &str, secret: &str) -> bool {
    let Ok(given) = hex::decode(signature) else { return false };
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.chain_update(raw_body).verify_slice(&given).is_ok()
}

/// `webhook-id`, `webhook-timestamp` and `webhook-signature`: Standard Webhooks 1.0.0.
pub fn verify_webhook(
    raw_body: &[u8],
    id: &str,
    timestamp: &str,
    signatures: &str,
    secret: &str,
    now_seconds: u64,
) -> bool {
    let Ok(sent_at) = timestamp.parse::<u64>() else { return false };
    if id.is_empty() || now_seconds.abs_diff(sent_at) > TOLERANCE_SECONDS {
        return false;
    }
    let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
    let Ok(key) = STANDARD.decode(encoded) else { return false };
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(&key) else { return false };
    let mac = mac.chain_update(format!("{id}.{timestamp}.")).chain_update(raw_body);
    // While a secret is rotated there are two signatures; one that is right is enough.
    signatures
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        .any(|given| mac.clone().verify_slice(&given).is_ok())
}
