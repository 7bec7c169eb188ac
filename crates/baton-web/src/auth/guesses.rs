//! Slowing down who guesses passwords and codes, on each node by itself.

use baton_domain::account::{ACCOUNT_FREE, ADDRESS_FREE, Failures};
use baton_domain::time::Millis;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

/// Most accounts and addresses that are remembered. When that is spent those that are long ago go
/// first, then all: for a moment too much passes, which costs less than memory without end.
pub const GUESSES_MAX: usize = 65_536;

/// What guesses are counted for. Accounts by a hash of their address.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Subject {
    /// An account, from wherever.
    Account([u8; 32]),
    /// An account from an address its owner has signed in from: others' guesses from elsewhere do
    /// not keep the owner out.
    AccountFrom([u8; 32], IpAddr),
    /// Whatever account, from an address.
    Address(IpAddr),
}

impl Subject {
    fn free(self) -> u32 {
        match self {
            Self::Address(_) => ADDRESS_FREE,
            Self::Account(_) | Self::AccountFrom(..) => ACCOUNT_FREE,
        }
    }
}

/// The wrong answers of late.
#[derive(Default)]
pub(crate) struct Guesses(Mutex<HashMap<Subject, Failures>>);

/// An answer that is looked at now. It counts as wrong until it is said to be right, so that many
/// at one time are as slow as one after the other.
pub(crate) struct Guess {
    subjects: Vec<Subject>,
}

impl Guesses {
    /// Begins to look at an answer about an account.
    ///
    /// # Errors
    /// Seconds to wait before the next is looked at.
    pub(crate) fn begin(
        &self,
        account: &str,
        ip: Option<IpAddr>,
        is_known_there: bool,
        now: Millis,
    ) -> Result<Guess, u64> {
        let account: [u8; 32] = Sha256::digest(account.as_bytes()).into();
        let place = ip.map(network);
        let mut subjects = vec![match place {
            Some(place) if is_known_there => Subject::AccountFrom(account, place),
            _ => Subject::Account(account),
        }];
        subjects.extend(place.map(Subject::Address));
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wait_ms =
            |subject: &Subject| failures.get(subject).map_or(0, |f| f.wait_ms(subject.free(), now));
        let wait_ms = subjects.iter().map(wait_ms).max().unwrap_or(0);
        if wait_ms > 0 {
            return Err(u64::try_from(wait_ms).unwrap_or(0).div_ceil(1_000).max(1));
        }
        if failures.len() + subjects.len() > GUESSES_MAX {
            failures.retain(|_, f| !f.is_forgotten(now));
            if failures.len() + subjects.len() > GUESSES_MAX {
                failures.clear();
            }
        }
        for subject in &subjects {
            let counted = failures.entry(*subject).or_default();
            *counted = counted.and_one(now);
        }
        Ok(Guess { subjects })
    }

    /// The answer was right: the account has no wrong ones any more. The address keeps its others,
    /// or a guesser would only need one account of their own.
    pub(crate) fn right(&self, guess: Guess) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for subject in guess.subjects {
            match subject {
                Subject::Address(_) => take_one(&mut failures, subject),
                Subject::Account(_) | Subject::AccountFrom(..) => {
                    failures.remove(&subject);
                }
            }
        }
    }

    /// There was no answer to judge after all.
    pub(crate) fn void(&self, guess: Guess) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for subject in guess.subjects {
            take_one(&mut failures, subject);
        }
    }
}

fn take_one(failures: &mut HashMap<Subject, Failures>, subject: Subject) {
    if let Some(counted) = failures.get_mut(&subject) {
        *counted = counted.less_one();
    }
}

/// The network that one caller has all of: of IPv6 a /64.
fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => {
            let bits = v6.to_bits() & (u128::MAX << 64);
            Ipv6Addr::from_bits(bits).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9));
    const NOW: Millis = Millis(1_790_000_000_000);

    fn fail(guesses: &Guesses, account: &str, ip: IpAddr, times: u32) {
        for at in 0..times {
            assert!(guesses.begin(account, Some(ip), false, NOW).is_ok(), "{at}");
        }
    }

    #[test]
    fn wrong_answers_slow_down_their_account_and_their_address() {
        let guesses = Guesses::default();
        fail(&guesses, "jane", HERE, ACCOUNT_FREE);
        assert_eq!(guesses.begin("jane", Some(HERE), false, NOW).err(), Some(2));
        let elsewhere = [198, 51, 100, 7].into();
        assert_eq!(guesses.begin("jane", Some(elsewhere), false, NOW).err(), Some(2));
        assert!(guesses.begin("jane", Some(elsewhere), true, NOW).is_ok(), "known there");
        for other in 0..ADDRESS_FREE - ACCOUNT_FREE {
            fail(&guesses, &other.to_string(), HERE, 1);
        }
        assert_eq!(guesses.begin("bob", Some(HERE), false, NOW).err(), Some(2));
        assert!(guesses.begin("bob", Some(elsewhere), false, NOW).is_ok());
        assert!(guesses.begin("jane", Some(HERE), false, NOW.plus_ms(2_000)).is_ok());
    }

    #[test]
    fn a_right_answer_clears_the_account_and_not_the_address() {
        let guesses = Guesses::default();
        fail(&guesses, "jane", HERE, ACCOUNT_FREE - 1);
        let right = guesses.begin("jane", Some(HERE), false, NOW).unwrap();
        guesses.right(right);
        fail(&guesses, "jane", HERE, ACCOUNT_FREE);
        assert!(guesses.begin("jane", Some(HERE), false, NOW).is_err());
        for other in 0..ADDRESS_FREE - 2 * ACCOUNT_FREE + 1 {
            fail(&guesses, &other.to_string(), HERE, 1);
        }
        assert!(guesses.begin("bob", Some(HERE), false, NOW).is_err());
    }

    #[test]
    fn what_was_no_answer_does_not_count() {
        let guesses = Guesses::default();
        for _ in 0..2 * ADDRESS_FREE {
            let none = guesses.begin("jane", Some(HERE), false, NOW).unwrap();
            guesses.void(none);
        }
    }

    #[test]
    fn one_network_of_ipv6_is_one_caller() {
        let guesses = Guesses::default();
        for n in 0..ADDRESS_FREE {
            let ip = format!("2001:db8:1:2::{n:x}").parse().unwrap();
            fail(&guesses, &n.to_string(), ip, 1);
        }
        let same = "2001:db8:1:2:ffff::1".parse().unwrap();
        let other = "2001:db8:1:3::1".parse().unwrap();
        assert!(guesses.begin("x", Some(same), false, NOW).is_err());
        assert!(guesses.begin("x", Some(other), false, NOW).is_ok());
    }
}
