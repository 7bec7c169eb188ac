//! People who sign in: what they may do, what their passwords and second factors must be, how long
//! they stay signed in, and how long a guesser waits.

mod guessing;
mod password;
mod role;
mod second_factor;
mod session;

pub use guessing::{ACCOUNT_FREE, ADDRESS_FREE, FORGET_MS, Failures, WAIT_MS_FIRST, WAIT_MS_MAX};
pub use password::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PasswordFault, check_password};
pub use role::{MemberFault, Role, check_member_change};
pub use second_factor::{
    CODE_DIGITS, FACTOR_SECRET_BYTES, ISSUER, RECOVERY_CODE_BYTES, RECOVERY_CODES, factor_url,
    matched_step, recovery_code, secret_text, typed_recovery_code,
};
pub use session::{INVITATION_MS, SEEN_EVERY_MS, SESSION_IDLE_MS, SESSION_MS, session_is_live};

/// Longest name of a person, in characters.
pub const PERSON_NAME_CHARS_MAX: usize = 200;

/// The address under which a person is known, in lower case; `None` when it is none.
#[must_use]
pub fn account_email(text: &str) -> Option<String> {
    crate::lead::validate::normal_email(text.trim()).map(|email| email.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_in_lower_case() {
        let check = |input: &str, expect: Option<&str>| {
            assert_eq!(account_email(input).as_deref(), expect, "{input}");
        };
        check(" Jane.Doe@Example.COM ", Some("jane.doe@example.com"));
        check("jane", None);
        check("", None);
        check("a:b@example.com", None);
    }
}
