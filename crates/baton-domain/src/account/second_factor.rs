//! Time-based codes (RFC 6238, as authenticator apps make them: SHA-1, 6 digits, 30 seconds) and
//! the recovery codes for the day the app is gone.

use crate::time::Millis;
use totp_rs::{Algorithm, Builder, Secret, Totp};

/// Bytes of the secret an app is given (RFC 4226 section 4 recommends 160 bits).
pub const FACTOR_SECRET_BYTES: usize = 20;
/// Digits of a code.
pub const CODE_DIGITS: u8 = 6;
/// Name under which an app shows its codes.
pub const ISSUER: &str = "Baton";
/// How many recovery codes are given out.
pub const RECOVERY_CODES: usize = 10;
/// Random bytes of a recovery code: 40 bits, eight characters.
pub const RECOVERY_CODE_BYTES: usize = 5;
/// Seconds a code is shown.
const STEP_S: u64 = 30;
/// Steps before and after the present whose codes are taken: clocks differ, people type.
const SKEW_STEPS: u16 = 1;
/// Digits and letters that are not mistaken for each other when they are read or said aloud.
const RECOVERY_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn totp(secret: [u8; FACTOR_SECRET_BYTES], account: &str) -> Option<Totp> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(CODE_DIGITS)
        .with_skew(SKEW_STEPS)
        .with_step_duration(STEP_S)
        .with_secret(Secret::new_stack(secret))
        .with_account_name(account)
        .with_issuer(Some(ISSUER))
        .build()
        .ok()
}

/// The secret as people type it into an app that cannot read a picture: base 32.
#[must_use]
pub fn secret_text(secret: [u8; FACTOR_SECRET_BYTES]) -> String {
    Secret::new_stack(secret).to_base32()
}

/// The URL an app reads from a picture; `None` for an account no app could name.
#[must_use]
pub fn factor_url(secret: [u8; FACTOR_SECRET_BYTES], account: &str) -> Option<String> {
    totp(secret, account)?.to_url().ok()
}

/// The time step whose code was typed, if it is one of about now and later than `used`, the last
/// of which a code was taken: each code works once.
#[must_use]
pub fn matched_step(
    secret: [u8; FACTOR_SECRET_BYTES],
    typed: &str,
    used: Option<i64>,
    now: Millis,
) -> Option<i64> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).take(64).collect();
    let seconds = u64::try_from(now.0.div_euclid(1_000)).ok()?;
    let step = totp(secret, "")?.check(&digits, seconds)?;
    let step = i64::try_from(step).ok()?;
    used.is_none_or(|used| used < step).then_some(step)
}

/// A recovery code of random bytes, such as `7k3m-q9tz`.
#[must_use]
pub fn recovery_code(random: [u8; RECOVERY_CODE_BYTES]) -> String {
    let bits = random.iter().fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte));
    let mut code = String::with_capacity(9);
    for at in 0..8 {
        if at == 4 {
            code.push('-');
        }
        let digit = (bits >> (35 - 5 * at)) & 31;
        code.push(char::from(RECOVERY_ALPHABET[digit as usize]));
    }
    code
}

/// What was typed as a recovery code, as [`recovery_code`] writes it; `None` when it is none.
#[must_use]
pub fn typed_recovery_code(typed: &str) -> Option<String> {
    let plain: Vec<u8> = typed
        .bytes()
        .filter(|b| !b.is_ascii_whitespace() && *b != b'-')
        .map(|b| match b.to_ascii_lowercase() {
            b'o' => b'0',
            b'i' | b'l' => b'1',
            other => other,
        })
        .take(9)
        .collect();
    let is_code = plain.len() == 8 && plain.iter().all(|b| RECOVERY_ALPHABET.contains(b));
    let text = String::from_utf8(plain).ok().filter(|_| is_code)?;
    Some(format!("{}-{}", &text[..4], &text[4..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The secret of the vectors in RFC 6238, appendix B.
    const SECRET: [u8; 20] = *b"12345678901234567890";

    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        // The RFC's eight digits end in these six.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let step = matched_step(SECRET, code, None, Millis(seconds * 1_000));
            assert_eq!(step, Some(seconds / 30), "{seconds}");
        }
    }

    #[test]
    fn a_code_works_once_and_about_its_time() {
        let at = 1_111_111_111;
        #[track_caller]
        fn check(code: &str, used: Option<i64>, seconds: i64, expect: Option<i64>) {
            let step = matched_step(SECRET, code, used, Millis(seconds * 1_000));
            assert_eq!(step, expect, "{code} {used:?} {seconds}");
        }
        let step = at / 30;
        check("050471", None, at, Some(step));
        check(" 050 471 ", Some(step - 1), at, Some(step));
        check("050471", Some(step), at, None);
        check("050471", Some(step + 1), at, None);
        check("050471", None, at + 30, Some(step));
        check("050471", None, at - 30, Some(step));
        check("050471", None, at + 60, None);
        check("050471", None, at - 61, None);
        check("050472", None, at, None);
        check("", None, at, None);
        check("+50471", None, at, None);
        check("050471", None, -5, None);
    }

    #[test]
    fn apps_get_a_url_they_read() {
        let url = factor_url(SECRET, "jane@example.com").unwrap();
        assert!(url.starts_with("otpauth://totp/Baton:jane%40example.com?"), "{url}");
        assert!(url.contains("secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), "{url}");
        assert!(url.contains("issuer=Baton"), "{url}");
        assert_eq!(secret_text(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn recovery_codes_are_read_as_people_type_them() {
        assert_eq!(recovery_code([0; 5]), "0000-0000");
        assert_eq!(recovery_code([255; 5]), "zzzz-zzzz");
        assert_eq!(recovery_code([0, 0, 0, 0, 33]), "0000-0011");
        let check = |typed: &str, expect: Option<&str>| {
            assert_eq!(typed_recovery_code(typed).as_deref(), expect, "{typed}");
        };
        check("7k3m-q9tz", Some("7k3m-q9tz"));
        check(" 7K3M Q9TZ ", Some("7k3m-q9tz"));
        check("o0il-1111", Some("0011-1111"));
        check("7k3m-q9t", None);
        check("7k3m-q9tzz", None);
        check("7k3m-q9tu", None);
        check("050471", None);
        check("żółty", None);
    }

    proptest! {
        #[test]
        fn any_text_is_read(typed in ".*", now in any::<i64>(), used in any::<Option<i64>>()) {
            let _ = matched_step(SECRET, &typed, used, Millis(now));
            let _ = typed_recovery_code(&typed);
            let _ = factor_url(SECRET, &typed);
        }

        #[test]
        fn a_recovery_code_is_read_as_it_was_written(random in any::<[u8; 5]>()) {
            let code = recovery_code(random);
            prop_assert_eq!(typed_recovery_code(&code), Some(code.clone()));
        }
    }
}
