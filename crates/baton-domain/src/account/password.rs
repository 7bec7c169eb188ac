/// Fewest characters of a password. Length is what makes guessing dear; what characters it has
/// does not matter much (NIST SP 800-63B, 3.1.1).
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Most bytes of a password: a bound on work, far beyond what anybody types.
pub const PASSWORD_BYTES_MAX: usize = 1_024;
/// Fewest different characters: fewer is one key held down, or two in turn.
const DIFFERENT_CHARS_MIN: usize = 5;

/// What people type when twelve characters are asked for, in lower case.
const COMMON: &[&str] = &[
    "123456789012",
    "1234567890123",
    "1234567890qwerty",
    "123456789abc",
    "adminadminadmin",
    "administrator",
    "changemeplease",
    "iloveyouiloveyou",
    "letmeinletmein",
    "password1234",
    "password12345",
    "password123456",
    "passwordpassword",
    "q1w2e3r4t5y6",
    "qwerty123456",
    "qwertyqwerty",
    "qwertyuiop12",
    "qwertyuiop123",
    "qwertyuiopasdf",
    "welcome12345",
];

/// Why a password is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PasswordFault {
    /// Fewer than [`PASSWORD_CHARS_MIN`] characters.
    #[error(
        "must have at least {PASSWORD_CHARS_MIN} characters; some words in a row are easy to keep"
    )]
    TooShort,
    /// More than [`PASSWORD_BYTES_MAX`] bytes.
    #[error("must have at most {PASSWORD_BYTES_MAX} bytes")]
    TooLong,
    /// One of the first that are tried.
    #[error("is one of the first that are tried; choose another")]
    Common,
}

/// Whether a password may be set for the account of that address.
///
/// # Errors
/// Why not.
pub fn check_password(password: &str, email: &str) -> Result<(), PasswordFault> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordFault::TooLong);
    }
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(PasswordFault::TooShort);
    }
    let lower = password.to_lowercase();
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    let local = email.split('@').next().unwrap_or_default();
    let is_own = lower == email || lower == format!("{local}{local}");
    if different.len() < DIFFERENT_CHARS_MIN || is_own || COMMON.contains(&lower.as_str()) {
        return Err(PasswordFault::Common);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn length_counts_and_the_first_guesses_do_not_pass() {
        #[track_caller]
        fn check(password: &str, expect: Result<(), PasswordFault>) {
            assert_eq!(check_password(password, "jane.doe@example.com"), expect);
        }
        check("correct horse", Ok(()));
        check("żółta-łódka-7", Ok(()));
        check("elevenchars", Err(PasswordFault::TooShort));
        check("ééééééééééé", Err(PasswordFault::TooShort));
        check("", Err(PasswordFault::TooShort));
        check("aaaaaaaaaaaaaaaa", Err(PasswordFault::Common));
        check("ababababababab", Err(PasswordFault::Common));
        check("PasswordPassword", Err(PasswordFault::Common));
        check("Jane.Doe@Example.com", Err(PasswordFault::Common));
        check("jane.doejane.doe", Err(PasswordFault::Common));
        check(&"abcdef".repeat(170), Ok(()));
        check(&"abcdef".repeat(171), Err(PasswordFault::TooLong));
    }

    #[test]
    fn every_common_password_is_long_enough_to_be_listed() {
        assert!(COMMON.iter().all(|word| word.chars().count() >= PASSWORD_CHARS_MIN));
        assert!(COMMON.iter().all(|word| word.to_lowercase() == *word));
    }

    proptest! {
        #[test]
        fn any_text_is_judged(password in ".*", email in ".*") {
            let _ = check_password(&password, &email);
        }
    }
}
