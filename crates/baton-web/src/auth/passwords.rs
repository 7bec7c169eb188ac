//! Hashing passwords: argon2id, as costly as OWASP asks for, so on threads of its own and few at a
//! time.

use crate::problem::{Code, Problem};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use baton_domain::account::PASSWORD_BYTES_MAX;
use baton_domain::secret::Secret;
use tokio::sync::Semaphore;

/// Most passwords that are hashed at one time; each takes a processor and [`MEMORY_KIB`].
pub const HASHES_AT_ONCE: usize = 2;
/// Most that wait for their turn; more are refused as overload.
pub const HASHES_WAITING_MAX: usize = 64;
/// Memory of a hash in KiB: 19 MiB (OWASP Password Storage Cheat Sheet, argon2id).
pub const MEMORY_KIB: u32 = 19 * 1_024;
/// Passes over it (same place).
pub const PASSES: u32 = 2;
/// Lanes (same place).
pub const LANES: u32 = 1;
/// Bytes of a salt.
pub const SALT_BYTES: usize = 16;
/// Seconds after which a caller should try again.
const RETRY_S: u64 = 2;

/// The places where passwords are hashed.
pub(crate) struct Passwords {
    waiting: Semaphore,
    slots: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            waiting: Semaphore::new(HASHES_AT_ONCE + HASHES_WAITING_MAX),
            slots: Semaphore::new(HASHES_AT_ONCE),
        }
    }
}

impl Passwords {
    /// Hashes a password, in PHC form.
    ///
    /// # Errors
    /// 503 when too many are.
    pub(crate) async fn hash(
        &self,
        password: Secret,
        salt: [u8; SALT_BYTES],
    ) -> Result<Secret, Problem> {
        self.run(move || {
            let hashed = argon2()?.hash_password_with_salt(password.reveal().as_bytes(), &salt);
            hashed.map(|hash| Secret::new(hash.to_string())).ok()
        })
        .await?
        .ok_or_else(Problem::internal)
    }

    /// Whether a password is the one of that hash. Without one it takes as long and is not: nobody
    /// can tell by the time it takes whether there is such an account.
    ///
    /// # Errors
    /// 503 when too many are looked at.
    pub(crate) async fn is_right(
        &self,
        password: Secret,
        hashed: Option<Secret>,
    ) -> Result<bool, Problem> {
        if password.reveal().len() > PASSWORD_BYTES_MAX {
            return Ok(false);
        }
        self.run(move || {
            let argon2 = argon2()?;
            let text = password.reveal().as_bytes();
            let Some(hashed) = hashed else {
                drop(argon2.hash_password_with_salt(text, &[0; SALT_BYTES]));
                return Some(false);
            };
            let hash = PasswordHash::new(hashed.reveal()).ok()?;
            Some(argon2.verify_password(text, &hash).is_ok())
        })
        .await?
        .ok_or_else(|| {
            tracing::error!("a stored password hash cannot be read");
            Problem::internal()
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let overloaded = || {
            let detail = "too many passwords are looked at now; try again";
            Problem::new(Code::Overloaded, detail).retry_after(RETRY_S)
        };
        let _place = self.waiting.try_acquire().map_err(|_| overloaded())?;
        let _slot = self.slots.acquire().await.map_err(|_| overloaded())?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Problem::internal())
    }
}

fn argon2() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_alone() {
        let passwords = Passwords::default();
        let secret = || Secret::new("correct horse battery");
        let hashed = passwords.hash(secret(), [7; SALT_BYTES]).await.unwrap();
        assert!(hashed.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "as OWASP asks");
        let right = async |password: &str, hashed: Option<Secret>| {
            passwords.is_right(Secret::new(password), hashed).await
        };
        assert_eq!(right("correct horse battery", Some(hashed.clone())).await, Ok(true));
        assert_eq!(right("correct horse batterx", Some(hashed.clone())).await, Ok(false));
        assert_eq!(right("", Some(hashed.clone())).await, Ok(false));
        assert_eq!(right("correct horse battery", None).await, Ok(false));
        assert_eq!(right(&"x".repeat(PASSWORD_BYTES_MAX + 1), Some(hashed)).await, Ok(false));
        assert!(right("x", Some(Secret::new("damaged"))).await.is_err());
    }

    #[tokio::test]
    async fn too_many_at_one_time_are_refused() {
        let passwords = Passwords::default();
        let _all = passwords
            .waiting
            .acquire_many(u32::try_from(HASHES_AT_ONCE + HASHES_WAITING_MAX).unwrap())
            .await
            .unwrap();
        let refused = passwords.is_right(Secret::new("x"), None).await.unwrap_err();
        assert_eq!((refused.status().as_u16(), refused.retry_after_s), (503, Some(RETRY_S)));
    }
}
